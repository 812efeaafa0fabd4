//! Bright pixels inverted at random during training.

use serde::{Deserialize, Serialize};

use super::span::{self, Draw, Span};
use crate::error::Result;
use crate::graph::Value;
use crate::graph::ops::BinaryKind;
use crate::layers::DataFormat;
use crate::layers::images::{ChannelsLast, images};
use crate::layers::{Base, Context, WeightSpec, inputs};
use crate::shape::Shape;

/// Adds a number to an image and inverts the pixels that are not below a threshold, drawn anew for each image at each step of training;
/// does nothing in use.
///
/// `v = clip(x + a)`, `y = v` where `v < t`, else `255 - v`, for pixels brought to bytes, with `a` from the first number of
/// `addition_factor` to 255 times its second and `t` likewise from `threshold_factor`.
///
/// # Shapes
/// `[height, width, channels]`; the output has the input's.
///
/// # Errors
/// Factors that are not from 0 to 1; a `value_range` that is none; an input that is no image.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let layer = Solarization::new().threshold_factor(0.8).value_range(0.0, 1.0);
/// let model = Sequential::new().input([32, 32, 3]).add(layer).build()?;
/// assert_eq!(model.output_shape().axes(), &[32, 32, 3]);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Source
/// Cubuk, Zoph, Mané, Vasudevan, Le, "AutoAugment: Learning Augmentation Strategies from Data", CVPR 2019.
///
/// # Keras
/// What is drawn comes from the run's seed or from the layer's own; it is not Keras's. The first number of a factor is not multiplied with
/// 255, as in Keras.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Solarization {
    #[serde(skip)]
    base: Base,
    #[serde(default = "nothing")]
    addition_factor: Span<0>,
    #[serde(default = "nothing")]
    threshold_factor: Span<0>,
    #[serde(default = "span::bytes")]
    value_range: (f64, f64),
    #[serde(default)]
    seed: Option<i64>,
    #[serde(default)]
    data_format: DataFormat,
}

layer!(Solarization);

impl Default for Solarization {
    fn default() -> Self {
        Self::new()
    }
}

impl Solarization {
    /// Inverts all pixels before a factor is set.
    pub fn new() -> Self {
        Self {
            base: Base::default(),
            addition_factor: 0.0.into(),
            threshold_factor: 0.0.into(),
            value_range: span::bytes(),
            seed: None,
            data_format: DataFormat::ChannelsLast,
        }
    }

    value_range!();

    setters! {
        /// What is added; two numbers give the range.
        addition_factor: Span<0>,
        /// From where on pixels are inverted; two numbers give the range.
        threshold_factor: Span<0>,
        /// A seed of the layer's own, so that what it draws does not depend on the run's.
        seed: i64 = Some,
    }
}

images!(Solarization);

impl ChannelsLast for Solarization {
    fn build_last(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        inputs::image("Solarization", inputs)?;
        self.addition_factor.check_as("addition_factor", 0.0, 1.0)?;
        self.threshold_factor
            .check_as("threshold_factor", 0.0, 1.0)?;
        span::check_pixels(self.value_range)?;
        Ok(Vec::new())
    }

    fn call_last(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let x = inputs[0];
        if !cx.training {
            return Ok(x);
        }
        let draw = Draw::new(cx, self.seed, x);
        let mut bytes = |factor: Span<0>| {
            let (low, high) = factor.bounds();
            draw.image(cx, (low, high * 255.0))
        };
        let addition = bytes(self.addition_factor)?;
        let threshold = bytes(self.threshold_factor)?;
        let g = &mut *cx.graph;
        let x = span::change_range(g, x, self.value_range, (0.0, 255.0))?;
        let x = g.add(x, addition)?;
        let x = g.clip(x, 0.0, 255.0)?;
        let below = g.binary(BinaryKind::Lt, x, threshold)?;
        let most = g.constant(255.0)?;
        let inverted = g.sub(most, x)?;
        let y = g.select(below, x, inverted)?;
        span::change_range(g, y, (0.0, 255.0), self.value_range)
    }
}

fn nothing() -> Span<0> {
    0.0.into()
}
