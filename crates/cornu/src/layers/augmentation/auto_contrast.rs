//! Contrast stretched as far as it goes.

use serde::{Deserialize, Serialize};

use super::span;
use crate::error::Result;
use crate::graph::Value;
use crate::layers::DataFormat;
use crate::layers::images::{ChannelsLast, images};
use crate::layers::{Base, Context, WeightSpec, inputs};
use crate::shape::Shape;

/// Stretches each channel of an image to the whole range of pixels, in training as in use.
///
/// `y = (x - least) / (most - least)` of the range, `least` and `most` those of the image's channel; a channel of one value stays.
///
/// # Shapes
/// `[height, width, channels]`; the output has the input's.
///
/// # Errors
/// A `value_range` that is none; an input that is no image.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let layer = AutoContrast::new().value_range(0.0, 1.0);
/// let model = Sequential::new().input([32, 32, 3]).add(layer).build()?;
/// assert_eq!(model.output_shape().axes(), &[32, 32, 3]);
/// # Ok::<(), cornu::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AutoContrast {
    #[serde(skip)]
    base: Base,
    #[serde(default = "span::bytes")]
    value_range: (f64, f64),
    #[serde(default)]
    data_format: DataFormat,
}

layer!(AutoContrast);

impl Default for AutoContrast {
    fn default() -> Self {
        Self::new()
    }
}

impl AutoContrast {
    /// Stretches images of bytes.
    pub fn new() -> Self {
        Self {
            base: Base::default(),
            value_range: span::bytes(),
            data_format: DataFormat::ChannelsLast,
        }
    }

    value_range!();
}

images!(AutoContrast);

impl ChannelsLast for AutoContrast {
    fn build_last(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        inputs::image("AutoContrast", inputs)?;
        span::check_pixels(self.value_range)?;
        Ok(Vec::new())
    }

    fn call_last(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let (g, x) = (&mut *cx.graph, inputs[0]);
        let v = span::change_range(g, x, self.value_range, (0.0, 255.0))?;
        let (low, high) = (g.min(v, &[1, 2], true)?, g.max(v, &[1, 2], true)?);
        let range = g.sub(high, low)?;
        let some = g.greater_scalar(range, 0.0)?;
        let one = g.constant(1.0)?;
        let range = g.select(some, range, one)?;
        let most = g.constant(255.0)?;
        let scale = g.div(most, range)?;
        let v = g.sub(v, low)?;
        let v = g.mul(v, scale)?;
        let v = g.clip(v, 0.0, 255.0)?;
        let y = span::change_range(g, v, (0.0, 255.0), self.value_range)?;
        g.select(some, y, x)
    }
}
