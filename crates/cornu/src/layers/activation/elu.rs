//! The exponential linear unit: what is negative runs smoothly into a floor.

use serde::{Deserialize, Serialize};

use crate::activations;
use crate::error::Result;
use crate::graph::Value;
use crate::layers::{Base, Context, Layer, WeightSpec, inputs};
use crate::shape::Shape;

/// Lets positive values pass, and negative ones run into `-alpha`.
///
/// `y = x` where `x > 0`, else `alpha · (eˣ - 1)`
///
/// # Shapes
/// Any; the output has the input's.
///
/// # Errors
/// An `alpha` that is no finite number.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let mut model = Sequential::new().input([2]).add(ELU::new().alpha(2.0)).build()?;
/// let y = model.predict(&Tensor::new([1, 2], vec![3.0, -50.0])?)?;
/// assert_eq!(y.f32s()?, [3.0, -2.0]);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Source
/// Clevert, Unterthiner and Hochreiter, "Fast and Accurate Deep Network Learning by Exponential Linear Units (ELUs)", 2015.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ELU {
    #[serde(skip)]
    base: Base,
    #[serde(default = "one")]
    alpha: f64,
}

fn one() -> f64 {
    1.0
}

layer!(ELU);

impl ELU {
    /// With a floor of -1.
    pub fn new() -> Self {
        Self {
            base: Base::default(),
            alpha: one(),
        }
    }

    setters! {
        /// How far below 0 the floor lies.
        alpha: f64,
    }
}

impl Default for ELU {
    fn default() -> Self {
        Self::new()
    }
}

impl Layer for ELU {
    layer_identity!(ELU);
    keeps_places!();
    passes_mask!();

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        inputs::single("ELU", inputs)?;
        inputs::number("alpha", self.alpha, f64::MIN, f64::MAX)?;
        Ok(Vec::new())
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        activations::elu(cx.graph, inputs[0], self.alpha as f32)
    }
}
