//! Cuts a sum of products into cache-sized blocks and hands them to the micro-kernel.
//!
//! Columns are cut into panels as wide as a tile, terms into blocks whose panel of B stays in the first cache, rows into
//! blocks whose part of A stays in the second. Where B's rows lie far apart, panels are first copied together. None of
//! the cuts changes a result: each element is one chain over its terms in order.

use super::tile::{self, Block, MAX_ROWS, Run, Start, Walk};
use crate::product::{Act, Init};

/// The rows of A and C: three nested counters (image, line, position) with their strides.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Grid {
    pub(crate) size: [usize; 3],
    pub(crate) a: [usize; 3],
    pub(crate) c: [usize; 3],
}

impl Grid {
    fn rows(&self) -> usize {
        self.size.iter().product()
    }

    /// The offset of the last row.
    fn reach(&self, strides: [usize; 3]) -> usize {
        (0..3).map(|axis| (self.size[axis] - 1) * strides[axis]).sum()
    }

    /// Joins counters that continue one another, so that more rows are in one line.
    fn merged(self) -> Grid {
        let mut merged = Grid { size: [1; 3], a: [0; 3], c: [0; 3] };
        let mut to = 3;
        for axis in (0..3).rev().filter(|&axis| self.size[axis] != 1) {
            let (size, a, c) = (self.size[axis], self.a[axis], self.c[axis]);
            if to < 3 && a == merged.size[to] * merged.a[to] && c == merged.size[to] * merged.c[to] {
                merged.size[to] *= size;
            } else {
                to -= 1;
                (merged.size[to], merged.a[to], merged.c[to]) = (size, a, c);
            }
        }
        merged
    }
}

/// A position in a grid.
#[derive(Clone, Copy)]
struct Cursor {
    at: [usize; 3],
    a: usize,
    c: usize,
}

impl Cursor {
    fn new(grid: &Grid, row: usize) -> Cursor {
        let at = [row / grid.size[2] / grid.size[1], row / grid.size[2] % grid.size[1], row % grid.size[2]];
        let sum = |s: [usize; 3]| (0..3).map(|axis| at[axis] * s[axis]).sum();
        Cursor { at, a: sum(grid.a), c: sum(grid.c) }
    }

    /// Writes the offsets of the next `n` rows and moves past them.
    #[inline]
    fn take(&mut self, grid: &Grid, n: usize, a: &mut [usize; MAX_ROWS], c: &mut [usize; MAX_ROWS]) {
        if self.at[2] + n <= grid.size[2] {
            for r in 0..n {
                a[r] = self.a + r * grid.a[2];
                c[r] = self.c + r * grid.c[2];
            }
            self.step(grid, n);
        } else {
            for r in 0..n {
                a[r] = self.a;
                c[r] = self.c;
                self.step(grid, 1);
            }
        }
    }

    /// Moves by `n` rows that are in one line.
    #[inline]
    fn step(&mut self, grid: &Grid, n: usize) {
        self.at[2] += n;
        self.a += n * grid.a[2];
        self.c += n * grid.c[2];
        if self.at[2] == grid.size[2] {
            self.at[2] = 0;
            self.at[1] += 1;
            if self.at[1] == grid.size[1] {
                self.at[1] = 0;
                self.at[0] += 1;
            }
            let sum = |s: [usize; 3]| self.at[0] * s[0] + self.at[1] * s[1];
            (self.a, self.c) = (sum(grid.a), sum(grid.c));
        }
    }
}

/// `C[row][j] = act(init + Σ A[row + run.a + k·a_k] · B[run.b + k][j])` over all runs and their terms, in order.
pub(crate) struct Job<'a> {
    pub(crate) grid: Grid,
    pub(crate) runs: &'a [Run],
    pub(crate) a_k: usize,
    pub(crate) ldb: usize,
    pub(crate) n: usize,
    pub(crate) init: Init<'a>,
    pub(crate) act: Act,
}

/// Elements of a panel of B that share the first cache with A and C.
const PANEL: usize = 9 * 1024;
/// Elements of a block of A that share the second cache with B and C.
const BLOCK: usize = 64 * 1024;
/// Elements of B copied together at a time.
const PACKED: usize = 256 * 1024;

struct Panel {
    col: usize,
    cols: usize,
    vectors: usize,
    rows: usize,
}

