//! The one place where the program touches the framework: networks by name, training with a watcher, predictions.

use std::path::Path;

use cornu::applications;
use cornu::compile::PlanListing;
use cornu::layers;
use cornu::losses::{self, Targets};
use cornu::metrics::{MetricChoice, metric};
use cornu::model::{Model, Sequential, Summary};
use cornu::optimizers;
use cornu::train::callbacks::{Action, Callback, EarlyStopping, Event, ModelCheckpoint};
use cornu::train::{Fit, Logs, Precision};
use cornu::{DType, Error, Shape, Tensor};
use cornu_data::{Dataset, ImageSet};
use serde_json::{Map, Value};

use crate::args::PlanOf;
use crate::failure::{Failure, Result};
use crate::progress::Step;
use crate::recipe::Named;
use crate::settings::Settings;

/// The note under which a model keeps the names of its classes.
const CLASSES: &str = "classes";

/// Images of a set that are turned into numbers at a time.
const CHUNK: usize = 1024;

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        // The framework tells its help as the last lines of its text.
        let text = error.to_string();
        let help = text.split_once("\n  help ").map(|(_, help)| help);
        let failure = if error.is_user_mistake() {
            Self::user(error.message())
        } else {
            Self::other(error.message())
        };
        Self {
            at: error.path().map(str::to_string),
            help: help.map(str::to_string),
            ..failure
        }
    }
}

/// Whether training goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Go {
    On,
    Stop,
}

/// A network in training, whose state can be kept.
#[derive(Clone, Copy)]
pub(crate) struct Keeper<'a>(&'a Model);

impl Keeper<'_> {
    pub(crate) fn save(self, path: &Path) -> Result<()> {
        Ok(self.0.save(path)?)
    }
}

/// Someone who follows training.
pub(crate) trait Watcher {
    /// Training begins; each epoch has so many steps.
    fn begin(&mut self, steps: usize);
    fn step(&mut self, step: &Step<'_>) -> Go;
    /// The epoch (from 0) of so many steps and samples is done; `logs` holds the validation's values too.
    fn epoch(
        &mut self,
        keeper: Keeper<'_>,
        epoch: (usize, usize, usize),
        logs: &[(String, f64)],
    ) -> Go;
    /// Something could not be written in passing.
    fn trouble(&mut self, failure: Failure);
}

/// A network as a table.
#[derive(Clone, Debug)]
pub(crate) struct Outline {
    pub(crate) summary: Summary,
    /// What training will need at most, where the network is compiled for it.
    pub(crate) training_bytes: Option<u64>,
}

/// A network of the framework.
pub(crate) struct Network {
    model: Model,
    /// What it is trained for.
    targets: Targets,
}

impl Network {
    /// A network of layers one after another, its weights drawn from the seed.
    pub(crate) fn build(input: &[usize], named: &[Named], seed: u32) -> Result<Self> {
        let mut sequential = Sequential::new()
            .input(Shape::new(input.to_vec())?)
            .seed(u64::from(seed));
        for layer in named {
            let config = Value::Object(layer.config.clone());
            let made = layers::deserialize(&layer.name, &config);
            sequential = sequential.add_boxed(made.map_err(|e| layer.locate(e))?);
        }
        Ok(Self::of(sequential.build()?))
    }

    /// A network that tells classes apart.
    fn of(model: Model) -> Self {
        Self {
            model,
            targets: labels(),
        }
    }

    /// A published network by its name, with arguments other than those it was published with.
    pub(crate) fn published(name: &str, arguments: Map<String, Value>) -> Result<Self> {
        let model = applications::deserialize(name, arguments)?.build()?;
        // A class for each place of the output: for an image, a pixel, a word.
        let (_, places) = model.output_shape().split_last().unwrap_or((&1, &[]));
        let targets = Targets {
            shape: Shape::new(places.to_vec())?,
            ..labels()
        };
        Ok(Self { model, targets })
    }

    /// Whether a network was published under this name.
    pub(crate) fn is_published(name: &str) -> bool {
        applications::names().any(|n| n.eq_ignore_ascii_case(name))
    }

    pub(crate) fn load(path: &Path) -> Result<Self> {
        Ok(Self::of(Model::load(path)?))
    }

