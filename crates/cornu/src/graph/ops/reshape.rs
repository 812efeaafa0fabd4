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
        Shape::new(self.shape.to_vec())?;
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

#[cfg(test)]
pub(crate) fn cases() -> Vec<super::check::Case> {
    use super::check::{Fill::*, case};
    vec![
        case("rows flattened", |s| {
            let n = s.batch;
            let x = s.batched(&[2, 3], Mixed)?;
            let y = s.g.reshape(x, [n, 6])?;
            s.g.square(y)
        }),
        case("the batch merged with an axis", |s| {
            let n = s.batch;
            let x = s.batched(&[2, 3], Mixed)?;
            let x = s.g.square(x)?;
            let y = s.g.reshape(x, [2 * n, 3])?;
            let y = s.g.square(y)?;
            s.g.reshape(y, [n, 3, 2])
        }),
        case("read under both shapes", |s| {
            let n = s.batch;
            let x = s.batched(&[4], Mixed)?;
            let x = s.g.square(x)?;
            let flat = s.g.reshape(x, [4 * n])?;
            let total = s.g.sum(flat, &[0], false)?;
            let y = s.g.mul(x, total)?;
            let z = s.g.mul(flat, flat)?;
            let z = s.g.reshape(z, [n, 4])?;
            s.g.add(y, z)
        }),
        case("of a feed alone", |s| {
            let n = s.batch;
            let x = s.batched(&[4], Mixed)?;
            s.g.reshape(x, [n, 2, 2])
        }),
        case("of integers", |s| {
            let n = s.batch;
            let x = s.batched(&[4], Whole(0, 5))?;
            s.g.reshape(x, [n * 4])
        }),
    ]
}
