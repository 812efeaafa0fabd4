//! Repetition along axes of length 1, as in NumPy.

use super::{Array, Call, GradientOf, Operand, Rule, Split, elementwise_split, strided_copy};
use crate::error::{Error, Result};
use crate::graph::{Meta, Value};
use crate::shape::Shape;

/// The input repeated to a larger shape. Elementwise ops broadcast by themselves; this is for the others.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Broadcast {
    /// The larger shape.
    pub shape: Shape,
}

impl Rule for Broadcast {
    fn infer(&self, inputs: &[&Meta]) -> Result<Vec<Meta>> {
        if inputs[0].shape.broadcast(&self.shape)? != self.shape {
            return Err(Error::shape(format!(
                "{} does not broadcast to {}",
                inputs[0].shape, self.shape
            )));
        }
        Ok(vec![Meta {
            shape: self.shape.clone(),
            dtype: inputs[0].dtype,
        }])
    }

    fn grad(&self, at: &mut GradientOf<'_>) -> Result<Vec<Option<Value>>> {
        let x = at.inputs[0];
        let dx = at.dy0().map(|dy| at.graph.sum_to_shape_of(dy, x));
        Ok(vec![dx.transpose()?])
    }

    fn eval(&self, inputs: &[&Array], _: &[Meta]) -> Vec<Array> {
        vec![Array::from_fn(&self.shape, |i| inputs[0].at_broadcast(i))]
    }

    fn split(&self, inputs: &[Operand<'_>], outputs: &[Meta]) -> Split {
        elementwise_split(inputs, outputs)
    }

    fn run(&self, call: &mut Call<'_, '_>) {
        let from = Shape::from(call.input_shape(0));
        let skip = self.shape.rank() - from.rank();
        let strides = from.strides();
        let strides: Vec<isize> = (0..self.shape.rank())
            .map(|i| match i.checked_sub(skip) {
                Some(j) if from[j] != 1 => strides[j] as isize,
                _ => 0,
            })
            .collect();
        let shape = call.output_shape(0);
        strided_copy(call, &shape, 0, &strides);
    }
}

#[cfg(test)]
pub(crate) fn cases() -> Vec<super::check::Case> {
    use crate::shape::DType;

    use super::check::{Fill::*, case};
    vec![
        case("to more rows", |s| {
            let x = s.fixed(&[3], Mixed)?;
            let n = s.batch;
            s.g.broadcast(x, [n, 3])
        }),
        case("of rows", |s| {
            let x = s.batched(&[1, 3], Mixed)?;
            let n = s.batch;
            s.g.broadcast(x, [n, 4, 3])
        }),
        case("then a product", |s| {
            let (x, w) = (s.batched(&[1], Mixed)?, s.fixed(&[3, 2], Mixed)?);
            let n = s.batch;
            let x = s.g.broadcast(x, [n, 3])?;
            s.g.matmul(x, w)
        }),
        case("twice", |s| {
            let x = s.fixed(&[2, 1, 1], Mixed)?;
            let x = s.g.broadcast(x, [2, 3, 1])?;
            let x = s.g.broadcast(x, [4, 2, 3, 5])?;
            s.g.square(x)
        }),
        case("of integers", |s| {
            let x = s.batched(&[1], Whole(-5, 5))?;
            let n = s.batch;
            let x = s.g.broadcast(x, [n, 3])?;
            s.g.cast(x, DType::F32)
        }),
    ]
}
