//! A run of entries along one axis.

use super::{Array, Call, GradientOf, Operand, Rule, Split, strided_copy};
use crate::error::{Error, Result};
use crate::graph::{Meta, Value};
use crate::shape::Shape;

/// The entries `start..start + len` along `axis`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Slice {
    /// The axis that is cut.
    pub axis: usize,
    /// The first entry taken.
    pub start: usize,
    /// How many are taken.
    pub len: usize,
}

impl Rule for Slice {
    fn infer(&self, inputs: &[&Meta]) -> Result<Vec<Meta>> {
        let x = inputs[0];
        let fits = x
            .shape
            .get(self.axis)
            .is_some_and(|&n| self.start.checked_add(self.len).is_some_and(|end| end <= n));
        if !fits {
            return Err(Error::shape(format!(
                "entries {}..{} of axis {} are out of range for {}",
                self.start,
                self.start.saturating_add(self.len),
                self.axis,
                x.shape
            )));
        }
        let mut axes = x.shape.to_vec();
        axes[self.axis] = self.len;
        Ok(vec![Meta {
            shape: axes.into(),
            dtype: x.dtype,
        }])
    }

    fn grad(&self, at: &mut GradientOf<'_>) -> Result<Vec<Option<Value>>> {
        let Some(dy) = at.dy0() else {
            return super::no_gradient(1);
        };
        let total = at.graph.shape(at.inputs[0])[self.axis];
        let dx = at
            .graph
            .pad(dy, self.axis, self.start, total - self.start - self.len)?;
        Ok(vec![Some(dx)])
    }

    fn eval(&self, inputs: &[&Array], outputs: &[Meta]) -> Vec<Array> {
        vec![Array::from_fn(&outputs[0].shape, |i| {
            let mut i = i.to_vec();
            i[self.axis] += self.start;
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
        let strides = Shape::from(call.input_shape(0)).strides();
        let offset = self.start * strides[self.axis];
        let strides: Vec<isize> = strides.iter().map(|&s| s as isize).collect();
        let shape = call.output_shape(0);
        strided_copy(call, &shape, offset, &strides);
    }
}

#[cfg(test)]
pub(crate) fn cases() -> Vec<super::check::Case> {
    use super::check::{Fill::*, case};
    vec![
        case("columns", |s| {
            let x = s.batched(&[5, 3], Mixed)?;
            s.g.slice(x, 1, 1, 3)
        }),
        case("rows", |s| {
            let x = s.batched(&[3], Mixed)?;
            let last = s.batch - 1;
            s.g.slice(x, 0, last, 1)
        }),
        case("all", |s| {
            let x = s.batched(&[3], Mixed)?;
            s.g.slice(x, 1, 0, 3)
        }),
        case("of integers", |s| {
            let x = s.batched(&[3, 4], Whole(0, 9))?;
            s.g.slice(x, 2, 3, 1)
        }),
    ]
}
