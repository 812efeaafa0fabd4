//! A sum of products by tiles: rows in strips of 16, columns in panels of 16, terms in chunks of 32.
//!
//! A is in memory as tiles read it, or is gathered for some strips at a time; B is packed panel by panel. Terms are cut into blocks of
//! which two panels stay in the first cache. An element's additions follow from its chunks alone, however rows and columns were cut.

use super::amx::{self, BYTES, Chunk, SIDE, TERMS, Tiles};
use crate::product::{Act, Init};
use core::arch::x86_64::*;

/// Up to 16 rows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Strip {
    /// Where the first begins in A.
    pub(super) a: usize,
    pub(super) rows: usize,
    /// Where each begins in C.
    pub(super) c: [usize; SIDE],
}

/// The most chunks of a block: two panels of them, 36 KiB, stay in the first cache.
pub(super) const DEPTH: usize = 18;

/// What a sweep multiplies.
pub(super) struct Sweep<'a> {
    /// Rows of A, `a_row` numbers apart.
    pub(super) a: *const u16,
    pub(super) a_row: usize,
    pub(super) strips: &'a [Strip],
    /// Offsets in bytes, in A from a strip's begin, in B from a panel's.
    pub(super) chunks: &'a [Chunk],
    /// Panels of 16 columns, `panel` numbers apart.
    pub(super) b: *const u16,
    pub(super) panel: usize,
    pub(super) columns: usize,
}

/// Sums of four tiles on their way from registers to C.
#[repr(align(64))]
struct Sums([f32; 4 * SIDE * SIDE]);

impl Sweep<'_> {
    /// Computes `C = act(init + A · B)`.
    ///
    /// # Safety
    ///
    /// AMX is there; for each strip and chunk 16 rows of a tile are readable, and for each panel and chunk a tile; the `columns`
    /// floats of each of the strips' rows of C are the caller's; a bias has as many.
    pub(super) unsafe fn run(&self, _: &Tiles, init: Init<'_>, act: Act, c: *mut f32) {
        let mut sums = Sums([0.0; 4 * SIDE * SIDE]);
        for first in (0..self.columns).step_by(2 * SIDE) {
            let left = self.columns - first;
            let panels = if left > SIDE { 2 } else { 1 };
            let b = self.b.wrapping_add(first / SIDE * self.panel);
            let b = [b, b.wrapping_add(self.panel)].map(<*const u16>::cast);
            for strips in self.strips.chunks(2) {
                let [one, other] = [&strips[0], &strips[strips.len() - 1]];
                let kernel = amx::kernel(strips.len(), panels);
                // SAFETY: strips and chunks are readable as the caller says; the sums hold four tiles.
                unsafe {
                    let a = [self.a.add(one.a), self.a.add(other.a)].map(<*const u16>::cast);
                    kernel(a, 2 * self.a_row, b, self.chunks, sums.0.as_mut_ptr());
                    for (i, strip) in strips.iter().enumerate() {
                        let sums = sums.0.as_ptr().add(2 * i * SIDE * SIDE);
                        finish(sums, strip, left, init, act, first, c);
                    }
                }
            }
        }
    }
}

/// Adds two tiles that lie side by side to where they belong.
#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn finish(
    sums: *const f32,
    strip: &Strip,
    left: usize,
    init: Init<'_>,
    act: Act,
    first: usize,
    c: *mut f32,
) {
    let lanes = |n: usize| -> __mmask16 { if n >= SIDE { !0 } else { (1 << n) - 1 } };
    for panel in 0..left.min(2 * SIDE).div_ceil(SIDE) {
        let mask = lanes(left - panel * SIDE);
        let first = first + panel * SIDE;
        // SAFETY: up to `left` columns of each row are there, in C and in the bias.
        unsafe {
            let start = match init {
                Init::Bias(bias) => _mm512_maskz_loadu_ps(mask, bias.as_ptr().add(first)),
                _ => _mm512_setzero_ps(),
            };
            for (r, row) in strip.c.iter().enumerate().take(strip.rows) {
                let c = c.add(row + first);
                let sum = _mm512_load_ps(sums.add((panel * SIDE + r) * SIDE));
                let start = match init {
                    Init::Accumulate => _mm512_maskz_loadu_ps(mask, c),
                    _ => start,
                };
                let mut sum = _mm512_add_ps(start, sum);
                if act == Act::Relu {
                    // NaN stays.
                    let low = _mm512_cmp_ps_mask::<_CMP_LT_OQ>(sum, _mm512_setzero_ps());
                    sum = _mm512_mask_mov_ps(sum, low, _mm512_setzero_ps());
                }
                if mask == !0 {
                    _mm512_storeu_ps(c, sum);
                } else {
                    _mm512_mask_storeu_ps(c, mask, sum);
                }
            }
        }
    }
}

