//! Rounding floats to bf16 on their way to where tiles read them.
#![allow(
    unsafe_op_in_unsafe_fn,
    reason = "every function needs the same: AVX-512 with bf16, and memory for what it says it touches"
)]

use super::amx::{SIDE, TERMS};
use crate::simd::avx512::transpose;
use core::arch::x86_64::*;

/// The first `n` of 16 or more lanes.
#[inline(always)]
fn first(n: usize) -> __mmask16 {
    if n >= 16 { !0 } else { (1 << n) - 1 }
}

/// The lanes of `a` and of `b` rounded, in pairs: `a0 b0 a1 b1 …`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
unsafe fn pairs(a: __m512, b: __m512) -> __m512i {
    let order = _mm512_set_epi16(
        31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6, 21, 5, 20, 4,
        19, 3, 18, 2, 17, 1, 16, 0,
    );
    let both: __m512i = core::mem::transmute(_mm512_cvtne2ps_pbh(b, a));
    _mm512_permutexvar_epi16(order, both)
}

/// Rounds `n` neighbouring floats; up to 31 zeros may be written behind them.
///
/// # Safety
///
/// `from` holds `n` floats, `to` has room for `n` rounded up to a multiple of 32.
#[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
pub(super) unsafe fn round(from: *const f32, to: *mut u16, n: usize) {
    let mut i = 0;
    while i < n {
        let left = n - i;
        let (a, b) = if left >= 32 {
            (
                _mm512_loadu_ps(from.add(i)),
                _mm512_loadu_ps(from.add(i + 16)),
            )
        } else {
            (
                _mm512_maskz_loadu_ps(first(left), from.add(i)),
                _mm512_maskz_loadu_ps(first(left.saturating_sub(16)), from.wrapping_add(i + 16)),
            )
        };
        let both: __m512i = core::mem::transmute(_mm512_cvtne2ps_pbh(b, a));
        _mm512_storeu_si512(to.add(i).cast(), both);
        i += 32;
    }
}

/// Rounds `n` neighbouring floats and writes no more than them.
///
/// # Safety
///
/// `from` holds `n` floats, `to` has room for as many.
#[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
pub(super) unsafe fn round_exactly(from: *const f32, to: *mut u16, n: usize) {
    let whole = n / 32 * 32;
    round(from, to, whole);
    let left = n - whole;
    if left > 0 {
        let from = from.add(whole);
        let a = _mm512_maskz_loadu_ps(first(left), from);
        let b = _mm512_maskz_loadu_ps(first(left.saturating_sub(16)), from.wrapping_add(16));
        let both: __m512i = core::mem::transmute(_mm512_cvtne2ps_pbh(b, a));
        _mm512_mask_storeu_epi16(to.add(whole).cast(), (1 << left) - 1, both);
    }
}

/// A tile of B: 16 columns from `first_column` on of up to 32 rows of floats, whose rows begin at `rows` (or are zeros where that is
/// null), in pairs of rows.
///
/// # Safety
///
/// Each row that is not null holds `columns` floats there, up to 16; `to` has room for a tile.
#[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
pub(super) unsafe fn paired(
    rows: &[*const f32; TERMS],
    first_column: usize,
    columns: usize,
    to: *mut u16,
) {
    let mask = first(columns);
    for pair in 0..TERMS / 2 {
        let row = |at: usize| {
            if rows[at].is_null() {
                _mm512_setzero_ps()
            } else {
                _mm512_maskz_loadu_ps(mask, rows[at].add(first_column))
            }
        };
        let both = pairs(row(2 * pair), row(2 * pair + 1));
        _mm512_storeu_si512(to.add(pair * TERMS).cast(), both);
    }
}

/// A tile of A from its transpose: as [`paired`], but row `c` of the tile holds column `c` of the 32 rows; rows of the tile are `line`
/// numbers apart.
///
/// # Safety
///
/// Each row that is not null holds `columns` floats there, up to 16; `to` has room for 16 rows of the tile.
#[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
pub(super) unsafe fn turned(
    rows: &[*const f32; TERMS],
    first_column: usize,
    columns: usize,
    to: *mut u16,
    line: usize,
) {
    let mask = first(columns);
    let mut v = [_mm512_setzero_si512(); SIDE];
    for (pair, v) in v.iter_mut().enumerate() {
        let row = |at: usize| {
            if rows[at].is_null() {
                _mm512_setzero_ps()
            } else {
                _mm512_maskz_loadu_ps(mask, rows[at].add(first_column))
            }
        };
        *v = pairs(row(2 * pair), row(2 * pair + 1));
    }
    transpose(&mut v);
    for (c, v) in v.iter().enumerate() {
        _mm512_storeu_si512(to.add(c * line).cast(), *v);
    }
}

/// A tile of B from its transpose: 16 columns given as lines of up to 32 neighbouring floats.
///
/// # Safety
///
/// `columns` lines from `from` on, `line` floats apart, hold `terms` floats each, up to 32; `to` has room for a tile.
#[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
pub(super) unsafe fn paired_of_turned(
    from: *const f32,
    line: usize,
    columns: usize,
    terms: usize,
    to: *mut u16,
) {
    let mut v = [_mm512_setzero_si512(); SIDE];
    for (c, v) in v.iter_mut().enumerate().take(columns) {
        let from = from.add(c * line);
        let a = _mm512_maskz_loadu_ps(first(terms), from);
        let b = _mm512_maskz_loadu_ps(first(terms.saturating_sub(16)), from.wrapping_add(16));
        *v = core::mem::transmute::<__m512bh, __m512i>(_mm512_cvtne2ps_pbh(b, a));
    }
    transpose(&mut v);
    for (pair, v) in v.iter().enumerate() {
        _mm512_storeu_si512(to.add(pair * TERMS).cast(), *v);
    }
}
