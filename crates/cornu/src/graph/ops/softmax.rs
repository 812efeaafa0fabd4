//! Probabilities from scores, along the last axis.

use cornu_kernels::softmax;

use super::{Array, Call, GradientOf, Operand, Rule, Split};
use crate::error::{Error, Result};
use crate::graph::{Meta, Value};
use crate::shape::DType;

/// `y_i = exp(x_i - max x) / Σ_j exp(x_j - max x)` over the last axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Softmax;

/// What both softmaxes ask of their operand.
pub(super) fn check_scores(x: &Meta) -> Result<Vec<Meta>> {
    if x.dtype == DType::F32 && x.shape.last().is_some_and(|&n| n > 0) {
        Ok(vec![x.clone()])
    } else {
        Err(Error::shape(format!(
            "softmax needs at least one float32 score, received {x:?}"
        )))
    }
}

/// Rows may be cut unless the batch is the very axis that is normalised.
pub(super) fn split_scores(inputs: &[Operand<'_>]) -> Split {
    if inputs[0].meta.shape.rank() > 1 {
        Split::Rows
    } else {
        Split::Whole
    }
}

/// `(x - max, ln Σ exp(x - max))` of each row.
pub(super) fn eval_rows(x: &Array, f: impl Fn(f64, f64) -> f64) -> Array {
    let n = *x.shape.last().expect("checked by the shape rule");
    let mut y = Vec::with_capacity(x.data.len());
    for row in x.data.chunks(n) {
        let max = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let ln = row.iter().map(|v| (v - max).exp()).sum::<f64>().ln();
        y.extend(row.iter().map(|v| f(v - max, ln)));
    }
    Array::new(x.shape.clone(), y)
}

impl Rule for Softmax {
    fn infer(&self, inputs: &[&Meta]) -> Result<Vec<Meta>> {
        check_scores(inputs[0])
    }

    fn grad(&self, at: &mut GradientOf<'_>) -> Result<Vec<Option<Value>>> {
        // dx = y·(dy - Σ dy·y)
        let Some(dy) = at.dy0() else {
            return super::no_gradient(1);
        };
        let y = at.outputs[0];
        let g = &mut *at.graph;
        let last = g.shape(y).rank() - 1;
        let p = g.mul(dy, y)?;
        let s = g.sum(p, &[last], true)?;
        let d = g.sub(dy, s)?;
        Ok(vec![Some(g.mul(y, d)?)])
    }

    fn eval(&self, inputs: &[&Array], _: &[Meta]) -> Vec<Array> {
        vec![eval_rows(inputs[0], |x, ln| (x - ln).exp())]
    }

    fn split(&self, inputs: &[Operand<'_>], _: &[Meta]) -> Split {
        split_scores(inputs)
    }

    fn run(&self, call: &mut Call<'_, '_>) {
        let n = *call.input_metas[0]
            .shape
            .last()
            .expect("checked by the shape rule");
        let x = call.f32(0);
        softmax::softmax(x.len() / n, n, x, call.out_f32(0));
    }

    fn flops(&self, inputs: &[&Meta], _: &[Meta]) -> u64 {
        4 * inputs[0].shape.elements() as u64
    }
}

#[cfg(test)]
pub(crate) fn cases() -> Vec<super::check::Case> {
    use super::check::{Fill::*, case};
    vec![
        case("rows", |s| {
            let x = s.batched(&[7], Mixed)?;
            s.g.softmax(x)
        }),
        case("over time", |s| {
            let x = s.batched(&[3, 4], Mixed)?;
            s.g.softmax(x)
        }),
        case("of one score", |s| {
            let x = s.batched(&[1], Mixed)?;
            s.g.softmax(x)
        }),
        case("over the batch", |s| {
            let x = s.batched(&[], Mixed)?;
            s.g.softmax(x)
        }),
        case("of large scores", |s| {
            let x = s.batched(&[5], Between(-90.0, 90.0))?;
            s.g.softmax(x)
        })
        .not_smooth(),
    ]
}
