//! AVX-512: sixteen floats, mask registers, masked tails.

use super::Simd;
use core::arch::x86_64::*;

#[derive(Clone, Copy)]
pub(crate) struct Avx512;

/// The first `n` lanes.
#[inline(always)]
fn first(n: usize) -> __mmask16 {
    ((1_u32 << n) - 1) as __mmask16
}

impl Simd for Avx512 {
    const LANES: usize = 16;
    type F = __m512;
    type I = __m512i;
    type M = __mmask16;

    #[inline(always)]
    unsafe fn load(p: *const f32) -> __m512 {
        _mm512_loadu_ps(p)
    }
    #[inline(always)]
    unsafe fn load_part(p: *const f32, n: usize) -> __m512 {
        _mm512_maskz_loadu_ps(first(n), p)
    }
    #[inline(always)]
    unsafe fn store(p: *mut f32, v: __m512) {
        _mm512_storeu_ps(p, v);
    }
    #[inline(always)]
    unsafe fn store_part(p: *mut f32, n: usize, v: __m512) {
        _mm512_mask_storeu_ps(p, first(n), v);
    }
    #[inline(always)]
    unsafe fn splat(v: f32) -> __m512 {
        _mm512_set1_ps(v)
    }
    #[inline(always)]
    unsafe fn add(a: __m512, b: __m512) -> __m512 {
        _mm512_add_ps(a, b)
    }
    #[inline(always)]
    unsafe fn sub(a: __m512, b: __m512) -> __m512 {
        _mm512_sub_ps(a, b)
    }
    #[inline(always)]
    unsafe fn mul(a: __m512, b: __m512) -> __m512 {
        _mm512_mul_ps(a, b)
    }
    #[inline(always)]
    unsafe fn div(a: __m512, b: __m512) -> __m512 {
        _mm512_div_ps(a, b)
    }
    #[inline(always)]
    unsafe fn fma(a: __m512, b: __m512, c: __m512) -> __m512 {
        _mm512_fmadd_ps(a, b, c)
    }
    #[inline(always)]
    unsafe fn sqrt(a: __m512) -> __m512 {
        _mm512_sqrt_ps(a)
    }
    // Of `max_ps` and `min_ps`, the second operand is what comes out where one is NaN, and where both are zeros.
    #[inline(always)]
    unsafe fn max(a: __m512, b: __m512) -> __m512 {
        let number = _mm512_cmp_ps_mask::<_CMP_ORD_Q>(a, a);
        _mm512_mask_max_ps(a, number, a, b)
    }
    #[inline(always)]
    unsafe fn min(a: __m512, b: __m512) -> __m512 {
        let number = _mm512_cmp_ps_mask::<_CMP_ORD_Q>(a, a);
        _mm512_mask_min_ps(a, number, a, b)
    }
    #[inline(always)]
    unsafe fn at_least(x: __m512, bound: __m512) -> __m512 {
        _mm512_max_ps(bound, x)
    }
    #[inline(always)]
    unsafe fn at_most(x: __m512, bound: __m512) -> __m512 {
        _mm512_min_ps(bound, x)
    }
    #[inline(always)]
    unsafe fn scale(y: __m512, n: __m512) -> __m512 {
        _mm512_scalef_ps(y, n)
    }
    #[inline(always)]
    unsafe fn floor(a: __m512) -> __m512 {
        _mm512_roundscale_ps::<{ _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC }>(a)
    }
    #[inline(always)]
    unsafe fn ceil(a: __m512) -> __m512 {
        _mm512_roundscale_ps::<{ _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC }>(a)
    }
    #[inline(always)]
    unsafe fn round(a: __m512) -> __m512 {
        _mm512_roundscale_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(a)
    }
    #[inline(always)]
    unsafe fn lt(a: __m512, b: __m512) -> __mmask16 {
        _mm512_cmp_ps_mask::<_CMP_LT_OQ>(a, b)
    }
    #[inline(always)]
    unsafe fn le(a: __m512, b: __m512) -> __mmask16 {
        _mm512_cmp_ps_mask::<_CMP_LE_OQ>(a, b)
    }
    #[inline(always)]
    unsafe fn eq(a: __m512, b: __m512) -> __mmask16 {
        _mm512_cmp_ps_mask::<_CMP_EQ_OQ>(a, b)
    }
    #[inline(always)]
    unsafe fn not(a: __mmask16) -> __mmask16 {
        !a
    }
    #[inline(always)]
    unsafe fn and(a: __mmask16, b: __mmask16) -> __mmask16 {
        a & b
    }
    #[inline(always)]
    unsafe fn or(a: __mmask16, b: __mmask16) -> __mmask16 {
        a | b
    }
    #[inline(always)]
    unsafe fn select(m: __mmask16, a: __m512, b: __m512) -> __m512 {
        _mm512_mask_blend_ps(m, b, a)
    }
    #[inline(always)]
    unsafe fn bits(a: __m512) -> __m512i {
        _mm512_castps_si512(a)
    }
    #[inline(always)]
    unsafe fn float(a: __m512i) -> __m512 {
        _mm512_castsi512_ps(a)
    }
    #[inline(always)]
    unsafe fn isplat(v: u32) -> __m512i {
        _mm512_set1_epi32(v.cast_signed())
    }
    #[inline(always)]
    unsafe fn iota() -> __m512i {
        _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
    }
    #[inline(always)]
    unsafe fn iadd(a: __m512i, b: __m512i) -> __m512i {
        _mm512_add_epi32(a, b)
    }
    #[inline(always)]
    unsafe fn isub(a: __m512i, b: __m512i) -> __m512i {
        _mm512_sub_epi32(a, b)
    }
    #[inline(always)]
    unsafe fn iand(a: __m512i, b: __m512i) -> __m512i {
        _mm512_and_si512(a, b)
    }
    #[inline(always)]
    unsafe fn ior(a: __m512i, b: __m512i) -> __m512i {
        _mm512_or_si512(a, b)
    }
    #[inline(always)]
    unsafe fn ixor(a: __m512i, b: __m512i) -> __m512i {
        _mm512_xor_si512(a, b)
    }
    #[inline(always)]
    unsafe fn shl<const N: u32>(a: __m512i) -> __m512i {
        _mm512_slli_epi32::<N>(a)
    }
    #[inline(always)]
    unsafe fn shr<const N: u32>(a: __m512i) -> __m512i {
        _mm512_srli_epi32::<N>(a)
    }
    #[inline(always)]
    unsafe fn sar<const N: u32>(a: __m512i) -> __m512i {
        _mm512_srai_epi32::<N>(a)
    }
    #[inline(always)]
    unsafe fn ieq(a: __m512i, b: __m512i) -> __mmask16 {
        _mm512_cmpeq_epi32_mask(a, b)
    }
    #[inline(always)]
    unsafe fn to_float(a: __m512i) -> __m512 {
        _mm512_cvtepi32_ps(a)
    }
    #[inline(always)]
    unsafe fn to_int(a: __m512) -> __m512i {
        _mm512_cvtps_epi32(a)
    }
    #[inline(always)]
    unsafe fn mul_wide(a: __m512i, b: __m512i) -> (__m512i, __m512i) {
        let even = _mm512_mul_epu32(a, b);
        let odd = _mm512_mul_epu32(_mm512_srli_epi64::<32>(a), _mm512_srli_epi64::<32>(b));
        let high = _mm512_mask_blend_epi32(0xAAAA, _mm512_srli_epi64::<32>(even), odd);
        let low = _mm512_mask_blend_epi32(0xAAAA, even, _mm512_slli_epi64::<32>(odd));
        (high, low)
    }
    #[inline(always)]
    unsafe fn istore(p: *mut u32, v: __m512i) {
        _mm512_storeu_si512(p.cast(), v);
    }
    #[inline(always)]
    unsafe fn load_bytes(p: *const u8) -> __m512i {
        _mm512_cvtepu8_epi32(_mm_loadu_si128(p.cast()))
    }
    #[inline(always)]
    unsafe fn store_bytes(p: *mut u8, v: __m512i) {
        _mm_storeu_si128(p.cast(), _mm512_cvtepi32_epi8(v));
    }
    #[inline(always)]
    unsafe fn turn(from: *const f32, line: usize, to: *mut f32, row: usize) {
        let mut v = [_mm512_setzero_si512(); 16];
        for (j, v) in v.iter_mut().enumerate() {
            *v = _mm512_loadu_si512(from.add(j * line).cast());
        }
        transpose(&mut v);
        for (k, v) in v.iter().enumerate() {
            _mm512_storeu_si512(to.add(k * row).cast(), *v);
        }
    }
    #[inline(always)]
    unsafe fn prefetch(p: *const f32) {
        _mm_prefetch::<_MM_HINT_T0>(p.cast());
    }
    #[inline(always)]
    unsafe fn prefetch_far(p: *const f32) {
        _mm_prefetch::<_MM_HINT_T1>(p.cast());
    }
    #[inline(always)]
    unsafe fn relu(v: __m512) -> __m512 {
        // Where either operand is NaN the instruction gives the second.
        _mm512_max_ps(_mm512_setzero_ps(), v)
    }
    #[inline(always)]
    unsafe fn any(m: Self::M) -> bool {
        m != 0
    }
}

