//! Images given more and less contrast at random during training.

use serde::{Deserialize, Serialize};

use super::span::{self, Draw, Span};
use crate::error::Result;
use crate::graph::Value;
use crate::layers::DataFormat;
use crate::layers::images::{ChannelsLast, images};
use crate::layers::{Base, Context, WeightSpec, inputs};
use crate::shape::Shape;

/// Moves the pixels of each channel away from their mean or towards it, drawn anew for each image at each step of training; does nothing in
/// use.
///
/// `y = clip((x - mean) · f + mean)` with `f` from `1 - lower` to `1 + upper`, the mean that of the image's channel, and pixels held
/// to the `value_range`.
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
/// let layer = RandomContrast::new(0.2).value_range(0.0, 1.0);
/// let model = Sequential::new().input([32, 32, 3]).add(layer).build()?;
/// assert_eq!(model.output_shape().axes(), &[32, 32, 3]);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Keras
/// One number `f` means contrasts from 1 to `1 + f`, as Keras 3 has it: `(f, f)` is what goes both ways. Factors come from the run's seed
/// or from the layer's own; they are not Keras's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RandomContrast {
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

layer!(RandomContrast);

impl RandomContrast {
    /// Raises contrast by up to this share; two numbers: lowers it by up to the first and raises it by up to the second.
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
        /// A seed of the layer's own, so that its factors do not depend on the run's.
        seed: i64 = Some,
    }
}

images!(RandomContrast);

impl ChannelsLast for RandomContrast {
    fn build_last(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        inputs::image("RandomContrast", inputs)?;
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
        let (lower, upper) = self.factor.bounds();
        let factor = Draw::new(cx, self.seed, x).image(cx, (1.0 - lower, 1.0 + upper))?;
        let g = &mut *cx.graph;
        let mean = g.mean(x, &[1, 2], true)?;
        let away = g.sub(x, mean)?;
        let away = g.mul(away, factor)?;
        let y = g.add(away, mean)?;
        g.clip(y, low as f32, high as f32)
    }
}
