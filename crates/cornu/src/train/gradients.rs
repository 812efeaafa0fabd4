//! A loss and its gradients, handed out instead of being used up by an optimizer.

use super::evaluate::fill;
use super::samples::Samples;
use super::step::{Feeds, Purpose, check_samples, forward, in_precision, rng_tensor};
use crate::compile::{Computation, Mode, Plan, compile};
use crate::error::Result;
use crate::exec::executable::{Outcome, run};
use crate::exec::parallel::with_team;
use crate::graph::check::{GradientReport, compare};
use crate::graph::{Array, Value};
use crate::model::Model;
use crate::optimizers::LBFGS;
use crate::tensor::Tensor;

impl Model {
    /// The loss over all samples as one batch, as a training step computes it, and its gradient with respect to each weight that
    /// training changes, with the weight's path. Changes nothing.
    ///
    /// # Errors
    /// Before `compile`; samples that do not fit the model or the loss.
    ///
    /// # Example
    /// ```
    /// use cornu::prelude::*;
    /// let mut model = Sequential::new().input([1]).add(Dense::new(1).use_bias(false)).build()?;
    /// model.set_weights(&[Tensor::new([1, 1], vec![2.0f32])?])?;
    /// model.compile(SGD::default(), MeanSquaredError::default(), [] as [&str; 0])?;
    /// let (x, y) = (Tensor::new([1, 1], vec![3.0f32])?, Tensor::new([1, 1], vec![5.0f32])?);
    /// let (loss, gradients) = model.gradients(&(x, y))?;
    /// assert_eq!(loss, 1.0); // (2 · 3 - 5)²
    /// assert_eq!(gradients[0].0, "sequential/dense/kernel");
    /// assert_eq!(gradients[0].1.f32s()?, &[6.0]); // 2 · (2 · 3 - 5) · 3
    /// # Ok::<(), cornu::Error>(())
    /// ```
    pub fn gradients(&mut self, data: &impl Samples) -> Result<(f32, Vec<(String, Tensor)>)> {
        let whole = self.whole(data)?;
        let paths: Vec<String> = self
            .compiled()?
            .trained
            .iter()
            .map(|&i| self.weights[i].path.clone())
            .collect();
        let (loss, gradients) = self.evaluate_whole(&whole)?;
        Ok((loss, paths.into_iter().zip(gradients).collect()))
    }

    /// Trains the model on all samples at once by L-BFGS, and gives the loss it ends with. The optimizer that the model was compiled with
    /// is not asked; constraints of weights are not kept, and layers that draw random numbers draw the same ones at each step.
    ///
    /// # Errors
    /// Before `compile`; samples that do not fit the model or the loss; a loss or gradient that is not finite, after which the weights are
    /// the last good ones.
    ///
    /// # Example
    /// ```
    /// use cornu::prelude::*;
    /// let x = Tensor::new([4, 1], vec![0.0f32, 1.0, 2.0, 3.0])?;
    /// let y = Tensor::new([4, 1], vec![1.0f32, 3.0, 5.0, 7.0])?;
    /// let mut model = Sequential::new().input([1]).add(Dense::new(1)).build()?;
    /// model.compile(SGD::default(), MeanSquaredError::default(), [] as [&str; 0])?;
    /// let loss = model.minimize(&(x, y), &LBFGS::default().max_iter(50))?;
    /// assert!(loss < 1e-6);
    /// # Ok::<(), cornu::Error>(())
    /// ```
    pub fn minimize(&mut self, data: &impl Samples, lbfgs: &LBFGS) -> Result<f64> {
        let whole = self.whole(data)?;
        let trained = self.compiled()?.trained.clone();
        let mut x: Vec<f64> = Vec::new();
        for &i in &trained {
            self.variables.all()[i].read(|w| x.extend(w.iter().map(|&v| f64::from(v))));
        }
        let set = |model: &Self, x: &[f64]| {
            let mut rest = x;
            for &i in &trained {
                model.variables.all()[i].write(|w| {
                    let (own, more) = rest.split_at(w.len());
                    w.iter_mut().zip(own).for_each(|(w, &v)| *w = v as f32);
                    rest = more;
                });
            }
        };
        let reached = lbfgs.minimize(&mut x, |x| {
            set(self, x);
            let (loss, gradients) = self.evaluate_whole(&whole)?;
            let mut all = Vec::with_capacity(x.len());
            for gradient in &gradients {
                all.extend(gradient.f32s()?.iter().map(|&v| f64::from(v)));
            }
            Ok((f64::from(loss), all))
        });
        set(self, &x);
        reached
    }

