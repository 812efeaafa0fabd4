//! The training loop.

use std::collections::BTreeMap;

use cornu_kernels::random::{self, Stream};

use crate::compile::{Mode, Plan};
use crate::error::{Error, Result};
use crate::exec::executable::{Outcome, run};
use crate::exec::parallel::with_team;
use crate::losses::Targets;
use crate::model::{DEFAULT_BATCH, Model};
use crate::tensor::Tensor;

use super::callbacks::{Action, Callback, Event};
use super::class_weights::ClassWeighted;
use super::diagnose;
use super::evaluate::{Evaluator, Judged, Totals, fill};
use super::goals::Wanted;
use super::history::{EpochLog, History};
use super::samples::Samples;
use super::step::{Feeds, Purpose, StepPlan, check_samples, plan, rng_tensor};

/// How to train: Keras's arguments of `fit`.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let x = Tensor::new([4, 1], vec![0.0f32, 1.0, 2.0, 3.0])?;
/// let y = Tensor::new([4, 1], vec![1.0f32, 3.0, 5.0, 7.0])?;
/// let mut model = Sequential::new().input([1]).add(Dense::new(1)).build()?;
/// model.compile(SGD::new(0.05), MeanSquaredError::default(), [] as [&str; 0])?;
/// let history = model.fit(&(x, y), Fit::epochs(200).full_batch())?;
/// assert!(history.last().unwrap().get("loss").unwrap() < 0.01);
/// # Ok::<(), cornu::Error>(())
/// ```
pub struct Fit<'a> {
    epochs: usize,
    batch_size: BatchSize,
    shuffle: bool,
    seed: u64,
    steps_per_epoch: Option<usize>,
    initial_epoch: usize,
    validation: Option<&'a dyn Samples>,
    callbacks: Vec<Box<dyn Callback + 'a>>,
    class_weight: BTreeMap<i32, f32>,
}

#[derive(Clone, Copy)]
enum BatchSize {
    /// What Keras takes where nothing is said, or all samples where there are fewer.
    Usual,
    Samples(usize),
    All,
}

impl std::fmt::Debug for Fit<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fit")
            .field("epochs", &self.epochs)
            .field("seed", &self.seed)
            .finish_non_exhaustive()
    }
}

impl<'a> Fit<'a> {
    /// So many passes over the samples, 32 at a time, shuffled, from seed 0.
    pub fn epochs(epochs: usize) -> Self {
        Self {
            epochs,
            batch_size: BatchSize::Usual,
            shuffle: true,
            seed: 0,
            steps_per_epoch: None,
            initial_epoch: 0,
            validation: None,
            callbacks: Vec::new(),
            class_weight: BTreeMap::new(),
        }
    }

    /// How many samples each step sees; 1 is stochastic gradient descent in its strict sense.
    pub fn batch_size(mut self, batch_size: usize) -> Self {
        self.batch_size = BatchSize::Samples(batch_size);
        self
    }

    /// Each step sees all samples: plain gradient descent.
    pub fn full_batch(mut self) -> Self {
        self.batch_size = BatchSize::All;
        self
    }

    /// Whether the samples are put in another order each epoch.
    pub fn shuffle(mut self, shuffle: bool) -> Self {
        self.shuffle = shuffle;
        self
    }

    /// From which the order of samples and the random numbers of layers follow.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Ends each epoch after so many steps.
    pub fn steps_per_epoch(mut self, steps: usize) -> Self {
        self.steps_per_epoch = Some(steps);
        self
    }

    /// The number of the first epoch, to go on with an earlier training.
    pub fn initial_epoch(mut self, epoch: usize) -> Self {
        self.initial_epoch = epoch;
        self
    }

    /// Evaluates these samples after each epoch.
    pub fn validation(mut self, data: &'a dyn Samples) -> Self {
        self.validation = Some(data);
        self
    }

    /// How much the samples of each class count in the loss and in weighted metrics, 1 where nothing is said; for data that have
    /// more of some classes than of others.
    ///
    /// # Example
    /// ```
    /// use cornu::prelude::*;
    /// let fit = Fit::epochs(5).class_weight([(0, 1.0), (1, 10.0)]);
    /// # let _ = fit;
    /// ```
    pub fn class_weight(mut self, weights: impl IntoIterator<Item = (i32, f32)>) -> Self {
        self.class_weight = weights.into_iter().collect();
        self
    }

    /// Adds something that is told what happens and may stop the training.
    pub fn callback(mut self, callback: impl Callback + 'a) -> Self {
        self.callbacks.push(Box::new(callback));
        self
    }
}

impl Model {
    /// Trains the model.
    ///
    /// # Errors
    /// Before the first step: samples that do not fit the model or the loss, settings that cannot work. During training:
    /// [`Kind::Numeric`](crate::error::Kind::Numeric) if the loss or a gradient is not finite, naming the step and the first op it
    /// came out of; the model then has its last good weights.
    pub fn fit(&mut self, data: &impl Samples, options: Fit<'_>) -> Result<History> {
        self.fit_dyn(data, options)
    }

