//! Arrays set side by side along one axis.

use super::{Array, Call, GradientOf, Operand, Rule, Split, View, ViewMut};
use crate::error::{Error, Result};
use crate::graph::{Meta, Value};

/// The inputs one after another along `axis`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Concat {
    /// The axis along which they are joined.
    pub axis: usize,
}

fn place<T: Copy>(
    y: &mut [T],
    x: &[T],
    (outer, width, offset, part): (usize, usize, usize, usize),
) {
    for o in 0..outer {
        let at = o * width + offset;
        y[at..at + part].copy_from_slice(&x[o * part..(o + 1) * part]);
    }
}

impl Rule for Concat {
    fn infer(&self, inputs: &[&Meta]) -> Result<Vec<Meta>> {
        let Some(&first) = inputs.first() else {
            return Err(Error::shape("there is nothing to be joined"));
        };
        if self.axis >= first.shape.rank() {
            return Err(Error::shape(format!(
                "axis {} is out of range for {}",
                self.axis, first.shape
            )));
        }
        let mut axes = first.shape.to_vec();
        axes[self.axis] = 0;
        for m in inputs {
            let fits = m.dtype == first.dtype
                && m.shape.rank() == first.shape.rank()
                && (0..m.shape.rank()).all(|a| a == self.axis || m.shape[a] == first.shape[a]);
            if !fits {
                return Err(Error::shape(format!(
                    "arrays to be joined along axis {} must agree in every other axis, received {} and {}",
                    self.axis, first.shape, m.shape
                )));
            }
            axes[self.axis] += m.shape[self.axis];
        }
        Ok(vec![Meta {
            shape: axes.into(),
            dtype: first.dtype,
        }])
    }

    fn grad(&self, at: &mut GradientOf<'_>) -> Result<Vec<Option<Value>>> {
        let Some(dy) = at.dy0() else {
            return super::no_gradient(at.inputs.len());
        };
        let mut start = 0;
        let mut grads = Vec::with_capacity(at.inputs.len());
        for &x in at.inputs {
            let len = at.graph.shape(x)[self.axis];
            grads.push(Some(at.graph.slice(dy, self.axis, start, len)?));
            start += len;
        }
        Ok(grads)
    }

    fn eval(&self, inputs: &[&Array], outputs: &[Meta]) -> Vec<Array> {
        vec![Array::from_fn(&outputs[0].shape, |i| {
            let mut i = i.to_vec();
            for x in inputs {
                if i[self.axis] < x.shape[self.axis] {
                    return x.at(&i);
                }
                i[self.axis] -= x.shape[self.axis];
            }
            unreachable!("the axis is the sum of its parts")
        })]
    }

    fn split(&self, inputs: &[Operand<'_>], _: &[Meta]) -> Split {
        if self.axis > 0 && inputs.iter().all(|o| o.batched) {
            Split::Rows
        } else {
            Split::Whole
        }
    }

    fn run(&self, call: &mut Call<'_, '_>) {
        let shape = call.output_shape(0);
        let outer: usize = shape[..self.axis].iter().product();
        let inner: usize = shape[self.axis + 1..].iter().product();
        let width = shape[self.axis] * inner;
        let mut out = call.take_out(0);
        let mut offset = 0;
        for (i, x) in call.inputs.iter().enumerate() {
            let part = call.input_metas[i].shape[self.axis] * inner;
            let place_at = (outer, width, offset, part);
            match (x, &mut out) {
                (View::F32(x), ViewMut::F32(y)) => place(y, x, place_at),
                (View::I32(x), ViewMut::I32(y)) => place(y, x, place_at),
                (View::U8(x), ViewMut::U8(y)) => place(y, x, place_at),
                (x, y) => panic!("Concat of {x:?} into {y:?}"),
            }
            offset += part;
        }
    }
}

#[cfg(test)]
pub(crate) fn cases() -> Vec<super::check::Case> {
    use super::check::{Fill::*, case};
    vec![
        case("columns", |s| {
            let (a, b) = (s.batched(&[2, 3], Mixed)?, s.batched(&[2, 1], Mixed)?);
            s.g.concat(&[a, b, a], 2)
        }),
        case("rows", |s| {
            let (a, b) = (s.batched(&[3], Mixed)?, s.fixed(&[2, 3], Mixed)?);
            s.g.concat(&[a, b], 0)
        }),
        case("a fixed part in each row", |s| {
            let n = s.batch;
            let (a, b) = (s.batched(&[3], Mixed)?, s.fixed(&[n, 2], Mixed)?);
            s.g.concat(&[a, b], 1)
        }),
        case("one", |s| {
            let a = s.batched(&[3], Mixed)?;
            s.g.concat(&[a], 1)
        }),
        case("integers", |s| {
            let (a, b) = (s.batched(&[3], Whole(0, 9))?, s.batched(&[2], Whole(0, 9))?);
            s.g.concat(&[a, b], 1)
        }),
    ]
}
