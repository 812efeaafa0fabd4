//! Cuts a sum of products into cache-sized blocks and hands them to the micro-kernel.
//!
//! Columns are cut into panels as wide as a tile, terms into blocks whose panel of B stays in the first cache, rows into
//! blocks whose part of A stays in the second. Where B's rows lie far apart, panels are first copied together, unless they were
//! once and for all ([`packed`]). None of the cuts changes a result: each element is one chain over its terms in order.

use super::ahead::{Ahead, ask};
use super::grid::{Cursor, Grid};
use super::pack::{pack_rows, turn};
use super::packed;
use super::tile::{self, Block, MAX_ROWS, Run, Start, Walk};
use crate::product::{Act, Init};

/// Elements of a panel of B that share the first cache with A and C.
const PANEL: usize = 9 * 1024;
/// Elements of a block of A that share the second cache with B and C.
const BLOCK: usize = 64 * 1024;
/// Elements of B copied together at a time.
const PACKED: usize = 256 * 1024;
/// The same where B comes from afar: beside them lies what is asked for meanwhile.
const PACKED_FAR: usize = 96 * 1024;

/// A matrix B of more elements comes from beyond the second cache.
const FAR: usize = 512 * 1024;
/// From so many rows on B is copied together.
const PACK_NEAR: usize = 96;
/// The same where it comes from afar.
const PACK_FAR: usize = 64;
/// From so many rows on B from afar is read in blocks, each asked for while the one before it is computed with.
const BLOCKS_FAR: usize = 8;

/// How the elements of B lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lies {
    /// Term `k` of column `j` at `k·row + j`.
    Rows(usize),
    /// At `k + j·row`: B is turned as it is copied together.
    Turned(usize),
    /// In panels of [`packed::PANEL`] columns and so many terms, one behind the other; runs tell where terms lie in the first.
    Panels(usize),
}

impl Lies {
    /// From one term to the next.
    pub(crate) fn term(self) -> usize {
        match self {
            Lies::Rows(row) => row,
            Lies::Turned(_) => 1,
            Lies::Panels(_) => packed::PANEL,
        }
    }

    /// Where a column lies, and its first term.
    pub(crate) fn column(self, column: usize) -> usize {
        match self {
            Lies::Rows(_) => column,
            Lies::Turned(row) => column * row,
            Lies::Panels(terms) => {
                (column / packed::PANEL * terms) * packed::PANEL + column % packed::PANEL
            }
        }
    }
}

/// Neighbouring columns that one tile holds.
pub(super) struct Panel {
    pub(super) col: usize,
    pub(super) cols: usize,
    pub(super) vectors: usize,
    /// The most rows of its tiles.
    rows: usize,
}

impl Panel {
    pub(super) fn new(col: usize, cols: usize, vectors: usize) -> Panel {
        Panel {
            col,
            cols,
            vectors,
            rows: tile::current()
                .max_rows
                .get(vectors - 1)
                .copied()
                .unwrap_or(0),
        }
    }
}

/// Cuts `n` columns that lie in packed panels: two vectors at a time, one where no more are left.
fn packed_panels(tiles: &tile::Tiles, n: usize) -> Vec<Panel> {
    let w = tiles.lanes;
    let each = (0..n).step_by(2 * w);
    each.map(|col| {
        let cols = (n - col).min(2 * w);
        Panel::new(col, cols, cols.div_ceil(w))
    })
    .collect()
}

/// Cuts `n` columns into panels, choosing the tile that keeps the multipliers busiest for `m` rows.
fn panels(tiles: &tile::Tiles, m: usize, n: usize) -> Vec<Panel> {
    let w = tiles.lanes;
    let mut cut = Vec::new();
    let mut col = 0;
    while col < n {
        let left = (n - col).div_ceil(w);
        let cost = |v: usize| {
            let count = m.div_ceil(tiles.max_rows[v - 1]);
            let (rows, longer) = (m / count, m % count);
            // Half cycles for one term of all rows, per vector: multipliers, load ports and latency bound a tile, beginning and
            // ending one costs some 200 cycles in 130 terms, and A comes from the second cache.
            let tile = |rows: usize| (rows * v).max(rows + v).max(8);
            let multiply = longer * tile(rows + 1) + (count - longer) * tile(rows);
            ((multiply + 3 * count) as f64 + 0.2 * m as f64) / v as f64
        };
        let v = (1..=left.min(4))
            .rev()
            .filter(|&v| tiles.max_rows[v - 1] > 0 && (left - v != 1 || left <= 2))
            .min_by(|&x, &y| cost(x).total_cmp(&cost(y)))
            .unwrap_or(1);
        let cols = (v * w).min(n - col);
        cut.push(Panel::new(col, cols, v));
        col += cols;
    }
    cut
}

