//! The layer that does nothing.

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::graph::Value;
use crate::layers::{Base, Context, Layer, WeightSpec, inputs};
use crate::shape::Shape;

/// Hands its input on: `y = x`.
///
/// # Shapes
/// Any; the output has the input's.
///
/// # Errors
/// More or fewer inputs than one.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let model = Sequential::new().input([8]).add(Identity::new()).build()?;
/// assert_eq!(model.output_shape().axes(), &[8]);
/// # Ok::<(), cornu::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    #[serde(skip)]
    base: Base,
}

layer!(Identity);

impl Identity {
    /// A layer that does nothing.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Layer for Identity {
    layer_identity!(Identity);
    keeps_places!();
    passes_mask!();

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        inputs::single("Identity", inputs)?;
        Ok(Vec::new())
    }

    fn call(&self, _: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        Ok(inputs[0])
    }
}
