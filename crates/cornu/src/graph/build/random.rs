//! Words for random numbers, which follow from seed, step and stream alone.

use crate::error::Result;
use crate::graph::ops::{Distribution, Random};
use crate::graph::{Graph, Value};
use crate::shape::Shape;

impl Graph {
    /// Random numbers from seed and step (int32 `[4]`); each call draws another stream.
    pub(crate) fn random(
        &mut self,
        rng: Value,
        distribution: Distribution,
        shape: Shape,
        batched: bool,
    ) -> Result<Value> {
        self.random_of(rng, None, distribution, shape, batched)
    }

    /// As [`Graph::random`], with a seed of its own in place of the one in `rng`: what is drawn from one seed does not depend on what
    /// else the graph draws.
    pub(crate) fn random_of(
        &mut self,
        rng: Value,
        seed: Option<u64>,
        distribution: Distribution,
        shape: Shape,
        batched: bool,
    ) -> Result<Value> {
        self.draw(&[rng], seed, distribution, shape, batched)
    }

    /// Logarithms of numbers of the gamma distribution whose shape is a value: one number.
    pub(crate) fn log_gamma(
        &mut self,
        rng: Value,
        seed: Option<u64>,
        alpha: Value,
        shape: Shape,
        batched: bool,
    ) -> Result<Value> {
        self.draw(&[rng, alpha], seed, Distribution::LogGamma, shape, batched)
    }

    fn draw(
        &mut self,
        operands: &[Value],
        seed: Option<u64>,
        distribution: Distribution,
        shape: Shape,
        batched: bool,
    ) -> Result<Value> {
        let stream = self.streams.entry(seed).or_default();
        let op = Random {
            distribution,
            shape,
            stream: *stream,
            seed,
            batched,
        };
        *stream += 1;
        self.push(op.into(), operands.to_vec())
    }
}