/// Cuts runs into blocks of about `most` terms; returns the cut runs, where each block ends, and the
/// most terms of one.
fn blocks(runs: &[Run], a_k: usize, ldb: usize, most: usize) -> (Vec<Run>, Vec<usize>, usize) {
    let total: usize = runs.iter().map(|run| run.len).sum();
    let count = total.div_ceil(most).max(1);
    let size = total.div_ceil(count).max(1);
    let mut cut = Vec::with_capacity(runs.len() + count);
    let mut ends = Vec::with_capacity(count);
    let mut filled = 0;
    for &run in runs {
        let mut run = run;
        while run.len > 0 {
            let len = run.len.min(size - filled);
            cut.push(Run { len, ..run });
            run = Run {
                a: run.a + len * a_k,
                b: run.b + len * ldb,
                len: run.len - len,
            };
            filled += len;
            if filled == size {
                ends.push(cut.len());
                filled = 0;
            }
        }
    }
    if filled > 0 || ends.is_empty() {
        ends.push(cut.len());
    }
    (cut, ends, size)
}

/// A job cut into blocks, ready to run on any operands of its shape.
pub(crate) struct Sweep {
    tiles: &'static tile::Tiles,
    grid: Grid,
    a_k: usize,
    lies: Lies,
    n: usize,
    walk: Walk,
    /// Rows that a tile may not leave.
    line: usize,
    panels: Vec<Panel>,
    /// Runs cut at the ends of blocks, as they lie in B.
    runs: Vec<Run>,
    /// The same runs as they lie in a packed panel, in rows.
    relative: Vec<usize>,
    /// Where each block of terms ends in `runs`.
    ends: Vec<usize>,
    /// The most terms of a block.
    depth: usize,
    /// The first panel that is copied together.
    packed_from: usize,
    packed_width: usize,
    /// Blocks copied together at a time.
    group: usize,
    /// Whether the next group's part of B is asked for meanwhile.
    asks: bool,
    /// One past the last element of A and of B that is read, and of C that is written.
    reach: [usize; 3],
}

