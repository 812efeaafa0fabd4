//! Zeros before and after the entries of one axis.

use super::{Array, Call, GradientOf, Operand, Rule, Split};
use crate::error::{Error, Result};
use crate::graph::{Meta, Value};
use crate::shape::DType;

/// `before` zeros, the input, `after` zeros, along `axis`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Pad {
    /// The axis that grows.
    pub axis: usize,
    /// Zeros in front.
    pub before: usize,
    /// Zeros behind.
    pub after: usize,
}

impl Rule for Pad {
    fn infer(&self, inputs: &[&Meta]) -> Result<Vec<Meta>> {
        let x = inputs[0];
        if self.axis >= x.shape.rank() || x.dtype != DType::F32 {
            return Err(Error::shape(format!(
                "axis {} cannot be padded in {x:?}",
                self.axis
            )));
        }
        let mut axes = x.shape.to_vec();
        axes[self.axis] = axes[self.axis]
            .saturating_add(self.before)
            .saturating_add(self.after);
        Ok(vec![Meta::f32(axes)])
    }

    fn grad(&self, at: &mut GradientOf<'_>) -> Result<Vec<Option<Value>>> {
        let len = at.graph.shape(at.inputs[0])[self.axis];
        let dx = at
            .dy0()
            .map(|dy| at.graph.slice(dy, self.axis, self.before, len));
        Ok(vec![dx.transpose()?])
    }

    fn eval(&self, inputs: &[&Array], outputs: &[Meta]) -> Vec<Array> {
        vec![Array::from_fn(&outputs[0].shape, |i| {
            let mut i = i.to_vec();
            match i[self.axis].checked_sub(self.before) {
                Some(k) if k < inputs[0].shape[self.axis] => {
                    i[self.axis] = k;
                    inputs[0].at(&i)
                }
                _ => 0.0,
            }
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
        let shape = call.input_shape(0);
        let outer: usize = shape[..self.axis].iter().product();
        let inner: usize = shape[self.axis + 1..].iter().product();
        let part = shape[self.axis] * inner;
        let width = part + (self.before + self.after) * inner;
        let x = call.f32(0);
        let y = call.out_f32(0);
        for o in 0..outer {
            let row = &mut y[o * width..(o + 1) * width];
            let (head, rest) = row.split_at_mut(self.before * inner);
            let (body, tail) = rest.split_at_mut(part);
            head.fill(0.0);
            body.copy_from_slice(&x[o * part..(o + 1) * part]);
            tail.fill(0.0);
        }
    }
}

#[cfg(test)]
pub(crate) fn cases() -> Vec<super::check::Case> {
    use super::check::{Fill::*, case};
    vec![
        case("columns", |s| {
            let x = s.batched(&[2, 3], Mixed)?;
            s.g.pad(x, 1, 2, 1)
        }),
        case("rows", |s| {
            let x = s.batched(&[3], Mixed)?;
            s.g.pad(x, 0, 1, 2)
        }),
        case("the last axis", |s| {
            let x = s.fixed(&[2, 3], Mixed)?;
            s.g.pad(x, 1, 0, 5)
        }),
    ]
}
