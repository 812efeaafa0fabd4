//! The vector operations every kernel is written with, once; each instruction set implements them in its own file.
//!
//! A kernel is a generic `#[inline(always)]` body over [`Simd`]. The macro [`dispatch!`](crate::simd) stamps it into one
//! thin `#[target_feature]` function for each level, inside which all of this folds into single instructions.
//!
//! # Safety
//!
//! All methods are unsafe for one reason: they may only run where the level is available. Loads and stores also
//! require valid memory for as many elements as they touch.
#![allow(
    unsafe_op_in_unsafe_fn,
    clippy::missing_safety_doc,
    reason = "the contract is stated once, above; every method body is a single instruction under it"
)]

#[cfg(target_arch = "x86_64")]
pub(crate) mod avx2;
#[cfg(target_arch = "x86_64")]
pub(crate) mod avx512;
pub(crate) mod math;
pub(crate) mod portable;

/// Vectors of `LANES` floats (`F`), as many 32-bit integers (`I`) and truth values (`M`).
pub(crate) trait Simd: Copy + 'static {
    /// Floats in a vector.
    const LANES: usize;
    type F: Copy;
    type I: Copy;
    type M: Copy;

    unsafe fn load(p: *const f32) -> Self::F;
    /// Loads the first `n < LANES` elements; the others are 0.
    unsafe fn load_part(p: *const f32, n: usize) -> Self::F;
    unsafe fn store(p: *mut f32, v: Self::F);
    /// Stores the first `n < LANES` elements.
    unsafe fn store_part(p: *mut f32, n: usize, v: Self::F);
    unsafe fn splat(v: f32) -> Self::F;
    unsafe fn add(a: Self::F, b: Self::F) -> Self::F;
    unsafe fn sub(a: Self::F, b: Self::F) -> Self::F;
    unsafe fn mul(a: Self::F, b: Self::F) -> Self::F;
    unsafe fn div(a: Self::F, b: Self::F) -> Self::F;
    /// `a · b + c`, rounded once where the level has it.
    unsafe fn fma(a: Self::F, b: Self::F, c: Self::F) -> Self::F;
    unsafe fn sqrt(a: Self::F) -> Self::F;
    unsafe fn floor(a: Self::F) -> Self::F;
    unsafe fn ceil(a: Self::F) -> Self::F;
    /// The nearest integer, half to even.
    unsafe fn round(a: Self::F) -> Self::F;
    unsafe fn lt(a: Self::F, b: Self::F) -> Self::M;
    unsafe fn le(a: Self::F, b: Self::F) -> Self::M;
    unsafe fn eq(a: Self::F, b: Self::F) -> Self::M;
    unsafe fn not(a: Self::M) -> Self::M;
    unsafe fn and(a: Self::M, b: Self::M) -> Self::M;
    unsafe fn or(a: Self::M, b: Self::M) -> Self::M;
    /// `a` where `m`, else `b`.
    unsafe fn select(m: Self::M, a: Self::F, b: Self::F) -> Self::F;

    unsafe fn bits(a: Self::F) -> Self::I;
    unsafe fn float(a: Self::I) -> Self::F;
    unsafe fn isplat(v: u32) -> Self::I;
    /// `0, 1, 2, ...`
    unsafe fn iota() -> Self::I;
    unsafe fn iadd(a: Self::I, b: Self::I) -> Self::I;
    unsafe fn isub(a: Self::I, b: Self::I) -> Self::I;
    unsafe fn iand(a: Self::I, b: Self::I) -> Self::I;
    unsafe fn ior(a: Self::I, b: Self::I) -> Self::I;
    unsafe fn ixor(a: Self::I, b: Self::I) -> Self::I;
    unsafe fn shl<const N: u32>(a: Self::I) -> Self::I;
    /// Shifts zeros in.
    unsafe fn shr<const N: u32>(a: Self::I) -> Self::I;
    /// Shifts the sign in.
    unsafe fn sar<const N: u32>(a: Self::I) -> Self::I;
    unsafe fn ieq(a: Self::I, b: Self::I) -> Self::M;
    /// Signed integer to the nearest float.
    unsafe fn to_float(a: Self::I) -> Self::F;
    /// Float, already whole and small, to signed integer.
    unsafe fn to_int(a: Self::F) -> Self::I;
    /// High and low halves of the unsigned 64-bit products.
    unsafe fn mul_wide(a: Self::I, b: Self::I) -> (Self::I, Self::I);
    unsafe fn istore(p: *mut u32, v: Self::I);
    /// Loads bytes, widened.
    unsafe fn load_bytes(p: *const u8) -> Self::I;
    /// Stores the low byte of each lane.
    unsafe fn store_bytes(p: *mut u8, v: Self::I);

    /// Whether any lane is true.
    unsafe fn any(m: Self::M) -> bool;

    /// Turns a square: row `k` of `LANES` floats at `to + k · row` is column `k` of the lines at `from + j · line`.
    #[inline(always)]
    unsafe fn turn(from: *const f32, line: usize, to: *mut f32, row: usize) {
        for k in 0..Self::LANES {
            for j in 0..Self::LANES {
                *to.add(k * row + j) = *from.add(j * line + k);
            }
        }
    }

    /// Asks for the cache line of `p`, which need not be valid.
    #[inline(always)]
    unsafe fn prefetch(_p: *const f32) {}

    /// As [`Simd::prefetch`], for the second cache.
    #[inline(always)]
    unsafe fn prefetch_far(_p: *const f32) {}

    /// `x`, but at least `bound`; NaN in `x` stays.
    #[inline(always)]
    unsafe fn at_least(x: Self::F, bound: Self::F) -> Self::F {
        Self::select(Self::lt(x, bound), bound, x)
    }

    /// `x`, but at most `bound`; NaN in `x` stays.
    #[inline(always)]
    unsafe fn at_most(x: Self::F, bound: Self::F) -> Self::F {
        Self::select(Self::lt(bound, x), bound, x)
    }

    /// `y · 2ⁿ` for whole numbers `−300 < n < 300`, rounded once.
    #[inline(always)]
    unsafe fn scale(y: Self::F, n: Self::F) -> Self::F {
        // In two steps, so that results beyond the range of one factor come out right.
        let n = Self::to_int(n);
        let half = Self::sar::<1>(n);
        let power = |n| Self::float(Self::shl::<23>(Self::iadd(n, Self::isplat(127))));
        Self::mul(Self::mul(y, power(half)), power(Self::isub(n, half)))
    }

    /// `v` where `v >= 0` or NaN, else 0.
    #[inline(always)]
    unsafe fn relu(v: Self::F) -> Self::F {
        Self::at_least(v, Self::splat(0.0))
    }

    /// The larger; NaN if either is.
    #[inline(always)]
    unsafe fn max(a: Self::F, b: Self::F) -> Self::F {
        // `a >= b` is false for NaN in either; `a != a` keeps a's NaN, and b's comes by falling through.
        Self::select(Self::or(Self::le(b, a), Self::not(Self::eq(a, a))), a, b)
    }

    /// The smaller; NaN if either is.
    #[inline(always)]
    unsafe fn min(a: Self::F, b: Self::F) -> Self::F {
        Self::select(Self::or(Self::le(a, b), Self::not(Self::eq(a, a))), a, b)
    }
}

/// Runs the generic function `$body::<S>($args)` at the current level, inside a function with that level's features.
macro_rules! dispatch {
    ($body:ident ( $($arg:ident : $type:ty),* $(,)? ) $(-> $ret:ty)?) => {{
        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,bmi1,bmi2,popcnt")]
        unsafe fn avx512($($arg: $type),*) $(-> $ret)? {
            // SAFETY: the caller of this function has the level; the body's own contract is the caller's.
            unsafe { $body::<crate::simd::avx512::Avx512>($($arg),*) }
        }
        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = "avx2,fma")]
        unsafe fn avx2($($arg: $type),*) $(-> $ret)? {
            // SAFETY: as above.
            unsafe { $body::<crate::simd::avx2::Avx2>($($arg),*) }
        }
        match crate::level() {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `level` only returns levels the machine has; lengths were checked by the public entry.
            crate::Level::Avx512 => unsafe { avx512($($arg),*) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: as above.
            crate::Level::Avx2 => unsafe { avx2($($arg),*) },
            // SAFETY: plain Rust runs anywhere; lengths were checked by the public entry.
            _ => unsafe { $body::<crate::simd::portable::Portable>($($arg),*) },
        }
    }};
}
pub(crate) use dispatch;
