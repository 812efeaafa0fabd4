//! Mixtures of images, and of targets: their random shares, and the partners.

use crate::error::{Error, Result};
use crate::graph::ops::{BinaryKind, UnaryKind};
use crate::graph::{Graph, Value};
use crate::layers::{Context, inputs};
use crate::shape::{DType, Shape};

/// Refuses parameters of distributions that are no positive numbers.
pub(super) fn check(name: &str, alpha: f64) -> Result<()> {
    inputs::number(name, alpha, 1e-6, 1e6)
}

/// Refuses what is neither images nor images and targets.
pub(super) fn images_and_targets(class: &str, shapes: &[Shape]) -> Result<()> {
    inputs::image(class, &shapes[..shapes.len().min(1)])?;
    match shapes {
        [_] => Ok(()),
        [_, targets] if targets.rank() == 1 => Ok(()),
        _ => Err(Error::shape(format!(
            "{class} expects images, or images and targets [classes], received {shapes:?}"
        ))
        .help("class numbers cannot be mixed: make one-hot rows of them")),
    }
}

/// `w · a + (1 - w) · b`.
pub(super) fn mix(g: &mut Graph, a: Value, b: Value, w: Value) -> Result<Value> {
    let rest = g.one_minus(w)?;
    let (a, b) = (g.mul(a, w)?, g.mul(b, rest)?);
    g.add(a, b)
}

/// Logarithms of numbers of the gamma distribution whose parameter is a value.
pub(super) fn log_gamma(
    cx: &mut Context<'_>,
    seed: Option<i64>,
    alpha: Value,
    shape: &[usize],
) -> Result<Value> {
    let seed = seed.map(i64::cast_unsigned);
    cx.graph
        .log_gamma(cx.rng, seed, alpha, Shape::from(shape.to_vec()), true)
}

/// Numbers of the beta distribution whose parameters are both one value.
pub(super) fn beta(
    cx: &mut Context<'_>,
    seed: Option<i64>,
    alpha: Value,
    shape: &[usize],
) -> Result<Value> {
    let a = log_gamma(cx, seed, alpha, shape)?;
    let b = log_gamma(cx, seed, alpha, shape)?;
    // a / (a + b) of the numbers is this of their logarithms.
    let difference = cx.graph.sub(a, b)?;
    cx.graph.sigmoid(difference)
}

/// The same values with the batch moved round by a random number of places, so that every sample meets another one.
pub(super) fn others(
    cx: &mut Context<'_>,
    seed: Option<i64>,
    values: &[Value],
) -> Result<Vec<Value>> {
    let batch = cx.graph.shape(values[0])[0];
    let places = super::span::draw_once(cx, seed, (0.0, batch as f64 - 1e-3))?;
    let g = &mut *cx.graph;
    let places = g.unary(UnaryKind::Floor, places)?;
    let index = g.iota([batch], 0)?;
    let index = g.add(index, places)?;
    // Beyond the last comes the first.
    let end = g.constant(batch as f32)?;
    let beyond = g.binary(BinaryKind::Ge, index, end)?;
    let round = g.scale(beyond, -(batch as f32))?;
    let index = g.add(index, round)?;
    let index = g.cast(index, DType::I32)?;
    values.iter().map(|&x| g.gather(x, index)).collect()
}
