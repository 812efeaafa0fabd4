//! Logarithms of probabilities from scores, along the last axis.

use cornu_kernels::softmax;

use super::softmax::{check_scores, eval_rows, split_scores};
use super::{Array, Call, GradientOf, Operand, Rule, Split};
use crate::error::Result;
use crate::graph::ops::UnaryKind;
use crate::graph::{Meta, Value};

/// `y_i = x_i - max x - ln Σ_j exp(x_j - max x)` over the last axis: finite wherever the scores are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LogSoftmax;

impl Rule for LogSoftmax {
    fn infer(&self, inputs: &[&Meta]) -> Result<Vec<Meta>> {
        check_scores(inputs[0])
    }

    fn grad(&self, at: &mut GradientOf<'_>) -> Result<Vec<Option<Value>>> {
        // dx = dy - exp(y)·Σ dy
        let Some(dy) = at.dy0() else {
            return super::no_gradient(1);
        };
        let y = at.outputs[0];
        let g = &mut *at.graph;
        let last = g.shape(y).rank() - 1;
        let s = g.sum(dy, &[last], true)?;
        let p = g.unary(UnaryKind::Exp, y)?;
        let t = g.mul(p, s)?;
        Ok(vec![Some(g.sub(dy, t)?)])
    }

    fn eval(&self, inputs: &[&Array], _: &[Meta]) -> Vec<Array> {
        vec![eval_rows(inputs[0], |x, ln| x - ln)]
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
        softmax::log_softmax(x.len() / n, n, x, call.out_f32(0));
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
            s.g.log_softmax(x)
        }),
        case("over time", |s| {
            let x = s.batched(&[3, 4], Mixed)?;
            s.g.log_softmax(x)
        }),
        case("of one score", |s| {
            let x = s.batched(&[1], Mixed)?;
            s.g.log_softmax(x)
        }),
        case("over the batch", |s| {
            let x = s.batched(&[], Mixed)?;
            s.g.log_softmax(x)
        }),
        case("of large scores", |s| {
            let x = s.batched(&[5], Between(-90.0, 90.0))?;
            s.g.log_softmax(x)
        })
        .not_smooth(),
    ]
}
