//! The entries of an axis in the opposite order.

use super::{Array, Call, GradientOf, Operand, Rule, Split, strided_copy};
use crate::error::{Error, Result};
use crate::graph::{Meta, Value};
use crate::shape::Shape;

/// `y[.., i, ..] = x[.., n - 1 - i, ..]` along one axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Reverse {
    /// The axis that is turned round.
    pub axis: usize,
}

impl Rule for Reverse {
    fn infer(&self, inputs: &[&Meta]) -> Result<Vec<Meta>> {
        let x = inputs[0];
        if self.axis >= x.shape.rank() {
            return Err(Error::shape(format!(
                "axis {} is out of range for {}",
                self.axis, x.shape
            )));
        }
        Ok(vec![x.clone()])
    }

    fn grad(&self, at: &mut GradientOf<'_>) -> Result<Vec<Option<Value>>> {
        let dx = at.dy0().map(|dy| at.graph.reverse(dy, self.axis));
        Ok(vec![dx.transpose()?])
    }

    fn eval(&self, inputs: &[&Array], outputs: &[Meta]) -> Vec<Array> {
        vec![Array::from_fn(&outputs[0].shape, |i| {
            let mut i = i.to_vec();
            i[self.axis] = outputs[0].shape[self.axis] - 1 - i[self.axis];
            inputs[0].at(&i)
        })]
    }

    fn split(&self, _: &[Operand<'_>], _: &[Meta]) -> Split {
        if self.axis > 0 {
            Split::Rows
        } else {
            Split::Whole
        }
    }

    fn run(&self, call: &mut Call<'_, '_>) {
        let shape = call.output_shape(0);
        if shape.contains(&0) {
            return;
        }
        let strides = Shape::from(shape.clone()).strides();
        let offset = (shape[self.axis] - 1) * strides[self.axis];
        let mut strides: Vec<isize> = strides.iter().map(|&s| s as isize).collect();
        strides[self.axis] = -strides[self.axis];
        strided_copy(call, &shape, offset, &strides);
    }
}

#[cfg(test)]
pub(crate) fn cases() -> Vec<super::check::Case> {
    use super::check::{Fill::*, case};
    vec![
        case("steps", |s| {
            let x = s.batched(&[5, 3], Mixed)?;
            s.g.reverse(x, 1)
        }),
        case("features", |s| {
            let x = s.batched(&[4, 7], Mixed)?;
            s.g.reverse(x, 2)
        }),
        case("rows", |s| {
            let x = s.batched(&[3], Mixed)?;
            s.g.reverse(x, 0)
        }),
        case("of integers", |s| {
            let x = s.batched(&[6], Whole(0, 9))?;
            s.g.reverse(x, 1)
        }),
    ]
}
