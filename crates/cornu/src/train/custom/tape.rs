//! What a step is written with: inputs, models, variables, and updates of them, over the words of a graph.

mod calls;
mod losses;
mod updates;

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};

use super::{Fed, OptimizerHandle, Trainable};
use crate::compile::Computation;
use crate::error::{Error, Result};
use crate::exec::{Variable, Variables};
use crate::graph::ops::Distribution;
use crate::graph::{Graph, Meta, Value};
use crate::model::Model;
use crate::shape::{DType, Shape};

/// The page a step is written on: every word of [`Graph`], with models and their weights.
#[derive(Debug)]
pub struct Tape {
    graph: Graph,
    batch: usize,
    rng: Value,
    feeds: Vec<Fed>,
    inputs: Vec<Meta>,
    variables: Variables,
    /// For each variable, its values from its beginning through every change of this step.
    versions: Vec<Vec<Value>>,
    /// Optimizers with how many steps each makes here, and their feeds: learning rate and number of the step.
    optimizers: Vec<(OptimizerHandle, u64)>,
    rates: Vec<(Value, Value)>,
    guards: Vec<Value>,
    losses: Vec<Value>,
}

/// What a finished tape hands over.
pub(super) struct Written {
    pub(super) computation: Computation,
    pub(super) variables: Variables,
    pub(super) optimizers: Vec<(OptimizerHandle, u64)>,
    pub(super) feeds: Vec<Fed>,
    pub(super) inputs: Vec<Meta>,
}

impl Deref for Tape {
    type Target = Graph;
    fn deref(&self) -> &Graph {
        &self.graph
    }
}

impl DerefMut for Tape {
    fn deref_mut(&mut self) -> &mut Graph {
        &mut self.graph
    }
}

impl Tape {
    pub(super) fn new(batch: usize) -> Result<Self> {
        if batch == 0 {
            return Err(Error::config(
                "a step needs batches of at least 1 sample, received 0",
            ));
        }
        let mut graph = Graph::new();
        let rng = Meta {
            shape: [4].into(),
            dtype: DType::I32,
        };
        let rng = graph.feed_of(rng, false)?;
        Ok(Self {
            graph,
            batch,
            rng,
            feeds: vec![Fed::Rng],
            inputs: Vec::new(),
            variables: Variables::default(),
            versions: Vec::new(),
            optimizers: Vec::new(),
            rates: Vec::new(),
            guards: Vec::new(),
            losses: Vec::new(),
        })
    }

    /// The number of samples in a batch.
    pub fn batch(&self) -> usize {
        self.batch
    }

    /// The next input of each run: floats `[batch, ..shape]`.
    pub fn input(&mut self, shape: impl Into<Shape>) -> Result<Value> {
        self.input_of(DType::F32, shape)
    }

    /// The next input of each run, of a type: labels, actions, words.
    pub fn input_of(&mut self, dtype: DType, shape: impl Into<Shape>) -> Result<Value> {
        let shape = shape.into().with_batch(self.batch);
        self.fed(Meta { shape, dtype }, true)
    }

    /// The next input of each run, of a shape without batch: a coefficient `[]`, a table.
    pub fn given(&mut self, shape: impl Into<Shape>) -> Result<Value> {
        self.fed(Meta::f32(shape), false)
    }

    fn fed(&mut self, meta: Meta, batched: bool) -> Result<Value> {
        let x = self.graph.feed_of(meta.clone(), batched)?;
        self.feeds.push(Fed::Input(self.inputs.len()));
        self.inputs.push(meta);
        Ok(x)
    }

    /// Numbers that are all the same, `[batch, ..shape]`: labels of ones, say.
    pub fn full(&mut self, shape: impl Into<Shape>, value: f32) -> Result<Value> {
        let shape = shape.into().with_batch(self.batch);
        let x = self.graph.constant(value)?;
        self.graph.broadcast(x, shape)
    }

    /// Random numbers of mean 0 and standard deviation 1, `[batch, ..shape]`, other ones at each run.
    pub fn normal(&mut self, shape: impl Into<Shape>) -> Result<Value> {
        self.random(Distribution::Normal, shape.into())
    }

