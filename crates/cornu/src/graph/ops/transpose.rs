//! A reordering of the axes.

use super::{Array, Call, GradientOf, Operand, Rule, Split, strided_copy};
use crate::error::{Error, Result};
use crate::graph::{Meta, Value};
use crate::shape::Shape;

/// Output axis `i` is input axis `axes[i]`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Transpose {
    /// A permutation of the input's axes.
    pub axes: Vec<usize>,
}

impl Rule for Transpose {
    fn infer(&self, inputs: &[&Meta]) -> Result<Vec<Meta>> {
        let x = inputs[0];
        let mut sorted = self.axes.clone();
        sorted.sort_unstable();
        if sorted != (0..x.shape.rank()).collect::<Vec<_>>() {
            return Err(Error::shape(format!(
                "{:?} is not a permutation of the axes of {}",
                self.axes, x.shape
            )));
        }
        let axes: Vec<usize> = self.axes.iter().map(|&a| x.shape[a]).collect();
        Ok(vec![Meta {
            shape: Shape::from(axes),
            dtype: x.dtype,
        }])
    }

    fn grad(&self, at: &mut GradientOf<'_>) -> Result<Vec<Option<Value>>> {
        let mut inverse = vec![0; self.axes.len()];
        for (i, &a) in self.axes.iter().enumerate() {
            inverse[a] = i;
        }
        let dx = at.dy0().map(|dy| at.graph.transpose(dy, &inverse));
        Ok(vec![dx.transpose()?])
    }

    fn eval(&self, inputs: &[&Array], outputs: &[Meta]) -> Vec<Array> {
        let mut from = vec![0; self.axes.len()];
        vec![Array::from_fn(&outputs[0].shape, |i| {
            for (o, &a) in self.axes.iter().enumerate() {
                from[a] = i[o];
            }
            inputs[0].at(&from)
        })]
    }

    fn split(&self, _: &[Operand<'_>], _: &[Meta]) -> Split {
        if self.axes.first() == Some(&0) {
            Split::Rows
        } else {
            Split::Whole
        }
    }

    fn run(&self, call: &mut Call<'_, '_>) {
        let x = Shape::from(call.input_shape(0)).strides();
        let strides: Vec<isize> = self.axes.iter().map(|&a| x[a] as isize).collect();
        let shape = call.output_shape(0);
        strided_copy(call, &shape, 0, &strides);
    }
}

#[cfg(test)]
pub(crate) fn cases() -> Vec<super::check::Case> {
    use super::check::{Fill::*, case};
    vec![
        case("a matrix", |s| {
            let x = s.fixed(&[3, 5], Mixed)?;
            s.g.transpose(x, &[1, 0])
        }),
        case("within rows", |s| {
            let x = s.batched(&[2, 3, 5], Mixed)?;
            s.g.transpose(x, &[0, 3, 1, 2])
        }),
        case("the batch moved", |s| {
            let x = s.batched(&[2, 3], Mixed)?;
            let y = s.g.transpose(x, &[2, 0, 1])?;
            s.g.square(y)
        }),
        case("of integers", |s| {
            let x = s.batched(&[2, 3], Whole(0, 9))?;
            s.g.transpose(x, &[0, 2, 1])
        }),
    ]
}
