//! Cutting one op's output into pieces for several threads.
//!
//! How it is cut never changes a result: every element is computed by one thread in an order that its kernel fixes.

use rayon::prelude::*;

/// Calls `f(i, piece)` for the pieces of `y` of length `piece`, on several threads if `parallel`.
pub(crate) fn chunks<T: Send>(
    parallel: bool,
    y: &mut [T],
    piece: usize,
    f: impl Fn(usize, &mut [T]) + Sync,
) {
    if parallel && y.len() > piece {
        y.par_chunks_mut(piece)
            .enumerate()
            .for_each(|(i, y)| f(i, y));
    } else if !y.is_empty() {
        f(0, y);
    }
}

/// How many of `rows` rows, each costing `work` multiply-adds, make a piece worth handing to another thread.
pub(crate) fn rows(parallel: bool, rows: usize, work: usize) -> usize {
    /// About 10 µs of arithmetic; handing over a piece costs about one.
    const PIECE: usize = 1 << 20;
    if parallel {
        let least = PIECE.div_ceil(work.max(1));
        let even = rows.div_ceil(4 * rayon::current_num_threads());
        least.max(even).clamp(1, rows.max(1))
    } else {
        rows.max(1)
    }
}
