//! AVX2 with fused multiply-add: eight floats, masks as all-ones lanes.

use super::Simd;
use core::arch::x86_64::*;

#[derive(Clone, Copy)]
pub(crate) struct Avx2;

/// Eight lanes of ones and eight of zeros: read from `8 - n`, the mask of the first `n` lanes.
static FIRST: [i32; 16] = [-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0];

#[inline(always)]
unsafe fn first(n: usize) -> __m256i {
    _mm256_loadu_si256(FIRST.as_ptr().add(8 - n).cast())
}

impl Simd for Avx2 {
    const LANES: usize = 8;
    type F = __m256;
    type I = __m256i;
    type M = __m256;

    #[inline(always)]
    unsafe fn load(p: *const f32) -> __m256 {
        _mm256_loadu_ps(p)
    }
    #[inline(always)]
    unsafe fn load_part(p: *const f32, n: usize) -> __m256 {
        _mm256_maskload_ps(p, first(n))
    }
    #[inline(always)]
    unsafe fn store(p: *mut f32, v: __m256) {
        _mm256_storeu_ps(p, v);
    }
    #[inline(always)]
    unsafe fn store_part(p: *mut f32, n: usize, v: __m256) {
        _mm256_maskstore_ps(p, first(n), v);
    }
    #[inline(always)]
    unsafe fn splat(v: f32) -> __m256 {
        _mm256_set1_ps(v)
    }
    #[inline(always)]
    unsafe fn add(a: __m256, b: __m256) -> __m256 {
        _mm256_add_ps(a, b)
    }
    #[inline(always)]
    unsafe fn sub(a: __m256, b: __m256) -> __m256 {
        _mm256_sub_ps(a, b)
    }
    #[inline(always)]
    unsafe fn mul(a: __m256, b: __m256) -> __m256 {
        _mm256_mul_ps(a, b)
    }
    #[inline(always)]
    unsafe fn div(a: __m256, b: __m256) -> __m256 {
        _mm256_div_ps(a, b)
    }
    #[inline(always)]
    unsafe fn fma(a: __m256, b: __m256, c: __m256) -> __m256 {
        _mm256_fmadd_ps(a, b, c)
    }
    #[inline(always)]
    unsafe fn sqrt(a: __m256) -> __m256 {
        _mm256_sqrt_ps(a)
    }
    // The second operand is what comes out where one is NaN, and where both are zeros.
    #[inline(always)]
    unsafe fn at_least(x: __m256, bound: __m256) -> __m256 {
        _mm256_max_ps(bound, x)
    }
    #[inline(always)]
    unsafe fn at_most(x: __m256, bound: __m256) -> __m256 {
        _mm256_min_ps(bound, x)
    }
    #[inline(always)]
    unsafe fn floor(a: __m256) -> __m256 {
        _mm256_floor_ps(a)
    }
    #[inline(always)]
    unsafe fn ceil(a: __m256) -> __m256 {
        _mm256_ceil_ps(a)
    }
    #[inline(always)]
    unsafe fn round(a: __m256) -> __m256 {
        _mm256_round_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(a)
    }
    #[inline(always)]
    unsafe fn lt(a: __m256, b: __m256) -> __m256 {
        _mm256_cmp_ps::<_CMP_LT_OQ>(a, b)
    }
    #[inline(always)]
    unsafe fn le(a: __m256, b: __m256) -> __m256 {
        _mm256_cmp_ps::<_CMP_LE_OQ>(a, b)
    }
    #[inline(always)]
    unsafe fn eq(a: __m256, b: __m256) -> __m256 {
        _mm256_cmp_ps::<_CMP_EQ_OQ>(a, b)
    }
    #[inline(always)]
    unsafe fn not(a: __m256) -> __m256 {
        _mm256_xor_ps(a, _mm256_castsi256_ps(_mm256_set1_epi32(-1)))
    }
    #[inline(always)]
    unsafe fn and(a: __m256, b: __m256) -> __m256 {
        _mm256_and_ps(a, b)
    }
    #[inline(always)]
    unsafe fn or(a: __m256, b: __m256) -> __m256 {
        _mm256_or_ps(a, b)
    }
    #[inline(always)]
    unsafe fn select(m: __m256, a: __m256, b: __m256) -> __m256 {
        _mm256_blendv_ps(b, a, m)
    }
    #[inline(always)]
    unsafe fn bits(a: __m256) -> __m256i {
        _mm256_castps_si256(a)
    }
    #[inline(always)]
    unsafe fn float(a: __m256i) -> __m256 {
        _mm256_castsi256_ps(a)
    }
    #[inline(always)]
    unsafe fn isplat(v: u32) -> __m256i {
        _mm256_set1_epi32(v.cast_signed())
    }
    #[inline(always)]
    unsafe fn iota() -> __m256i {
        _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7)
    }
    #[inline(always)]
    unsafe fn iadd(a: __m256i, b: __m256i) -> __m256i {
        _mm256_add_epi32(a, b)
    }
    #[inline(always)]
    unsafe fn isub(a: __m256i, b: __m256i) -> __m256i {
        _mm256_sub_epi32(a, b)
    }
    #[inline(always)]
    unsafe fn iand(a: __m256i, b: __m256i) -> __m256i {
        _mm256_and_si256(a, b)
    }
    #[inline(always)]
    unsafe fn ior(a: __m256i, b: __m256i) -> __m256i {
        _mm256_or_si256(a, b)
    }
    #[inline(always)]
    unsafe fn ixor(a: __m256i, b: __m256i) -> __m256i {
        _mm256_xor_si256(a, b)
    }
    #[inline(always)]
    unsafe fn shl<const N: u32>(a: __m256i) -> __m256i {
        _mm256_sll_epi32(a, _mm_cvtsi32_si128(N.cast_signed()))
    }
    #[inline(always)]
    unsafe fn shr<const N: u32>(a: __m256i) -> __m256i {
        _mm256_srl_epi32(a, _mm_cvtsi32_si128(N.cast_signed()))
    }
    #[inline(always)]
    unsafe fn sar<const N: u32>(a: __m256i) -> __m256i {
        _mm256_sra_epi32(a, _mm_cvtsi32_si128(N.cast_signed()))
    }
    #[inline(always)]
    unsafe fn ieq(a: __m256i, b: __m256i) -> __m256 {
        _mm256_castsi256_ps(_mm256_cmpeq_epi32(a, b))
    }
    #[inline(always)]
    unsafe fn to_float(a: __m256i) -> __m256 {
        _mm256_cvtepi32_ps(a)
    }
    #[inline(always)]
    unsafe fn to_int(a: __m256) -> __m256i {
        _mm256_cvtps_epi32(a)
    }
    #[inline(always)]
    unsafe fn mul_wide(a: __m256i, b: __m256i) -> (__m256i, __m256i) {
        let even = _mm256_mul_epu32(a, b);
        let odd = _mm256_mul_epu32(_mm256_srli_epi64::<32>(a), _mm256_srli_epi64::<32>(b));
        let high = _mm256_blend_epi32::<0b1010_1010>(_mm256_srli_epi64::<32>(even), odd);
        let low = _mm256_blend_epi32::<0b1010_1010>(even, _mm256_slli_epi64::<32>(odd));
        (high, low)
    }
    #[inline(always)]
    unsafe fn istore(p: *mut u32, v: __m256i) {
        _mm256_storeu_si256(p.cast(), v);
    }
    #[inline(always)]
    unsafe fn load_bytes(p: *const u8) -> __m256i {
        _mm256_cvtepu8_epi32(_mm_loadl_epi64(p.cast()))
    }
    #[inline(always)]
    unsafe fn store_bytes(p: *mut u8, v: __m256i) {
        let v = _mm256_and_si256(v, _mm256_set1_epi32(0xFF));
        let words = _mm_packus_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256::<1>(v));
        _mm_storel_epi64(p.cast(), _mm_packus_epi16(words, words));
    }
    #[inline(always)]
    unsafe fn turn(from: *const f32, line: usize, to: *mut f32, row: usize) {
        let mut v = [_mm256_setzero_ps(); 8];
        for (j, v) in v.iter_mut().enumerate() {
            *v = _mm256_loadu_ps(from.add(j * line));
        }
        let mut t = v;
        for i in 0..4 {
            t[2 * i] = _mm256_unpacklo_ps(v[2 * i], v[2 * i + 1]);
            t[2 * i + 1] = _mm256_unpackhi_ps(v[2 * i], v[2 * i + 1]);
        }
        for i in [0, 4] {
            v[i] = _mm256_shuffle_ps::<0b01_00_01_00>(t[i], t[i + 2]);
            v[i + 1] = _mm256_shuffle_ps::<0b11_10_11_10>(t[i], t[i + 2]);
            v[i + 2] = _mm256_shuffle_ps::<0b01_00_01_00>(t[i + 1], t[i + 3]);
            v[i + 3] = _mm256_shuffle_ps::<0b11_10_11_10>(t[i + 1], t[i + 3]);
        }
        // v[i + k] now holds, in its half h, column 4·h + k of lines i..i + 4.
        for k in 0..4 {
            let low = _mm256_permute2f128_ps::<0x20>(v[k], v[4 + k]);
            let high = _mm256_permute2f128_ps::<0x31>(v[k], v[4 + k]);
            _mm256_storeu_ps(to.add(k * row), low);
            _mm256_storeu_ps(to.add((4 + k) * row), high);
        }
    }
    #[inline(always)]
    unsafe fn prefetch(p: *const f32) {
        _mm_prefetch::<_MM_HINT_T0>(p.cast());
    }
    #[inline(always)]
    unsafe fn relu(v: __m256) -> __m256 {
        // Where either operand is NaN the instruction gives the second.
        _mm256_max_ps(_mm256_setzero_ps(), v)
    }
    #[inline(always)]
    unsafe fn any(m: Self::M) -> bool {
        _mm256_movemask_ps(m) != 0
    }
}
