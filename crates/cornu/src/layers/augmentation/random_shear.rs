//! Images slanted at random during training.

use serde::{Deserialize, Serialize};

use super::span::{self, Draw, Span};
use super::warp;
use crate::choice::Choice;
use crate::error::Result;
use crate::graph::Value;
use crate::graph::ops::{Interpolation, Outside};
use crate::layers::DataFormat;
use crate::layers::images::{ChannelsLast, images};
use crate::layers::{Base, Context, WeightSpec, inputs};
use crate::shape::Shape;

/// Slants an image: moves its rows and columns the further, the further they are from the first, drawn anew for each image at each step of
/// training; does nothing in use.
///
/// `y[i, j] = x[i + s·g·j, j + s·f·i]` with `f` from the range of `x_factor`, `g` from that of `y_factor` and `s` 1 or -1; what comes from
/// outside the image follows from the `fill_mode`.
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
/// let layer = RandomShear::new().x_factor(0.2).y_factor((0.0, 0.1));
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
pub struct RandomShear {
    #[serde(skip)]
    base: Base,
    #[serde(default = "span::zero")]
    x_factor: Span<-1>,
    #[serde(default = "span::zero")]
    y_factor: Span<-1>,
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

layer!(RandomShear);

impl Default for RandomShear {
    fn default() -> Self {
        Self::new()
    }
}

impl RandomShear {
    /// Slants nothing before a factor is set.
    pub fn new() -> Self {
        Self {
            base: Base::default(),
            x_factor: 0.0.into(),
            y_factor: 0.0.into(),
            fill_mode: warp::reflect(),
            interpolation: warp::bilinear(),
            fill_value: 0.0,
            seed: None,
            data_format: DataFormat::ChannelsLast,
        }
    }

    edges!();

    setters! {
        /// Slants rows by up to this; two numbers give the range.
        x_factor: Span<-1>,
        /// Slants columns by up to this; two numbers give the range.
        y_factor: Span<-1>,
        /// A seed of the layer's own, so that what it draws does not depend on the run's.
        seed: i64 = Some,
    }
}

images!(RandomShear);

impl ChannelsLast for RandomShear {
    fn build_last(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        inputs::image("RandomShear", inputs)?;
        self.x_factor.check_as("x_factor", -1.0, 1.0)?;
        self.y_factor.check_as("y_factor", -1.0, 1.0)?;
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
        let sign = draw.sign(cx)?;
        let [right, down] = [self.x_factor, self.y_factor].map(|factor| {
            let shear = draw.column(cx, factor.bounds())?;
            cx.graph.mul(shear, sign)
        });
        let mut numbers = [None; 8];
        (numbers[1], numbers[3]) = (Some(right?), Some(down?));
        let sampler = warp::sampler(&self.interpolation, &self.fill_mode, self.fill_value)?;
        warp::project(cx, x, numbers, sampler, [height, width])
    }
}
