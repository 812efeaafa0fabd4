//! The rectifier that lets a little of what is negative pass.

use serde::{Deserialize, Serialize};

use crate::activations;
use crate::error::Result;
use crate::graph::Value;
use crate::layers::{Base, Context, Layer, WeightSpec, inputs};
use crate::shape::Shape;

/// Lets positive values pass, and negative ones made small.
///
/// `y = x` where `x > 0`, else `negative_slope · x`
///
/// # Shapes
/// Any; the output has the input's.
///
/// # Errors
/// A slope that is negative or no finite number.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let mut model = Sequential::new().input([2]).add(LeakyReLU::new().negative_slope(0.5)).build()?;
/// let y = model.predict(&Tensor::new([1, 2], vec![3.0, -4.0])?)?;
/// assert_eq!(y.f32s()?, [3.0, -2.0]);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Source
/// Maas, Hannun and Ng, "Rectifier Nonlinearities Improve Neural Network Acoustic Models", 2013.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeakyReLU {
    #[serde(skip)]
    base: Base,
    #[serde(default = "slope", alias = "alpha")]
    negative_slope: f64,
}

fn slope() -> f64 {
    0.3
}

layer!(LeakyReLU);

impl LeakyReLU {
    /// With a slope of 0.3.
    pub fn new() -> Self {
        Self {
            base: Base::default(),
            negative_slope: slope(),
        }
    }

    setters! {
        /// What negative values are multiplied by.
        negative_slope: f64,
    }
}

impl Default for LeakyReLU {
    fn default() -> Self {
        Self::new()
    }
}

impl Layer for LeakyReLU {
    layer_identity!(LeakyReLU);
    keeps_places!();
    passes_mask!();

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        inputs::single("LeakyReLU", inputs)?;
        inputs::number("negative_slope", self.negative_slope, 0.0, f64::MAX)?;
        Ok(Vec::new())
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        activations::leaky_relu(cx.graph, inputs[0], self.negative_slope as f32)
    }
}
