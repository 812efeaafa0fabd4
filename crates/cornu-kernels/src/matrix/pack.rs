//! Copying B together: panels as wide as tiles, row by row, with zeros where columns end.

use super::panels::Panel;
use super::tile::Run;
use crate::simd::{Simd, dispatch};

/// Copies terms of B, given transposed, to where they belong in each panel: squares are turned in registers.
pub(super) fn turn(
    b: &[f32],
    run: &Run,
    ldb: usize,
    panels: &[Panel],
    block: &mut [f32],
    row: usize,
    depth: usize,
) {
    #[inline(always)]
    unsafe fn body<S: Simd>(
        b: &[f32],
        run: &Run,
        ldb: usize,
        panels: &[Panel],
        block: &mut [f32],
        row: usize,
        depth: usize,
    ) {
        let mut rest = block;
        for panel in panels {
            let width = panel.vectors * S::LANES;
            let (to, after) = rest.split_at_mut(width * depth);
            rest = after;
            let to = &mut to[row * width..(row + run.len) * width];
            for first in (0..width).step_by(S::LANES) {
                let some = panel.cols.saturating_sub(first).min(S::LANES);
                let line = |j: usize| &b[(panel.col + first + j) * ldb + run.b..][..run.len];
                let squares = if some == S::LANES {
                    run.len - run.len % S::LANES
                } else {
                    0
                };
                if squares > 0 {
                    let from = b.as_ptr().wrapping_add((panel.col + first) * ldb + run.b);
                    // The last line ends in B, and so do those before it.
                    assert_eq!(line(S::LANES - 1).len(), run.len);
                    for k in (0..squares).step_by(S::LANES) {
                        // SAFETY: the caller has the level; the last of the lines was sliced, and rows `k..` of the panel's memory are
                        // `width` wide.
                        unsafe {
                            S::turn(
                                from.add(k),
                                ldb,
                                to[k * width + first..].as_mut_ptr(),
                                width,
                            );
                        }
                    }
                }
                for j in 0..S::LANES {
                    let line = if j < some { line(j) } else { &[] };
                    for (k, to) in to.chunks_exact_mut(width).enumerate().skip(squares) {
                        to[first + j] = line.get(k).copied().unwrap_or(0.0);
                    }
                }
            }
        }
    }
    dispatch!(body(
        b: &[f32],
        run: &Run,
        ldb: usize,
        panels: &[Panel],
        block: &mut [f32],
        row: usize,
        depth: usize
    ));
}

/// Copies rows of B, in order, to where they belong in each panel.
///
/// # Safety
///
/// `b` has `rows` rows, `ldb` apart, up to the last panel's last column; `block` has `depth` rows of every panel, and
/// `row + rows` is at most `depth`.
pub(super) unsafe fn pack_rows(
    b: &[f32],
    ldb: usize,
    rows: usize,
    panels: &[Panel],
    block: &mut [f32],
    row: usize,
    depth: usize,
) {
    #[inline(always)]
    unsafe fn body<S: Simd>(
        b: &[f32],
        ldb: usize,
        rows: usize,
        panels: &[Panel],
        block: &mut [f32],
        row: usize,
        depth: usize,
    ) {
        // Rows of a wide matrix lie in pages of their own, which the processor does not foresee; some 48 lines on their way hide
        // the third cache's latency.
        const LINES: usize = 48;
        let width: usize = panels.iter().map(|p| p.vectors).sum();
        let ahead = (LINES / width.max(1)).clamp(4, 16);
        let mut from = b.as_ptr();
        for k in row..row + rows {
            let mut to = block.as_mut_ptr();
            for panel in panels {
                let width = panel.vectors * S::LANES;
                // SAFETY: the caller has the level and vouches for the rows; no columns but a panel's own are loaded.
                unsafe {
                    let (from, to_row) = (from.add(panel.col), to.add(k * width));
                    for v in 0..panel.vectors {
                        let at = v * S::LANES;
                        let some = panel.cols.saturating_sub(at).min(S::LANES);
                        let value = if some == S::LANES {
                            S::load(from.add(at))
                        } else {
                            S::load_part(from.wrapping_add(at), some)
                        };
                        S::prefetch(from.wrapping_add(at + ahead * ldb));
                        S::store(to_row.add(at), value);
                    }
                }
                to = to.wrapping_add(width * depth);
            }
            from = from.wrapping_add(ldb);
        }
    }
    dispatch!(body(
        b: &[f32],
        ldb: usize,
        rows: usize,
        panels: &[Panel],
        block: &mut [f32],
        row: usize,
        depth: usize
    ));
}
