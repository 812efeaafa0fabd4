//! Training steps of one's own: several models, losses and optimizers in one computation, planned once and run many times.

mod handle;
mod tape;
mod trainable;
mod values;

pub use handle::OptimizerHandle;
pub use tape::Tape;
pub use trainable::{Trainable, TrainableWeight};
pub use values::Values;

use std::borrow::Cow;

use crate::compile::{Computation, Mode, Plan, compile};
use crate::error::{Error, Kind, Result};
use crate::exec::executable::{Outcome, Workspace, run};
use crate::exec::{Outputs, Variables};
use crate::graph::Meta;
use crate::tensor::Tensor;

use super::diagnose;
use super::samples::{RowsMut, copy_tensor_rows};
use super::step::rng_tensor;

/// What a feed of the graph is filled with at each run.
#[derive(Clone, Copy, Debug)]
enum Fed {
    /// Seed and number of the run.
    Rng,
    /// The input with this number.
    Input(usize),
    /// The learning rate of the optimizer with this number.
    Rate(usize),
    /// The number of its step.
    Iteration(usize),
}

/// A computation over models, written once and run many times: a training step that `fit` does not know, or just a function.
///
/// The closure writes the step with a [`Tape`]: `t.input` is what each run is given, `t.call` applies a model, every word of
/// [`Graph`](crate::graph::Graph) computes, `t.minimize` changes weights. It reads like a loop body in eager code, and what comes after a
/// `minimize` sees the new weights, but it is planned as a whole: memory, fusing and threads as in `fit`. Weights are the models' own, not
/// copies; between runs the models can be used, saved and trained as ever. What the closure returns, each [`TrainStep::run`] hands back as
/// tensors: a value, an array or list of them, or a tuple of those.
///
/// # Shapes
/// `t.input([..])` has the batch in front; a step is made for one size of batches.
///
/// # Errors
/// Of the closure; a step whose updates contradict each other.
///
/// # Example
/// A generative adversarial network (Keras's DCGAN example in small): two models, two losses, two optimizers.
/// ```
/// use cornu::prelude::*;
/// let generator = Sequential::new().input([4]).add(Dense::new(2)).build()?.named("generator");
/// let critic = Sequential::new().input([2]).add(Dense::new(8).activation("relu")).add(Dense::new(1)).build()?.named("critic");
/// let bce = BinaryCrossentropy::default().from_logits(true);
/// let mut step = TrainStep::new(32, |t| {
///     let real = t.input([2])?;
///     let noise = t.normal([4])?;
///     let fake = t.call(&generator, noise)?;
///     let (on_real, on_fake) = (t.call(&critic, real)?, t.call(&critic, fake)?);
///     let (ones, zeros) = (t.full([1], 1.0)?, t.full([1], 0.0)?);
///     let (a, b) = (t.loss(&bce, ones, on_real)?, t.loss(&bce, zeros, on_fake)?);
///     let critic_loss = t.add(a, b)?;
///     let generator_loss = t.loss(&bce, ones, on_fake)?;
///     t.minimize(critic_loss, &critic, Adam::new(1e-3))?;
///     t.minimize(generator_loss, &generator, Adam::new(1e-3))?;
///     Ok([critic_loss, generator_loss])
/// })?;
/// for _ in 0..3 {
///     let [c, g] = step.run(&[&Tensor::zeros([32, 2])])?;
///     assert!(c.f32s()?[0] > 0.0 && g.f32s()?[0] > 0.0);
/// }
/// # Ok::<(), cornu::Error>(())
/// ```
/// A gradient penalty (WGAN-GP): the gradient of the critic is part of its loss.
/// ```
/// use cornu::prelude::*;
/// let critic = Sequential::new().input([2]).add(Dense::new(8).activation("tanh")).add(Dense::new(1)).build()?;
/// let mut step = TrainStep::new(16, |t| {
///     let (real, fake) = (t.input([2])?, t.input([2])?);
///     let share = t.uniform([1])?;
///     let difference = t.sub(fake, real)?;
///     let between = t.mul(difference, share)?;
///     let between = t.add(real, between)?;
///     let y = t.call(&critic, between)?;
///     let slope = t.gradients(y, &[between])?[0];
///     let squares = t.square(slope)?;
///     let length = t.sum(squares, &[1], false)?;
///     let length = t.add_scalar(length, 1e-12)?;
///     let length = t.sqrt(length)?;
///     let beyond = t.add_scalar(length, -1.0)?;
///     let beyond = t.square(beyond)?;
///     let penalty = t.mean_all(beyond)?;
///     let (a, b) = (t.call(&critic, fake)?, t.call(&critic, real)?);
///     let (a, b) = (t.mean_all(a)?, t.mean_all(b)?);
///     let wasserstein = t.sub(a, b)?;
///     let penalty = t.scale(penalty, 10.0)?;
///     let loss = t.add(wasserstein, penalty)?;
///     t.minimize(loss, &critic, Adam::new(1e-4).beta_1(0.0).beta_2(0.9))?;
///     Ok(loss)
/// })?;
/// let loss = step.run(&[&Tensor::zeros([16, 2]), &Tensor::zeros([16, 2])])?;
/// assert!(loss.f32s()?[0].is_finite());
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Keras
/// A `train_step` of one's own with `GradientTape`, or a custom training loop under `tf.function`.
#[derive(Debug)]
pub struct TrainStep<R: Outputs> {
    plan: Plan,
    /// The computation as it was written, to look into where a number is not finite.
    written: Computation,
    variables: Variables,
    optimizers: Vec<(OptimizerHandle, u64)>,
    feeds: Vec<Fed>,
    inputs: Vec<Meta>,
    seed: u64,
    runs: u64,
    workspace: Workspace,
    returned: R,
}

