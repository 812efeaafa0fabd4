//! The index of the largest element of each row.

use cornu_kernels::reduce;

use super::{Array, Call, GradientOf, Operand, Rule, Split, no_gradient};
use crate::error::{Error, Result};
use crate::graph::{Meta, Value};
use crate::shape::DType;

/// The index of the first maximum along the last axis; NaN counts as the largest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ArgMax;

impl Rule for ArgMax {
    fn infer(&self, inputs: &[&Meta]) -> Result<Vec<Meta>> {
        let x = inputs[0];
        match x.shape.split_last() {
            Some((&n, rest)) if n > 0 && x.dtype == DType::F32 => Ok(vec![Meta {
                shape: rest.into(),
                dtype: DType::I32,
            }]),
            _ => Err(Error::shape(format!(
                "the largest of no elements is undefined: {x:?}"
            ))),
        }
    }

    fn grad(&self, _: &mut GradientOf<'_>) -> Result<Vec<Option<Value>>> {
        no_gradient(1)
    }

    fn eval(&self, inputs: &[&Array], outputs: &[Meta]) -> Vec<Array> {
        let n = *inputs[0].shape.last().expect("has a last axis");
        let first_max = |row: &[f64]| {
            let mut best = 0;
            for (i, v) in row.iter().enumerate() {
                if *v > row[best] || (v.is_nan() && !row[best].is_nan()) {
                    best = i;
                }
            }
            best as f64
        };
        let data = inputs[0].data.chunks(n).map(first_max).collect();
        vec![Array::new(outputs[0].shape.clone(), data)]
    }

    fn split(&self, _: &[Operand<'_>], outputs: &[Meta]) -> Split {
        if outputs[0].shape.rank() == 0 {
            Split::Whole
        } else {
            Split::Rows
        }
    }

    fn run(&self, call: &mut Call<'_, '_>) {
        let n = *call.input_metas[0].shape.last().expect("has a last axis");
        let x = call.f32(0);
        reduce::argmax(x.len() / n, n, x, call.out_i32(0));
    }
}

#[cfg(test)]
pub(crate) fn cases() -> Vec<super::check::Case> {
    use super::check::{Fill::*, case};
    vec![
        case("rows", |s| {
            let x = s.batched(&[7], Distinct)?;
            s.g.arg_max(x)
        }),
        case("with ties", |s| {
            let x = s.batched(&[3, 5], Ties)?;
            s.g.arg_max(x)
        }),
        case("over the batch", |s| {
            let x = s.batched(&[], Distinct)?;
            s.g.arg_max(x)
        }),
    ]
}