impl Sweep {
    /// Plans `C[row][j] = act(init + Σ A[row + run.a + k·a_k] · B[run.b + k][j])` over all runs and their terms, where `run.b` is the
    /// offset of the run's first term in B.
    pub(crate) fn new(grid: Grid, runs: &[Run], a_k: usize, lies: Lies, n: usize) -> Sweep {
        let b_k = lies.term();
        let tiles = tile::current();
        let grid = grid.merged();
        let m = grid.rows();
        let w = tiles.lanes;
        let mut reach = [0; 3];
        if m > 0 && n > 0 {
            reach[2] = grid.reach(grid.c) + n;
            // Of packed columns whole panels.
            let last = match lies {
                Lies::Panels(_) => n.next_multiple_of(packed::PANEL) - 1,
                _ => n - 1,
            };
            for run in runs.iter().filter(|run| run.len > 0) {
                reach[0] = reach[0].max(grid.reach(grid.a) + run.a + (run.len - 1) * a_k + 1);
                reach[1] = reach[1].max(run.b + (run.len - 1) * b_k + lies.column(last) + 1);
            }
        }
        let walk = if a_k == 1 {
            Walk::Rows
        } else if grid.a[2] == 1 && (grid.size[2] >= 8 || grid.size[2] == m) {
            Walk::Cols
        } else {
            Walk::Any
        };
        // A tile of the column walk must stay within one line.
        let line = if walk == Walk::Cols { grid.size[2] } else { m };
        let panels = match lies {
            Lies::Panels(_) => packed_panels(tiles, n),
            _ => panels(tiles, line, n),
        };
        let widest = panels.iter().map(|p| p.vectors * w).max().unwrap_or(w);
        let terms: usize = runs.iter().map(|run| run.len).sum();
        // Rows of B further apart than the panel is wide miss in cache sets, and in pages where they come from afar; worth
        // copying once rows are many, or fewer where B is not in the second cache anyway.
        let far = match lies {
            Lies::Rows(row) => terms * row > FAR,
            Lies::Turned(_) => false,
            Lies::Panels(_) => terms * n > FAR,
        };
        let many = m >= if far { PACK_FAR } else { PACK_NEAR };
        let pack = match lies {
            Lies::Rows(row) => row > widest && many,
            Lies::Turned(_) => true,
            Lies::Panels(_) => false,
        };
        let asks = far && m >= BLOCKS_FAR;
        let shallow = m <= 2 * MAX_ROWS && !pack && !asks;
        let (runs, ends, depth) = blocks(
            runs,
            a_k,
            b_k,
            if shallow { usize::MAX } else { PANEL / widest },
        );
        let mut relative = Vec::with_capacity(runs.len());
        let mut from = 0;
        for &end in &ends {
            let mut at = 0;
            for run in &runs[from..end] {
                relative.push(at);
                at += run.len;
            }
            from = end;
        }
        // Packed panels end in zeros.
        let ragged = !matches!(lies, Lies::Panels(_));
        let partial = ragged && panels.last().is_some_and(|p| p.cols < p.vectors * w);
        let packed_from = if pack {
            0
        } else {
            panels.len() - usize::from(partial)
        };
        let packed_width: usize = panels[packed_from..].iter().map(|p| p.vectors * w).sum();
        let (most, width) = if asks && ragged {
            (PACKED_FAR, n)
        } else {
            (PACKED, packed_width)
        };
        let group = most
            .checked_div(width * depth)
            .map_or(ends.len(), |blocks| blocks.clamp(1, ends.len()));
        Sweep {
            tiles,
            grid,
            a_k,
            lies,
            n,
            walk,
            line,
            panels,
            runs,
            relative,
            ends,
            depth,
            packed_from,
            packed_width,
            group,
            asks,
            reach,
        }
    }

    /// Elements of working memory that [`Sweep::run`] needs.
    pub(crate) fn scratch_len(&self) -> usize {
        self.packed_width * self.depth * self.group
    }

    /// Computes the planned sums.
    pub(crate) fn run(
        &self,
        a: &[f32],
        b: &[f32],
        init: Init,
        act: Act,
        c: &mut [f32],
        packed: &mut [f32],
    ) {
        assert!(
            self.reach[2] <= c.len(),
            "matrix: reaches {} of {} elements of C",
            self.reach[2],
            c.len()
        );
        // SAFETY: all that C is written in was just checked to be there.
        unsafe { self.run_at(a, b, init, act, c.as_mut_ptr(), packed, &[]) }
    }

    /// One past the last element of C that is written.
    pub(crate) fn reach_of_c(&self) -> usize {
        self.reach[2]
    }

