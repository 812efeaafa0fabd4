//! A linear change of the inputs' range.

use serde::{Deserialize, Serialize};

use super::encoding::Nested;
use crate::error::{Error, Result};
use crate::graph::{Graph, Value};
use crate::layers::{Base, Context, Layer, WeightSpec, inputs};
use crate::shape::{DType, Shape};

/// Changes the range of its inputs: `y = x · scale + offset`.
///
/// # Shapes
/// Any; the output has the input's. Scale and offset are numbers, or as many as the last axes have places.
///
/// # Errors
/// A scale or an offset that is no finite number, or that fits no axis.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let model = Sequential::new().input([32, 32, 3]).add(Rescaling::new(1.0 / 255.0)).build()?;
/// assert_eq!(model.output_shape().axes(), &[32, 32, 3]);
/// let each = Rescaling::new([0.1, 0.2, 0.3]).offset([-1.0, 0.0, 1.0]);
/// assert!(Sequential::new().input([2, 3]).add(each).build().is_ok());
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Keras
/// The same.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rescaling {
    #[serde(skip)]
    base: Base,
    scale: Nested,
    #[serde(default = "zero")]
    offset: Nested,
}

fn zero() -> Nested {
    Nested::from(0.0)
}

layer!(Rescaling);

impl Rescaling {
    /// Multiplies by this.
    pub fn new(scale: impl Into<Nested>) -> Self {
        Self {
            base: Base::default(),
            scale: scale.into(),
            offset: zero(),
        }
    }

    /// Then adds this.
    pub fn offset(mut self, offset: impl Into<Nested>) -> Self {
        self.offset = offset.into();
        self
    }
}

/// Numbers as a value that broadcasts.
fn value_of(g: &mut Graph, nested: &Nested) -> Result<Value> {
    match nested.shape() {
        [] => g.constant(nested.floats()[0]),
        shape => g.literal(shape.to_vec(), &nested.floats()),
    }
}

impl Layer for Rescaling {
    layer_identity!(Rescaling);
    passes_mask!();

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        let x = inputs::single("Rescaling", inputs)?;
        for (name, nested) in [("scale", &self.scale), ("offset", &self.offset)] {
            for &v in nested.values() {
                inputs::number(name, v, f64::MIN, f64::MAX)?;
            }
            let given = nested.shape();
            let pairs = given.iter().rev().zip(x.iter().rev());
            if given.len() > x.rank() || pairs.into_iter().any(|(&n, &m)| n != m && n != 1) {
                return Err(Error::shape(format!(
                    "{name} must be a number or fit the last axes of {x}, received {given:?}"
                )));
            }
        }
        Ok(Vec::new())
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let g = &mut *cx.graph;
        let x = g.cast(inputs[0], DType::F32)?;
        let scale = value_of(g, &self.scale)?;
        let y = g.mul(x, scale)?;
        if self.offset.values().iter().all(|&v| v == 0.0) {
            return Ok(y);
        }
        let offset = value_of(g, &self.offset)?;
        g.add(y, offset)
    }
}