    /// As [`Model::fit`], for samples whose type is not known when compiling.
    pub fn fit_dyn(&mut self, data: &dyn Samples, mut options: Fit<'_>) -> Result<History> {
        let weights = std::mem::take(&mut options.class_weight);
        if !weights.is_empty() {
            let weights = &weights;
            return self.fit_dyn(&ClassWeighted { data, weights }, options);
        }
        let wanted = check_samples(self, data, "training")?;
        let samples = data.len();
        let batch = match options.batch_size {
            BatchSize::All => samples,
            BatchSize::Usual => DEFAULT_BATCH.min(samples),
            BatchSize::Samples(0) => {
                return Err(
                    Error::config("batch_size must be at least 1, received 0").at(self.name())
                );
            }
            BatchSize::Samples(n) if n > samples => {
                return Err(Error::config(format!(
                    "batch_size {n} is larger than the training set of {samples} samples"
                ))
                .at(self.name())
                .help(format!("use batch_size {samples} or less, or full_batch()")));
            }
            BatchSize::Samples(n) => n,
        };
        if options.epochs <= options.initial_epoch {
            return Err(Error::config(format!(
                "epochs must be more than initial_epoch {}, received {}",
                options.initial_epoch, options.epochs
            ))
            .at(self.name()));
        }
        if options.steps_per_epoch == Some(0) {
            return Err(
                Error::config("steps_per_epoch must be at least 1, received 0").at(self.name()),
            );
        }
        if self.compiled()?.trained.is_empty() {
            return Err(
                Error::config("the model has no weights that training could change")
                    .at(self.name())
                    .help("set_trainable(layer, true), then compile again"),
            );
        }
        let mut first = options.initial_epoch;
        for callback in &mut options.callbacks {
            first = first.max(callback.first_epoch(self)?.unwrap_or(0));
        }
        let validation = match options.validation {
            None => None,
            Some(v) => {
                let v_targets = check_samples(self, v, "validation")?;
                Some((v, v_targets))
            }
        };
        let judged = Judged::new(self, &wanted)?;
        let mut trainer = Trainer {
            data,
            wanted,
            judged,
            batch,
            seed: options.seed,
            steps: Vec::new(),
            callbacks: options.callbacks,
            history: History::default(),
            order: (0..samples).collect(),
            shuffle: options.shuffle,
            steps_per_epoch: options
                .steps_per_epoch
                .unwrap_or(usize::MAX)
                .min(samples.div_ceil(batch)),
            evaluator: Evaluator::default(),
        };
        trainer.run(
            self,
            first..options.epochs,
            validation.as_ref().map(|(v, t)| (*v, t)),
        )?;
        Ok(trainer.history)
    }

    /// Bytes that training in batches of a size will need at most, besides the samples: weights, the optimizer's memory and what
    /// lives between the layers.
    pub fn training_bytes(&self, batch: usize, targets: &Targets) -> Result<usize> {
        let plan = self.training_plan(batch, targets)?;
        Ok(self.variables.bytes() + plan.bytes(crate::threads::threads()))
    }

    /// The plan of a training step for batches of a size: what is computed in which order and where it lies.
    ///
    /// # Errors
    /// Before `compile`; metrics that do not fit the targets.
    pub fn training_plan(&self, batch: usize, targets: &Targets) -> Result<Plan> {
        let wanted = Wanted::from(targets);
        let metrics = Judged::new(self, &wanted)?.metrics;
        Ok(plan(self, batch, Purpose::Train, &wanted, &metrics, Mode::Fast)?.plan)
    }
}

struct Trainer<'a> {
    data: &'a dyn Samples,
    wanted: Wanted,
    judged: Judged,
    batch: usize,
    seed: u64,
    /// Plans and feeds for each batch size met: the usual one and the last of an epoch.
    steps: Vec<(StepPlan, Feeds)>,
    callbacks: Vec<Box<dyn Callback + 'a>>,
    history: History,
    order: Vec<usize>,
    shuffle: bool,
    steps_per_epoch: usize,
    evaluator: Evaluator,
}

