//! The sum of several inputs.

use serde::{Deserialize, Serialize};

use super::elementwise::{self, merges_masks, merging};
use crate::error::Result;
use crate::graph::Value;
use crate::layers::{Base, Context, Layer, WeightSpec};
use crate::shape::Shape;

/// Adds its inputs element by element: the join of a skip connection.
///
/// `y = x₀ + x₁ + …`
///
/// # Shapes
/// `[batch, ..]` each; axes of length 1 are repeated, and inputs with fewer axes get axes of length 1 after the batch.
///
/// # Errors
/// Inputs whose shapes do not broadcast together.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let (a, b) = (input([8]), input([8]));
/// let model = Model::new([&a, &b], [&Add::new().on([&a, &b])])?;
/// assert_eq!(model.output_shape().axes(), &[8]);
/// # Ok::<(), cornu::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Add {
    #[serde(skip)]
    base: Base,
}

merging!(Add, "The sum of the inputs.");

impl Layer for Add {
    layer_identity!(Add);
    keeps_places!();
    merges_masks!();

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        elementwise::check("Add", inputs)?;
        Ok(Vec::new())
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        elementwise::fold(cx.graph, inputs, |g, a, b| g.add(a, b))
    }
}
