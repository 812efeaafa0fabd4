//! Shades spread evenly within the tiles of an image, and between them.

use super::histogram;
use crate::error::Result;
use crate::graph::ops::UnaryKind;
use crate::graph::{Graph, Value};
use crate::shape::DType;

const SHADES: usize = 256;

/// An image of bytes cut into tiles.
pub(super) struct Tiles {
    /// The shade of each pixel, 0 to 255, with what was added to fill the last tiles.
    shade: Value,
    grid: [usize; 2],
    /// Height and width of a tile.
    tile: [usize; 2],
    /// Height and width of the image.
    image: [usize; 2],
    channels: usize,
}

impl Tiles {
    /// Cuts an image into a grid of tiles.
    pub(super) fn new(g: &mut Graph, x: Value, grid: [usize; 2]) -> Result<Self> {
        let image = [g.shape(x)[1], g.shape(x)[2]];
        let tile = [0, 1].map(|i| image[i].div_ceil(grid[i]));
        let mut whole = x;
        for axis in [1, 2] {
            let more = tile[axis - 1] * grid[axis - 1] - image[axis - 1];
            if more > 0 {
                // The pixels before the edge, mirrored at it.
                let last = g.slice(whole, axis, image[axis - 1] - more, more)?;
                let mirrored = g.reverse(last, axis)?;
                whole = g.concat(&[whole, mirrored], axis)?;
            }
        }
        Ok(Self {
            shade: histogram::bins(g, whole, SHADES)?,
            grid,
            tile,
            image,
            channels: g.shape(x)[3],
        })
    }

    /// Height and width with what was added.
    fn whole(&self) -> [usize; 2] {
        [0, 1].map(|i| self.tile[i] * self.grid[i])
    }

    /// The row or column of each pixel row or column.
    fn iota(&self, g: &mut Graph, i: usize) -> Result<Value> {
        let mut shape = [1, 1, 1, 1];
        shape[i + 1] = self.whole()[i];
        g.iota(shape, i + 1)
    }

    /// The number of each pixel's shade in the table of the tile at a row and a column of tiles.
    fn index(&self, g: &mut Graph, row: Value, column: Value) -> Result<Value> {
        let row = g.scale(row, self.grid[1] as f32)?;
        let tile = g.add(row, column)?;
        let tile = g.scale(tile, (self.channels * SHADES) as f32)?;
        let channel = g.iota([self.channels], 0)?;
        let channel = g.scale(channel, SHADES as f32)?;
        let table = g.add(tile, channel)?;
        let index = g.add(table, self.shade)?;
        g.cast(index, DType::I32)
    }

    /// The new shades of each tile: its sums of counts, brought to 0 to 255.
    fn tables(&self, g: &mut Graph, limit: f32) -> Result<Value> {
        let mut own = Vec::new();
        for i in 0..2 {
            let at = self.iota(g, i)?;
            let size = g.constant(self.tile[i] as f32)?;
            let tile = g.div(at, size)?;
            own.push(g.unary(UnaryKind::Floor, tile)?);
        }
        let index = self.index(g, own[0], own[1])?;
        let tables = self.grid[0] * self.grid[1] * self.channels;
        let mut counts = histogram::counts(g, index, &[tables, SHADES])?;
        let pixels = (self.tile[0] * self.tile[1]) as f32;
        if limit > 0.0 {
            let most = g.constant(limit * pixels / SHADES as f32)?;
            let clipped = g.minimum(counts, most)?;
            let excess = g.sub(counts, clipped)?;
            let excess = g.sum(excess, &[2], true)?;
            let share = g.scale(excess, 1.0 / SHADES as f32)?;
            counts = g.add(clipped, share)?;
        }
        let sums = histogram::sums(g, counts)?;
        let least = g.min(sums, &[2], true)?;
        let above = g.sub(sums, least)?;
        let above = g.scale(above, 255.0)?;
        let all = g.constant(pixels)?;
        let rest = g.sub(all, least)?;
        let zero = g.constant(0.0)?;
        let one = g.constant(1.0)?;
        let none = g.equal(rest, zero)?;
        let rest = g.select(none, one, rest)?;
        let shade = g.div(above, rest)?;
        g.clip(shade, 0.0, 255.0)
    }

    /// For each pixel row or column the tiles before and after it, and how near it is to the latter.
    fn between(&self, g: &mut Graph, i: usize) -> Result<[Value; 3]> {
        let (size, last) = (self.tile[i] as f32, (self.grid[i] - 1) as f32);
        let at = self.iota(g, i)?;
        let at = g.add_scalar(at, -size / 2.0)?;
        let size = g.constant(size)?;
        let place = g.div(at, size)?;
        let before = g.unary(UnaryKind::Floor, place)?;
        let near = g.sub(place, before)?;
        let after = g.add_scalar(before, 1.0)?;
        Ok([g.clip(before, 0.0, last)?, g.clip(after, 0.0, last)?, near])
    }

    /// The image with its new shades.
    pub(super) fn equalized(&self, g: &mut Graph, limit: f32) -> Result<Value> {
        let tables = self.tables(g, limit)?;
        let [above, below, down] = self.between(g, 0)?;
        let [left, right, across] = self.between(g, 1)?;
        let mut rows = Vec::new();
        for row in [above, below] {
            let mut pair = Vec::new();
            for column in [left, right] {
                let index = self.index(g, row, column)?;
                pair.push(g.pick(tables, index)?);
            }
            rows.push(mix(g, pair[0], pair[1], across)?);
        }
        let mut y = mix(g, rows[0], rows[1], down)?;
        for (axis, len) in [1, 2].into_iter().zip(self.image) {
            if g.shape(y)[axis] > len {
                y = g.slice(y, axis, 0, len)?;
            }
        }
        Ok(y)
    }
}

/// `(1 - t) a + t b`.
fn mix(g: &mut Graph, a: Value, b: Value, t: Value) -> Result<Value> {
    let rest = g.one_minus(t)?;
    let a = g.mul(a, rest)?;
    let b = g.mul(b, t)?;
    g.add(a, b)
}
