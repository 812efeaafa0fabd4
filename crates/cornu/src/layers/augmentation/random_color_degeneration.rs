//! Colours that fade at random during training.

use serde::{Deserialize, Serialize};

use super::channels;
use super::span::{self, Draw, Span};
use crate::error::Result;
use crate::graph::Value;
use crate::layers::DataFormat;
use crate::layers::images::{ChannelsLast, images};
use crate::layers::{Base, Context, WeightSpec};
use crate::shape::Shape;

/// Mixes an image with its shades of grey, drawn anew for each image at each step of training; does nothing in use.
///
/// `y = clip(x + f · (grey - x))` with `f` from the factor's range and `grey = 0.2989 red + 0.587 green + 0.114 blue`: 1 leaves no colour.
///
/// # Shapes
/// `[height, width, channels]`, 3 channels or 1; the output has the input's.
///
/// # Errors
/// A factor that is not from -1 to 1; a `value_range` that is none; an input that is no image, or of other channels.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let layer = RandomColorDegeneration::new(0.5).value_range(0.0, 1.0);
/// let model = Sequential::new().input([32, 32, 3]).add(layer).build()?;
/// assert_eq!(model.output_shape().axes(), &[32, 32, 3]);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Keras
/// What is drawn comes from the run's seed or from the layer's own; it is not Keras's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RandomColorDegeneration {
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

layer!(RandomColorDegeneration);

impl RandomColorDegeneration {
    /// Fades by up to this share; two numbers give the range of shares.
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
        /// A seed of the layer's own, so that what it draws does not depend on the run's.
        seed: i64 = Some,
    }
}

images!(RandomColorDegeneration);

impl ChannelsLast for RandomColorDegeneration {
    fn build_last(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        channels::grey_or_coloured("RandomColorDegeneration", inputs)?;
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
        let grey = channels::grey(g, x)?;
        let way = g.sub(grey, x)?;
        let way = g.mul(way, factor)?;
        let y = g.add(x, way)?;
        g.clip(y, low as f32, high as f32)
    }
}
