//! Shades spread evenly.

use serde::{Deserialize, Serialize};

use super::{histogram, span};
use crate::error::{Error, Result};
use crate::graph::Value;
use crate::graph::ops::UnaryKind;
use crate::layers::DataFormat;
use crate::layers::images::{ChannelsLast, images};
use crate::layers::{Base, Context, WeightSpec, inputs};
use crate::shape::Shape;

/// Spreads the shades of each channel of an image so that each is as frequent as the others, during training; does nothing in use.
///
/// `y = round(255 · (c(x) - c₀) / (n - c₀))` for pixels brought to bytes, where `c(x)` counts the channel's pixels in the bins up to that
/// of `x`, `c₀` those in the first bin that has any, and `n` all; a channel with one bin stays.
///
/// # Shapes
/// `[height, width, channels]`; the output has the input's.
///
/// # Errors
/// Fewer than 2 bins or more than 65,536; a `value_range` that is none; an input that is no image.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let layer = Equalization::new().value_range(0.0, 1.0);
/// let model = Sequential::new().input([32, 32, 3]).add(layer).build()?;
/// assert_eq!(model.output_shape().axes(), &[32, 32, 3]);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Keras
/// Each image of a batch is equalized by its own pixels, where Keras counts those of the whole batch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Equalization {
    #[serde(skip)]
    base: Base,
    #[serde(default = "span::bytes")]
    value_range: (f64, f64),
    #[serde(default = "bins")]
    bins: usize,
    #[serde(default)]
    data_format: DataFormat,
}

layer!(Equalization);

impl Default for Equalization {
    fn default() -> Self {
        Self::new()
    }
}

impl Equalization {
    /// Tells 256 shades of bytes apart.
    pub fn new() -> Self {
        Self {
            base: Base::default(),
            value_range: span::bytes(),
            bins: 256,
            data_format: DataFormat::ChannelsLast,
        }
    }

    /// How many shades are told apart.
    pub fn bins(mut self, bins: usize) -> Self {
        self.bins = bins;
        self
    }

    value_range!();
}

images!(Equalization);

impl ChannelsLast for Equalization {
    fn build_last(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        inputs::image("Equalization", inputs)?;
        if !(2..=1 << 16).contains(&self.bins) {
            return Err(Error::config(format!(
                "bins must be from 2 to 65536, received {}",
                self.bins
            )));
        }
        span::check_pixels(self.value_range)?;
        Ok(Vec::new())
    }

    fn call_last(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let x = inputs[0];
        if !cx.training {
            return Ok(x);
        }
        let g = &mut *cx.graph;
        let [n, height, width, c] = [0, 1, 2, 3].map(|axis| g.shape(x)[axis]);
        let bins = self.bins;
        let v = span::change_range(g, x, self.value_range, (0.0, 255.0))?;
        let place = g.scale(v, (bins - 1) as f32 / 255.0)?;
        let bin = histogram::bins(g, place, bins)?;
        let index = histogram::by_channel(g, bin, bins)?;
        let counts = histogram::counts(g, index, &[c, bins])?;
        let filled = g.greater_scalar(counts, 0.0)?;
        let filled = g.sum(filled, &[2], true)?;
        let filled = g.reshape(filled, [n, 1, 1, c])?;
        let several = g.greater_scalar(filled, 1.0)?;
        let sums = histogram::sums(g, counts)?;
        // The count of the first bin that has any is the least that is not 0.
        let all = (height * width) as f32;
        let none = g.greater_scalar(sums, 0.0)?;
        let whole = g.constant(all)?;
        let found = g.select(none, sums, whole)?;
        let first = g.min(found, &[2], true)?;
        let above = g.sub(sums, first)?;
        let rest = g.sub(whole, first)?;
        let one = g.constant(1.0)?;
        let rest = g.maximum(rest, one)?;
        let share = g.scale(above, 255.0)?;
        let share = g.div(share, rest)?;
        let shade = g.unary(UnaryKind::Round, share)?;
        let shades = g.clip(shade, 0.0, 255.0)?;
        let y = g.pick(shades, index)?;
        let y = g.select(several, y, v)?;
        span::change_range(g, y, (0.0, 255.0), self.value_range)
    }
}

fn bins() -> usize {
    256
}