    /// Random numbers in `[0, 1)`, `[batch, ..shape]`, other ones at each run.
    pub fn uniform(&mut self, shape: impl Into<Shape>) -> Result<Value> {
        self.random(Distribution::Uniform, shape.into())
    }

    /// Random whole numbers from `low` to below `high`, as floats, `[batch, ..shape]`, other ones at each run.
    ///
    /// # Errors
    /// No number between.
    pub fn randint(&mut self, shape: impl Into<Shape>, low: i32, high: i32) -> Result<Value> {
        if low >= high {
            return Err(Error::config(format!(
                "expected a number to draw from low to below high, received {low} and {high}"
            )));
        }
        let most = self.graph.constant(high as f32 - 1.0)?;
        let share = self.uniform(shape)?;
        let x = self
            .graph
            .scale(share, (i64::from(high) - i64::from(low)) as f32)?;
        let x = self.graph.add_scalar(x, low as f32)?;
        let x = self.graph.floor(x)?;
        // Rounding may reach the end that does not belong.
        self.graph.minimum(x, most)
    }

    /// A class of each row of scores (logarithms of chances), `[batch, classes]` to int32 `[batch]`, another one at each run.
    pub fn categorical(&mut self, logits: Value) -> Result<Value> {
        let shape = self.graph.shape(logits).without_batch();
        let u = self.uniform(shape)?;
        let g = &mut self.graph;
        // The largest of scores with Gumbel's noise.
        let e = g.log(u)?;
        let e = g.neg(e)?;
        let noise = g.log(e)?;
        let noisy = g.sub(logits, noise)?;
        g.arg_max(noisy)
    }

    fn random(&mut self, distribution: Distribution, shape: Shape) -> Result<Value> {
        let shape = shape.with_batch(self.batch);
        self.graph.random(self.rng, distribution, shape, true)
    }

    /// Shape without the batch axis, and type.
    fn sample(&self, x: Value) -> Meta {
        Meta {
            shape: self.graph.shape(x).without_batch(),
            dtype: self.graph.dtype(x),
        }
    }

    /// The value of a variable, as it is at this point of the step.
    pub fn variable(&mut self, variable: &Variable) -> Result<Value> {
        let number = self.number(variable)?;
        Ok(self.current(number))
    }

    /// The values of what is trainable, as they are at this point of the step, in order.
    pub fn weights(&mut self, of: &(impl Trainable + ?Sized)) -> Result<Vec<Value>> {
        let trained = of.trained();
        trained.iter().map(|w| self.variable(&w.variable)).collect()
    }

    fn numbers(&mut self, model: &Model) -> Result<Vec<usize>> {
        let variables = model.variables().iter();
        variables.map(|v| self.number(v)).collect()
    }

    /// The number of a variable among the step's states.
    fn number(&mut self, variable: &Variable) -> Result<usize> {
        let number = self.variables.add(variable.clone());
        if number == self.versions.len() {
            let value = self.graph.state(number, variable.shape().clone())?;
            self.versions.push(vec![value]);
        }
        Ok(number)
    }

    fn current(&self, number: usize) -> Value {
        *self.versions[number]
            .last()
            .expect("a variable has a value")
    }

    fn set(&mut self, number: usize, value: Value) -> Result<()> {
        let value = self.graph.stop_gradient(value)?;
        self.versions[number].push(value);
        Ok(())
    }

    pub(super) fn finish(self, outputs: Vec<Value>) -> Result<Written> {
        if self.graph.feeds() != self.feeds.len() {
            return Err(
                Error::config("a step's graph was given a feed that no run fills")
                    .help("make inputs with t.input([..]) or t.given([..])"),
            );
        }
        let changed: BTreeMap<usize, Value> = (0..self.versions.len())
            .filter(|&n| self.versions[n].len() > 1)
            .map(|n| (n, self.current(n)))
            .collect();
        Ok(Written {
            computation: Computation {
                batch: self.batch,
                outputs,
                updates: changed.into_iter().collect(),
                guards: self.guards,
                graph: self.graph,
            },
            variables: self.variables,
            optimizers: self.optimizers,
            feeds: self.feeds,
            inputs: self.inputs,
        })
    }
}
