//! The difference of two inputs.

use serde::{Deserialize, Serialize};

use super::elementwise::{self, merges_masks, merging};
use crate::error::{Error, Result};
use crate::graph::Value;
use crate::layers::{Base, Context, Layer, WeightSpec};
use crate::shape::Shape;

/// Subtracts the second input from the first, element by element.
///
/// `y = x₀ - x₁`
///
/// # Shapes
/// `[batch, ..]` each; axes of length 1 are repeated, and inputs with fewer axes get axes of length 1 after the batch.
///
/// # Errors
/// More or fewer inputs than two; inputs whose shapes do not broadcast together.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let (a, b) = (input([8]), input([8]));
/// let model = Model::new([&a, &b], [&Subtract::new().on([&a, &b])])?;
/// assert_eq!(model.output_shape().axes(), &[8]);
/// # Ok::<(), cornu::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subtract {
    #[serde(skip)]
    base: Base,
}

merging!(Subtract, "The difference of two inputs.");

impl Layer for Subtract {
    layer_identity!(Subtract);
    keeps_places!();
    merges_masks!();

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        if inputs.len() != 2 {
            return Err(Error::shape(format!(
                "Subtract expects two inputs, received {}",
                inputs.len()
            )));
        }
        elementwise::check("Subtract", inputs)?;
        Ok(Vec::new())
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        elementwise::fold(cx.graph, inputs, |g, a, b| g.sub(a, b))
    }
}
