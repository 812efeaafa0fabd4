//! One element of each row, picked by its index.

use super::{Array, Call, GradientOf, Rule, no_gradient};
use crate::error::{Error, Result};
use crate::graph::{Meta, Value};
use crate::shape::DType;

/// `y[..] = x[.., i[..]]`; an index out of range gives NaN, so that it cannot pass unseen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TakeLast;

impl Rule for TakeLast {
    fn infer(&self, inputs: &[&Meta]) -> Result<Vec<Meta>> {
        let (x, i) = (inputs[0], inputs[1]);
        let fits = x.dtype == DType::F32
            && i.dtype == DType::I32
            && x.shape.rank() == i.shape.rank() + 1
            && x.shape[..i.shape.rank()] == i.shape[..]
            && x.shape.last() != Some(&0);
        if !fits {
            return Err(Error::shape(format!(
                "picking one element of each row needs x[.., n] and int32 i[..], received {x:?} and {i:?}"
            )));
        }
        Ok(vec![Meta::f32(i.shape.clone())])
    }

    fn grad(&self, at: &mut GradientOf<'_>) -> Result<Vec<Option<Value>>> {
        let Some(dy) = at.dy0() else {
            return no_gradient(2);
        };
        let g = &mut *at.graph;
        let shape = g.shape(at.inputs[0]).clone();
        let depth = *shape.last().expect("has a last axis");
        let hot = g.one_hot(at.inputs[1], depth)?;
        let mut column = shape.to_vec();
        *column.last_mut().expect("has a last axis") = 1;
        let dy = g.reshape(dy, column)?;
        Ok(vec![Some(g.mul(hot, dy)?), None])
    }

    fn eval(&self, inputs: &[&Array], outputs: &[Meta]) -> Vec<Array> {
        let n = *inputs[0].shape.last().expect("has a last axis");
        let picked = inputs[1].data.iter().enumerate().map(|(row, &i)| {
            if i >= 0.0 && (i as usize) < n {
                inputs[0].data[row * n + i as usize]
            } else {
                f64::NAN
            }
        });
        vec![Array::new(outputs[0].shape.clone(), picked.collect())]
    }

    fn run(&self, call: &mut Call<'_, '_>) {
        let n = *call.input_metas[0].shape.last().expect("has a last axis");
        let (x, index) = (call.f32(0), call.i32(1));
        let y = call.out_f32(0);
        for ((y, row), &i) in y.iter_mut().zip(x.chunks(n.max(1))).zip(index) {
            let picked = usize::try_from(i).ok().and_then(|i| row.get(i));
            *y = picked.copied().unwrap_or(f32::NAN);
        }
    }
}

#[cfg(test)]
pub(crate) fn cases() -> Vec<super::check::Case> {
    use super::check::{Fill::*, case};
    vec![
        case("rows", |s| {
            let (x, i) = (s.batched(&[5], Mixed)?, s.batched(&[], Whole(0, 5))?);
            s.g.take_last(x, i)
        }),
        case("over time", |s| {
            let (x, i) = (s.batched(&[3, 4], Mixed)?, s.batched(&[3], Whole(0, 4))?);
            s.g.take_last(x, i)
        }),
        case("of a fixed table", |s| {
            let n = s.batch;
            let (x, i) = (s.fixed(&[n, 4], Mixed)?, s.batched(&[], Whole(0, 4))?);
            s.g.take_last(x, i)
        }),
        case("by fixed indices", |s| {
            let n = s.batch;
            let (x, i) = (s.batched(&[4], Mixed)?, s.fixed(&[n], Whole(0, 4))?);
            s.g.take_last(x, i)
        }),
        case("out of range", |s| {
            let (x, i) = (s.batched(&[5], Mixed)?, s.batched(&[], Whole(-3, 9))?);
            s.g.take_last(x, i)
        })
        .not_smooth(),
    ]
}
