//! Recurrent cells over whole sequences: one step after another, the state in the first cache, the weights in the second.
//!
//! # The idea
//!
//! What does not depend on the state, `p = x·w + b`, was computed for all steps at once. A step then is one product of the
//! state's rows with the packed recurrent weights, and the cell's arithmetic on its sums while they are still in registers: a
//! tile holds all gates of some units. Walking back, a step is the cell's arithmetic and one product with the transposed
//! weights; the gradients of the weights are left to large products over all steps.
//!
//! # The floor
//!
//! A step of `r` rows costs `2·r·units·columns` operations and reads `4·units·columns` bytes of weights from the second cache,
//! for 16 rows 8 operations a byte. So blocks of 8 rows and more are bound by arithmetic.
#![allow(
    unsafe_op_in_unsafe_fn,
    reason = "the inner functions are written with the vector trait, whose contract covers whole bodies"
)]

mod gru;
mod lstm;
mod simple;
mod sweep;
#[cfg(test)]
mod tests;

use crate::matrix::panels::aligned;
use crate::simd::{Simd, dispatch};

/// The arithmetic of one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cell {
    /// `tanh(p + h·u)`.
    Simple,
    /// Long short-term memory with sigmoid gates; columns i, f, g, o.
    Lstm,
    /// Gated recurrent unit whose reset gate comes before the product; columns z, r, n.
    Gru,
    /// Gated recurrent unit whose reset gate comes after the product, to which a bias of its own is added.
    GruResetAfter,
}

impl Cell {
    /// Columns of projections and weights for each unit.
    pub fn gates(self) -> usize {
        match self {
            Cell::Simple => 1,
            Cell::Lstm => 4,
            Cell::Gru | Cell::GruResetAfter => 3,
        }
    }

    /// Numbers a unit keeps of each step for the way back: an LSTM's gates `i, f, g, o`; a GRU's `z, r, n` and what its reset gate
    /// makes (before the product, `r·h`) or meets (after it, `h·u + b`).
    pub fn kept(self) -> usize {
        match self {
            Cell::Simple => 0,
            _ => 4,
        }
    }
}

/// The size of a call, and the direction of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sequence {
    /// Sequences.
    pub rows: usize,
    /// Steps of each.
    pub steps: usize,
    /// Length of the state.
    pub units: usize,
    /// Whether the last step is taken first. Places in memory stay those of the time.
    pub reverse: bool,
}

impl Sequence {
    /// The time of a step.
    fn time(&self, step: usize) -> usize {
        if self.reverse {
            self.steps - 1 - step
        } else {
            step
        }
    }

    /// First unit and number of units of a vector.
    #[inline(always)]
    fn lanes(&self, group: usize, lanes: usize) -> (usize, usize) {
        let at = group * lanes;
        (at, lanes.min(self.units - at))
    }
}

/// The arrays of a walk forward; null where nothing is wanted.
struct Forward {
    p: *const f32,
    mask: *const f32,
    h: *mut f32,
    kept: *mut f32,
    c: *mut f32,
}

impl Forward {
    #[inline(always)]
    unsafe fn is_masked(&self, moment: usize) -> bool {
        !self.mask.is_null() && *self.mask.add(moment) == 0.0
    }
}

/// The arrays of a walk back; null where there is nothing.
struct Backward {
    dy: *const f32,
    /// Whether `dy` is that of the last step alone.
    last: bool,
    mask: *const f32,
    h: *const f32,
    kept: *const f32,
    c: *const f32,
    dc: *const f32,
    dp: *mut f32,
    dn: *mut f32,
}

impl Backward {
    #[inline(always)]
    unsafe fn is_masked(&self, moment: usize) -> bool {
        !self.mask.is_null() && *self.mask.add(moment) == 0.0
    }

    /// The gradient that reaches the state from outside.
    #[inline(always)]
    unsafe fn upstream<S: Simd>(
        &self,
        seq: Sequence,
        step: usize,
        moment: usize,
        row: usize,
        at: usize,
        n: usize,
    ) -> S::F {
        if !self.last {
            sweep::get::<S>(self.dy.add(moment * seq.units + at), n)
        } else if step + 1 == seq.steps {
            sweep::get::<S>(self.dy.add(row * seq.units + at), n)
        } else {
            S::splat(0.0)
        }
    }
}