impl<R: Outputs> TrainStep<R> {
    /// Writes and plans a step for batches of a size.
    pub fn new(batch: usize, write: impl FnOnce(&mut Tape) -> Result<R>) -> Result<Self> {
        let mut tape = Tape::new(batch)?;
        let returned = write(&mut tape)?;
        let parts = tape.finish(returned.values())?;
        Ok(Self {
            plan: compile(&parts.computation, Mode::Fast)?,
            written: parts.computation,
            variables: parts.variables,
            optimizers: parts.optimizers,
            feeds: parts.feeds,
            inputs: parts.inputs,
            seed: 0,
            runs: 0,
            workspace: Workspace::new(),
            returned,
        })
    }

    /// From which the random numbers of all runs follow; 0 without it.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Counts runs from here, so that random numbers go on where those of an earlier step ended.
    pub fn after(mut self, runs: u64) -> Self {
        self.runs = runs;
        self
    }

    /// How many runs were made.
    pub fn runs(&self) -> u64 {
        self.runs
    }

    /// The plan: what is computed in which order and where it lies.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// One step: computes what the closure returned, changes what it changed.
    ///
    /// # Errors
    /// [`Kind::Data`] or [`Kind::Shape`] for inputs other than those the step was written for; [`Kind::Numeric`] if a loss or gradient is
    /// not finite, naming the op: then nothing was changed.
    pub fn run(&mut self, inputs: &[&Tensor]) -> Result<R::Tensors> {
        let inputs = self.inputs(inputs)?;
        let mut own: Vec<Option<Tensor>> = Vec::with_capacity(self.feeds.len());
        for fed in &self.feeds {
            own.push(match *fed {
                Fed::Rng => Some(rng_tensor(self.seed, self.runs + 1)),
                Fed::Input(_) => None,
                Fed::Rate(i) => Some(self.optimizers[i].0.rates()),
                Fed::Iteration(i) => {
                    let next = self.optimizers[i].0.iterations() + 1;
                    Some(Tensor::scalar(next as f32))
                }
            });
        }
        let feeds: Vec<&Tensor> = self
            .feeds
            .iter()
            .zip(&own)
            .map(|(fed, own)| match (fed, own) {
                (Fed::Input(i), _) => &*inputs[*i],
                (_, Some(own)) => own,
                (_, None) => unreachable!("what is not an input was made"),
            })
            .collect();
        let (plan, workspace) = (&self.plan, &mut self.workspace);
        let outcome = self
            .variables
            .lend(|states| run(plan, workspace, &feeds, states))?;
        match outcome {
            Outcome::Done(tensors) => {
                self.runs += 1;
                for (optimizer, steps) in &self.optimizers {
                    optimizer.advance(*steps);
                }
                Ok(self.returned.tensors(&mut tensors.into_iter()))
            }
            Outcome::Refused(_) => Err(self.not_finite(&feeds)?),
        }
    }

    /// The inputs in the types and shapes the step was written for.
    fn inputs<'a>(&self, given: &[&'a Tensor]) -> Result<Vec<Cow<'a, Tensor>>> {
        if given.len() != self.inputs.len() {
            return Err(Error::data(format!(
                "the step has {} inputs, received {}",
                self.inputs.len(),
                given.len()
            )));
        }
        let pairs = self.inputs.iter().zip(given).enumerate();
        pairs
            .map(|(i, (meta, &x))| {
                if meta.shape != *x.shape() {
                    return Err(Error::shape(format!(
                        "input {i} of the step should be {}, received {}",
                        meta.shape,
                        x.shape()
                    ))
                    .help("a step is made for one size of batches"));
                }
                if meta.dtype == x.dtype() {
                    return Ok(Cow::Borrowed(x));
                }
                let mut converted = Tensor::zeros_of(meta.dtype, meta.shape.clone());
                let rows: Vec<usize> = (0..meta.shape.first().copied().unwrap_or(1)).collect();
                copy_tensor_rows(x, &rows, &mut RowsMut::of(&mut converted));
                Ok(Cow::Owned(converted))
            })
            .collect()
    }

    /// What went wrong, found by running the step once more with every value kept.
    fn not_finite(&self, feeds: &[&Tensor]) -> Result<Error> {
        let plan = compile(&self.written, Mode::Traced)?;
        let mut variables = Variables::default();
        for variable in self.variables.all() {
            variables.add(variable.clone());
        }
        let mut workspace = Workspace::new();
        let found = diagnose::first(&plan, &mut workspace, feeds, &mut variables)?;
        let (path, what) = found.unwrap_or_default();
        let error = Error::new(
            Kind::Numeric,
            format!(
                "a loss or gradient is not a finite number in run {}{what}",
                self.runs + 1
            ),
        )
        .help("the weights are those before this run; try a smaller learning rate, clipnorm, or scaled inputs");
        Ok(if path.is_empty() {
            error
        } else {
            error.at(path)
        })
    }
}
