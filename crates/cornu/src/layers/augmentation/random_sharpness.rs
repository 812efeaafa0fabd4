//! Images made sharper and smoother at random during training.

use serde::{Deserialize, Serialize};

use super::blur;
use super::span::{self, Draw, Span};
use crate::error::Result;
use crate::graph::Value;
use crate::layers::DataFormat;
use crate::layers::images::{ChannelsLast, images};
use crate::layers::{Base, Context, WeightSpec, inputs};
use crate::shape::Shape;

/// Mixes an image with a smoothed one, drawn anew for each image at each step of training; does nothing in use.
///
/// `y = clip(x + (1 - 2f) · (smooth - x))` with `f` from the factor's range and `smooth` the mean of 3×3 pixels, the middle one counted
/// five times: 0 smooths, 0.5 changes nothing, 1 sharpens.
///
/// # Shapes
/// `[height, width, channels]`; the output has the input's.
///
/// # Errors
/// A factor that is not from 0 to 1; a `value_range` that is none; an input that is no image.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let layer = RandomSharpness::new((0.3, 0.7)).value_range(0.0, 1.0);
/// let model = Sequential::new().input([32, 32, 3]).add(layer).build()?;
/// assert_eq!(model.output_shape().axes(), &[32, 32, 3]);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Keras
/// What is drawn comes from the run's seed or from the layer's own; it is not Keras's. One number `f` as the factor means a range from 0 to
/// `f`, as Keras has it: `(f, f)` is always `f`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RandomSharpness {
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

layer!(RandomSharpness);

impl RandomSharpness {
    /// Sharpens by a factor up to this; two numbers give the range: `(0.3, 0.7)` goes both ways.
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

images!(RandomSharpness);

impl ChannelsLast for RandomSharpness {
    fn build_last(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        inputs::image("RandomSharpness", inputs)?;
        self.factor.check_as("factor", 0.0, 1.0)?;
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
        // 1 at each of nine places, and 4 more in the middle, over 13.
        let one = g.constant(1.0)?;
        let ones = g.broadcast(one, [3])?;
        let sum = blur::separable(g, x, [ones; 2])?;
        let middle = g.scale(x, 4.0)?;
        let sum = g.add(sum, middle)?;
        let smooth = g.scale(sum, 1.0 / 13.0)?;
        let way = g.sub(smooth, x)?;
        let twice = g.scale(factor, -2.0)?;
        let share = g.add_scalar(twice, 1.0)?;
        let way = g.mul(way, share)?;
        let y = g.add(x, way)?;
        g.clip(y, low as f32, high as f32)
    }
}
