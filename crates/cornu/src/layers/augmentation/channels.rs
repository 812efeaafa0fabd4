//! The channels of colour images, one by one and as shades of grey.

use crate::error::{Error, Result};
use crate::graph::{Graph, Value};
use crate::layers::inputs;
use crate::shape::Shape;

/// Refuses what is no image of red, green and blue.
pub(super) fn coloured(class: &str, shapes: &[Shape]) -> Result<()> {
    let [_, _, channels] = inputs::image(class, shapes)?;
    if channels == 3 {
        return Ok(());
    }
    Err(Error::shape(format!(
        "{class} expects the channels red, green and blue, received {channels}"
    )))
}

/// Refuses what is neither grey nor of red, green and blue.
pub(super) fn grey_or_coloured(class: &str, shapes: &[Shape]) -> Result<()> {
    let [_, _, channels] = inputs::image(class, shapes)?;
    if channels == 1 {
        return Ok(());
    }
    coloured(class, shapes)
}

/// Red, green and blue.
pub(super) fn split(g: &mut Graph, x: Value) -> Result<[Value; 3]> {
    Ok([
        g.slice(x, 3, 0, 1)?,
        g.slice(x, 3, 1, 1)?,
        g.slice(x, 3, 2, 1)?,
    ])
}

/// An image of red, green and blue.
pub(super) fn join(g: &mut Graph, channels: [Value; 3]) -> Result<Value> {
    g.concat(&channels, 3)
}

/// How light pixels are, `[n, h, w, 1]`: a grey image itself, or weighted red, green and blue.
pub(super) fn grey(g: &mut Graph, x: Value) -> Result<Value> {
    if g.shape(x)[3] == 1 {
        return Ok(x);
    }
    let [r, gr, b] = split(g, x)?;
    let r = g.scale(r, 0.2989)?;
    let gr = g.scale(gr, 0.587)?;
    let b = g.scale(b, 0.114)?;
    let sum = g.add(r, gr)?;
    g.add(sum, b)
}
