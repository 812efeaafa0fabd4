//! How often the shades of each channel are.

use crate::error::Result;
use crate::graph::ops::UnaryKind;
use crate::graph::{Graph, Value};
use crate::shape::DType;

/// The numbers of the bins in which places from 0 to `bins - 1` lie.
pub(super) fn bins(g: &mut Graph, place: Value, bins: usize) -> Result<Value> {
    let bin = g.unary(UnaryKind::Floor, place)?;
    g.clip(bin, 0.0, (bins - 1) as f32)
}

/// Bins of pixels `[n, h, w, c]`, numbered through the channels.
pub(super) fn by_channel(g: &mut Graph, bin: Value, bins: usize) -> Result<Value> {
    let channels = g.shape(bin)[3];
    let channel = g.iota([channels], 0)?;
    let first = g.scale(channel, bins as f32)?;
    let index = g.add(bin, first)?;
    g.cast(index, DType::I32)
}

/// How many pixels of an image have each number, in a table of a shape an image.
pub(super) fn counts(g: &mut Graph, index: Value, row: &[usize]) -> Result<Value> {
    let shape = g.shape(index).clone();
    let one = g.constant(1.0)?;
    let ones = g.broadcast(one, shape)?;
    g.count(ones, index, row)
}

/// The sums of the last axis up to each entry: pairs, fours, eights, … are added.
pub(super) fn sums(g: &mut Graph, x: Value) -> Result<Value> {
    let axis = g.shape(x).rank() - 1;
    let len = g.shape(x)[axis];
    let (mut y, mut step) = (x, 1);
    while step < len {
        let earlier = g.slice(y, axis, 0, len - step)?;
        let earlier = g.pad(earlier, axis, step, 0)?;
        y = g.add(y, earlier)?;
        step *= 2;
    }
    Ok(y)
}
