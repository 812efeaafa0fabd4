//! Pieces of a signal, each multiplied by the columns of a matrix: what a short-time Fourier transform is.

use crate::error::Result;
use crate::graph::ops::Convolution;
use crate::graph::{Graph, Value};

/// `y[b, t, k] = Σ_i x[b, t·step - before + i] · bases[i, k]`, zeros beyond the signal's ends; `x` is `[batch, samples]`, `bases`
/// `[length, columns]`.
///
/// A convolution of one row, whose kernel is a matrix product over overlapping pieces: no piece is copied.
pub(super) fn project(
    g: &mut Graph,
    x: Value,
    bases: Value,
    step: usize,
    (before, after): (usize, usize),
) -> Result<Value> {
    let (batch, samples) = (g.shape(x)[0], g.shape(x)[1]);
    let (length, columns) = (g.shape(bases)[0], g.shape(bases)[1]);
    let x = g.reshape(x, [batch, 1, samples, 1])?;
    let kernel = g.reshape(bases, [1, length, 1, columns])?;
    let convolution = Convolution {
        strides: [1, step],
        padding: [(0, 0), (before as isize, after as isize)],
        lhs_dilation: [1, 1],
        rhs_dilation: [1, 1],
        groups: 1,
    };
    let y = g.conv2d(x, kernel, convolution)?;
    let pieces = g.shape(y)[2];
    g.reshape(y, [batch, pieces, columns])
}

/// A signal `[batch, samples]` mirrored at both ends, without repeating the outermost sample.
pub(super) fn mirrored(g: &mut Graph, x: Value, amount: usize) -> Result<Value> {
    if amount == 0 {
        return Ok(x);
    }
    let samples = g.shape(x)[1];
    let head = g.slice(x, 1, 1, amount)?;
    let head = g.reverse(head, 1)?;
    let tail = g.slice(x, 1, samples - 1 - amount, amount)?;
    let tail = g.reverse(tail, 1)?;
    g.concat(&[head, x, tail], 1)
}