impl Trainer<'_> {
    fn run(
        &mut self,
        model: &mut Model,
        epochs: std::ops::Range<usize>,
        validation: Option<(&dyn Samples, &Wanted)>,
    ) -> Result<()> {
        let first = self.step_for(model, self.batch)?;
        let planned =
            model.variables.bytes() + self.steps[first].0.plan.bytes(crate::threads::threads());
        let begin = Event::TrainBegin {
            epochs: epochs.end,
            steps: self.steps_per_epoch,
            samples: self.data.len(),
            planned_bytes: planned,
        };
        if self.tell(model, &begin)? == Action::Stop {
            return Ok(());
        }
        for epoch in epochs {
            if self.tell(model, &Event::EpochBegin { epoch })? == Action::Stop {
                break;
            }
            let (totals, stopped) = self.epoch(model, epoch)?;
            let mut logs = totals.logs(&self.judged);
            // An epoch that was broken off leaves no line in the history.
            if stopped {
                break;
            }
            if let Some((data, targets)) = validation {
                self.tell(model, &Event::ValidationBegin { epoch })?;
                let evaluator = &mut self.evaluator;
                let batch = self.batch;
                let scores =
                    crate::threads::on_pool(|| evaluator.run(model, data, targets, batch))?;
                for (name, value) in scores.iter() {
                    logs.set(format!("val_{name}"), value);
                }
            }
            if let Some(rate) = model.learning_rate() {
                logs.set("learning_rate", f64::from(rate));
            }
            self.history.epochs.push(EpochLog {
                epoch,
                logs: logs.clone(),
            });
            if self.tell(model, &Event::EpochEnd { epoch, logs })? == Action::Stop {
                break;
            }
        }
        model.finalize_weights();
        self.tell(model, &Event::TrainEnd)?;
        Ok(())
    }

    /// All steps of an epoch; whether it was broken off.
    fn epoch(&mut self, model: &mut Model, epoch: usize) -> Result<(Totals, bool)> {
        if self.shuffle {
            shuffle(&mut self.order, self.seed, epoch as u64);
        }
        let mut totals = Totals::new(self.judged.metrics.len());
        for step in 0..self.steps_per_epoch {
            let start = step * self.batch;
            let end = (start + self.batch).min(self.data.len());
            self.step(model, epoch, step, start..end, &mut totals)?;
            let event = Event::BatchEnd {
                epoch,
                step,
                steps: self.steps_per_epoch,
                samples: end - start,
                logs: totals.logs(&self.judged),
            };
            if self.tell(model, &event)? == Action::Stop {
                let unfinished = step + 1 < self.steps_per_epoch;
                return Ok((totals, unfinished));
            }
        }
        Ok((totals, false))
    }

    fn step(
        &mut self,
        model: &mut Model,
        epoch: usize,
        step: usize,
        range: std::ops::Range<usize>,
        totals: &mut Totals,
    ) -> Result<()> {
        let n = range.len();
        let at = self.step_for(model, n)?;
        let (plan, feeds) = &mut self.steps[at];
        let working = model.optimizer()?;
        let iteration = working.iterations() + 1;
        feeds.rng = rng_tensor(self.seed, iteration);
        feeds.learning_rate = working.rates();
        feeds.iteration = Tensor::scalar(iteration as f32);
        let (data, samples) = (self.data, &self.order[range]);
        let workspace = &mut model.workspace;
        let outcome = model.variables.lend(|states| {
            with_team(|| {
                fill(feeds, data, samples);
                run(&plan.plan, workspace, &feeds.list(Purpose::Train), states)
            })
        })?;
        match outcome {
            Outcome::Done(outputs) => totals.add(plan, &outputs)?,
            Outcome::Refused(guard) => {
                return Err(diagnose::first_not_finite(
                    model,
                    n,
                    &self.wanted,
                    &self.judged.metrics,
                    feeds,
                    (epoch, step),
                    guard,
                )?);
            }
        }
        working.advance(1);
        Ok(())
    }

    fn step_for(&mut self, model: &Model, batch: usize) -> Result<usize> {
        if let Some(at) = self.steps.iter().position(|(s, _)| s.batch == batch) {
            return Ok(at);
        }
        let step = plan(
            model,
            batch,
            Purpose::Train,
            &self.wanted,
            &self.judged.metrics,
            Mode::Fast,
        )?;
        self.steps
            .push((step, Feeds::new(model, batch, &self.wanted)));
        Ok(self.steps.len() - 1)
    }

    /// Tells all callbacks; one that wants to stop is enough.
    fn tell(&mut self, model: &mut Model, event: &Event) -> Result<Action> {
        let mut action = Action::Continue;
        for c in &mut self.callbacks {
            if c.on_event(model, event)? == Action::Stop {
                action = Action::Stop;
            }
        }
        Ok(action)
    }
}

/// Fisher and Yates's shuffle, the same for the same seed and epoch on every machine.
pub(crate) fn shuffle(order: &mut [usize], seed: u64, epoch: u64) {
    for (i, o) in order.iter_mut().enumerate() {
        *o = i;
    }
    let stream = Stream {
        seed,
        step: epoch,
        stream: u32::MAX,
    };
    let mut bits = vec![0u32; 2 * order.len()];
    random::bits(&stream, 0, &mut bits);
    for i in (1..order.len()).rev() {
        let r = u64::from(bits[2 * i]) << 32 | u64::from(bits[2 * i + 1]);
        // Multiplying high maps 64 random bits onto 0..=i with a bias below 2⁻³⁰.
        let j = ((u128::from(r) * (i as u128 + 1)) >> 64) as usize;
        order.swap(i, j);
    }
}