/// Turns a square of 16 by 16 words of 32 bits.
#[inline(always)]
pub(crate) unsafe fn transpose(v: &mut [__m512i; 16]) {
    let mut t = [_mm512_setzero_si512(); 16];
    for i in 0..8 {
        t[2 * i] = _mm512_unpacklo_epi32(v[2 * i], v[2 * i + 1]);
        t[2 * i + 1] = _mm512_unpackhi_epi32(v[2 * i], v[2 * i + 1]);
    }
    for i in 0..4 {
        v[4 * i] = _mm512_unpacklo_epi64(t[4 * i], t[4 * i + 2]);
        v[4 * i + 1] = _mm512_unpackhi_epi64(t[4 * i], t[4 * i + 2]);
        v[4 * i + 2] = _mm512_unpacklo_epi64(t[4 * i + 1], t[4 * i + 3]);
        v[4 * i + 3] = _mm512_unpackhi_epi64(t[4 * i + 1], t[4 * i + 3]);
    }
    // v[4·i + j] now holds, in its quarter q, column 4·q + j of rows 4·i..4·i + 4.
    for j in 0..4 {
        t[j] = _mm512_shuffle_i32x4::<0b10_00_10_00>(v[j], v[4 + j]);
        t[4 + j] = _mm512_shuffle_i32x4::<0b11_01_11_01>(v[j], v[4 + j]);
        t[8 + j] = _mm512_shuffle_i32x4::<0b10_00_10_00>(v[8 + j], v[12 + j]);
        t[12 + j] = _mm512_shuffle_i32x4::<0b11_01_11_01>(v[8 + j], v[12 + j]);
    }
    for j in 0..4 {
        v[j] = _mm512_shuffle_i32x4::<0b10_00_10_00>(t[j], t[8 + j]);
        v[8 + j] = _mm512_shuffle_i32x4::<0b11_01_11_01>(t[j], t[8 + j]);
        v[4 + j] = _mm512_shuffle_i32x4::<0b10_00_10_00>(t[4 + j], t[12 + j]);
        v[12 + j] = _mm512_shuffle_i32x4::<0b11_01_11_01>(t[4 + j], t[12 + j]);
    }
}
