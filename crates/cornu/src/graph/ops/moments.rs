//! Mean and variance of each channel over everything else: what a batch normalisation is made of.

use cornu_kernels::moments::{self, Moments as Statistics};

use super::{Array, Call, GradientOf, Operand, Rule, Split};
use crate::error::{Error, Result};
use crate::exec::parallel;
use crate::graph::{Meta, Value};
use crate::shape::DType;

/// `[.., c] → mean [c], variance [c]`, the variance being the mean of squared deviations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Moments;

impl Rule for Moments {
    fn infer(&self, inputs: &[&Meta]) -> Result<Vec<Meta>> {
        let x = inputs[0];
        let channels = x.shape.last().copied();
        match channels {
            Some(c) if x.dtype == DType::F32 && x.shape.elements() > 0 => {
                Ok(vec![Meta::f32([c]), Meta::f32([c])])
            }
            _ => Err(Error::shape(format!(
                "mean and variance need float32 elements, received {x:?}"
            ))),
        }
    }

    fn grad(&self, at: &mut GradientOf<'_>) -> Result<Vec<Option<Value>>> {
        let (x, mean) = (at.inputs[0], at.outputs[0]);
        let (dmean, dvariance) = (at.dy[0], at.dy[1]);
        let g = &mut *at.graph;
        let n = g.shape(x).elements() / g.shape(mean).elements();
        let mut dx = None;
        if let Some(d) = dvariance {
            // The variance does not change with the mean: deviations add up to nothing.
            let deviation = g.sub(x, mean)?;
            let d = g.scale(d, 2.0 / n as f32)?;
            dx = Some(g.mul(deviation, d)?);
        }
        if let Some(d) = dmean {
            let d = g.scale(d, 1.0 / n as f32)?;
            dx = Some(if let Some(dx) = dx {
                g.add(dx, d)?
            } else {
                let shape = g.shape(x).clone();
                g.broadcast(d, shape)?
            });
        }
        Ok(vec![dx])
    }

    fn eval(&self, inputs: &[&Array], outputs: &[Meta]) -> Vec<Array> {
        let x = inputs[0];
        let c = outputs[0].shape[0];
        let n = (x.data.len() / c) as f64;
        let column = |j: usize| x.data.iter().skip(j).step_by(c);
        let mean: Vec<f64> = (0..c).map(|j| column(j).sum::<f64>() / n).collect();
        let variance = (0..c)
            .map(|j| column(j).map(|v| (v - mean[j]).powi(2)).sum::<f64>() / n)
            .collect();
        vec![Array::new([c], mean), Array::new([c], variance)]
    }

    fn split(&self, _: &[Operand<'_>], _: &[Meta]) -> Split {
        Split::Whole
    }

    fn run(&self, call: &mut Call<'_, '_>) {
        let channels = call.output_metas[0].shape[0];
        let x = call.f32(0);
        // Always cut at the same places, and merged in order, whoever computes the parts.
        let part = parallel::BLOCK.div_ceil(channels) * channels;
        let of = |x: &[f32]| moments::moments(channels, x);
        let parts: Vec<Statistics> = parallel::map(call.parallel, x, part, of);
        let mut all = Statistics::none(channels);
        for part in &parts {
            all.merge(part);
        }
        let n = all.rows as f32;
        for (output, found) in [(0, &all.mean), (1, &all.deviations)] {
            if let super::ViewMut::F32(y) = &mut call.outputs[output] {
                for (y, &v) in y.iter_mut().zip(found) {
                    *y = if output == 0 { v } else { v / n };
                }
            }
        }
    }

    fn flops(&self, inputs: &[&Meta], _: &[Meta]) -> u64 {
        4 * inputs[0].shape.elements() as u64
    }
}

#[cfg(test)]
pub(crate) fn cases() -> Vec<super::check::Case> {
    use super::check::{Fill::*, case};
    let shapes: [(&str, &[usize]); 3] =
        [("images", &[3, 2, 5]), ("rows", &[3]), ("wide", &[2, 19])];
    let mut cases: Vec<_> = shapes
        .into_iter()
        .map(|(name, row)| {
            case(name, move |s| {
                let x = s.batched(row, Mixed)?;
                let (mean, variance) = s.g.moments(x)?;
                let y = s.g.sub(x, mean)?;
                s.g.mul(y, variance)
            })
        })
        .collect();
    cases.push(case("the mean alone", |s| {
        let x = s.batched(&[3, 4], Mixed)?;
        Ok(s.g.moments(x)?.0)
    }));
    cases.push(case("without a batch", |s| {
        let x = s.fixed(&[6, 4], Mixed)?;
        let (mean, variance) = s.g.moments(x)?;
        s.g.mul(mean, variance)
    }));
    cases
}