    /// The plan of loss and gradients for all samples as one batch.
    fn whole(&mut self, data: &impl Samples) -> Result<Whole> {
        let targets = check_samples(self, data, "given")?;
        let batch = data.len();
        let traced = forward(self, batch, true, &targets)?;
        let mut graph = traced.graph;
        let trained = &self.compiled()?.trained;
        let weights: Vec<Value> = trained.iter().map(|&i| traced.weights[i]).collect();
        let mut outputs = vec![traced.loss];
        outputs.extend(crate::autodiff::gradients(
            &mut graph,
            traced.loss,
            &weights,
        )?);
        let computation = Computation {
            graph,
            batch,
            outputs,
            ..Computation::default()
        };
        let plan = compile(&in_precision(self, computation), Mode::Fast)?;
        let mut feeds = Feeds::new(self, batch, &targets);
        feeds.rng = rng_tensor(0, 1);
        let samples: Vec<usize> = (0..batch).collect();
        with_team(|| fill(&mut feeds, data, &samples));
        Ok(Whole { plan, feeds })
    }

    /// Loss and gradients by a plan of [`Model::whole`].
    fn evaluate_whole(&mut self, whole: &Whole) -> Result<(f32, Vec<Tensor>)> {
        let workspace = &mut self.workspace;
        let outcome = self.variables.lend(|states| {
            with_team(|| {
                let feeds = whole.feeds.list(Purpose::Evaluate);
                run(&whole.plan, workspace, &feeds, states)
            })
        })?;
        let Outcome::Done(mut values) = outcome else {
            unreachable!("nothing is guarded");
        };
        let gradients = values.split_off(1);
        Ok((values[0].f32s()?[0], gradients))
    }

    /// The gradients of the loss for the weights that training changes, compared with finite differences in double precision: whether the
    /// layers and losses of your own are differentiated rightly. For a few samples of a small model; layers are called as in training, with
    /// the random numbers of one step.
    ///
    /// # Errors
    /// Before `compile`; samples that do not fit the model or the loss. A gradient that is wrong is no error: the report tells it.
    ///
    /// # Example
    /// ```
    /// use cornu::prelude::*;
    /// let mut model = Sequential::new().input([2]).add(Dense::new(3).activation("tanh")).build()?;
    /// model.compile(SGD::default(), MeanSquaredError::default(), [] as [&str; 0])?;
    /// let (x, y) = (Tensor::new([1, 2], vec![0.3f32, -0.2])?, Tensor::zeros([1, 3]));
    /// let report = model.check_gradients(&(x, y))?;
    /// assert!(report.passed(), "{report}");
    /// assert_eq!(report.values[0].name, "sequential/dense/kernel");
    /// # Ok::<(), cornu::Error>(())
    /// ```
    pub fn check_gradients(&self, data: &impl Samples) -> Result<GradientReport> {
        let wanted = check_samples(self, data, "given")?;
        let batch = data.len();
        let traced = forward(self, batch, true, &wanted)?;
        let mut feeds = Feeds::new(self, batch, &wanted);
        feeds.rng = rng_tensor(0, 1);
        let samples: Vec<usize> = (0..batch).collect();
        fill(&mut feeds, data, &samples);
        let feeds = feeds.list(Purpose::Evaluate).into_iter().map(Array::from);
        let states = self.weights();
        let states = states.iter().map(Array::from).collect();
        let trained = &self.compiled()?.trained;
        let weights: Vec<Value> = trained.iter().map(|&i| traced.weights[i]).collect();
        let mut values = compare(
            &traced.graph,
            traced.loss,
            &weights,
            feeds.collect(),
            states,
        )?;
        for (c, &i) in values.iter_mut().zip(trained) {
            c.name.clone_from(&self.weights[i].path);
        }
        Ok(GradientReport { values })
    }
}

/// A plan for all samples as one batch, with those samples.
struct Whole {
    plan: Plan,
    feeds: Feeds,
}
