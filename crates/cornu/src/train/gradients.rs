//! A loss and its gradients, handed out instead of being used up by an optimizer.

use super::evaluate::fill;
use super::samples::Samples;
use super::step::{Feeds, Purpose, check_samples, forward, rng_tensor};
use crate::compile::{Computation, Mode, compile};
use crate::error::Result;
use crate::exec::executable::{Outcome, run};
use crate::exec::parallel::with_team;
use crate::graph::check::{GradientReport, compare};
use crate::graph::{Array, Value};
use crate::model::Model;
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
        let plan = compile(
            &Computation {
                graph,
                batch,
                outputs,
                ..Computation::default()
            },
            Mode::Fast,
        )?;
        let paths: Vec<String> = trained
            .iter()
            .map(|&i| self.weights[i].path.clone())
            .collect();
        let mut feeds = Feeds::new(self, batch, &targets);
        feeds.rng = rng_tensor(0, 1);
        let samples: Vec<usize> = (0..batch).collect();
        let workspace = &mut self.workspace;
        let outcome = self.variables.lend(|states| {
            with_team(|| {
                fill(&mut feeds, data, &samples);
                run(&plan, workspace, &feeds.list(Purpose::Evaluate), states)
            })
        })?;
        let Outcome::Done(mut values) = outcome else {
            unreachable!("nothing is guarded");
        };
        let gradients = values.split_off(1);
        Ok((
            values[0].f32s()?[0],
            paths.into_iter().zip(gradients).collect(),
        ))
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
