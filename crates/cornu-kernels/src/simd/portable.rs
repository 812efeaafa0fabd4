//! Plain Rust: four floats in an array, which compilers turn into whatever vectors the target has.

use super::Simd;

#[derive(Clone, Copy)]
pub(crate) struct Portable;

const N: usize = 4;

#[inline(always)]
fn map<T: Copy, U>(a: [T; N], f: impl Fn(T) -> U) -> [U; N] {
    [f(a[0]), f(a[1]), f(a[2]), f(a[3])]
}

#[inline(always)]
fn zip<T: Copy, U: Copy, V>(a: [T; N], b: [U; N], f: impl Fn(T, U) -> V) -> [V; N] {
    [f(a[0], b[0]), f(a[1], b[1]), f(a[2], b[2]), f(a[3], b[3])]
}

impl Simd for Portable {
    const LANES: usize = N;
    type F = [f32; N];
    type I = [u32; N];
    type M = [bool; N];

    #[inline(always)]
    unsafe fn load(p: *const f32) -> [f32; N] {
        p.cast::<[f32; N]>().read_unaligned()
    }
    #[inline(always)]
    unsafe fn load_part(p: *const f32, n: usize) -> [f32; N] {
        let mut v = [0.0; N];
        for i in 0..n {
            v[i] = *p.add(i);
        }
        v
    }
    #[inline(always)]
    unsafe fn store(p: *mut f32, v: [f32; N]) {
        p.cast::<[f32; N]>().write_unaligned(v);
    }
    #[inline(always)]
    unsafe fn store_part(p: *mut f32, n: usize, v: [f32; N]) {
        for i in 0..n {
            *p.add(i) = v[i];
        }
    }
    #[inline(always)]
    unsafe fn splat(v: f32) -> [f32; N] {
        [v; N]
    }
    #[inline(always)]
    unsafe fn add(a: [f32; N], b: [f32; N]) -> [f32; N] {
        zip(a, b, |a, b| a + b)
    }
    #[inline(always)]
    unsafe fn sub(a: [f32; N], b: [f32; N]) -> [f32; N] {
        zip(a, b, |a, b| a - b)
    }
    #[inline(always)]
    unsafe fn mul(a: [f32; N], b: [f32; N]) -> [f32; N] {
        zip(a, b, |a, b| a * b)
    }
    #[inline(always)]
    unsafe fn div(a: [f32; N], b: [f32; N]) -> [f32; N] {
        zip(a, b, |a, b| a / b)
    }
    #[inline(always)]
    unsafe fn fma(a: [f32; N], b: [f32; N], c: [f32; N]) -> [f32; N] {
        if cfg!(target_arch = "aarch64") {
            zip(zip(a, b, |a, b| (a, b)), c, |(a, b), c| a.mul_add(b, c))
        } else {
            // `mul_add` would call a library routine where the target has no such instruction.
            Self::add(Self::mul(a, b), c)
        }
    }
    #[inline(always)]
    unsafe fn sqrt(a: [f32; N]) -> [f32; N] {
        map(a, f32::sqrt)
    }
    #[inline(always)]
    unsafe fn floor(a: [f32; N]) -> [f32; N] {
        map(a, f32::floor)
    }
    #[inline(always)]
    unsafe fn ceil(a: [f32; N]) -> [f32; N] {
        map(a, f32::ceil)
    }
    #[inline(always)]
    unsafe fn round(a: [f32; N]) -> [f32; N] {
        map(a, f32::round_ties_even)
    }
    #[inline(always)]
    unsafe fn lt(a: [f32; N], b: [f32; N]) -> [bool; N] {
        zip(a, b, |a, b| a < b)
    }
    #[inline(always)]
    unsafe fn le(a: [f32; N], b: [f32; N]) -> [bool; N] {
        zip(a, b, |a, b| a <= b)
    }
    #[inline(always)]
    unsafe fn eq(a: [f32; N], b: [f32; N]) -> [bool; N] {
        zip(a, b, |a, b| a == b)
    }
    #[inline(always)]
    unsafe fn not(a: [bool; N]) -> [bool; N] {
        map(a, |a| !a)
    }
    #[inline(always)]
    unsafe fn and(a: [bool; N], b: [bool; N]) -> [bool; N] {
        zip(a, b, |a, b| a & b)
    }
    #[inline(always)]
    unsafe fn or(a: [bool; N], b: [bool; N]) -> [bool; N] {
        zip(a, b, |a, b| a | b)
    }
    #[inline(always)]
    unsafe fn select(m: [bool; N], a: [f32; N], b: [f32; N]) -> [f32; N] {
        zip(
            m,
            zip(a, b, |a, b| (a, b)),
            |m, (a, b)| if m { a } else { b },
        )
    }
    #[inline(always)]
    unsafe fn bits(a: [f32; N]) -> [u32; N] {
        map(a, f32::to_bits)
    }
    #[inline(always)]
    unsafe fn float(a: [u32; N]) -> [f32; N] {
        map(a, f32::from_bits)
    }
    #[inline(always)]
    unsafe fn isplat(v: u32) -> [u32; N] {
        [v; N]
    }
    #[inline(always)]
    unsafe fn iota() -> [u32; N] {
        [0, 1, 2, 3]
    }
    #[inline(always)]
    unsafe fn iadd(a: [u32; N], b: [u32; N]) -> [u32; N] {
        zip(a, b, u32::wrapping_add)
    }
    #[inline(always)]
    unsafe fn isub(a: [u32; N], b: [u32; N]) -> [u32; N] {
        zip(a, b, u32::wrapping_sub)
    }
    #[inline(always)]
    unsafe fn iand(a: [u32; N], b: [u32; N]) -> [u32; N] {
        zip(a, b, |a, b| a & b)
    }
    #[inline(always)]
    unsafe fn ior(a: [u32; N], b: [u32; N]) -> [u32; N] {
        zip(a, b, |a, b| a | b)
    }
    #[inline(always)]
    unsafe fn ixor(a: [u32; N], b: [u32; N]) -> [u32; N] {
        zip(a, b, |a, b| a ^ b)
    }
    #[inline(always)]
    unsafe fn shl<const S: u32>(a: [u32; N]) -> [u32; N] {
        map(a, |a| a << S)
    }
    #[inline(always)]
    unsafe fn shr<const S: u32>(a: [u32; N]) -> [u32; N] {
        map(a, |a| a >> S)
    }
    #[inline(always)]
    unsafe fn sar<const S: u32>(a: [u32; N]) -> [u32; N] {
        map(a, |a| (a.cast_signed() >> S).cast_unsigned())
    }
    #[inline(always)]
    unsafe fn ieq(a: [u32; N], b: [u32; N]) -> [bool; N] {
        zip(a, b, |a, b| a == b)
    }
    #[inline(always)]
    unsafe fn to_float(a: [u32; N]) -> [f32; N] {
        map(a, |a| a.cast_signed() as f32)
    }
    #[inline(always)]
    unsafe fn to_int(a: [f32; N]) -> [u32; N] {
        map(a, |a| (a as i32).cast_unsigned())
    }
    #[inline(always)]
    unsafe fn mul_wide(a: [u32; N], b: [u32; N]) -> ([u32; N], [u32; N]) {
        let p = zip(a, b, |a, b| u64::from(a) * u64::from(b));
        (map(p, |p| (p >> 32) as u32), map(p, |p| p as u32))
    }
    #[inline(always)]
    unsafe fn istore(p: *mut u32, v: [u32; N]) {
        p.cast::<[u32; N]>().write_unaligned(v);
    }
    #[inline(always)]
    unsafe fn load_bytes(p: *const u8) -> [u32; N] {
        map(p.cast::<[u8; N]>().read_unaligned(), u32::from)
    }
    #[inline(always)]
    unsafe fn store_bytes(p: *mut u8, v: [u32; N]) {
        p.cast::<[u8; N]>().write_unaligned(map(v, |v| v as u8));
    }
    #[inline(always)]
    unsafe fn any(m: Self::M) -> bool {
        m[0] | m[1] | m[2] | m[3]
    }
}
