//! Random numbers that depend on seed, step, op and element alone, never on the order of computing.

use cornu_kernels::random::{self, Stream};

use super::{Array, Call, GradientOf, Rule, ViewMut, no_gradient};
use crate::error::{Error, Result};
use crate::graph::{Meta, Value};
use crate::shape::{DType, Shape};

/// From which distribution numbers are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Distribution {
    /// Bytes that are 1 with probability `threshold / 65536`, else 0.
    Bernoulli {
        /// 65536 times the probability.
        threshold: u32,
    },
    /// Floats in `[0, 1)`.
    Uniform,
    /// Floats of mean 0 and standard deviation 1.
    Normal,
    /// Logarithms of floats of the gamma distribution whose shape is a second operand, one number.
    LogGamma,
}

/// Random numbers from a seed and a step: int32 `[seed low, seed high, step low, step high]`.
///
/// # Source
/// Philox4x32-10: Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3", SC 2011.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Random {
    /// What is drawn.
    pub distribution: Distribution,
    /// The shape drawn.
    pub shape: Shape,
    /// Tells the random ops of a graph apart.
    pub stream: u32,
    /// A seed of the op's own, in place of the one that is fed.
    pub seed: Option<u64>,
    /// Whether axis 0 of the shape is the batch.
    pub batched: bool,
}

impl Random {
    fn stream(&self, rng: [i32; 4]) -> Stream {
        let join = |low: i32, high: i32| u64::from(low as u32) | (u64::from(high as u32) << 32);
        Stream {
            seed: self.seed.unwrap_or(join(rng[0], rng[1])),
            step: join(rng[2], rng[3]),
            stream: self.stream,
        }
    }
}

impl Rule for Random {
    fn infer(&self, inputs: &[&Meta]) -> Result<Vec<Meta>> {
        let rng = inputs[0];
        if rng.dtype != DType::I32 || rng.shape.axes() != [4] {
            return Err(Error::shape(format!(
                "random numbers need seed and step as int32 [4], received {rng:?}"
            )));
        }
        let operands = match self.distribution {
            Distribution::LogGamma => 2,
            _ => 1,
        };
        let fits = inputs.len() == operands
            && inputs[1..]
                .iter()
                .all(|m| **m == Meta::f32(Shape::scalar()));
        if !fits {
            return Err(Error::shape(format!(
                "{:?} numbers have {} parameters, received {:?}",
                self.distribution,
                operands - 1,
                &inputs[1..]
            )));
        }
        let dtype = match self.distribution {
            Distribution::Bernoulli { .. } => DType::U8,
            _ => DType::F32,
        };
        Ok(vec![Meta {
            shape: self.shape.clone(),
            dtype,
        }])
    }

    fn grad(&self, at: &mut GradientOf<'_>) -> Result<Vec<Option<Value>>> {
        no_gradient(at.inputs.len())
    }

    fn eval(&self, inputs: &[&Array], _: &[Meta]) -> Vec<Array> {
        let rng: Vec<i32> = inputs[0].data.iter().map(|&v| v as i32).collect();
        let stream = self.stream([rng[0], rng[1], rng[2], rng[3]]);
        let n = self.shape.elements();
        let data = match self.distribution {
            Distribution::Bernoulli { threshold } => {
                let mut y = vec![0; n];
                random::bernoulli(&stream, 0, threshold, &mut y);
                y.into_iter().map(f64::from).collect()
            }
            Distribution::Uniform => {
                let mut y = vec![0.0; n];
                random::uniform(&stream, 0, &mut y);
                y.into_iter().map(f64::from).collect()
            }
            Distribution::Normal => {
                let mut y = vec![0.0; n];
                random::normal(&stream, 0, &mut y);
                y.into_iter().map(f64::from).collect()
            }
            Distribution::LogGamma => {
                let mut y = vec![0.0; n];
                random::log_gamma(&stream, 0, inputs[1].data[0] as f32, &mut y);
                y.into_iter().map(f64::from).collect()
            }
        };
        vec![Array::new(self.shape.clone(), data)]
    }

    fn run(&self, call: &mut Call<'_, '_>) {
        let rng = call.i32(0);
        let stream = self.stream([rng[0], rng[1], rng[2], rng[3]]);
        let start = call
            .rows
            .as_ref()
            .map_or(0, |rows| rows.start * self.shape.row()) as u64;
        match (self.distribution, call.take_out(0)) {
            (Distribution::Bernoulli { threshold }, ViewMut::U8(y)) => {
                random::bernoulli(&stream, start, threshold, y);
            }
            (Distribution::Uniform, ViewMut::F32(y)) => random::uniform(&stream, start, y),
            (Distribution::Normal, ViewMut::F32(y)) => random::normal(&stream, start, y),
            (Distribution::LogGamma, ViewMut::F32(y)) => {
                random::log_gamma(&stream, start, call.f32(1)[0], y);
            }
            (d, y) => panic!("{d:?} into {y:?}"),
        }
    }

    fn flops(&self, _: &[&Meta], _: &[Meta]) -> u64 {
        0
    }
}

#[cfg(test)]
pub(crate) fn cases() -> Vec<super::check::Case> {
    use super::check::{Fill::*, case};
    let kinds = [
        Distribution::Bernoulli { threshold: 20000 },
        Distribution::Uniform,
        Distribution::Normal,
    ];
    let mut cases = vec![case("gamma", |s| {
        let n = s.batch;
        let rng = s.fixed(&[4], Whole(i32::MIN / 4, i32::MAX / 4))?;
        let x = s.batched(&[37], Mixed)?;
        let shape = s.g.constant(0.4)?;
        let a = s.g.log_gamma(rng, None, shape, [n, 37].into(), true)?;
        let b = s.g.log_gamma(rng, None, shape, [n, 37].into(), true)?;
        let y = s.g.sub(a, b)?;
        let y = s.g.sigmoid(y)?;
        s.g.mul(x, y)
    })];
    for kind in kinds {
        for batched in [true, false] {
            cases.push(case(format!("{kind:?}, batched: {batched}"), move |s| {
                let n = s.batch;
                let rng = s.fixed(&[4], Whole(i32::MIN / 4, i32::MAX / 4))?;
                let x = s.batched(&[37], Mixed)?;
                let first = s.g.random(rng, kind, [n, 37].into(), batched)?;
                let second = s.g.random(rng, kind, [n, 37].into(), batched)?;
                let (a, b) = (s.g.cast(first, DType::F32)?, s.g.cast(second, DType::F32)?);
                let y = s.g.mul(x, a)?;
                s.g.sub(y, b)
            }));
        }
    }
    cases.push(case("with a seed of its own", |s| {
        let n = s.batch;
        let rng = s.fixed(&[4], Whole(i32::MIN / 4, i32::MAX / 4))?;
        let x = s.batched(&[37], Mixed)?;
        let own =
            s.g.random_of(rng, Some(3), Distribution::Normal, [n, 37].into(), true)?;
        s.g.mul(x, own)
    }));
    cases
}
