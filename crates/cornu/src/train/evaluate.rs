//! Loss and metrics over a set of samples, without training.

use crate::compile::Mode;
use crate::error::{Error, Result};
use crate::exec::executable::{Outcome, run};
use crate::losses::Targets;
use crate::metrics::Metric;
use crate::model::Model;

use super::history::Logs;
use super::samples::{RowsMut, Samples};
use super::step::{Feeds, Purpose, StepPlan, check_samples, plan};
use crate::tensor::Tensor;

/// Totals of the loss and of each metric's accumulators over batches.
#[derive(Debug)]
pub(crate) struct Totals {
    loss: f64,
    samples: f64,
    metrics: Vec<Vec<Vec<f64>>>,
}

impl Totals {
    pub(crate) fn new(metrics: usize) -> Self {
        Self {
            loss: 0.0,
            samples: 0.0,
            metrics: vec![Vec::new(); metrics],
        }
    }

    /// Adds a batch's outputs.
    pub(crate) fn add(&mut self, step: &StepPlan, outputs: &[Tensor]) -> Result<()> {
        self.loss += f64::from(outputs[0].f32s()?[0]) * step.batch as f64;
        self.samples += step.batch as f64;
        let mut rest = &outputs[1..];
        for (totals, &n) in self.metrics.iter_mut().zip(&step.accumulators[1..]) {
            let (own, tail) = rest.split_at(n);
            totals.resize(n, Vec::new());
            for (total, part) in totals.iter_mut().zip(own) {
                let part = part.f32s()?;
                total.resize(part.len(), 0.0);
                for (t, &p) in total.iter_mut().zip(part) {
                    *t += f64::from(p);
                }
            }
            rest = tail;
        }
        Ok(())
    }

    /// Mean loss and the metrics so far.
    pub(crate) fn logs(&self, metrics: &[Box<dyn Metric>]) -> Logs {
        let mut logs = Logs::new();
        logs.set("loss", self.loss / self.samples.max(1.0));
        for (m, totals) in metrics.iter().zip(&self.metrics) {
            if !totals.is_empty() {
                logs.set(m.name(), m.result(totals));
            }
        }
        logs
    }
}

/// Fills the feeds with samples.
pub(crate) fn fill(feeds: &mut Feeds, data: &dyn Samples, samples: &[usize]) {
    let mut inputs: Vec<RowsMut<'_>> = feeds.inputs.iter_mut().map(RowsMut::of).collect();
    data.fill_inputs(samples, &mut inputs);
    data.fill_targets(samples, RowsMut::of(&mut feeds.targets));
}

/// The model's metrics for targets of a kind.
pub(crate) fn resolve_metrics(model: &Model, targets: &Targets) -> Result<Vec<Box<dyn Metric>>> {
    let choices = &model.compiled()?.metrics;
    choices
        .iter()
        .map(|m| m.resolve(targets, model.output_shape()))
        .collect()
}

/// Plans and feeds for evaluation, kept from one evaluation to the next.
#[derive(Debug, Default)]
pub(crate) struct Evaluator {
    steps: Vec<(StepPlan, Feeds)>,
}

impl Evaluator {
    /// Mean loss and metrics over a set.
    pub(crate) fn run(
        &mut self,
        model: &mut Model,
        data: &dyn Samples,
        targets: &Targets,
        batch_size: usize,
    ) -> Result<Logs> {
        let metrics = resolve_metrics(model, targets)?;
        let mut totals = Totals::new(metrics.len());
        let count = data.len();
        let mut start = 0;
        while start < count {
            let n = batch_size.min(count - start);
            let known = self.steps.iter().position(|(s, _)| s.batch == n);
            let at = if let Some(at) = known {
                at
            } else {
                let step = plan(model, n, Purpose::Evaluate, targets, &metrics, Mode::Fast)?;
                self.steps.push((step, Feeds::new(model, n, targets)?));
                self.steps.len() - 1
            };
            let (step, feeds) = &mut self.steps[at];
            let samples: Vec<usize> = (start..start + n).collect();
            fill(feeds, data, &samples);
            let list = feeds.list(Purpose::Evaluate);
            let workspace = &mut model.workspace;
            let outcome = model
                .variables
                .lend(|states| run(&step.plan, workspace, &list, states))?;
            match outcome {
                Outcome::Done(outputs) => totals.add(step, &outputs)?,
                Outcome::Refused(_) => unreachable!("evaluation guards nothing"),
            }
            start += n;
        }
        Ok(totals.logs(&metrics))
    }
}

impl Model {
    /// Mean loss and metrics over a set of samples, 128 at a time.
    ///
    /// # Errors
    /// Samples that do not fit the model or the loss, explained before the first step.
    pub fn evaluate(&mut self, data: &impl Samples) -> Result<Logs> {
        self.evaluate_batched(data, 128)
    }

    /// As [`Model::evaluate`], with a batch size; the result depends on it by rounding alone.
    pub fn evaluate_batched(&mut self, data: &dyn Samples, batch_size: usize) -> Result<Logs> {
        if batch_size == 0 {
            return Err(Error::config("batch_size must be at least 1, received 0").at(self.name()));
        }
        let targets = check_samples(self, data, "evaluation")?;
        crate::threads::on_pool(|| Evaluator::default().run(self, data, &targets, batch_size))
    }
}
