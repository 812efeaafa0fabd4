//! Channels laid out as blocks of pixels, and blocks of pixels as channels.

use crate::error::Result;
use crate::graph::{Graph, Value};

/// `[batch, h, w, c·r²] → [batch, h·r, w·r, c]`: channel `c·r² + i·r + j` becomes pixel `(i, j)` of a block.
pub(super) fn spread(g: &mut Graph, x: Value, r: usize) -> Result<Value> {
    let s = g.shape(x).clone();
    let channels = s[3] / (r * r);
    let x = g.reshape(x, [s[0], s[1], s[2], channels, r, r])?;
    let x = g.transpose(x, &[0, 1, 4, 2, 5, 3])?;
    g.reshape(x, [s[0], s[1] * r, s[2] * r, channels])
}

/// The way back of [`spread`].
pub(super) fn gather(g: &mut Graph, x: Value, r: usize) -> Result<Value> {
    let s = g.shape(x).clone();
    let x = g.reshape(x, [s[0], s[1] / r, r, s[2] / r, r, s[3]])?;
    let x = g.transpose(x, &[0, 1, 3, 5, 2, 4])?;
    g.reshape(x, [s[0], s[1] / r, s[2] / r, s[3] * r * r])
}
