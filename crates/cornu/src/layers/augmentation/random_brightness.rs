//! Images made lighter and darker at random during training.

use serde::{Deserialize, Serialize};

use super::span::{self, Draw, Span};
use crate::error::Result;
use crate::graph::Value;
use crate::layers::DataFormat;
use crate::layers::images::{ChannelsLast, images};
use crate::layers::{Base, Context, WeightSpec, inputs};
use crate::shape::Shape;

/// Adds one number to all pixels of an image, drawn anew for each image at each step of training; does nothing in use.
///
/// `y = clip(x + f · (high - low))` with `f` from the factor's range and `(low, high)` the `value_range`, to which pixels are held.
///
/// # Shapes
/// `[height, width, channels]`; the output has the input's.
///
/// # Errors
/// A factor that is not from -1 to 1; a `value_range` that is none; an input that is no image.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let layer = RandomBrightness::new(0.2).value_range(0.0, 1.0);
/// let model = Sequential::new().input([32, 32, 3]).add(layer).build()?;
/// assert_eq!(model.output_shape().axes(), &[32, 32, 3]);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Keras
/// Factors come from the run's seed or from the layer's own; they are not Keras's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RandomBrightness {
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

layer!(RandomBrightness);

impl RandomBrightness {
    /// Makes images lighter or darker by up to this share of the pixels' range; two numbers give the range of shares.
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

images!(RandomBrightness);

impl ChannelsLast for RandomBrightness {
    fn build_last(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        inputs::image("RandomBrightness", inputs)?;
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
        let (least, most) = self.factor.bounds();
        let size = high - low;
        let delta = Draw::new(cx, self.seed, x).image(cx, (least * size, most * size))?;
        let y = cx.graph.add(x, delta)?;
        cx.graph.clip(y, low as f32, high as f32)
    }
}
