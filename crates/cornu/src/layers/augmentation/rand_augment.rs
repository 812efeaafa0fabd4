//! A few kinds of change, chosen at random, one after the other during training.

use serde::{Deserialize, Serialize};

use super::repertoire;
use super::span::{self, Draw, Span};
use super::{channels, warp};
use crate::choice::Choice;
use crate::error::Result;
use crate::graph::Value;
use crate::graph::ops::Interpolation;
use crate::layers::DataFormat;
use crate::layers::images::{ChannelsLast, images};
use crate::layers::{Base, Context, WeightSpec};
use crate::shape::Shape;

/// Changes an image in `num_ops` of eleven ways after each other, each chosen at random for each image at each step of training; does
/// nothing in use.
///
/// The ways are RandomShear, RandomTranslation, RandomRotation, RandomBrightness, RandomColorDegeneration, RandomContrast, RandomSharpness,
/// RandomPosterization, Solarization, AutoContrast and Equalization, all with factors from the same range.
///
/// # Shapes
/// `[height, width, channels]`, 3 channels or 1; the output has the input's.
///
/// # Errors
/// A factor that is not from 0 to 1; more than 64 ops; an interpolation of another name; a `value_range` that is none; an input that is no
/// image, or of other channels.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let layer = RandAugment::new().num_ops(1).factor(0.3).value_range(0.0, 1.0);
/// let model = Sequential::new().input([32, 32, 3]).add(layer).build()?;
/// assert_eq!(model.output_shape().axes(), &[32, 32, 3]);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Source
/// Cubuk, Zoph, Shlens, Le, "RandAugment: Practical automated data augmentation with a reduced search space", NeurIPS 2020.
///
/// # Keras
/// What is drawn comes from the run's seed or from the layer's own; it is not Keras's. Each image has ways of its own, where Keras changes
/// all images of a batch in the same. All eleven are computed for every image, as in Keras. One number `f` as the factor means from 0 to
/// `f`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RandAugment {
    #[serde(skip)]
    base: Base,
    #[serde(default = "span::bytes")]
    value_range: (f64, f64),
    #[serde(default = "two")]
    num_ops: usize,
    #[serde(default = "half")]
    factor: Span<0>,
    #[serde(default = "warp::bilinear")]
    interpolation: Choice<Interpolation>,
    #[serde(default)]
    seed: Option<i64>,
    #[serde(default)]
    data_format: DataFormat,
}

layer!(RandAugment);

impl Default for RandAugment {
    fn default() -> Self {
        Self::new()
    }
}

impl RandAugment {
    /// Two changes of images of bytes with factors up to a half.
    pub fn new() -> Self {
        Self {
            base: Base::default(),
            value_range: span::bytes(),
            num_ops: 2,
            factor: 0.5.into(),
            interpolation: warp::bilinear(),
            seed: None,
            data_format: DataFormat::ChannelsLast,
        }
    }

    /// How many ways follow each other.
    pub fn num_ops(mut self, num_ops: usize) -> Self {
        self.num_ops = num_ops;
        self
    }

    value_range!();

    setters! {
        /// How strong the changes are; two numbers give the range.
        factor: Span<0>,
        /// What a place between pixels is made of: "nearest" or "bilinear".
        interpolation: Choice<Interpolation>,
        /// A seed of the layer's own, so that what it draws does not depend on the run's.
        seed: i64 = Some,
    }
}

images!(RandAugment);

impl ChannelsLast for RandAugment {
    fn build_last(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        channels::grey_or_coloured("RandAugment", inputs)?;
        self.factor.check_as("factor", 0.0, 1.0)?;
        repertoire::check("num_ops", self.num_ops)?;
        self.interpolation.get()?;
        span::check_pixels(self.value_range)?;
        Ok(Vec::new())
    }

    fn call_last(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let x = inputs[0];
        if !cx.training {
            return Ok(x);
        }
        let draw = Draw::new(cx, self.seed, x);
        let ways = repertoire::Repertoire {
            factor: self.factor,
            value_range: self.value_range,
            interpolation: self.interpolation.clone(),
            seed: self.seed,
            colours: true,
        };
        let mut y = x;
        for _ in 0..self.num_ops {
            y = ways.one(cx, &draw, y, 0)?;
        }
        Ok(y)
    }
}

fn two() -> usize {
    2
}

fn half() -> Span<0> {
    0.5.into()
}
