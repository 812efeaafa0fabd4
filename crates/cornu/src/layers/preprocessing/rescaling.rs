//! A linear change of the inputs' range.

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::graph::Value;
use crate::layers::{Base, Context, Layer, WeightSpec, inputs};
use crate::shape::Shape;

/// Changes the range of its inputs: `y = x · scale + offset`.
///
/// # Shapes
/// Any; the output has the input's.
///
/// # Errors
/// A scale or an offset that is no finite number.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let model = Sequential::new().input([32, 32, 3]).add(Rescaling::new(1.0 / 255.0)).build()?;
/// assert_eq!(model.output_shape().axes(), &[32, 32, 3]);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Keras
/// One scale and one offset for all features; Keras also takes one for each.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rescaling {
    #[serde(skip)]
    base: Base,
    scale: f64,
    #[serde(default)]
    offset: f64,
}

layer!(Rescaling);

impl Rescaling {
    /// Multiplies by this.
    pub fn new(scale: f64) -> Self {
        Self {
            base: Base::default(),
            scale,
            offset: 0.0,
        }
    }

    /// Then adds this.
    pub fn offset(mut self, offset: f64) -> Self {
        self.offset = offset;
        self
    }
}

impl Layer for Rescaling {
    layer_identity!(Rescaling);
    passes_mask!();

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        inputs::single("Rescaling", inputs)?;
        inputs::number("scale", self.scale, f64::MIN, f64::MAX)?;
        inputs::number("offset", self.offset, f64::MIN, f64::MAX)?;
        Ok(Vec::new())
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let y = cx.graph.scale(inputs[0], self.scale as f32)?;
        if self.offset == 0.0 {
            return Ok(y);
        }
        cx.graph.add_scalar(y, self.offset as f32)
    }
}