/// Neighbouring terms: where the first lies in a row of A, and how many.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    pub(super) a: usize,
    pub(super) len: usize,
}

/// Terms that are multiplied before sums go back to C.
#[derive(Clone, Debug, Default)]
pub(super) struct Block {
    pub(super) runs: Vec<Run>,
    /// The terms before it.
    pub(super) first: usize,
    pub(super) terms: usize,
}

/// Cuts runs into blocks of about the same number of chunks.
pub(super) fn blocks(runs: &[Run]) -> Vec<Block> {
    let terms: usize = runs.iter().map(|run| run.len).sum();
    let chunks = terms.div_ceil(TERMS);
    let count = chunks.div_ceil(DEPTH);
    let mut left = runs.iter().copied();
    let mut run = Run { a: 0, len: 0 };
    (0..count)
        .map(|i| {
            let first = i * chunks / count * TERMS;
            let end = ((i + 1) * chunks / count * TERMS).min(terms);
            let mut block = Block {
                runs: Vec::new(),
                first,
                terms: end - first,
            };
            let mut missing = block.terms;
            while missing > 0 {
                if run.len == 0 {
                    run = left.next().unwrap_or(Run { a: 0, len: missing });
                }
                let len = run.len.min(missing);
                block.runs.push(Run { a: run.a, len });
                run = Run {
                    a: run.a + len,
                    len: run.len - len,
                };
                missing -= len;
            }
            block
        })
        .collect()
}

impl Block {
    /// The chunks of a block whose runs are whole chunks, where A lies.
    pub(super) fn in_place(&self) -> Vec<Chunk> {
        let each = self.runs.iter();
        let a = each.flat_map(|run| (run.a..run.a + run.len).step_by(TERMS));
        a.zip(self.first / TERMS..)
            .map(|(a, i)| Chunk {
                a: 2 * a,
                b: i * BYTES,
            })
            .collect()
    }

    /// The chunks of a block whose terms of A were gathered.
    pub(super) fn gathered(&self) -> Vec<Chunk> {
        (0..self.terms.div_ceil(TERMS))
            .map(|i| Chunk {
                a: 2 * i * TERMS,
                b: (self.first / TERMS + i) * BYTES,
            })
            .collect()
    }
}

/// Where some of a chunk's 32 terms come from: `mask` names them, and the first of all 32 would lie at `from`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece {
    mask: u32,
    from: isize,
    last: bool,
}

impl Block {
    /// The pieces of all chunks, in order.
    pub(super) fn pieces(&self) -> Vec<Piece> {
        let mut pieces: Vec<Piece> = Vec::new();
        let mut at = 0;
        for run in &self.runs {
            let mut done = 0;
            while done < run.len {
                let some = (run.len - done).min(TERMS - at);
                let bits = u32::MAX >> (TERMS - some);
                pieces.push(Piece {
                    mask: bits << at,
                    from: (run.a + done).cast_signed() - at.cast_signed(),
                    last: at + some == TERMS,
                });
                at = (at + some) % TERMS;
                done += some;
            }
        }
        if let Some(piece) = pieces.last_mut() {
            piece.last = true;
        }
        pieces
    }
}

/// Copies the terms of some rows together, each row padded with zeros to whole chunks.
///
/// # Safety
///
/// AVX-512 is there; each row's terms are readable in `a`; `to` has room for `rows.len()` rows of `line` numbers.
#[target_feature(enable = "avx512f,avx512bw")]
pub(super) unsafe fn gather(
    a: *const u16,
    rows: &[usize],
    pieces: &[Piece],
    line: usize,
    to: *mut u16,
) {
    for (i, &row) in rows.iter().enumerate() {
        let from = a.wrapping_add(row);
        let mut to = to.wrapping_add(i * line);
        let mut chunk = _mm512_setzero_si512();
        for piece in pieces {
            let from = from.wrapping_offset(piece.from).cast();
            // SAFETY: only what the mask names is read, which are terms of this row; chunks end before the next row.
            unsafe {
                chunk = _mm512_mask_loadu_epi16(chunk, piece.mask, from);
                if piece.last {
                    _mm512_storeu_si512(to.cast(), chunk);
                    to = to.wrapping_add(TERMS);
                    chunk = _mm512_setzero_si512();
                }
            }
        }
    }
}

/// Numbers from one row to the next, so that the rows of a tile do not meet in a few sets of the first cache.
pub(super) fn line(terms: usize) -> usize {
    let line = terms.next_multiple_of(TERMS);
    if line.is_multiple_of(8 * TERMS) {
        line + TERMS
    } else {
        line
    }
}

/// Working memory for so many numbers of 16 bits, in floats: whole lines of a cache.
pub(super) fn floats(numbers: usize) -> usize {
    numbers.div_ceil(2).next_multiple_of(16)
}
