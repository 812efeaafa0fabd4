//! Images turned by random angles during training.

use serde::{Deserialize, Serialize};

use super::span::{Draw, Span};
use super::warp;
use crate::choice::Choice;
use crate::error::Result;
use crate::graph::Value;
use crate::graph::ops::{Interpolation, Outside, UnaryKind};
use crate::layers::DataFormat;
use crate::layers::images::{ChannelsLast, images};
use crate::layers::{Base, Context, WeightSpec, inputs};
use crate::shape::Shape;

/// Turns an image about its centre by a random angle, drawn anew for each image at each step of training; does nothing in use.
///
/// The angle is a share `f` of a full turn from the factor's range, `2πf`, counted counter-clockwise; what comes from outside the image
/// follows from the `fill_mode`.
///
/// # Shapes
/// `[height, width, channels]`; the output has the input's.
///
/// # Errors
/// A factor that is not from -1 to 1; a fill mode or interpolation of another name; an input that is no image.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let layer = RandomRotation::new(0.1);
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
pub struct RandomRotation {
    #[serde(skip)]
    base: Base,
    factor: Span<-1>,
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

layer!(RandomRotation);

impl RandomRotation {
    /// Turns by up to this share of a full turn either way; two numbers give the range of shares.
    pub fn new(factor: impl Into<Span<-1>>) -> Self {
        Self {
            base: Base::default(),
            factor: factor.into(),
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

images!(RandomRotation);

impl ChannelsLast for RandomRotation {
    fn build_last(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        inputs::image("RandomRotation", inputs)?;
        self.factor.check()?;
        warp::sampler(&self.interpolation, &self.fill_mode, self.fill_value)?;
        Ok(Vec::new())
    }

    fn call_last(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let x = inputs[0];
        if !cx.training {
            return Ok(x);
        }
        let [height, width] = [1, 2].map(|axis| cx.graph.shape(x)[axis]);

        let (low, high) = self.factor.bounds();
        let turn = std::f64::consts::TAU;
        let angle = Draw::new(cx, self.seed, x).column(cx, (low * turn, high * turn))?;
        let (right, down) = ((width as f32 - 1.0) / 2.0, (height as f32 - 1.0) / 2.0);
        let g = &mut *cx.graph;
        let cos = g.unary(UnaryKind::Cos, angle)?;
        let sin = g.unary(UnaryKind::Sin, angle)?;
        // The centre stays: what the turn does to it is taken back.
        let rest = g.one_minus(cos)?;
        let (a, b) = (g.scale(rest, right)?, g.scale(sin, down)?);
        let (c, d) = (g.scale(rest, down)?, g.scale(sin, right)?);
        let numbers = [
            Some(cos),
            Some(g.neg(sin)?),
            Some(g.add(a, b)?),
            Some(sin),
            Some(cos),
            Some(g.sub(c, d)?),
            None,
            None,
        ];
        let sampler = warp::sampler(&self.interpolation, &self.fill_mode, self.fill_value)?;
        warp::project(cx, x, numbers, sampler, [height, width])
    }
}
