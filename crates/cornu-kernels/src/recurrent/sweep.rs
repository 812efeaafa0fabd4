//! Rows times packed weights, with a cell's own arithmetic before the first and after the last term.
//!
//! A tile holds some rows times some vectors in registers: it starts from what the cell gives it, adds its terms in order, and
//! hands the sums back to the cell while they are still in registers. Which tile an element falls into never changes it.

use crate::simd::Simd;

/// What a cell does at both ends of a tile's sums.
pub(super) trait Tail<S: Simd, const V: usize> {
    /// What the sums of a row begin with.
    unsafe fn start(&self, row: usize, panel: usize) -> [S::F; V];
    /// Takes the sums of a row.
    unsafe fn finish(&self, row: usize, panel: usize, sums: [S::F; V]);
}

/// Weights in panels: for each panel, for each term, the panel's vectors side by side.
#[derive(Clone, Copy)]
pub(super) struct Panels {
    pub(super) at: *const f32,
    pub(super) count: usize,
    pub(super) terms: usize,
}

impl Panels {
    /// Elements of so many panels.
    pub(super) fn len(lanes: usize, count: usize, terms: usize, vectors: usize) -> usize {
        count * terms * vectors * lanes
    }

    /// Packs `value(term, panel, vector, lane)`.
    #[inline(always)]
    pub(super) fn pack(
        to: &mut [f32],
        lanes: usize,
        [count, terms, vectors]: [usize; 3],
        value: impl Fn(usize, usize, usize, usize) -> f32,
    ) -> Panels {
        let mut places = to.iter_mut();
        for panel in 0..count {
            for term in 0..terms {
                for vector in 0..vectors {
                    for (lane, place) in (0..lanes).zip(&mut places) {
                        *place = value(term, panel, vector, lane);
                    }
                }
            }
        }
        Panels {
            at: to.as_ptr(),
            count,
            terms,
        }
    }
}

/// Rows of A, `stride` apart.
#[derive(Clone, Copy)]
pub(super) struct Rows {
    pub(super) at: *const f32,
    pub(super) stride: usize,
    pub(super) count: usize,
}

/// The most rows of a tile `vectors` wide: sums, weights and one factor must fit the registers.
const fn most(lanes: usize, vectors: usize) -> usize {
    match (lanes, vectors) {
        (16, 4) => 6,
        (16, _) => 8,
        (8, 4) => 2,
        (8, 2 | 3) => 4,
        (8, _) => 8,
        _ => 2,
    }
}

/// Multiplies all rows by all panels; without terms, only the tail's two ends meet.
///
/// # Safety
///
/// Each row holds `w.terms` elements, the panels what [`Panels::pack`] wrote, both unless `first`; the tail's own contract.
#[inline(always)]
pub(super) unsafe fn multiply<S: Simd, const V: usize, T: Tail<S, V>>(
    w: Panels,
    a: Rows,
    first: bool,
    tail: &T,
) {
    let terms = if first { 0 } else { w.terms };
    for panel in 0..w.count {
        let b = w.at.add(panel * w.terms * V * S::LANES);
        let mut row = 0;
        while row < a.count {
            let left = (a.count - row).min(most(S::LANES, V));
            row += match left {
                8.. if 8 <= most(S::LANES, V) => tile::<S, 8, V, T>(b, a, terms, row, panel, tail),
                6.. if 6 <= most(S::LANES, V) => tile::<S, 6, V, T>(b, a, terms, row, panel, tail),
                4.. if 4 <= most(S::LANES, V) => tile::<S, 4, V, T>(b, a, terms, row, panel, tail),
                2.. => tile::<S, 2, V, T>(b, a, terms, row, panel, tail),
                _ => tile::<S, 1, V, T>(b, a, terms, row, panel, tail),
            };
        }
    }
}