    /// As [`Sweep::run`], where others may hold what lies between the rows of C; what is read `later` is asked for meanwhile.
    ///
    /// # Safety
    ///
    /// The planned rows of C, `n` elements each, are the caller's to write.
    pub(crate) unsafe fn run_at(
        &self,
        a: &[f32],
        b: &[f32],
        init: Init,
        act: Act,
        c: *mut f32,
        packed: &mut [f32],
        later: &[&[f32]],
    ) {
        let m = self.grid.rows();
        if m == 0 || self.n == 0 {
            return;
        }
        let have = [a.len(), b.len()];
        assert!(
            (0..2).all(|i| self.reach[i] <= have[i]),
            "matrix: reaches {:?} of {have:?} elements",
            self.reach
        );
        assert!(
            packed.len() >= self.scratch_len(),
            "matrix: {} elements of working memory",
            packed.len()
        );
        if let Init::Bias(bias) = init {
            assert_eq!(bias.len(), self.n, "matrix: one bias for each column");
        }
        let lines = m / self.line;
        // Whole lines to a block of rows where lines are short, else parts of one line.
        let block_rows = (BLOCK / self.depth).max(4 * MAX_ROWS);
        let lines_per_block = (block_rows / self.line).clamp(1, lines);
        let pieces = if lines_per_block > 1 {
            1
        } else {
            self.line.div_ceil(block_rows)
        };
        let mut packed_runs = Vec::new();
        let mut group_start = 0;
        while group_start < self.ends.len() {
            let group = group_start..(group_start + self.group).min(self.ends.len());
            if self.packed_width > 0 {
                self.pack(b, group.clone(), packed);
            }
            if group_start == 0 && self.packed_from > 0 {
                self.ahead(b, 0..0, &[]).all();
            }
            let last = group.end == self.ends.len();
            let mut ahead = self.ahead(b, group.clone(), if last { later } else { &[] });
            for first_line in (0..lines).step_by(lines_per_block) {
                for piece in 0..pieces {
                    let first_row = piece * self.line / pieces;
                    let rows = (piece + 1) * self.line / pieces - first_row;
                    let start = Cursor::new(&self.grid, first_line * self.line + first_row);
                    let some_lines = lines_per_block.min(lines - first_line);
                    for index in group.clone() {
                        let at = (index - group.start) * self.packed_width * self.depth;
                        let packed = packed.get(at..).unwrap_or_default();
                        // SAFETY: C is the caller's, A and B were checked.
                        unsafe {
                            self.block(
                                a,
                                b,
                                init,
                                act,
                                c,
                                packed,
                                index,
                                start,
                                some_lines,
                                rows,
                                &mut packed_runs,
                                &mut ahead,
                            );
                        }
                    }
                }
            }
            group_start = group.end;
        }
    }

    /// One block of terms for `lines` times `rows` rows, over all panels.
    ///
    /// # Safety
    ///
    /// As [`Sweep::run_at`], which checked the reach in A and B.
    unsafe fn block(
        &self,
        a: &[f32],
        b: &[f32],
        init: Init,
        act: Act,
        c: *mut f32,
        packed: &[f32],
        index: usize,
        start: Cursor,
        lines: usize,
        rows: usize,
        packed_runs: &mut Vec<Run>,
        ahead: &mut Ahead<'_>,
    ) {
        let w = self.tiles.lanes;
        let range = self.range(index);
        let panels_of_b = matches!(self.lies, Lies::Panels(_));
        let mut packed_at = 0;
        let mut packed_width = 0;
        for (number, panel) in self.panels.iter().enumerate() {
            let width = panel.vectors * w;
            let packs = number >= self.packed_from;
            if packs && packed_width != width {
                packed_runs.clear();
                let runs = self.runs[range.clone()]
                    .iter()
                    .zip(&self.relative[range.clone()]);
                packed_runs.extend(runs.map(|(run, row)| Run {
                    b: row * width,
                    ..*run
                }));
                packed_width = width;
            }
            let mut block = Block {
                a: a.as_ptr(),
                b: if packs {
                    packed[packed_at..].as_ptr()
                } else {
                    b[self.lies.column(panel.col).min(b.len())..].as_ptr()
                },
                // SAFETY: a column of C's first row, which is the caller's.
                c: unsafe { c.add(panel.col) },
                a_rows: [0; MAX_ROWS],
                c_rows: [0; MAX_ROWS],
                runs: if packs {
                    packed_runs
                } else {
                    &self.runs[range.clone()]
                },
                a_k: self.a_k,
                ldb: if packs { width } else { self.lies.term() },
                cols: panel.cols,
                start: match init {
                    _ if index > 0 => Start::Accumulate,
                    Init::Zero => Start::Zero,
                    Init::Accumulate => Start::Accumulate,
                    Init::Bias(bias) => Start::Bias(bias[panel.col..].as_ptr()),
                },
                relu: index + 1 == self.ends.len() && act == Act::Relu,
            };
            packed_at += if packs { width * self.depth } else { 0 };
            let count = rows.div_ceil(panel.rows);
            let (small, longer) = (rows / count, rows % count);
            let kernels = [small, small + 1]
                .map(|r| (self.tiles.get)(self.walk, panel.vectors, r.clamp(1, panel.rows)));
            if panels_of_b {
                self.ask_next_panel(b, index, number);
            }
            let mut cursor = start;
            for _ in 0..lines {
                for t in 0..count {
                    let long = usize::from(t < longer);
                    cursor.take(
                        &self.grid,
                        small + long,
                        &mut block.a_rows,
                        &mut block.c_rows,
                    );
                    // SAFETY: the rows come from the grid and the terms from the runs, whose reach in A, B and C was
                    // checked on entry; packed panels hold `depth` rows of `width`, padded with zeros, and panels read
                    // in place are full. The column walk is only chosen where rows are adjacent, and then a tile lies
                    // in one line.
                    unsafe { kernels[long](&block) };
                    ahead.step();
                }
            }
        }
    }

