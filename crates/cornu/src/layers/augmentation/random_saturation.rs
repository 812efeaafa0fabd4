//! Colours made stronger and weaker at random during training.

use serde::{Deserialize, Serialize};

use super::span::{self, Draw, Span};
use crate::error::{Error, Result};
use crate::graph::Value;
use crate::layers::DataFormat;
use crate::layers::images::{ChannelsLast, images};
use crate::layers::{Base, Context, WeightSpec, inputs};
use crate::shape::Shape;

/// Multiplies the saturation of an image's colours, whose hue and lightest channel stay, drawn anew for each image at each step of
/// training; does nothing in use.
///
/// `y = v - (v - x) · s' / s` where `v` is the largest and `m` the smallest channel of the pixel, `s = (v - m) / v` its saturation,
/// and `s' = clip(s · f / (1 - f))` the new one, with `f` from the factor's range: 0 makes an image grey, 0.5 changes nothing.
///
/// # Shapes
/// `[height, width, 3]`; the output has the input's.
///
/// # Errors
/// A factor that is not from -1 to 1; a `value_range` that is none; an input that is no image, or one without the channels red, green and
/// blue.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let layer = RandomSaturation::new((0.4, 0.6)).value_range(0.0, 1.0);
/// let model = Sequential::new().input([32, 32, 3]).add(layer).build()?;
/// assert_eq!(model.output_shape().axes(), &[32, 32, 3]);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Keras
/// The same numbers without the way over hue, saturation and value. Factors come from the run's seed or from the layer's own; they are not
/// Keras's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RandomSaturation {
    #[serde(skip)]
    base: Base,
    factor: Span<-1>,
    #[serde(default = "span::bytes")]
    value_range: (f64, f64),
    #[serde(default)]
    seed: Option<i64>,
    #[serde(default)]
    data_format: DataFormat,
}

layer!(RandomSaturation);

impl RandomSaturation {
    /// Factors up to this; two numbers give their range: `(0.4, 0.6)` goes both ways.
    pub fn new(factor: impl Into<Span<-1>>) -> Self {
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
        /// A seed of the layer's own, so that its factors do not depend on the run's.
        seed: i64 = Some,
    }
}

images!(RandomSaturation);

impl ChannelsLast for RandomSaturation {
    fn build_last(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        let [_, _, channels] = inputs::image("RandomSaturation", inputs)?;
        if channels != 3 {
            return Err(Error::shape(format!(
                "RandomSaturation expects the channels red, green and blue, received {channels}"
            )));
        }
        self.factor.check()?;
        span::check_pixels(self.value_range)?;
        Ok(Vec::new())
    }

    fn call_last(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let x = inputs[0];
        if !cx.training {
            return Ok(x);
        }
        let (low, high) = self.value_range;
        let factor = Draw::new(cx, self.seed, x).image(cx, self.factor.bounds())?;
        let g = &mut *cx.graph;
        let rest = g.one_minus(factor)?;
        let rest = g.add_scalar(rest, 1e-7)?;
        let factor = g.div(factor, rest)?;
        let most = g.max(x, &[3], true)?;
        let least = g.min(x, &[3], true)?;
        let range = g.sub(most, least)?;
        let one = g.constant(1.0)?;
        // Grey and black pixels have no saturation, and stay.
        let coloured = g.greater_scalar(range, 0.0)?;
        let lit = g.greater_scalar(most, 0.0)?;
        let range_or_one = g.select(coloured, range, one)?;
        let most_or_one = g.select(lit, most, one)?;
        let saturation = g.div(range, most_or_one)?;
        let saturation = g.mul(saturation, factor)?;
        let saturation = g.clip(saturation, low as f32, high as f32)?;
        let new_range = g.mul(saturation, most)?;
        let ratio = g.div(new_range, range_or_one)?;
        let below = g.sub(most, x)?;
        let below = g.mul(below, ratio)?;
        g.sub(most, below)
    }
}
