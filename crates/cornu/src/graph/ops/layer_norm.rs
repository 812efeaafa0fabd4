//! Rows normalised to mean 0 and variance 1, then scaled and moved feature by feature.

use cornu_kernels::layer_norm::{self, Rows};

use super::{
    Array, Call, GradientOf, LayerNormGrad, LayerNormWeightGrad, Operand, Rule, Split, ViewMut,
    no_gradient,
};
use crate::error::{Error, Result};
use crate::exec::parallel;
use crate::graph::{Graph, Meta, Value};
use crate::shape::DType;

/// How rows are normalised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Normalization {
    /// The bits of the number added to the variance.
    epsilon: u32,
    /// Whether the mean is taken as 0.
    pub rms: bool,
}

impl Normalization {
    /// With a number added to the variance; `rms` leaves the mean alone.
    pub fn new(epsilon: f32, rms: bool) -> Self {
        let epsilon = epsilon.to_bits();
        Self { epsilon, rms }
    }

    /// The number added to the variance.
    pub fn epsilon(self) -> f32 {
        f32::from_bits(self.epsilon)
    }

    pub(super) fn rows(self, n: usize) -> Rows {
        Rows {
            n,
            epsilon: self.epsilon(),
            rms: self.rms,
        }
    }

    /// Mean and inverse deviation of a row.
    pub(super) fn stats(self, row: &[f64]) -> (f64, f64) {
        let n = row.len() as f64;
        let mean = if self.rms {
            0.0
        } else {
            row.iter().sum::<f64>() / n
        };
        let variance = row.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n;
        (mean, (variance + f64::from(self.epsilon())).sqrt().recip())
    }

    /// The normalised rows, written with simpler ops.
    pub(super) fn written_out(self, g: &mut Graph, x: Value) -> Result<Value> {
        let last = [g.shape(x).rank() - 1];
        let mut d = x;
        if !self.rms {
            let mean = g.mean(x, &last, true)?;
            d = g.sub(x, mean)?;
        }
        let square = g.square(d)?;
        let variance = g.mean(square, &last, true)?;
        let variance = g.add_scalar(variance, self.epsilon())?;
        let r = g.rsqrt(variance)?;
        g.mul(d, r)
    }
}

/// `y = (x - mean) · r · gamma + beta` over the last axis; the second output holds mean and `r = 1/√(variance + ε)` of each row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LayerNorm {
    /// How rows are normalised.
    pub how: Normalization,
}

