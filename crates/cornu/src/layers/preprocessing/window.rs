//! Windows in the middle of images, and images brought to a size.

use crate::error::Result;
use crate::graph::ops::Resampling;
use crate::graph::{Graph, Value};

/// Both axes resampled, rows first: their sums are long.
pub(in crate::layers) fn resize(
    g: &mut Graph,
    x: Value,
    size: [usize; 2],
    method: Resampling,
    antialias: bool,
) -> Result<Value> {
    let x = g.resample(x, 1, size[0], method, antialias)?;
    g.resample(x, 2, size[1], method, antialias)
}

/// The window of a size in the middle of images that are no smaller, nearer to the first pixel where it cannot be in the middle.
pub(in crate::layers) fn middle(g: &mut Graph, x: Value, size: [usize; 2]) -> Result<Value> {
    let mut y = x;
    for (axis, len) in [1, 2].into_iter().zip(size) {
        let whole = g.shape(y)[axis];
        if len < whole {
            y = g.slice(y, axis, (whole - len) / 2, len)?;
        }
    }
    Ok(y)
}

/// Height and width that an image of one size would have with the proportions of another: each by the other one.
fn by_ratio([height, width]: [usize; 2], size: [usize; 2]) -> [usize; 2] {
    // In float32 as in Keras, so that what is rounded down is the same.
    let side = |other: usize, to: usize, by: usize| (other as f32 * to as f32 / by as f32) as usize;
    [
        side(width, size[0], size[1]),
        side(height, size[1], size[0]),
    ]
}

/// The largest window in the middle of images that has the proportions of a size.
pub(in crate::layers) fn crop_to_aspect_ratio(
    g: &mut Graph,
    x: Value,
    size: [usize; 2],
) -> Result<Value> {
    let image = [g.shape(x)[1], g.shape(x)[2]];
    let [height, width] = by_ratio(image, size);
    middle(g, x, [height.clamp(1, image[0]), width.clamp(1, image[1])])
}

/// Images with a value added at their sides until they have the proportions of a size.
pub(in crate::layers) fn pad_to_aspect_ratio(
    g: &mut Graph,
    x: Value,
    size: [usize; 2],
    value: f32,
) -> Result<Value> {
    let image = [g.shape(x)[1], g.shape(x)[2]];
    // Zeros are added to what the pixels exceed the value by.
    let mut y = if value == 0.0 {
        x
    } else {
        g.add_scalar(x, -value)?
    };
    for (axis, len) in [1, 2].into_iter().zip(by_ratio(image, size)) {
        let side = len.saturating_sub(image[axis - 1]) / 2;
        if side > 0 {
            y = g.pad(y, axis, side, side)?;
        }
    }
    if value == 0.0 {
        return Ok(y);
    }
    g.add_scalar(y, value)
}
