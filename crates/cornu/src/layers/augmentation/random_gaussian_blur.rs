//! Images blurred at random during training.

use serde::{Deserialize, Serialize};

use super::blur;
use super::span::{self, Draw, Span};
use crate::error::{Error, Result};
use crate::graph::Value;
use crate::layers::DataFormat;
use crate::layers::Pair;
use crate::layers::images::{ChannelsLast, images};
use crate::layers::{Base, Context, WeightSpec, inputs};
use crate::shape::Shape;

/// Blurs an image with a probability, drawn anew for each image at each step of training; does nothing in use.
///
/// `y = clip(Σ w(u, v) x[i + u, j + v])` over a window of `kernel_size`, with weights of the normal distribution that add up to 1 and fall
/// off with a standard deviation drawn from the range of `sigma`, one down and one to the right; zeros lie around the image.
///
/// # Shapes
/// `[height, width, channels]`; the output has the input's.
///
/// # Errors
/// A factor that is not from 0 to 1; a kernel size that is even; a `sigma` that is not from 0 to 1000; a `value_range` that is none; an
/// input that is no image.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let layer = RandomGaussianBlur::new().kernel_size(5).sigma((0.5, 1.5)).value_range(0.0, 1.0);
/// let model = Sequential::new().input([32, 32, 3]).add(layer).build()?;
/// assert_eq!(model.output_shape().axes(), &[32, 32, 3]);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Keras
/// What is drawn comes from the run's seed or from the layer's own; it is not Keras's. Standard deviations are drawn once for a batch. One
/// number `f` as the factor or sigma means a range from 0 to `f`, as Keras has it: `(f, f)` is always `f`. Keras refuses a sigma above 1,
/// and puts the weights of a kernel that is not square out of order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RandomGaussianBlur {
    #[serde(skip)]
    base: Base,
    #[serde(default = "span::up_to_one")]
    factor: Span<0>,
    #[serde(default = "three")]
    kernel_size: Pair,
    #[serde(default = "span::up_to_one")]
    sigma: Span<0>,
    #[serde(default = "span::bytes")]
    value_range: (f64, f64),
    #[serde(default)]
    seed: Option<i64>,
    #[serde(default)]
    data_format: DataFormat,
}

layer!(RandomGaussianBlur);

impl Default for RandomGaussianBlur {
    fn default() -> Self {
        Self::new()
    }
}

impl RandomGaussianBlur {
    /// Blurs over 3×3 pixels with a probability from 0 to 1.
    pub fn new() -> Self {
        Self {
            base: Base::default(),
            factor: span::up_to_one(),
            kernel_size: 3.into(),
            sigma: span::up_to_one(),
            value_range: span::bytes(),
            seed: None,
            data_format: DataFormat::ChannelsLast,
        }
    }

    value_range!();

    setters! {
        /// The probability; two numbers give the range of probabilities.
        factor: Span<0>,
        /// Height and width of the window.
        kernel_size: Pair,
        /// The standard deviation in pixels; two numbers give its range.
        sigma: Span<0>,
        /// A seed of the layer's own, so that what it draws does not depend on the run's.
        seed: i64 = Some,
    }
}

images!(RandomGaussianBlur);

impl ChannelsLast for RandomGaussianBlur {
    fn build_last(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        inputs::image("RandomGaussianBlur", inputs)?;
        self.factor.check_as("factor", 0.0, 1.0)?;
        self.sigma.check_as("sigma", 0.0, 1000.0)?;
        inputs::sizes([("kernel_size", self.kernel_size)])?;
        let [h, w] = self.kernel_size.array();
        if h % 2 == 0 || w % 2 == 0 || h.max(w) > 1023 {
            return Err(Error::config(format!(
                "kernel_size must be odd and at most 1023, received ({h}, {w})"
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
        let (low, high) = self.value_range;
        let chosen = Draw::new(cx, self.seed, x).chosen(cx, self.factor.bounds())?;
        let mut weights = |size: usize| {
            let sigma = span::draw_once(cx, self.seed, self.sigma.bounds())?;
            let sigma = cx.graph.add_scalar(sigma, 1e-6)?;
            blur::normal(cx.graph, size, sigma, None)
        };
        let down = weights(self.kernel_size.array()[0])?;
        let right = weights(self.kernel_size.array()[1])?;
        let g = &mut *cx.graph;
        let y = blur::separable(g, x, [down, right])?;
        let y = g.select(chosen, y, x)?;
        g.clip(y, low as f32, high as f32)
    }
}

fn three() -> Pair {
    3.into()
}
