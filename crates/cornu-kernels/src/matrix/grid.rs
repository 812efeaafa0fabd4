//! The rows of a product as an image has them: nested counters instead of a table of offsets.

use super::tile::MAX_ROWS;

/// The rows of A and C: three nested counters (image, line, position) with their strides.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Grid {
    pub(crate) size: [usize; 3],
    pub(crate) a: [usize; 3],
    pub(crate) c: [usize; 3],
}

impl Grid {
    pub(super) fn rows(&self) -> usize {
        self.size.iter().product()
    }

    /// The offset of the last row; there is one.
    pub(super) fn reach(&self, strides: [usize; 3]) -> usize {
        (0..3)
            .map(|axis| (self.size[axis] - 1) * strides[axis])
            .sum()
    }

    /// Joins counters that continue one another, so that more rows are in one line.
    pub(super) fn merged(self) -> Grid {
        let mut merged = Grid {
            size: [1; 3],
            a: [0; 3],
            c: [0; 3],
        };
        let mut to = 3;
        for axis in (0..3).rev().filter(|&axis| self.size[axis] != 1) {
            let (size, a, c) = (self.size[axis], self.a[axis], self.c[axis]);
            if to < 3 && a == merged.size[to] * merged.a[to] && c == merged.size[to] * merged.c[to]
            {
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
pub(super) struct Cursor {
    at: [usize; 3],
    a: usize,
    c: usize,
}

impl Cursor {
    pub(super) fn new(grid: &Grid, row: usize) -> Cursor {
        let at = [
            row / grid.size[2] / grid.size[1],
            row / grid.size[2] % grid.size[1],
            row % grid.size[2],
        ];
        let sum = |s: [usize; 3]| (0..3).map(|axis| at[axis] * s[axis]).sum();
        Cursor {
            at,
            a: sum(grid.a),
            c: sum(grid.c),
        }
    }

    /// Writes the offsets of the next `n` rows and moves past them.
    #[inline]
    pub(super) fn take(
        &mut self,
        grid: &Grid,
        n: usize,
        a: &mut [usize; MAX_ROWS],
        c: &mut [usize; MAX_ROWS],
    ) {
        let mut done = 0;
        while done < n {
            let some = (n - done).min(grid.size[2] - self.at[2]);
            for r in 0..some {
                a[done + r] = self.a + r * grid.a[2];
                c[done + r] = self.c + r * grid.c[2];
            }
            self.step(grid, some);
            done += some;
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
