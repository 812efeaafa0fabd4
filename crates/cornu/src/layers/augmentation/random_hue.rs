//! Colours turned round the colour circle at random during training.

use serde::{Deserialize, Serialize};

use super::channels;
use super::span::{self, Draw, Span};
use crate::error::Result;
use crate::graph::Graph;
use crate::graph::Value;
use crate::graph::ops::{BinaryKind, UnaryKind};
use crate::layers::DataFormat;
use crate::layers::images::{ChannelsLast, images};
use crate::layers::{Base, Context, WeightSpec};
use crate::shape::Shape;

/// Turns the hue of an image's colours, whose saturation and value stay, drawn anew for each image at each step of training; does nothing
/// in use.
///
/// `hue' = hue ± f / 2` in turns of the colour circle, with `f` from the factor's range: 1 is half a turn.
///
/// # Shapes
/// `[height, width, 3]`; the output has the input's.
///
/// # Errors
/// A factor that is not from 0 to 1; a `value_range` that is none; an input that is no image, or one without the channels red, green and
/// blue.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let layer = RandomHue::new(0.2).value_range(0.0, 1.0);
/// let model = Sequential::new().input([32, 32, 3]).add(layer).build()?;
/// assert_eq!(model.output_shape().axes(), &[32, 32, 3]);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Source
/// Smith, "Color gamut transform pairs", SIGGRAPH 1978: hue, saturation and value.
///
/// # Keras
/// What is drawn comes from the run's seed or from the layer's own; it is not Keras's. One number `f` as the factor means a range from 0 to
/// `f`, as Keras has it: `(f, f)` is always `f`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RandomHue {
    #[serde(skip)]
    base: Base,
    factor: Span<0>,
    #[serde(default = "span::bytes")]
    value_range: (f64, f64),
    #[serde(default)]
    seed: Option<i64>,
    #[serde(default)]
    data_format: DataFormat,
}

layer!(RandomHue);

impl RandomHue {
    /// Turns by up to this share of half the circle either way; two numbers give the range of shares.
    pub fn new(factor: impl Into<Span<0>>) -> Self {
        Self {
            base: Base::default(),
            factor: factor.into(),
            value_range: span::bytes(),
            seed: None,
            data_format: DataFormat::ChannelsLast,
        }
    }

    value_range!();

    setters! {
        /// A seed of the layer's own, so that what it draws does not depend on the run's.
        seed: i64 = Some,
    }
}

images!(RandomHue);

impl ChannelsLast for RandomHue {
    fn build_last(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        channels::coloured("RandomHue", inputs)?;
        self.factor.check_as("factor", 0.0, 1.0)?;
        span::check_pixels(self.value_range)?;
        Ok(Vec::new())
    }

    fn call_last(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let x = inputs[0];
        if !cx.training {
            return Ok(x);
        }

        let draw = Draw::new(cx, self.seed, x);
        let (low, high) = self.factor.bounds();
        let turn = draw.image(cx, (low / 2.0, high / 2.0))?;
        let sign = draw.sign(cx)?;
        let g = &mut *cx.graph;
        let batch = g.shape(x)[0];
        let sign = g.reshape(sign, [batch, 1, 1, 1])?;
        let turn = g.mul(turn, sign)?;
        let x = span::change_range(g, x, self.value_range, (0.0, 1.0))?;
        let rgb = channels::split(g, x)?;
        let rgb = turned(g, rgb, turn)?;
        let y = channels::join(g, rgb)?;
        let y = g.clip(y, 0.0, 1.0)?;
        span::change_range(g, y, (0.0, 1.0), self.value_range)
    }
}

/// Colours with their hue turned by a part of the circle.
fn turned(g: &mut Graph, [r, gr, b]: [Value; 3], turn: Value) -> Result<[Value; 3]> {
    let most = g.maximum(r, gr)?;
    let most = g.maximum(most, b)?;
    let least = g.minimum(r, gr)?;
    let least = g.minimum(least, b)?;
    let range = g.sub(most, least)?;
    // Grey pixels have no hue, and the range is then divided by nothing but 1.
    let coloured = g.greater_scalar(range, 0.0)?;
    let one = g.constant(1.0)?;
    let zero = g.constant(0.0)?;
    let safe = g.select(coloured, range, one)?;
    let six = g.scale(safe, 6.0)?;
    let mut sixth = |from: Value, to: Value, turns: f32| {
        let way = g.sub(from, to)?;
        let part = g.div(way, six)?;
        g.add_scalar(part, turns)
    };
    let of_red = sixth(gr, b, 0.0)?;
    let of_green = sixth(b, r, 2.0 / 6.0)?;
    let of_blue = sixth(r, gr, 4.0 / 6.0)?;
    let (is_red, is_green) = (g.equal(r, most)?, g.equal(gr, most)?);
    let hue = g.select(is_green, of_green, of_blue)?;
    let hue = g.select(is_red, of_red, hue)?;
    let hue = g.select(coloured, hue, zero)?;
    let hue = g.add(hue, turn)?;
    let turns = g.unary(UnaryKind::Floor, hue)?;
    let hue = g.sub(hue, turns)?;
    // How far each channel is from the least towards the most: 1 within a sixth of the circle of its own hue, 0 beyond a third.
    let hue = g.scale(hue, 6.0)?;
    let mut channel = |at: f32, outer: bool| {
        let away = g.add_scalar(hue, -at)?;
        let away = g.abs(away)?;
        let share = if outer {
            g.add_scalar(away, -1.0)?
        } else {
            let two = g.constant(2.0)?;
            g.sub(two, away)?
        };
        let share = g.clip(share, 0.0, 1.0)?;
        let more = g.mul(range, share)?;
        g.binary(BinaryKind::Add, least, more)
    };
    Ok([
        channel(3.0, true)?,
        channel(2.0, false)?,
        channel(4.0, false)?,
    ])
}