/// What a walk reads besides its state.
#[derive(Clone, Copy, Debug)]
pub struct Given<'a> {
    /// Recurrent weights, `[units][gates·units]`.
    pub u: &'a [f32],
    /// The bias that [`Cell::GruResetAfter`] adds to its third product, `[units]`; empty for other cells and on the way back.
    pub bias: &'a [f32],
    /// 0 where a step leaves the state as it is, `[rows][steps]`; empty if nowhere.
    pub mask: &'a [f32],
}

impl Given<'_> {
    fn check(&self, cell: Cell, seq: Sequence, adds: bool) {
        let units = seq.units;
        assert_eq!(
            self.u.len(),
            units * cell.gates() * units,
            "recurrent: weights of {cell:?} with {units} units"
        );
        let bias = if adds { units } else { 0 };
        assert_eq!(self.bias.len(), bias, "recurrent: bias of {cell:?}");
        assert!(
            self.mask.is_empty() || self.mask.len() == seq.rows * seq.steps,
            "recurrent: {} elements of mask for {seq:?}",
            self.mask.len()
        );
    }
}

fn or_null<T>(x: &mut [T]) -> *mut T {
    if x.is_empty() {
        std::ptr::null_mut()
    } else {
        x.as_mut_ptr()
    }
}

fn mask_of(given: &Given<'_>) -> *const f32 {
    if given.mask.is_empty() {
        std::ptr::null()
    } else {
        given.mask.as_ptr()
    }
}

