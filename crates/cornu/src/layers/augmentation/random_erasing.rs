//! Boxes of images painted over at random during training.

use serde::{Deserialize, Serialize};

use super::boxes::{self, Paint};
use super::span::{self, Draw, Span};
use crate::error::Result;
use crate::graph::Value;
use crate::graph::ops::Distribution;
use crate::layers::DataFormat;
use crate::layers::images::{ChannelsLast, images};
use crate::layers::{Base, Context, WeightSpec, inputs};
use crate::shape::Shape;

/// Paints over a box of an image with a probability, its place and size drawn anew for each image at each step of training; does nothing in
/// use.
///
/// The box is `√a` of the height and `√b` of the width, `a` and `b` from the range of `scale`; its pixels become the `fill_value`, or
/// without one normally distributed numbers times the end of the `value_range`, held to that range.
///
/// # Shapes
/// `[height, width, channels]`; the output has the input's.
///
/// # Errors
/// A factor or a scale that is not from 0 to 1; a fill value that is neither a number nor one for each channel; a `value_range` that is
/// none; an input that is no image.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let layer = RandomErasing::new().scale((0.02, 0.2)).fill_value(0.5).value_range(0.0, 1.0);
/// let model = Sequential::new().input([32, 32, 3]).add(layer).build()?;
/// assert_eq!(model.output_shape().axes(), &[32, 32, 3]);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Source
/// Zhong, Zheng, Kang, Li, Yang, "Random Erasing Data Augmentation", AAAI 2020.
///
/// # Keras
/// What is drawn comes from the run's seed or from the layer's own; it is not Keras's. One number `f` as the factor means a range from 0 to
/// `f`, as Keras has it: `(f, f)` is always `f`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RandomErasing {
    #[serde(skip)]
    base: Base,
    #[serde(default = "span::up_to_one")]
    factor: Span<0>,
    #[serde(default = "box_sizes")]
    scale: Span<0>,
    #[serde(default)]
    fill_value: Option<Paint>,
    #[serde(default = "span::bytes")]
    value_range: (f64, f64),
    #[serde(default)]
    seed: Option<i64>,
    #[serde(default)]
    data_format: DataFormat,
}

layer!(RandomErasing);

impl Default for RandomErasing {
    fn default() -> Self {
        Self::new()
    }
}

impl RandomErasing {
    /// Paints boxes of 2 to 33 % of an image with a probability from 0 to 1.
    pub fn new() -> Self {
        Self {
            base: Base::default(),
            factor: span::up_to_one(),
            scale: (0.02, 0.33).into(),
            fill_value: None,
            value_range: span::bytes(),
            seed: None,
            data_format: DataFormat::ChannelsLast,
        }
    }

    value_range!();

    setters! {
        /// The probability; two numbers give the range of probabilities.
        factor: Span<0>,
        /// Which share of an image the box is; two numbers give the range.
        scale: Span<0>,
        /// What the box is filled with: one number, or one for each channel.
        fill_value: Paint = Some,
        /// A seed of the layer's own, so that what it draws does not depend on the run's.
        seed: i64 = Some,
    }
}

images!(RandomErasing);

impl ChannelsLast for RandomErasing {
    fn build_last(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        let [_, _, channels] = inputs::image("RandomErasing", inputs)?;
        self.factor.check_as("factor", 0.0, 1.0)?;
        self.scale.check_as("scale", 0.0, 1.0)?;
        if let Some(paint) = &self.fill_value {
            paint.check(channels)?;
        }
        span::check_pixels(self.value_range)?;
        Ok(Vec::new())
    }

    fn call_last(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let x = inputs[0];
        if !cx.training {
            return Ok(x);
        }
        let (low, high) = self.value_range;
        let draw = Draw::new(cx, self.seed, x);
        let inside = boxes::random(cx, &draw, x, |cx| {
            let area = draw.image(cx, self.scale.bounds())?;
            cx.graph.sqrt(area)
        })?;
        let chosen = draw.chosen(cx, self.factor.bounds())?;
        let paint = if let Some(paint) = &self.fill_value {
            paint.value(cx.graph)?
        } else {
            let shape = cx.graph.shape(x).clone();
            let noise = cx.draw(self.seed, Distribution::Normal, &shape)?;
            cx.graph.scale(noise, high as f32)?
        };
        let g = &mut *cx.graph;
        let paint = g.clip(paint, low as f32, high as f32)?;
        let painted = g.mul(inside.mask, chosen)?;
        g.select(painted, paint, x)
    }
}

fn box_sizes() -> Span<0> {
    (0.02, 0.33).into()
}
