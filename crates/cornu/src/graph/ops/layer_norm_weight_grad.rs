//! The gradients of normalised rows for the weights that scale and move them: sums over all rows.

use cornu_kernels::layer_norm;

use super::layer_norm::Normalization;
use super::layer_norm_grad::check_rows;
use super::{Array, Call, GradientOf, Operand, Rule, Split, no_gradient};
use crate::autodiff;
use crate::error::Result;
use crate::graph::{Meta, Value};

/// `[Σ dy·(x - mean)·r, Σ dy]`, of shape `[2, n]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LayerNormWeightGrad {
    /// How rows were normalised.
    pub how: Normalization,
}

impl Rule for LayerNormWeightGrad {
    fn infer(&self, inputs: &[&Meta]) -> Result<Vec<Meta>> {
        check_rows(inputs[0], inputs[1], inputs[2])?;
        let n = inputs[0].shape.last().copied().unwrap_or(0);
        Ok(vec![Meta::f32([2, n])])
    }

    fn grad(&self, at: &mut GradientOf<'_>) -> Result<Vec<Option<Value>>> {
        let Some(dw) = at.dy0() else {
            return no_gradient(3);
        };
        let how = self.how;
        let of = [at.inputs[0], at.inputs[2]];
        let made = autodiff::through(at.graph, &of, |g, of| {
            let shape = g.shape(of[0]).clone();
            let (rank, n) = (shape.rank(), shape[shape.rank() - 1]);
            let d = how.written_out(g, of[0])?;
            let p = g.mul(d, of[1])?;
            let axes: Vec<usize> = (0..rank - 1).collect();
            let mut pairs = Vec::new();
            for (row, x) in [p, of[1]].into_iter().enumerate() {
                let sum = g.sum(x, &axes, false)?;
                let part = g.slice(dw, 0, row, 1)?;
                pairs.push((sum, g.reshape(part, [n])?));
            }
            Ok(pairs)
        })?;
        Ok(vec![Some(made[0]), None, Some(made[1])])
    }

    fn eval(&self, inputs: &[&Array], outputs: &[Meta]) -> Vec<Array> {
        let (x, dy) = (inputs[0], inputs[2]);
        let n = outputs[0].shape[1];
        let mut sums = vec![0.0; 2 * n];
        for (row, dy) in x.data.chunks(n).zip(dy.data.chunks(n)) {
            let (mean, r) = self.how.stats(row);
            for i in 0..n {
                sums[i] += dy[i] * (row[i] - mean) * r;
                sums[n + i] += dy[i];
            }
        }
        vec![Array::new(outputs[0].shape.clone(), sums)]
    }

    fn split(&self, inputs: &[Operand<'_>], _: &[Meta]) -> Split {
        let rows = inputs[0].meta.shape.rank() > 1;
        if rows && inputs.iter().all(|o| o.batched) {
            Split::Sum
        } else {
            Split::Whole
        }
    }

    fn run(&self, call: &mut Call<'_, '_>) {
        let n = call.output_metas[0].shape[1];
        let (x, stats, dy, accumulate) = (call.f32(0), call.f32(1), call.f32(2), call.accumulate);
        let sums = call.out_f32(0);
        if !accumulate {
            sums.fill(0.0);
        }
        layer_norm::add_weight_gradients(n, x, stats, dy, sums);
    }

    fn flops(&self, inputs: &[&Meta], _: &[Meta]) -> u64 {
        5 * inputs[0].shape.elements() as u64
    }
}

#[cfg(test)]
pub(crate) fn cases() -> Vec<super::check::Case> {
    use super::LayerNorm;
    use super::check::{Fill::*, case};
    let mut cases = Vec::new();
    for rms in [false, true] {
        cases.push(case(format!("over time, rms: {rms}"), move |s| {
            let how = Normalization::new(0.1, rms);
            let (x, dy) = (s.batched(&[2, 5], Mixed)?, s.batched(&[2, 5], Mixed)?);
            let gamma = s.fixed(&[5], Mixed)?;
            let y = s.g.push(LayerNorm { how }.into(), vec![x, gamma, gamma])?;
            let stats = Value { output: 1, ..y };
            s.g.push(LayerNormWeightGrad { how }.into(), vec![x, stats, dy])
        }));
    }
    cases
}
