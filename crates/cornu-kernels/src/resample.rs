//! The entries of an axis replaced by weighted sums of neighbouring ones: an image made larger or smaller along one axis.
//!
//! Each output entry has a first input entry and a few weights. Where rows are resampled, an entry is a whole row and the sums
//! are long loops at the speed of memory; where columns are, an entry is a pixel's channels.

use crate::simd::{Simd, dispatch};

/// For each output entry, of which input entries it is made.
#[derive(Clone, Debug, PartialEq)]
pub struct Taps {
    /// The first input entry.
    pub start: Vec<usize>,
    /// Where its weights begin; one more at the end.
    pub begin: Vec<usize>,
    /// The weights of all output entries.
    pub weights: Vec<f32>,
}

impl Taps {
    fn check(&self, function: &str, outer: usize, inner: usize, input: usize, lens: [usize; 2]) {
        let outputs = self.start.len();
        assert_eq!(
            lens,
            [outer * input * inner, outer * outputs * inner],
            "{function}: elements of {outer} times {input} and {outputs} entries of {inner}"
        );
        assert!(
            self.begin.len() == outputs + 1
                && self.begin.last() == Some(&self.weights.len())
                && self.begin.windows(2).all(|b| b[0] <= b[1])
                && self
                    .start
                    .iter()
                    .zip(self.begin.windows(2))
                    .all(|(s, b)| s + b[1] - b[0] <= input),
            "{function}: taps lie within {input} entries"
        );
    }
}

/// `y[o, i, ..] = Σ w[i, k] · x[o, start[i] + k, ..]` for entries of `inner` elements.
///
/// # Example
///
/// ```
/// use cornu_kernels::resample::{Taps, forward};
/// let halves = Taps { start: vec![0, 1], begin: vec![0, 2, 4], weights: vec![0.5; 4] };
/// let mut y = [0.0; 2];
/// forward(&halves, 1, 1, 3, &[2.0, 4.0, 8.0], &mut y);
/// assert_eq!(y, [3.0, 6.0]);
/// ```
pub fn forward(taps: &Taps, outer: usize, inner: usize, input: usize, x: &[f32], y: &mut [f32]) {
    taps.check("resample", outer, inner, input, [x.len(), y.len()]);
    dispatch!(sums(taps: &Taps, outer: usize, inner: usize, input: usize, x: &[f32], y: &mut [f32]));
}

/// The transpose of [`forward`]: `dx` from `dy`, overwritten.
pub fn backward(taps: &Taps, outer: usize, inner: usize, input: usize, dy: &[f32], dx: &mut [f32]) {
    taps.check(
        "resample backward",
        outer,
        inner,
        input,
        [dx.len(), dy.len()],
    );
    dx.fill(0.0);
    dispatch!(spread(taps: &Taps, outer: usize, inner: usize, input: usize, dy: &[f32], dx: &mut [f32]));
}

/// # Safety
///
/// None needed but the level.
#[inline(always)]
unsafe fn sums<S: Simd>(
    taps: &Taps,
    outer: usize,
    inner: usize,
    input: usize,
    x: &[f32],
    y: &mut [f32],
) {
    let outputs = taps.start.len();
    for o in 0..outer {
        let x = &x[o * input * inner..(o + 1) * input * inner];
        let y = &mut y[o * outputs * inner..(o + 1) * outputs * inner];
        for (i, y) in y.chunks_exact_mut(inner.max(1)).enumerate() {
            let weights = &taps.weights[taps.begin[i]..taps.begin[i + 1]];
            y.fill(0.0);
            for (k, &w) in weights.iter().enumerate() {
                let x = &x[(taps.start[i] + k) * inner..][..inner];
                for (y, x) in y.iter_mut().zip(x) {
                    *y += w * x;
                }
            }
        }
    }
}

/// # Safety
///
/// None needed but the level.
#[inline(always)]
unsafe fn spread<S: Simd>(
    taps: &Taps,
    outer: usize,
    inner: usize,
    input: usize,
    dy: &[f32],
    dx: &mut [f32],
) {
    let outputs = taps.start.len();
    for o in 0..outer {
        let dx = &mut dx[o * input * inner..(o + 1) * input * inner];
        let dy = &dy[o * outputs * inner..(o + 1) * outputs * inner];
        for (i, dy) in dy.chunks_exact(inner.max(1)).enumerate() {
            let weights = &taps.weights[taps.begin[i]..taps.begin[i + 1]];
            for (k, &w) in weights.iter().enumerate() {
                let dx = &mut dx[(taps.start[i] + k) * inner..][..inner];
                for (dx, dy) in dx.iter_mut().zip(dy) {
                    *dx += w * dy;
                }
            }
        }
    }
}
