//! Asking for what is read next while something else is computed.

use super::tile::Run;
use crate::simd::{Simd, dispatch};

/// Rows of B that are read later, asked for tile by tile: so memory works while the multipliers do. Where 49 rows of A meet a
/// kernel of 9 MB, they took turns before: 1.65 ms on one core of a Zen 5 server, now 1.15 (floor 0.85).
pub(super) struct Ahead<'a> {
    b: &'a [f32],
    /// Elements of a row.
    width: usize,
    ldb: usize,
    runs: &'a [Run],
    /// All rows of the runs, and how many were asked for, `at` of them in the first run.
    rows: usize,
    asked: usize,
    at: usize,
    /// What is read when all is computed: how many lines that is, and how many were asked for, `line` of them in the first slice.
    later: &'a [&'a [f32]],
    lines: usize,
    lines_asked: usize,
    line: usize,
    /// Tiles meanwhile, and how many are done.
    tiles: usize,
    done: usize,
}

/// Floats of a cache line.
const LINE: usize = 16;

impl<'a> Ahead<'a> {
    /// The rows of B, `width` elements each and `ldb` apart, and other slices, to be asked for while so many tiles are computed.
    pub(super) fn new(
        b: &'a [f32],
        width: usize,
        ldb: usize,
        runs: &'a [Run],
        later: &'a [&'a [f32]],
        tiles: usize,
    ) -> Self {
        Ahead {
            b,
            width,
            ldb,
            runs,
            rows: runs.iter().map(|run| run.len).sum(),
            asked: 0,
            at: 0,
            later,
            lines: later.iter().map(|x| x.len().div_ceil(LINE)).sum(),
            lines_asked: 0,
            line: 0,
            tiles: tiles.max(1),
            done: 0,
        }
    }

    /// Asks for this tile's share.
    #[inline]
    pub(super) fn step(&mut self) {
        self.done += 1;
        let done = self.done.min(self.tiles);
        self.until(self.rows * done / self.tiles);
        self.later_until(self.lines * done / self.tiles);
    }

    #[inline]
    fn later_until(&mut self, lines: usize) {
        while self.lines_asked < lines {
            let (now, first) = (self.later[0], self.line * LINE);
            let some = (lines - self.lines_asked).min(now.len().div_ceil(LINE) - self.line);
            ask(now, first, some * LINE);
            self.lines_asked += some;
            self.line += some;
            if self.line * LINE >= now.len() {
                (self.later, self.line) = (&self.later[1..], 0);
            }
        }
    }

    /// Asks for all rows.
    pub(super) fn all(mut self) {
        self.until(self.rows);
    }

    #[inline]
    fn until(&mut self, rows: usize) {
        while self.asked < rows {
            let run = &self.runs[0];
            ask(self.b, run.b + self.at * self.ldb, self.width);
            self.asked += 1;
            self.at += 1;
            if self.at == run.len {
                (self.runs, self.at) = (&self.runs[1..], 0);
            }
        }
    }
}

/// Asks for neighbouring elements of B for the second cache.
pub(super) fn ask(b: &[f32], first: usize, width: usize) {
    #[inline(always)]
    unsafe fn body<S: Simd>(b: &[f32], first: usize, width: usize) {
        for at in (first..first + width).step_by(LINE) {
            // SAFETY: the caller has the level; what is asked for need not be there.
            unsafe { S::prefetch_far(b.as_ptr().wrapping_add(at)) };
        }
    }
    dispatch!(body(b: &[f32], first: usize, width: usize));
}
