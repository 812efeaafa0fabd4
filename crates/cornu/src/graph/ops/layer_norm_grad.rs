//! The gradient of normalised rows for what was normalised.

use cornu_kernels::layer_norm;

use super::layer_norm::{Normalization, in_pieces, split_rows, stats_of};
use super::{Array, Call, GradientOf, Operand, Rule, Split, no_gradient};
use crate::autodiff;
use crate::error::{Error, Result};
use crate::graph::{Meta, Value};

/// `dx` from `x`, what [`LayerNorm`](super::LayerNorm) kept of each row, `dy` and `gamma`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LayerNormGrad {
    /// How rows were normalised.
    pub how: Normalization,
}

/// What both gradients of normalised rows ask of their operands.
pub(super) fn check_rows(x: &Meta, stats: &Meta, dy: &Meta) -> Result<()> {
    if dy == x && *stats == stats_of(x) {
        return Ok(());
    }
    Err(Error::shape(format!(
        "the gradient {dy:?} and the rows' {stats:?} do not belong to {x:?}"
    )))
}

impl Rule for LayerNormGrad {
    fn infer(&self, inputs: &[&Meta]) -> Result<Vec<Meta>> {
        check_rows(inputs[0], inputs[1], inputs[2])?;
        Ok(vec![inputs[0].clone()])
    }

    fn grad(&self, at: &mut GradientOf<'_>) -> Result<Vec<Option<Value>>> {
        let Some(ddx) = at.dy0() else {
            return no_gradient(4);
        };
        let how = self.how;
        let of = [at.inputs[0], at.inputs[2], at.inputs[3]];
        let made = autodiff::through(at.graph, &of, |g, of| {
            let y = how.written_out(g, of[0])?;
            let y = g.mul(y, of[2])?;
            let dx = autodiff::gradients_from(g, &[(y, of[1])], &of[..1])?;
            Ok(vec![(dx[0], ddx)])
        })?;
        Ok(vec![Some(made[0]), None, Some(made[1]), Some(made[2])])
    }

    fn eval(&self, inputs: &[&Array], outputs: &[Meta]) -> Vec<Array> {
        let (x, dy, gamma) = (inputs[0], inputs[2], inputs[3]);
        let n = gamma.data.len();
        let mut dx = Vec::new();
        for (row, dy) in x.data.chunks(n).zip(dy.data.chunks(n)) {
            let (mean, r) = self.how.stats(row);
            let g: Vec<f64> = (0..n).map(|i| dy[i] * gamma.data[i]).collect();
            let d: Vec<f64> = row.iter().map(|v| (v - mean) * r).collect();
            let sum: f64 = if self.how.rms { 0.0 } else { g.iter().sum() };
            let along: f64 = g.iter().zip(&d).map(|(g, d)| g * d).sum();
            let n = n as f64;
            dx.extend((0..row.len()).map(|i| r * (g[i] - sum / n - d[i] * along / n)));
        }
        vec![Array::new(outputs[0].shape.clone(), dx)]
    }

    fn split(&self, inputs: &[Operand<'_>], _: &[Meta]) -> Split {
        split_rows(inputs, &[3])
    }

    fn run(&self, call: &mut Call<'_, '_>) {
        let (x, stats, dy, gamma) = (call.f32(0), call.f32(1), call.f32(2), call.f32(3));
        let (n, parallel) = (gamma.len(), call.parallel);
        let rows = self.how.rows(n);
        in_pieces(parallel, n, call.out_f32(0), |at, dx| {
            let of = at.start * n..at.end * n;
            let stats = &stats[2 * at.start..2 * at.end];
            layer_norm::backward(&rows, &x[of.clone()], gamma, stats, &dy[of], dx);
        });
    }

    fn flops(&self, inputs: &[&Meta], _: &[Meta]) -> u64 {
        14 * inputs[0].shape.elements() as u64
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
            s.g.push(LayerNormGrad { how }.into(), vec![x, stats, dy, gamma])
        }));
    }
    cases
}
