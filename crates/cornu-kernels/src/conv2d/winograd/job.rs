//! The products of Winograd's convolution: one for each of the 36 places.

use super::PANEL;
use crate::matrix::tile::{self, Block, MAX_ROWS, Run, Start, Walk};

/// The product at one place: `C[r][j] = Σ_k A[r, k] · B[k][j]`, B in panels of 32 columns.
pub(super) struct Job<'a> {
    pub(super) a: &'a [f32],
    pub(super) rows: usize,
    /// Floats between rows of A, or between its terms in the column walk.
    pub(super) row: usize,
    pub(super) terms: usize,
    pub(super) walk: Walk,
    pub(super) b: &'a [f32],
    /// Floats from one panel of B to the next.
    pub(super) panel: usize,
    /// Columns that matter, and with padding.
    pub(super) n: usize,
    pub(super) columns: usize,
    pub(super) add: bool,
}

impl Job<'_> {
    /// Writes C, `[rows][columns]`, or adds to it.
    pub(super) fn run(&self, c: &mut [f32]) {
        let tiles = tile::current();
        let width = 2 * tiles.lanes;
        let most = tiles.max_rows[1];
        let (rows, columns) = (self.rows, self.columns);
        let far = match self.walk {
            Walk::Cols => (self.terms - 1) * self.row + rows,
            _ => (rows - 1) * self.row + self.terms,
        };
        assert!(
            self.a.len() >= far
                && self.panel >= self.terms * PANEL
                && self.b.len() >= (columns / PANEL - 1) * self.panel + self.terms * PANEL
                && c.len() >= rows * columns
                && self.n <= columns
                && columns.is_multiple_of(PANEL)
                && PANEL.is_multiple_of(width),
            "winograd: operands of {rows} rows, {} terms, {columns} columns",
            self.terms
        );
        let count = rows.div_ceil(most);
        let (small, longer) = (rows / count, rows % count);
        let kernels = [small, small + 1].map(|r| (tiles.get)(self.walk, 2, r.clamp(1, most)));
        let runs = [Run {
            a: 0,
            b: 0,
            len: self.terms,
        }];
        let (step, a_k) = if self.walk == Walk::Cols {
            (1, self.row)
        } else {
            (self.row, 1)
        };
        for column in (0..self.n).step_by(width) {
            let (panel, within) = (column / PANEL, column % PANEL);
            let mut block = Block {
                a: self.a.as_ptr(),
                b: self.b[panel * self.panel + within..].as_ptr(),
                c: c[column..].as_mut_ptr(),
                a_rows: [0; MAX_ROWS],
                c_rows: [0; MAX_ROWS],
                runs: &runs,
                a_k,
                ldb: PANEL,
                cols: width,
                start: if self.add {
                    Start::Accumulate
                } else {
                    Start::Zero
                },
                relu: false,
            };
            let mut row = 0;
            for t in 0..count {
                let long = usize::from(t < longer);
                for r in 0..small + long {
                    block.a_rows[r] = (row + r) * step;
                    block.c_rows[r] = (row + r) * columns;
                }
                row += small + long;
                // SAFETY: the rows and terms are those whose reach in A, B and C was checked on entry; columns are
                // padded to whole panels in B and C, and a panel is a multiple of the tile's width.
                unsafe { kernels[long](&block) };
            }
        }
    }
}
