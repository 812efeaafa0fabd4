//! The same elements under another shape.

use super::{Array, Call, GradientOf, Operand, Rule, Split};
use crate::error::{Error, Result};
use crate::graph::{Meta, Value};
use crate::shape::Shape;

/// A new shape for the same row-major elements. Costs nothing: both values share one buffer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reshape {
    /// The new shape.
    pub shape: Shape,
}

impl Rule for Reshape {
    fn infer(&self, inputs: &[&Meta]) -> Result<Vec<Meta>> {
        if inputs[0].shape.elements() != self.shape.elements() {
            return Err(Error::shape(format!(
                "cannot reshape {} ({} elements) to {} ({} elements)",
                inputs[0].shape,
                inputs[0].shape.elements(),
                self.shape,
                self.shape.elements()
            )));
        }
        Ok(vec![Meta {
            shape: self.shape.clone(),
            dtype: inputs[0].dtype,
        }])
    }

    fn grad(&self, at: &mut GradientOf<'_>) -> Result<Vec<Option<Value>>> {
        let shape = at.graph.shape(at.inputs[0]).clone();
        let dx = at.dy0().map(|dy| at.graph.reshape(dy, shape)).transpose()?;
        Ok(vec![dx])
    }

    fn eval(&self, inputs: &[&Array], _: &[Meta]) -> Vec<Array> {
        vec![Array::new(self.shape.clone(), inputs[0].data.clone())]
    }

    fn split(&self, inputs: &[Operand<'_>], outputs: &[Meta]) -> Split {
        if inputs[0].meta.shape.first() == outputs[0].shape.first() {
            Split::Rows
        } else {
            Split::Whole
        }
    }

    fn run(&self, _: &mut Call<'_, '_>) {
        unreachable!("a reshape shares its operand's buffer")
    }

    fn flops(&self, _: &[&Meta], _: &[Meta]) -> u64 {
        0
    }
}