#[inline(always)]
unsafe fn tile<S: Simd, const R: usize, const V: usize, T: Tail<S, V>>(
    b: *const f32,
    a: Rows,
    terms: usize,
    row: usize,
    panel: usize,
    tail: &T,
) -> usize {
    // The tail's loops are long and stay loops, which address what they touch; the sums are arrays of their own, copied in and
    // out, so that nothing keeps them from registers.
    let mut begun = [[S::splat(0.0); V]; R];
    for r in 0..R {
        begun[r] = tail.start(row + r, panel);
    }
    let mut acc = [[S::splat(0.0); V]; R];
    let mut rows = [a.at; R];
    for r in 0..R {
        rows[r] = a.at.add((row + r) * a.stride);
        for v in 0..V {
            acc[r][v] = begun[r][v];
        }
    }
    let mut b = b;
    for k in 0..terms {
        let mut w = [S::splat(0.0); V];
        for v in 0..V {
            w[v] = S::load(b.add(v * S::LANES));
        }
        for r in 0..R {
            let x = S::splat(*rows[r].add(k));
            for v in 0..V {
                acc[r][v] = S::fma(x, w[v], acc[r][v]);
            }
        }
        b = b.add(V * S::LANES);
    }
    let mut done = [[S::splat(0.0); V]; R];
    for r in 0..R {
        for v in 0..V {
            done[r][v] = acc[r][v];
        }
    }
    for r in 0..R {
        tail.finish(row + r, panel, done[r]);
    }
    R
}

/// The first `n` elements at `p`, at most a vector; the others are 0.
#[inline(always)]
pub(super) unsafe fn get<S: Simd>(p: *const f32, n: usize) -> S::F {
    if n >= S::LANES {
        S::load(p)
    } else {
        S::load_part(p, n)
    }
}

/// Stores the first `n` elements, at most a vector.
#[inline(always)]
pub(super) unsafe fn put<S: Simd>(p: *mut f32, n: usize, v: S::F) {
    if n >= S::LANES {
        S::store(p, v);
    } else {
        S::store_part(p, n, v);
    }
}

/// Adds products to what is there: rows of whole vectors, `stride` apart.
pub(super) struct AddTo {
    pub(super) to: *mut f32,
    pub(super) stride: usize,
}

impl<S: Simd, const V: usize> Tail<S, V> for AddTo {
    #[inline(always)]
    unsafe fn start(&self, row: usize, panel: usize) -> [S::F; V] {
        let from = self.to.add(row * self.stride + panel * V * S::LANES);
        let mut sums = [S::splat(0.0); V];
        for v in 0..V {
            sums[v] = S::load(from.add(v * S::LANES));
        }
        sums
    }
    #[inline(always)]
    unsafe fn finish(&self, row: usize, panel: usize, sums: [S::F; V]) {
        let to = self.to.add(row * self.stride + panel * V * S::LANES);
        for v in 0..V {
            S::store(to.add(v * S::LANES), sums[v]);
        }
    }
}

/// The transposed weights of each gate, with which gradients walk back.
///
/// Panels are as wide as divides the units evenly; a gate's panels follow those of the gate before it.
#[derive(Clone, Copy)]
pub(super) struct Back {
    at: *const f32,
    count: usize,
    units: usize,
    vectors: usize,
}

impl Back {
    /// Elements of the packed weights of `gates` gates.
    pub(super) fn len(lanes: usize, units: usize, gates: usize) -> usize {
        units.next_multiple_of(lanes) * units * gates
    }

    /// Packs `u`, `[units, gates·units]`.
    #[inline(always)]
    pub(super) fn pack<S: Simd>(to: &mut [f32], u: &[f32], units: usize, gates: usize) -> Back {
        let groups = units.div_ceil(S::LANES);
        let vectors = match groups {
            n if n.is_multiple_of(4) => 4,
            n if n.is_multiple_of(2) => 2,
            _ => 1,
        };
        let count = groups / vectors;
        let each = Back::len(S::LANES, units, 1);
        for gate in 0..gates {
            Panels::pack(
                &mut to[gate * each..][..each],
                S::LANES,
                [count, units, vectors],
                |term, panel, vector, lane| {
                    let unit = (panel * vectors + vector) * S::LANES + lane;
                    if unit < units {
                        u[unit * gates * units + gate * units + term]
                    } else {
                        0.0
                    }
                },
            );
        }
        Back {
            at: to.as_ptr(),
            count,
            units,
            vectors,
        }
    }

    /// Adds `dq · uᵀ` of one gate, where `dq` has a row of this gate's gradients for each row.
    #[inline(always)]
    pub(super) unsafe fn add<S: Simd>(&self, gate: usize, dq: Rows, to: &AddTo) {
        let w = Panels {
            at: self.at.add(gate * Back::len(S::LANES, self.units, 1)),
            count: self.count,
            terms: self.units,
        };
        match self.vectors {
            4 => multiply::<S, 4, AddTo>(w, dq, false, to),
            2 => multiply::<S, 2, AddTo>(w, dq, false, to),
            _ => multiply::<S, 1, AddTo>(w, dq, false, to),
        }
    }
}
