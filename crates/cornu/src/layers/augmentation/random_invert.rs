//! Negatives of images at random during training.

use serde::{Deserialize, Serialize};

use super::span::{self, Draw, Span};
use crate::error::Result;
use crate::graph::Value;
use crate::layers::DataFormat;
use crate::layers::images::{ChannelsLast, images};
use crate::layers::{Base, Context, WeightSpec, inputs};
use crate::shape::Shape;

/// Turns an image into its negative with a probability, drawn anew for each image at each step of training; does nothing in use.
///
/// `y = high - x`, where `high` is the end of the `value_range`, with a probability from the factor's range; else `y = x`.
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
/// let layer = RandomInvert::new().factor((0.2, 0.2)).value_range(0.0, 1.0);
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
pub struct RandomInvert {
    #[serde(skip)]
    base: Base,
    #[serde(default = "span::up_to_one")]
    factor: Span<0>,
    #[serde(default = "span::bytes")]
    value_range: (f64, f64),
    #[serde(default)]
    seed: Option<i64>,
    #[serde(default)]
    data_format: DataFormat,
}

layer!(RandomInvert);

impl Default for RandomInvert {
    fn default() -> Self {
        Self::new()
    }
}

impl RandomInvert {
    /// Inverts images with a probability from 0 to 1.
    pub fn new() -> Self {
        Self {
            base: Base::default(),
            factor: span::up_to_one(),
            value_range: span::bytes(),
            seed: None,
            data_format: DataFormat::ChannelsLast,
        }
    }

    value_range!();

    setters! {
        /// The probability; two numbers give the range of probabilities.
        factor: Span<0>,
        /// A seed of the layer's own, so that what it draws does not depend on the run's.
        seed: i64 = Some,
    }
}

images!(RandomInvert);

impl ChannelsLast for RandomInvert {
    fn build_last(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        inputs::image("RandomInvert", inputs)?;
        self.factor.check_as("factor", 0.0, 1.0)?;
        span::check_pixels(self.value_range)?;
        Ok(Vec::new())
    }

    fn call_last(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let x = inputs[0];
        if !cx.training {
            return Ok(x);
        }
        let chosen = Draw::new(cx, self.seed, x).chosen(cx, self.factor.bounds())?;
        let high = cx.graph.constant(self.value_range.1 as f32)?;
        let negative = cx.graph.sub(high, x)?;
        cx.graph.select(chosen, negative, x)
    }
}