    /// The runs of a block.
    fn range(&self, index: usize) -> std::ops::Range<usize> {
        index.checked_sub(1).map_or(0, |before| self.ends[before])..self.ends[index]
    }

    /// What of B is read after this group of blocks, to be asked for while their tiles are computed.
    fn ahead<'a>(
        &'a self,
        b: &'a [f32],
        group: std::ops::Range<usize>,
        later: &'a [&'a [f32]],
    ) -> Ahead<'a> {
        let next = group.end..(group.end + self.group).min(self.ends.len());
        let rows = matches!(self.lies, Lies::Rows(_));
        let runs = if self.asks && rows && !next.is_empty() {
            &self.runs[self.range(next.start).start..self.range(next.end - 1).end]
        } else {
            &[]
        };
        let lines = self.grid.rows() / self.line;
        let tiles = |panel: &Panel| lines * self.line.div_ceil(panel.rows);
        let tiles: usize = self.panels.iter().map(tiles).sum();
        let tiles = tiles * group.len();
        Ahead::new(b, self.n, self.lies.term(), runs, later, tiles)
    }

    /// Asks for the beginning of what follows a panel's block in packed B: the processor foresees the rest. To ask for more takes longer
    /// than it saves (measured with 49 rows: 8 rows of a panel 230 GFLOP/s, none 220, all of them 190).
    fn ask_next_panel(&self, b: &[f32], index: usize, panel: usize) {
        const ROWS: usize = 8;
        let (index, panel) = if panel + 1 < self.panels.len() {
            (index, panel + 1)
        } else {
            (index + 1, 0)
        };
        if self.asks && index < self.ends.len() {
            let first = self.runs[self.range(index).start].b;
            let column = self.lies.column(self.panels[panel].col);
            ask(b, column + first, ROWS * packed::PANEL);
        }
    }

    /// Copies panels of B together: for each block, panel by panel, row by row; columns past the end are 0.
    fn pack(&self, b: &[f32], group: std::ops::Range<usize>, packed: &mut [f32]) {
        let mut blocks = packed.chunks_exact_mut(self.packed_width * self.depth.max(1));
        for index in group {
            let block = blocks.next().unwrap_or_default();
            let panels = &self.panels[self.packed_from..];
            let mut row = 0;
            for run in &self.runs[self.range(index)] {
                if let Lies::Turned(line) = self.lies {
                    turn(b, run, line, panels, block, row, self.depth);
                    row += run.len;
                    continue;
                }
                let line = self.lies.term();
                assert!(
                    b.len() >= run.b + (run.len - 1) * line + self.n && row + run.len <= self.depth,
                    "matrix: {} elements of B, packed from {run:?}",
                    b.len()
                );
                // SAFETY: the rows of B were just found to be there, and a block has `depth` rows of all packed panels.
                unsafe { pack_rows(&b[run.b..], line, run.len, panels, block, row, self.depth) };
                row += run.len;
            }
        }
    }
}

/// `len` elements of `scratch` that begin on a cache line.
pub(crate) fn aligned(scratch: &mut Vec<f32>, len: usize) -> &mut [f32] {
    if scratch.len() < len + 16 {
        scratch.resize(len + 16, 0.0);
    }
    let skip = scratch.as_ptr().align_offset(64).min(16);
    &mut scratch[skip..skip + len]
}
