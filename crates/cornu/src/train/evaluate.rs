//! Loss and metrics over a set of samples, without training.

use crate::compile::Mode;
use crate::error::{Error, Result};
use crate::exec::executable::{Outcome, run};
use crate::model::Model;

use super::goals::{Shown, Wanted};
use super::history::Logs;
use super::samples::{RowsMut, Samples};
use super::step::{Feeds, Purpose, StepPlan, check_samples, plan};
use crate::tensor::Tensor;

/// Totals of the losses and of each metric's accumulators over batches.
#[derive(Debug)]
pub(crate) struct Totals {
    /// Of all losses together, then of those of single outputs.
    losses: Vec<f64>,
    samples: f64,
    metrics: Vec<Vec<Vec<f64>>>,
}

impl Totals {
    pub(crate) fn new(metrics: usize) -> Self {
        Self {
            losses: Vec::new(),
            samples: 0.0,
            metrics: vec![Vec::new(); metrics],
        }
    }

    /// Adds a batch's outputs.
    pub(crate) fn add(&mut self, step: &StepPlan, outputs: &[Tensor]) -> Result<()> {
        let (losses, mut rest) = outputs.split_at(1 + step.losses);
        self.losses.resize(losses.len(), 0.0);
        for (total, loss) in self.losses.iter_mut().zip(losses) {
            *total += f64::from(loss.f32s()?[0]) * step.batch as f64;
        }
        self.samples += step.batch as f64;
        for (totals, &n) in self.metrics.iter_mut().zip(&step.accumulators) {
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

    /// Mean losses and the metrics so far.
    pub(crate) fn logs(&self, shown: &Judged) -> Logs {
        let mut logs = Logs::new();
        let count = self.samples.max(1.0);
        let names = std::iter::once("loss").chain(shown.losses.iter().map(|(_, n)| n.as_str()));
        for (name, i) in names.zip(0..) {
            logs.set(name, self.losses.get(i).copied().unwrap_or(0.0) / count);
        }
        for (m, totals) in shown.metrics.iter().zip(&self.metrics) {
            if !totals.is_empty() {
                logs.set(&m.name, m.metric.result(totals));
            }
        }
        logs
    }
}

/// Fills the feeds with samples.
pub(crate) fn fill(feeds: &mut Feeds, data: &dyn Samples, samples: &[usize]) {
    let mut inputs: Vec<RowsMut<'_>> = feeds.inputs.iter_mut().map(RowsMut::of).collect();
    data.fill_inputs(samples, &mut inputs);
    let mut targets: Vec<RowsMut<'_>> = feeds.targets.iter_mut().map(RowsMut::of).collect();
    data.fill_all_targets(samples, &mut targets);
    for (list, weights) in feeds.weights.iter_mut().enumerate() {
        if let RowsMut::F32(out) = RowsMut::of(weights) {
            data.fill_weights(list, samples, out);
        }
    }
}

/// What is shown of a model for targets of a kind.
#[derive(Debug)]
pub(crate) struct Judged {
    /// Losses of single outputs, where there are several.
    losses: Vec<(usize, String)>,
    pub(crate) metrics: Vec<Shown>,
}

impl Judged {
    pub(crate) fn new(model: &Model, wanted: &Wanted) -> Result<Self> {
        let goals = &model.compiled()?.goals;
        Ok(Self {
            losses: goals.shown_losses(model),
            metrics: goals.shown_metrics(model, wanted)?,
        })
    }
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
        wanted: &Wanted,
        batch_size: usize,
    ) -> Result<Logs> {
        let judged = Judged::new(model, wanted)?;
        let metrics = &judged.metrics;
        let mut totals = Totals::new(metrics.len());
        let count = data.len();
        let mut start = 0;
        while start < count {
            let n = batch_size.min(count - start);
            let known = self.steps.iter().position(|(s, _)| s.batch == n);
            let at = if let Some(at) = known {
                at
            } else {
                let step = plan(model, n, Purpose::Evaluate, wanted, metrics, Mode::Fast)?;
                self.steps.push((step, Feeds::new(model, n, wanted)));
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
        Ok(totals.logs(&judged))
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
