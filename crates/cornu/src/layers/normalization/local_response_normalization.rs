//! Responses divided by what their neighbouring channels respond.

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::graph::Value;
use crate::graph::ops::BinaryKind;
use crate::layers::{Base, Context, Layer, WeightSpec, inputs};
use crate::shape::Shape;

/// Divides each response by a power of the squared responses of the channels around it.
///
/// `y[c] = x[c] / (bias + alpha · Σ x[j]²)^beta`, `j` from `c - depth_radius` to `c + depth_radius`.
///
/// # Shapes
/// Any; the channels are the last axis, and the output has the input's shape.
///
/// # Errors
/// A bias that is not positive, or an alpha below 0: the power of a negative number.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let model = Sequential::new().input([8, 8, 96]).add(LocalResponseNormalization::new()).build()?;
/// assert_eq!(model.output_shape().axes(), &[8, 8, 96]);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Source
/// Krizhevsky, Sutskever and Hinton, "ImageNet Classification with Deep Convolutional Neural Networks", 2012, section 3.3, whose
/// constants are the defaults.
///
/// # Keras
/// Keras has no such layer; arguments and formula are those of `tf.nn.local_response_normalization`. PyTorch divides its
/// alpha by the number of channels.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocalResponseNormalization {
    #[serde(skip)]
    base: Base,
    #[serde(default = "two")]
    depth_radius: usize,
    #[serde(default = "two_")]
    bias: f64,
    #[serde(default = "small")]
    alpha: f64,
    #[serde(default = "power")]
    beta: f64,
}

fn two() -> usize {
    2
}

fn two_() -> f64 {
    2.0
}

fn small() -> f64 {
    1e-4
}

fn power() -> f64 {
    0.75
}

layer!(LocalResponseNormalization);

impl LocalResponseNormalization {
    /// Two channels to either side, bias 2, alpha 0.0001, beta 0.75.
    pub fn new() -> Self {
        Self {
            base: Base::default(),
            depth_radius: two(),
            bias: two_(),
            alpha: small(),
            beta: power(),
        }
    }

    /// Channels to either side that count.
    pub fn depth_radius(mut self, depth_radius: usize) -> Self {
        self.depth_radius = depth_radius;
        self
    }

    /// What is added to the sum.
    pub fn bias(mut self, bias: f64) -> Self {
        self.bias = bias;
        self
    }

    /// The weight of the sum.
    pub fn alpha(mut self, alpha: f64) -> Self {
        self.alpha = alpha;
        self
    }

    /// The power.
    pub fn beta(mut self, beta: f64) -> Self {
        self.beta = beta;
        self
    }
}

impl Default for LocalResponseNormalization {
    fn default() -> Self {
        Self::new()
    }
}

impl Layer for LocalResponseNormalization {
    layer_identity!(LocalResponseNormalization);

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        inputs::single("LocalResponseNormalization", inputs)?;
        inputs::number("bias", self.bias, f64::from(f32::MIN_POSITIVE), f64::MAX)?;
        inputs::number("alpha", self.alpha, 0.0, f64::MAX)?;
        inputs::number("beta", self.beta, f64::MIN, f64::MAX)?;
        Ok(Vec::new())
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let (x, g) = (inputs[0], &mut *cx.graph);
        let squares = g.square(x)?;
        let sum = g.channel_sum(squares, self.depth_radius)?;
        let sum = g.scale(sum, self.alpha as f32)?;
        let sum = g.add_scalar(sum, self.bias as f32)?;
        let beta = g.constant(-self.beta as f32)?;
        let factor = g.binary(BinaryKind::Pow, sum, beta)?;
        g.mul(x, factor)
    }
}