    pub(crate) fn save(&self, path: &Path) -> Result<()> {
        Keeper(&self.model).save(path)
    }

    /// Chooses loss, optimizer and metrics by name; what the framework does not know is told with its place in the recipe.
    pub(crate) fn compile(&mut self, settings: &Settings) -> Result<()> {
        let Settings {
            optimizer, loss, ..
        } = settings;
        let metrics = settings
            .metrics
            .iter()
            .map(|named| self.metric(named).map_err(|failure| named.locate(failure)))
            .collect::<Result<Vec<MetricChoice>>>()?;
        let made = optimizers::deserialize(&optimizer.name, optimizer.config.clone());
        let made = made.map_err(|e| optimizer.locate(e))?;
        let goal = losses::deserialize(&loss.name, loss.config.clone());
        let goal = goal.map_err(|e| loss.locate(e))?;
        self.model.compile(made, goal, metrics)?;
        self.model.set_precision(settings.precision)?;
        Ok(())
    }

    fn metric(&self, named: &Named) -> Result<MetricChoice> {
        if !named.config.is_empty() {
            return Err(Failure::user(format!(
                "the metric \"{}\" takes no settings",
                named.name
            )));
        }
        let choice = metric(&named.name);
        choice.resolve(&self.targets, self.model.output_shape())?;
        Ok(choice)
    }

    /// In which numbers products are computed here.
    pub(crate) fn precision(&self) -> Precision {
        self.model.precision()
    }

    pub(crate) fn is_compiled(&self) -> bool {
        self.model.learning_rate().is_some()
    }

    /// The names of the classes, which travel in the model's file.
    pub(crate) fn set_classes(&mut self, names: &[String]) {
        self.model.set_note(CLASSES, Value::from(names).to_string());
    }

    /// The names of the classes, where the model's file told them.
    pub(crate) fn classes(&self) -> Option<Vec<String>> {
        serde_json::from_str(self.model.note(CLASSES)?).ok()
    }

    /// The axes of each input, without the batch.
    pub(crate) fn inputs(&self) -> Vec<Vec<usize>> {
        let shapes = self.model.input_shapes();
        shapes.iter().map(|shape| shape.to_vec()).collect()
    }

    /// Layers, weights, arithmetic and, for labels as targets, the memory of training.
    pub(crate) fn outline(&self, batch: usize) -> Result<Outline> {
        let training_bytes = if self.is_compiled() {
            Some(self.model.training_bytes(batch, &self.targets)? as u64)
        } else {
            None
        };
        Ok(Outline {
            summary: self.model.summary()?,
            training_bytes,
        })
    }

    /// The table of layers with those of models within.
    pub(crate) fn expanded(&self) -> Result<Summary> {
        Ok(self.model.summary_expanded()?)
    }

    /// Draws the network into an SVG file.
    pub(crate) fn plot(&self, path: &Path) -> Result<()> {
        Ok(self.model.plot(path)?)
    }

    /// The plan of a training step, for labels as targets, or of the outputs alone.
    pub(crate) fn plan(&self, batch: usize, what: PlanOf) -> Result<PlanListing> {
        let plan = match what {
            PlanOf::Training => self.model.training_plan(batch, &self.targets)?,
            PlanOf::Prediction => self.model.prediction_plan(batch)?,
        };
        Ok(plan.listing())
    }

    /// Trains on the data set's training images and validates on its test images after each epoch.
    pub(crate) fn fit(
        &mut self,
        data: &Dataset,
        settings: &Settings,
        folder: &Path,
        watcher: &mut dyn Watcher,
    ) -> Result<()> {
        let mut fit = Fit::epochs(settings.epochs)
            .batch_size(settings.batch_size)
            .seed(u64::from(settings.seed));
        if !data.test.is_empty() {
            fit = fit.validation(&data.test);
        }
        if let Some(steps) = settings.steps_per_epoch {
            fit = fit.steps_per_epoch(steps);
        }
        let checkpoint = settings.checkpoint.as_ref().map(|checkpoint| {
            if checkpoint.save_best_only {
                ModelCheckpoint::new(folder.join("best.cornu")).save_best_only(&checkpoint.monitor)
            } else {
                ModelCheckpoint::new(folder.join("epoch-{epoch}.cornu"))
            }
        });
        fit = fit.callback(Adapter {
            watcher,
            checkpoint,
            counts: (0, 0),
        });
        if let Some(stop) = &settings.early_stopping {
            fit = fit.callback(
                EarlyStopping::new(&stop.monitor)
                    .patience(stop.patience)
                    .min_delta(stop.min_delta)
                    .restore_best_weights(stop.restore_best_weights),
            );
        }
        self.model.fit(&data.train, fit)?;
        Ok(())
    }