/// Cuts `n` columns into panels, choosing the tile that keeps the multipliers busiest for `m` rows.
fn panels(tiles: &tile::Tiles, m: usize, n: usize) -> Vec<Panel> {
    let w = tiles.lanes;
    let mut cut = Vec::new();
    let mut col = 0;
    while col < n {
        let left = (n - col).div_ceil(w);
        let cost = |v: usize| {
            let most = tiles.max_rows[v - 1];
            let count = m.div_ceil(most);
            let rows = m.div_ceil(count);
            // Cycles for one term of all rows, per vector: multipliers, load ports and latency bound it.
            (count * (rows * v).max(rows + v).max(8)) as f64 / v as f64
        };
        let v = (1..=left.min(4)).rev()
            .filter(|&v| tiles.max_rows[v - 1] > 0 && (left - v != 1 || left <= 2))
            .min_by(|&x, &y| cost(x).total_cmp(&cost(y)))
            .unwrap_or(1);
        let cols = (v * w).min(n - col);
        cut.push(Panel { col, cols, vectors: v, rows: tiles.max_rows[v - 1] });
        col += cols;
    }
    cut
}

/// Cuts runs into blocks of about `most` terms; returns the cut runs, where each block ends, and the
/// most terms of one.
fn blocks(runs: &[Run], a_k: usize, most: usize) -> (Vec<Run>, Vec<usize>, usize) {
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
            run = Run { a: run.a + len * a_k, b: run.b + len, len: run.len - len };
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

/// Computes the job.
pub(crate) fn sweep(job: &Job, a: &[f32], b: &[f32], c: &mut [f32], scratch: &mut Vec<f32>) {
    let grid = job.grid.merged();
    let m = grid.rows();
    if m == 0 || job.n == 0 {
        return;
    }
    for run in job.runs.iter().filter(|run| run.len > 0) {
        let last = grid.reach(grid.a) + run.a + (run.len - 1) * job.a_k;
        assert!(last < a.len(), "matrix: A has {} elements, element {last} is asked for", a.len());
        let last = (run.b + run.len - 1) * job.ldb + job.n;
        assert!(last <= b.len(), "matrix: B has {} elements, {last} are asked for", b.len());
    }
    let last = grid.reach(grid.c) + job.n;
    assert!(last <= c.len(), "matrix: C has {} elements, {last} are asked for", c.len());
    if let Init::Bias(bias) = job.init {
        assert_eq!(bias.len(), job.n, "matrix: one bias for each column");
    }

    let tiles = tile::current();
    let w = tiles.lanes;
    let walk = if job.a_k == 1 {
        Walk::Rows
    } else if grid.a[2] == 1 && (grid.size[2] >= 8 || grid.size[2] == m) {
        Walk::Cols
    } else {
        Walk::Any
    };
    // A tile of the column walk must stay within one line.
    let line = if walk == Walk::Cols { grid.size[2] } else { m };
    let panels = panels(tiles, line, job.n);
    let widest = panels.iter().map(|p| p.vectors * w).max().unwrap_or(w);
    let shallow = m <= 2 * MAX_ROWS;
    let (runs, ends, depth) = blocks(job.runs, job.a_k, if shallow { usize::MAX } else { PANEL / widest });

    // Rows of B further apart than the panel is wide miss in cache sets; worth copying once rows are many.
    let pack_all = m >= 96 && job.ldb > widest;
    let last_partial = panels.last().is_some_and(|p| p.cols < p.vectors * w);
    let packed_from = if pack_all {
        0
    } else if last_partial {
        panels.len() - 1
    } else {
        panels.len()
    };
    let packed_width: usize = panels[packed_from..].iter().map(|p| p.vectors * w).sum();
    let group_blocks = if packed_width == 0 { ends.len() } else { (PACKED / (packed_width * depth)).max(1) };
    let mut relative = runs.clone();
    let mut from = 0;
    for &end in &ends {
        let mut at = 0;
        for run in &mut relative[from..end] {
            run.b = at;
            at += run.len;
        }
        from = end;
    }
    let needed = packed_width * depth * group_blocks.min(ends.len());
    let packed: &mut [f32] = if needed == 0 { &mut [] } else { aligned(scratch, needed) };

    let mut block = Block {
        a: a.as_ptr(),
        b: b.as_ptr(),
        c: c.as_mut_ptr(),
        a_rows: [0; MAX_ROWS],
        c_rows: [0; MAX_ROWS],
        runs: &[],
        a_k: job.a_k,
        ldb: job.ldb,
        cols: 0,
        start: Start::Zero,
        relu: false,
    };
    let lines = m / line;
    let block_rows = (BLOCK / depth.max(1)).max(4 * MAX_ROWS);
    let mut group_start = 0;
    while group_start < ends.len() {
        let group_end = (group_start + group_blocks).min(ends.len());
        if packed_width > 0 {
            pack(job, b, &runs, &ends, group_start..group_end, &panels[packed_from..], w, depth, packed_width, packed);
        }
        // Whole lines to a block of rows where lines are short, else parts of one line.
        let lines_per_block = (block_rows / line).clamp(1, lines);
        let pieces = if lines_per_block > 1 { 1 } else { line.div_ceil(block_rows) };
        for line_block in (0..lines).step_by(lines_per_block) {
            for piece in 0..pieces {
                let first_row = piece * line / pieces;
                let piece_rows = (piece + 1) * line / pieces - first_row;
                let line_end = (line_block + lines_per_block).min(lines);
                let start_cursor = Cursor::new(&grid, line_block * line + first_row);
                for index in group_start..group_end {
                    let first_run = if index == 0 { 0 } else { ends[index - 1] };
                    let range = first_run..ends[index];
                    let last_block = index + 1 == ends.len();
                    block.relu = last_block && job.act == Act::Relu;
                    let mut packed_at = (index - group_start) * packed_width * depth;
                    for (number, panel) in panels.iter().enumerate() {
                        let width = panel.vectors * w;
                        if number >= packed_from {
                            block.runs = &relative[range.clone()];
                            block.b = packed[packed_at..].as_ptr();
                            block.ldb = width;
                            packed_at += width * depth;
                        } else {
                            block.runs = &runs[range.clone()];
                            block.b = b[panel.col..].as_ptr();
                            block.ldb = job.ldb;
                        }
                        // SAFETY: the column is inside C, whose reach was checked above.
                        block.c = unsafe { c.as_mut_ptr().add(panel.col) };
                        block.cols = panel.cols;
                        block.start = match job.init {
                            _ if index > 0 => Start::Accumulate,
                            Init::Zero => Start::Zero,
                            Init::Accumulate => Start::Accumulate,
                            Init::Bias(bias) => Start::Bias(bias[panel.col..].as_ptr()),
                        };
                        let count = piece_rows.div_ceil(panel.rows);
                        let (small, extra) = (piece_rows / count, piece_rows % count);
                        let kernels = [small, small + 1]
                            .map(|r| (tiles.get)(walk, panel.vectors, r.clamp(1, panel.rows)));
                        let mut cursor = start_cursor;
                        for _ in line_block..line_end {
                            for t in 0..count {
                                let long = usize::from(t < extra);
                                cursor.take(&grid, small + long, &mut block.a_rows, &mut block.c_rows);
                                // SAFETY: the rows come from the grid and the runs from the job, whose reach in A, B
                                // and C was checked above; packed panels hold `depth` rows of `width`. A column walk
                                // only happens where rows are adjacent and the tile lies in one line.
                                unsafe { kernels[long](&block) };
                            }
                        }
                    }
                }
            }
        }
        group_start = group_end;
    }
}

/// Copies panels of B together: for each block, panel by panel, row by row; columns past the end are 0.
fn pack(
    job: &Job,
    b: &[f32],
    runs: &[Run],
    ends: &[usize],
    group: std::ops::Range<usize>,
    panels: &[Panel],
    w: usize,
    depth: usize,
    packed_width: usize,
    packed: &mut [f32],
) {
    for index in group.clone() {
        let first = if index == 0 { 0 } else { ends[index - 1] };
        let mut at = (index - group.start) * packed_width * depth;
        for panel in panels {
            let width = panel.vectors * w;
            let mut rows = packed[at..at + width * depth].chunks_exact_mut(width);
            for run in &runs[first..ends[index]] {
                for (k, row) in (0..run.len).zip(&mut rows) {
                    let from = &b[(run.b + k) * job.ldb + panel.col..][..panel.cols];
                    row[..panel.cols].copy_from_slice(from);
                    row[panel.cols..].fill(0.0);
                }
            }
            at += width * depth;
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
