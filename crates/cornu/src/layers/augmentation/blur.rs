//! Images smoothed: weights down the columns, then along the rows.

use crate::error::Result;
use crate::graph::ops::{BinaryKind, Convolution};
use crate::graph::{Graph, Value};

/// The weights of the normal distribution at the places of a window, `[size]`, that add up to 1; where a reach is given, 0 beyond it.
pub(super) fn normal(
    g: &mut Graph,
    size: usize,
    sigma: Value,
    reach: Option<Value>,
) -> Result<Value> {
    let place = g.iota([size], 0)?;
    let place = g.add_scalar(place, -((size - 1) as f32) / 2.0)?;
    // A deviation of 0 leaves the middle alone.
    let least = g.constant(1e-6)?;
    let sigma = g.maximum(sigma, least)?;
    let z = g.div(place, sigma)?;
    let z = g.square(z)?;
    let z = g.scale(z, -0.5)?;
    let mut weights = g.exp(z)?;
    if let Some(reach) = reach {
        let away = g.abs(place)?;
        let within = g.binary(BinaryKind::Le, away, reach)?;
        weights = g.mul(weights, within)?;
    }
    let sum = g.sum(weights, &[0], true)?;
    g.div(weights, sum)
}

/// Each channel weighted down by the first weights and to the right by the second, with zeros around the image.
pub(super) fn separable(g: &mut Graph, x: Value, weights: [Value; 2]) -> Result<Value> {
    let channels = g.shape(x)[3];
    let mut y = x;
    for (axis, weights) in weights.into_iter().enumerate() {
        let size = g.shape(weights)[0];
        if size == 1 {
            let one = g.reshape(weights, [1, 1, 1, 1])?;
            y = g.mul(y, one)?;
            continue;
        }
        let mut shape = [1, 1, 1, 1];
        shape[axis] = size;
        let kernel = g.reshape(weights, shape)?;
        shape[3] = channels;
        let kernel = g.broadcast(kernel, shape)?;
        let half = (size / 2) as isize;
        let mut padding = [(0, 0); 2];
        padding[axis] = (half, half);
        let convolution = Convolution {
            strides: [1, 1],
            padding,
            lhs_dilation: [1, 1],
            rhs_dilation: [1, 1],
            groups: channels,
        };
        y = g.conv2d(y, kernel, convolution)?;
    }
    Ok(y)
}
