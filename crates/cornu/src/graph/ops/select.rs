//! A choice between two numbers, element by element.

use super::{Array, Call, GradientOf, Operand, Rule, Split, elementwise_split, no_gradient};
use crate::error::{Error, Result};
use crate::graph::{Meta, Value};
use crate::shape::DType;

/// `y = condition ≠ 0 ? a : b`, with broadcasting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Select;

impl Rule for Select {
    fn infer(&self, inputs: &[&Meta]) -> Result<Vec<Meta>> {
        if let Some(m) = inputs.iter().find(|m| m.dtype != DType::F32) {
            return Err(Error::dtype(format!(
                "Select needs float32 operands, received {}",
                m.dtype
            )));
        }
        let shape = inputs[0].shape.broadcast(&inputs[1].shape)?;
        Ok(vec![Meta::f32(shape.broadcast(&inputs[2].shape)?)])
    }

    fn grad(&self, at: &mut GradientOf<'_>) -> Result<Vec<Option<Value>>> {
        let Some(dy) = at.dy0() else {
            return no_gradient(3);
        };
        let (c, a, b) = (at.inputs[0], at.inputs[1], at.inputs[2]);
        let g = &mut *at.graph;
        let zero = g.constant(0.0)?;
        let da = g.select(c, dy, zero)?;
        let db = g.select(c, zero, dy)?;
        Ok(vec![
            None,
            Some(g.sum_to_shape_of(da, a)?),
            Some(g.sum_to_shape_of(db, b)?),
        ])
    }

    fn eval(&self, inputs: &[&Array], outputs: &[Meta]) -> Vec<Array> {
        vec![Array::from_fn(&outputs[0].shape, |i| {
            let chosen = if inputs[0].at_broadcast(i) == 0.0 {
                2
            } else {
                1
            };
            inputs[chosen].at_broadcast(i)
        })]
    }

    fn split(&self, inputs: &[Operand<'_>], outputs: &[Meta]) -> Split {
        elementwise_split(inputs, outputs)
    }

    fn run(&self, _: &mut Call<'_, '_>) {
        unreachable!("elementwise ops run inside a Map")
    }
}

#[cfg(test)]
pub(crate) fn cases() -> Vec<super::check::Case> {
    use super::check::{Fill::*, case};
    vec![
        case("of batches", |s| {
            let c = s.batched(&[3], Mixed)?;
            let c = s.g.greater_scalar(c, 0.0)?;
            let (a, b) = (s.batched(&[3], Mixed)?, s.batched(&[3], Mixed)?);
            s.g.select(c, a, b)
        }),
        case("with broadcasting", |s| {
            let c = s.batched(&[3, 1], Mixed)?;
            let c = s.g.greater_scalar(c, 0.0)?;
            let (a, b) = (s.fixed(&[4], Mixed)?, s.fixed(&[], Mixed)?);
            s.g.select(c, a, b)
        }),
        case("of a fixed condition", |s| {
            let c = s.fixed(&[2, 1, 3], Ties)?;
            let (a, b) = (s.fixed(&[4, 1], Mixed)?, s.batched(&[2, 4, 3], Mixed)?);
            s.g.select(c, a, b)
        })
        .not_smooth(),
    ]
}