/// Rows may be cut unless the batch is the very axis that is normalised, and the weights have none.
pub(super) fn split_rows(inputs: &[Operand<'_>], weights: &[usize]) -> Split {
    let rows = inputs[0].meta.shape.rank() > 1;
    let only_rows = inputs
        .iter()
        .enumerate()
        .all(|(i, o)| o.batched != weights.contains(&i));
    if rows && only_rows {
        Split::Rows
    } else {
        Split::Whole
    }
}

/// The shape of what is kept of each row.
pub(super) fn stats_of(x: &Meta) -> Meta {
    let mut axes = x.shape.to_vec();
    axes.pop();
    axes.push(2);
    Meta::f32(axes)
}

impl Rule for LayerNorm {
    fn infer(&self, inputs: &[&Meta]) -> Result<Vec<Meta>> {
        let (x, gamma, beta) = (inputs[0], inputs[1], inputs[2]);
        let n = x.shape.last().copied().unwrap_or(0);
        let weight = |w: &Meta| w.shape.axes() == [n] && w.dtype == DType::F32;
        if n == 0 || x.dtype != DType::F32 || !weight(gamma) || !weight(beta) {
            return Err(Error::shape(format!(
                "normalising rows needs [.., n], and [n] twice, received {x:?}, {gamma:?} and {beta:?}"
            )));
        }
        Ok(vec![x.clone(), stats_of(x)])
    }

    fn grad(&self, at: &mut GradientOf<'_>) -> Result<Vec<Option<Value>>> {
        let Some(dy) = at.dy0() else {
            return no_gradient(3);
        };
        let (x, gamma, stats) = (at.inputs[0], at.inputs[1], at.outputs[1]);
        let g = &mut *at.graph;
        let n = g.shape(gamma)[0];
        let how = self.how;
        let dx = g.push(LayerNormGrad { how }.into(), vec![x, stats, dy, gamma])?;
        let weights = g.push(LayerNormWeightGrad { how }.into(), vec![x, stats, dy])?;
        let dgamma = g.slice(weights, 0, 0, 1)?;
        let dbeta = g.slice(weights, 0, 1, 1)?;
        let (dgamma, dbeta) = (g.reshape(dgamma, [n])?, g.reshape(dbeta, [n])?);
        Ok(vec![Some(dx), Some(dgamma), Some(dbeta)])
    }

    fn eval(&self, inputs: &[&Array], outputs: &[Meta]) -> Vec<Array> {
        let (x, gamma, beta) = (inputs[0], inputs[1], inputs[2]);
        let n = gamma.data.len();
        let (mut y, mut stats) = (Vec::new(), Vec::new());
        for row in x.data.chunks(n) {
            let (mean, r) = self.how.stats(row);
            y.extend((0..n).map(|i| (row[i] - mean) * r * gamma.data[i] + beta.data[i]));
            stats.extend([mean, r]);
        }
        vec![
            Array::new(outputs[0].shape.clone(), y),
            Array::new(outputs[1].shape.clone(), stats),
        ]
    }

    fn split(&self, inputs: &[Operand<'_>], _: &[Meta]) -> Split {
        split_rows(inputs, &[1, 2])
    }

    fn run(&self, call: &mut Call<'_, '_>) {
        let (x, gamma, beta) = (call.f32(0), call.f32(1), call.f32(2));
        let rows = self.how.rows(gamma.len());
        let mut kept = call.take_out(1);
        let mut unread = Vec::new();
        let stats: &mut [f32] = if let ViewMut::F32(stats) = &mut kept {
            stats
        } else {
            unread.resize(2 * x.len() / rows.n, 0.0);
            &mut unread
        };
        layer_norm::forward(&rows, x, gamma, beta, call.out_f32(0), stats);
    }

    fn flops(&self, inputs: &[&Meta], _: &[Meta]) -> u64 {
        8 * inputs[0].shape.elements() as u64
    }
}

impl Graph {
    /// Rows normalised over the last axis, scaled by `gamma` and moved by `beta`.
    pub fn layer_norm(
        &mut self,
        x: Value,
        gamma: Value,
        beta: Value,
        how: Normalization,
    ) -> Result<Value> {
        self.push(LayerNorm { how }.into(), vec![x, gamma, beta])
    }
}

/// Rows of one op's output taken by several threads.
pub(super) fn in_pieces(
    parallel: bool,
    n: usize,
    y: &mut [f32],
    f: impl Fn(std::ops::Range<usize>, &mut [f32]) + Sync,
) {
    let piece = parallel::rows(parallel, y.len() / n, 8 * n);
    parallel::chunks(parallel, y, piece * n, |i, y| {
        let start = i * piece;
        f(start..start + y.len() / n, y);
    });
}

#[cfg(test)]
pub(crate) fn cases() -> Vec<super::check::Case> {
    use super::check::{Fill::*, case};
    let mut cases = Vec::new();
    for rms in [false, true] {
        let how = Normalization::new(0.1, rms);
        for n in [1, 3, 17, 33] {
            cases.push(case(format!("of {n} features, rms: {rms}"), move |s| {
                let x = s.batched(&[n], Mixed)?;
                let (gamma, beta) = (s.fixed(&[n], Mixed)?, s.fixed(&[n], Mixed)?);
                s.g.layer_norm(x, gamma, beta, how)
            }));
        }
        cases.push(case(format!("over time, rms: {rms}"), move |s| {
            let x = s.batched(&[3, 5], Mixed)?;
            let (gamma, beta) = (s.fixed(&[5], Mixed)?, s.fixed(&[5], Mixed)?);
            s.g.layer_norm(x, gamma, beta, how)
        }));
    }
    let how = Normalization::new(0.1, false);
    cases.push(case("of the batch", move |s| {
        let n = s.batch;
        let x = s.batched(&[], Mixed)?;
        let (gamma, beta) = (s.fixed(&[n], Mixed)?, s.fixed(&[n], Mixed)?);
        s.g.layer_norm(x, gamma, beta, how)
    }));
    cases
}
