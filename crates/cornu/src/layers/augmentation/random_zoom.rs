//! Images made larger and smaller at random during training.

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

/// Zooms into an image or out of it about its centre, drawn anew for each image at each step of training; does nothing in use.
///
/// Each pixel comes from `1 + f` times its distance from the centre, down, and `1 + g` times it, to the right, with `f` and `g` from the
/// factors' ranges: negative factors zoom in. What comes from outside the image follows from the `fill_mode`.
///
/// # Shapes
/// `[height, width, channels]`; the output has the input's.
///
/// # Errors
/// Factors that are not above -1 and up to 1; a fill mode or interpolation of another name; an input that is no image.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let layer = RandomZoom::new((-0.2, 0.1)).fill_mode("nearest");
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
pub struct RandomZoom {
    #[serde(skip)]
    base: Base,
    height_factor: Span<-1>,
    #[serde(default)]
    width_factor: Option<Span<-1>>,
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

layer!(RandomZoom);

impl RandomZoom {
    /// Zooms by up to this share, out if positive; two numbers give the range of shares.
    pub fn new(height_factor: impl Into<Span<-1>>) -> Self {
        Self {
            base: Base::default(),
            height_factor: height_factor.into(),
            width_factor: None,
            fill_mode: warp::reflect(),
            interpolation: warp::bilinear(),
            fill_value: 0.0,
            seed: None,
            data_format: DataFormat::ChannelsLast,
        }
    }

    edges!();

    setters! {
        /// Zooms to the right by a factor of its own range; without it by the same as down, which keeps the proportions.
        width_factor: Span<-1> = Some,
        /// A seed of the layer's own, so that what it draws does not depend on the run's.
        seed: i64 = Some,
    }
}

images!(RandomZoom);

impl ChannelsLast for RandomZoom {
    fn build_last(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        inputs::image("RandomZoom", inputs)?;
        self.height_factor
            .check_as("height_factor", ABOVE_MINUS_ONE, 1.0)?;
        if let Some(factor) = self.width_factor {
            factor.check_as("width_factor", ABOVE_MINUS_ONE, 1.0)?;
        }
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
        let zoom = |cx: &mut Context<'_>, factor: Span<-1>| {
            let (low, high) = factor.bounds();
            draw.column(cx, (1.0 + low, 1.0 + high))
        };
        let down = zoom(cx, self.height_factor)?;
        let right = match self.width_factor {
            Some(factor) => zoom(cx, factor)?,
            None => down,
        };
        let g = &mut *cx.graph;
        let mut centred = |zoom: Value, size: usize| {
            let rest = g.one_minus(zoom)?;
            g.scale(rest, (size as f32 - 1.0) / 2.0)
        };
        let mut numbers = [None; 8];
        (numbers[0], numbers[2]) = (Some(right), Some(centred(right, width)?));
        (numbers[4], numbers[5]) = (Some(down), Some(centred(down, height)?));
        let sampler = warp::sampler(&self.interpolation, &self.fill_mode, self.fill_value)?;
        warp::project(cx, x, numbers, sampler, [height, width])
    }
}

/// A zoom of -1 would show one point.
const ABOVE_MINUS_ONE: f64 = -1.0 + 1e-9;