    pub(crate) fn evaluate(&mut self, set: &ImageSet, batch: usize) -> Result<Vec<(String, f64)>> {
        Ok(list(&self.model.evaluate_batched(set, batch)?))
    }

    /// The output for each image of a set: its axes with the batch in front, and its numbers.
    pub(crate) fn predict_set(
        &mut self,
        set: &ImageSet,
        batch: usize,
    ) -> Result<(Vec<usize>, Vec<f32>)> {
        let (mut shape, mut values) = (vec![0], Vec::new());
        for start in (0..set.len()).step_by(CHUNK) {
            let indices: Vec<usize> = (start..set.len().min(start + CHUNK)).collect();
            let mut pixels = vec![0.0; indices.len() * set.image_len()];
            set.fill_f32(&indices, &mut pixels)?;
            let mut axes = vec![indices.len()];
            axes.extend(set.image_shape());
            let (part, numbers) = self.predict(&axes, pixels, batch)?;
            shape = part;
            values.extend(numbers);
        }
        shape[0] = set.len();
        Ok((shape, values))
    }

    /// The output for samples of a shape with the batch in front.
    pub(crate) fn predict(
        &mut self,
        shape: &[usize],
        values: Vec<f32>,
        batch: usize,
    ) -> Result<(Vec<usize>, Vec<f32>)> {
        let x = Tensor::new(Shape::new(shape.to_vec())?, values)?;
        let mut outputs = self.model.predict_all(std::slice::from_ref(&x), batch)?;
        let y = outputs.swap_remove(0);
        Ok((y.shape().to_vec(), y.f32s()?.to_vec()))
    }
}

/// What every image set has as targets: a class for each image.
fn labels() -> Targets {
    Targets {
        shape: Shape::scalar(),
        dtype: DType::I32,
        range: None,
    }
}

fn list(logs: &Logs) -> Vec<(String, f64)> {
    logs.iter().map(|(name, v)| (name.to_string(), v)).collect()
}

/// Tells a watcher what the framework tells a callback.
struct Adapter<'a> {
    watcher: &'a mut dyn Watcher,
    checkpoint: Option<ModelCheckpoint>,
    /// Steps and samples of the epoch so far.
    counts: (usize, usize),
}

impl Callback for Adapter<'_> {
    fn on_event(&mut self, model: &mut Model, event: &Event) -> cornu::Result<Action> {
        let go = match event {
            Event::TrainBegin { steps, .. } => {
                self.watcher.begin(*steps);
                Go::On
            }
            Event::EpochBegin { .. } => {
                self.counts = (0, 0);
                Go::On
            }
            Event::BatchEnd {
                epoch,
                step,
                steps,
                samples,
                logs,
            } => {
                self.counts = (step + 1, self.counts.1 + samples);
                self.watcher.step(&Step {
                    epoch: *epoch,
                    step: step + 1,
                    steps: *steps,
                    logs: &list(logs),
                })
            }
            Event::EpochEnd { epoch, logs } => {
                let (steps, samples) = self.counts;
                let go = self
                    .watcher
                    .epoch(Keeper(model), (*epoch, steps, samples), &list(logs));
                self.checkpoint(model, event)?;
                go
            }
            _ => Go::On,
        };
        Ok(match go {
            Go::On => Action::Continue,
            Go::Stop => Action::Stop,
        })
    }
}

impl Adapter<'_> {
    /// A full disk costs a checkpoint, not the training; a value that is not told is a mistake that ends it.
    fn checkpoint(&mut self, model: &mut Model, event: &Event) -> cornu::Result<()> {
        let Some(checkpoint) = &mut self.checkpoint else {
            return Ok(());
        };
        match checkpoint.on_event(model, event) {
            Err(error) if !error.is_user_mistake() => {
                self.watcher.trouble(error.into());
                Ok(())
            }
            other => other.map(|_| ()),
        }
    }
}
