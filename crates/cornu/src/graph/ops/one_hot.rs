//! Rows that hold a single 1 at the index given.

use super::{Array, Call, GradientOf, Rule, no_gradient};
use crate::error::{Error, Result};
use crate::graph::{Meta, Value};
use crate::shape::DType;

/// `y[.., j] = (x[..] == j)` for `j < depth`; an index out of range gives a row of zeros.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OneHot {
    /// Length of the new last axis.
    pub depth: usize,
}

impl Rule for OneHot {
    fn infer(&self, inputs: &[&Meta]) -> Result<Vec<Meta>> {
        if inputs[0].dtype != DType::I32 {
            return Err(Error::dtype(format!(
                "one-hot rows are made from int32 indices, received {}",
                inputs[0].dtype
            )));
        }
        let mut axes = inputs[0].shape.to_vec();
        axes.push(self.depth);
        Ok(vec![Meta::f32(axes)])
    }

    fn grad(&self, _: &mut GradientOf<'_>) -> Result<Vec<Option<Value>>> {
        no_gradient(1)
    }

    fn eval(&self, inputs: &[&Array], outputs: &[Meta]) -> Vec<Array> {
        let x = inputs[0];
        vec![Array::from_fn(&outputs[0].shape, |i| {
            let (j, at) = i.split_last().expect("has a last axis");
            f64::from(u8::from(x.at(at) == *j as f64))
        })]
    }

    fn run(&self, call: &mut Call<'_, '_>) {
        let x = call.i32(0);
        let y = call.out_f32(0);
        y.fill(0.0);
        for (row, &i) in y.chunks_mut(self.depth.max(1)).zip(x) {
            if let Some(hot) = usize::try_from(i).ok().and_then(|i| row.get_mut(i)) {
                *hot = 1.0;
            }
        }
    }
}

#[cfg(test)]
pub(crate) fn cases() -> Vec<super::check::Case> {
    use super::check::{Fill::*, case};
    vec![
        case("rows, some out of range", |s| {
            let i = s.batched(&[], Whole(-1, 6))?;
            s.g.one_hot(i, 5)
        }),
        case("over time", |s| {
            let (i, w) = (s.batched(&[3], Whole(0, 4))?, s.fixed(&[4, 2], Mixed)?);
            let x = s.g.one_hot(i, 4)?;
            s.g.matmul(x, w)
        }),
        case("without a batch", |s| {
            let i = s.fixed(&[2, 2], Whole(0, 3))?;
            s.g.one_hot(i, 3)
        }),
    ]
}
