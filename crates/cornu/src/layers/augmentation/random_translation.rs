//! Images moved at random during training.

use serde::{Deserialize, Serialize};

use super::span::{Draw, Span};
use super::warp;
use crate::choice::Choice;
use crate::error::Result;
use crate::graph::Value;
use crate::graph::ops::{Interpolation, Outside};
use crate::layers::DataFormat;
use crate::layers::images::{ChannelsLast, images};
use crate::layers::{Base, Context, WeightSpec, inputs};
use crate::shape::Shape;

/// Moves an image down and to the right by random shares of its height and width, drawn anew for each image at each step of training; does
/// nothing in use.
///
/// `y[i, j] = x[i - f · height, j - g · width]` with `f` and `g` from the factors' ranges; what comes from outside the image follows from
/// the `fill_mode`.
///
/// # Shapes
/// `[height, width, channels]`; the output has the input's.
///
/// # Errors
/// Factors that are not from -1 to 1; a fill mode or interpolation of another name; an input that is no image.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let layer = RandomTranslation::new(0.1, 0.1).fill_mode("constant");
/// let model = Sequential::new().input([32, 32, 3]).add(layer).build()?;
/// assert_eq!(model.output_shape().axes(), &[32, 32, 3]);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Keras
/// What is drawn comes from the run's seed or from the layer's own; it is not Keras's.
/// TensorFlow approximates the gradient of such layers by sampling it the other way; here it is the derivative.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RandomTranslation {
    #[serde(skip)]
    base: Base,
    height_factor: Span<-1>,
    width_factor: Span<-1>,
    #[serde(default = "warp::reflect")]
    fill_mode: Choice<Outside>,
    #[serde(default = "warp::bilinear")]
    interpolation: Choice<Interpolation>,
    #[serde(default)]
    fill_value: f64,
    #[serde(default)]
    seed: Option<i64>,
    #[serde(default)]
    data_format: DataFormat,
}

layer!(RandomTranslation);

impl RandomTranslation {
    /// Moves by up to these shares of height and width; two numbers give the range of shares.
    pub fn new(height_factor: impl Into<Span<-1>>, width_factor: impl Into<Span<-1>>) -> Self {
        Self {
            base: Base::default(),
            height_factor: height_factor.into(),
            width_factor: width_factor.into(),
            fill_mode: warp::reflect(),
            interpolation: warp::bilinear(),
            fill_value: 0.0,
            seed: None,
            data_format: DataFormat::ChannelsLast,
        }
    }

    edges!();

    setters! {
        /// A seed of the layer's own, so that what it draws does not depend on the run's.
        seed: i64 = Some,
    }
}

images!(RandomTranslation);

impl ChannelsLast for RandomTranslation {
    fn build_last(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        inputs::image("RandomTranslation", inputs)?;
        self.height_factor.check_as("height_factor", -1.0, 1.0)?;
        self.width_factor.check_as("width_factor", -1.0, 1.0)?;
        warp::sampler(&self.interpolation, &self.fill_mode, self.fill_value)?;
        Ok(Vec::new())
    }

    fn call_last(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let x = inputs[0];
        if !cx.training {
            return Ok(x);
        }
        let [height, width] = [1, 2].map(|axis| cx.graph.shape(x)[axis]);

        let draw = Draw::new(cx, self.seed, x);
        // Pixels come from where they were: the numbers are the negative of the way.
        let ways = [(self.width_factor, width), (self.height_factor, height)];
        let [right, down] = ways.map(|(factor, size)| {
            let (low, high) = factor.bounds();
            draw.column(cx, (-high * size as f64, -low * size as f64))
        });
        let mut numbers = [None; 8];
        (numbers[2], numbers[5]) = (Some(right?), Some(down?));
        let sampler = warp::sampler(&self.interpolation, &self.fill_mode, self.fill_value)?;
        warp::project(cx, x, numbers, sampler, [height, width])
    }
}
