//! What layers share that drop a share of their inputs at random.

use crate::error::{Error, Result};
use crate::graph::Value;
use crate::graph::ops::Distribution;
use crate::layers::{Context, DataFormat, inputs};
use crate::shape::{DType, Shape};

/// Refuses a share that is no share, or all.
pub(super) fn check_rate(rate: f64) -> Result<()> {
    if (0.0..1.0).contains(&rate) {
        return Ok(());
    }
    Err(Error::config(format!(
        "rate must be at least 0 and below 1, received {rate}"
    ))
    .help("rate is the share of inputs that is dropped"))
}

/// The shape of a mask, batch first: nothing for an axis like the input's, 1 for one that is dropped or kept as a whole.
pub(in crate::layers) type NoiseShape = Option<Vec<Option<usize>>>;

/// Refuses a shape of a mask that does not fit samples of shape `x`.
pub(super) fn check_noise_shape(noise: &NoiseShape, x: &Shape) -> Result<()> {
    let Some(noise) = noise else { return Ok(()) };
    let fits = noise.len() == x.rank() + 1
        && noise[0].is_none_or(|n| n == 1)
        && x.iter()
            .zip(&noise[1..])
            .all(|(&n, given)| given.is_none_or(|m| m == 1 || m == n));
    if fits {
        return Ok(());
    }
    Err(Error::config(format!(
        "noise_shape must begin with null for the batch and then have, for each axis of {x}, null, 1 or its length, received {}",
        serde_json::json!(noise)
    )))
}

/// The shape of the mask for an input of this shape (with the batch).
pub(super) fn mask_shape(noise: &NoiseShape, x: &Shape) -> Shape {
    let Some(noise) = noise else {
        return x.clone();
    };
    let axes = x.iter().zip(noise).map(|(&n, given)| given.unwrap_or(n));
    Shape::from(axes.collect::<Vec<_>>())
}

/// Refuses samples that have not so many axes, the channels among them.
pub(super) fn check_channels(class: &str, inputs: &[Shape], rank: usize) -> Result<()> {
    let x = inputs::single(class, inputs)?;
    if x.rank() == rank {
        return Ok(());
    }
    Err(Error::shape(format!(
        "{class} expects samples of {rank} axes, the channels among them, received {x}"
    )))
}

/// The shape of a mask with one number for each channel of a sample.
pub(super) fn channel_mask(x: &Shape, format: DataFormat) -> Shape {
    let channels = match format {
        DataFormat::ChannelsLast => x.rank() - 1,
        DataFormat::ChannelsFirst => 1,
    };
    let axes = x.iter().enumerate();
    let axes = axes.map(|(a, &n)| if a == 0 || a == channels { n } else { 1 });
    Shape::from(axes.collect::<Vec<_>>())
}

/// Bytes that are 1 with probability `1 - rate`, else 0.
pub(in crate::layers) fn kept_bytes(
    cx: &mut Context<'_>,
    seed: Option<i64>,
    rate: f64,
    shape: &Shape,
) -> Result<Value> {
    let threshold = ((1.0 - rate) * 65536.0).round() as u32;
    cx.draw(seed, Distribution::Bernoulli { threshold }, shape)
}

/// Numbers that are 1 with probability `1 - rate`, else 0.
pub(in crate::layers) fn kept(
    cx: &mut Context<'_>,
    seed: Option<i64>,
    rate: f64,
    shape: &Shape,
) -> Result<Value> {
    let bytes = kept_bytes(cx, seed, rate, shape)?;
    cx.graph.cast(bytes, DType::F32)
}

/// `x` with a share set to zero and the rest scaled up, where this is training.
pub(in crate::layers) fn dropped(
    cx: &mut Context<'_>,
    seed: Option<i64>,
    rate: f64,
    x: Value,
    mask: &Shape,
) -> Result<Value> {
    if !cx.training || rate == 0.0 {
        return Ok(x);
    }
    let mask = kept(cx, seed, rate, mask)?;
    // The mask is multiplied in by itself, so that the gradient reads back its bytes.
    let kept = cx.graph.mul(x, mask)?;
    cx.graph.scale(kept, (1.0 / (1.0 - rate)) as f32)
}
