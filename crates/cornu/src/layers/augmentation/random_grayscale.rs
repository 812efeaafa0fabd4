//! Colours left out at random during training.

use serde::{Deserialize, Serialize};

use super::channels;
use super::span::Draw;
use crate::error::Result;
use crate::graph::Value;
use crate::layers::DataFormat;
use crate::layers::images::{ChannelsLast, images};
use crate::layers::{Base, Context, WeightSpec, inputs};
use crate::shape::Shape;

/// Leaves the colours out of an image with a probability, drawn anew for each image at each step of training; does nothing in use.
///
/// `y = 0.2989 red + 0.587 green + 0.114 blue` in all channels, with probability `factor`; else `y = x`.
///
/// # Shapes
/// `[height, width, channels]`, 3 channels or 1; the output has the input's.
///
/// # Errors
/// A factor that is not from 0 to 1; an input that is no image, or of other channels.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let layer = RandomGrayscale::new().factor(0.1);
/// let model = Sequential::new().input([32, 32, 3]).add(layer).build()?;
/// assert_eq!(model.output_shape().axes(), &[32, 32, 3]);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Keras
/// What is drawn comes from the run's seed or from the layer's own; it is not Keras's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RandomGrayscale {
    #[serde(skip)]
    base: Base,
    #[serde(default = "half")]
    factor: f64,
    #[serde(default)]
    seed: Option<i64>,
    #[serde(default)]
    data_format: DataFormat,
}

layer!(RandomGrayscale);

impl Default for RandomGrayscale {
    fn default() -> Self {
        Self::new()
    }
}

impl RandomGrayscale {
    /// Leaves colours out of every second image.
    pub fn new() -> Self {
        Self {
            base: Base::default(),
            factor: 0.5,
            seed: None,
            data_format: DataFormat::ChannelsLast,
        }
    }

    setters! {
        /// The probability.
        factor: f64,
        /// A seed of the layer's own, so that what it draws does not depend on the run's.
        seed: i64 = Some,
    }
}

images!(RandomGrayscale);

impl ChannelsLast for RandomGrayscale {
    fn build_last(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        channels::grey_or_coloured("RandomGrayscale", inputs)?;
        inputs::number("factor", self.factor, 0.0, 1.0)?;
        Ok(Vec::new())
    }

    fn call_last(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let x = inputs[0];
        if !cx.training {
            return Ok(x);
        }
        let chosen = Draw::new(cx, self.seed, x).chosen(cx, (self.factor, self.factor))?;
        let grey = channels::grey(cx.graph, x)?;
        cx.graph.select(chosen, grey, x)
    }
}

fn half() -> f64 {
    0.5
}