/// Runs all steps from a state of zeros.
///
/// # Shapes
///
/// `p` `[rows][steps][gates·units]`; the state `h` after each step `[rows][steps][units]`; `kept` `[rows][steps][kept·units]`
/// and an LSTM's inner state `c` `[rows][steps][units]`, both empty if not wanted. `scratch` grows as needed.
///
/// # Example
///
/// ```
/// use cornu_kernels::recurrent::{Cell, Given, Sequence, forward};
/// let seq = Sequence { rows: 1, steps: 2, units: 1, reverse: false };
/// let given = Given { u: &[0.5], bias: &[], mask: &[] };
/// let mut h = [0.0; 2];
/// forward(Cell::Simple, seq, given, &[1.0, 0.0], &mut h, &mut [], &mut [], &mut Vec::new());
/// assert!((h[1] - (0.5 * 1f32.tanh()).tanh()).abs() < 1e-6);
/// ```
pub fn forward(
    cell: Cell,
    seq: Sequence,
    given: Given<'_>,
    p: &[f32],
    h: &mut [f32],
    kept: &mut [f32],
    c: &mut [f32],
    scratch: &mut Vec<f32>,
) {
    given.check(cell, seq, cell == Cell::GruResetAfter);
    let each = seq.rows * seq.steps * seq.units;
    assert_eq!(p.len(), each * cell.gates(), "recurrent: projections");
    assert_eq!(h.len(), each, "recurrent: states");
    assert!(
        kept.is_empty() || kept.len() == each * cell.kept(),
        "recurrent: what is kept"
    );
    assert!(
        c.is_empty() || (c.len() == each && cell == Cell::Lstm),
        "recurrent: inner states"
    );
    if each == 0 {
        return;
    }
    let call = &Forward {
        p: p.as_ptr(),
        mask: mask_of(&given),
        h: h.as_mut_ptr(),
        kept: or_null(kept),
        c: or_null(c),
    };
    let given = &given;
    dispatch!(walk_forward(cell: Cell, seq: Sequence, given: &Given<'_>, call: &Forward, scratch: &mut Vec<f32>));
}

#[inline(always)]
unsafe fn walk_forward<S: Simd>(
    cell: Cell,
    seq: Sequence,
    given: &Given<'_>,
    call: &Forward,
    scratch: &mut Vec<f32>,
) {
    let len = match cell {
        Cell::Simple => simple::forward_len(S::LANES, seq),
        Cell::Lstm => lstm::forward_len(S::LANES, seq),
        Cell::Gru | Cell::GruResetAfter => gru::forward_len(S::LANES, seq),
    };
    let scratch = aligned(scratch, len);
    match cell {
        Cell::Simple => simple::forward::<S>(seq, call, given.u, scratch),
        Cell::Lstm => lstm::forward::<S>(seq, call, given.u, scratch),
        Cell::Gru => gru::forward::<S>(seq, call, given.u, None, scratch),
        Cell::GruResetAfter => gru::forward::<S>(seq, call, given.u, Some(given.bias), scratch),
    }
}

/// What a walk forward left, for the walk back.
#[derive(Clone, Copy, Debug)]
pub struct Left<'a> {
    /// The state after each step.
    pub h: &'a [f32],
    /// What the cell kept.
    pub kept: &'a [f32],
    /// An LSTM's inner state after each step; empty for other cells.
    pub c: &'a [f32],
    /// The gradient of the inner state after the last step, `[rows][units]`; empty if it was not used.
    pub dc: &'a [f32],
}

/// Walks back through all steps: the gradient `dp` of the projections, and for [`Cell::GruResetAfter`] that of `h·u + b` of its
/// third gate, `dn`, from the gradient `dy` of the states.
///
/// # Shapes
///
/// As in [`forward`]; `dy` `[rows][steps][units]`, or `[rows][units]` if only the state after the last step was used; `dp` like
/// `p`; `dn` like `h`, or empty for other cells.
pub fn backward(
    cell: Cell,
    seq: Sequence,
    given: Given<'_>,
    left: Left<'_>,
    dy: &[f32],
    dp: &mut [f32],
    dn: &mut [f32],
    scratch: &mut Vec<f32>,
) {
    given.check(cell, seq, false);
    let each = seq.rows * seq.steps * seq.units;
    let last = dy.len() != each;
    assert!(
        !last || dy.len() == seq.rows * seq.units,
        "recurrent: gradients of the states"
    );
    assert_eq!(dp.len(), each * cell.gates(), "recurrent: projections");
    assert_eq!(left.h.len(), each, "recurrent: states");
    assert_eq!(
        left.kept.len(),
        each * cell.kept(),
        "recurrent: what is kept"
    );
    let inner = if cell == Cell::Lstm { each } else { 0 };
    assert_eq!(left.c.len(), inner, "recurrent: inner states");
    assert!(
        left.dc.is_empty() || (cell == Cell::Lstm && left.dc.len() == seq.rows * seq.units),
        "recurrent: gradient of the inner state"
    );
    let third = if cell == Cell::GruResetAfter { each } else { 0 };
    assert_eq!(dn.len(), third, "recurrent: gradients of the third gate");
    if each == 0 {
        return;
    }
    let call = &Backward {
        dy: dy.as_ptr(),
        last,
        mask: mask_of(&given),
        h: left.h.as_ptr(),
        kept: left.kept.as_ptr(),
        c: left.c.as_ptr(),
        dc: if left.dc.is_empty() {
            std::ptr::null()
        } else {
            left.dc.as_ptr()
        },
        dp: dp.as_mut_ptr(),
        dn: dn.as_mut_ptr(),
    };
    let u = given.u;
    dispatch!(walk_back(cell: Cell, seq: Sequence, u: &[f32], call: &Backward, scratch: &mut Vec<f32>));
}

#[inline(always)]
unsafe fn walk_back<S: Simd>(
    cell: Cell,
    seq: Sequence,
    u: &[f32],
    call: &Backward,
    scratch: &mut Vec<f32>,
) {
    let len = match cell {
        Cell::Simple => simple::backward_len(S::LANES, seq),
        Cell::Lstm => lstm::backward_len(S::LANES, seq),
        Cell::Gru | Cell::GruResetAfter => gru::backward_len(S::LANES, seq),
    };
    let scratch = aligned(scratch, len);
    match cell {
        Cell::Simple => simple::backward::<S>(seq, call, u, scratch),
        Cell::Lstm => lstm::backward::<S>(seq, call, u, scratch),
        Cell::Gru => gru::backward::<S>(seq, call, u, false, scratch),
        Cell::GruResetAfter => gru::backward::<S>(seq, call, u, true, scratch),
    }
}
