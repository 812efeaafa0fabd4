//! What `compile` adds to a model: optimizer, loss, metrics.

use serde_json::{Map, Value as Json, json};

use crate::error::{Error, Result};
use crate::exec::Variable;
use crate::model::Model;
use crate::optimizers::{self, Optimizer, Slot, Weight};

use super::Precision;
use super::custom::OptimizerHandle;
use super::goals::{Goals, Losses, MetricOf};

/// Optimizer, loss and metrics of a model.
#[derive(Debug, Clone)]
pub struct Compiled {
    /// The optimizer at work, which steps of a user's own may share.
    pub(crate) working: OptimizerHandle,
    pub(crate) goals: Goals,
    /// Numbers of the weights that training changes.
    pub(crate) trained: Vec<usize>,
    /// For each of them what the optimizer remembers, in the order of their states.
    pub(crate) slots: Vec<Vec<Slot>>,
    /// In which numbers products are wanted.
    pub(crate) precision: Precision,
    /// Whether the running means stand in the weights' places.
    shows_averages: bool,
}

impl Model {
    /// Chooses how the model is trained and judged: an optimizer; a loss, or [`Losses`] for several outputs; metrics, each of the only
    /// output or, as `("output", metric)`, of one of several.
    ///
    /// # Errors
    /// [`Kind::Config`](crate::error::Kind::Config) for arguments out of range, and losses or metrics of outputs there are not.
    /// [`Kind::Memory`](crate::error::Kind::Memory) if there is no room for what the optimizer remembers.
    ///
    /// # Example
    /// ```
    /// use cornu::prelude::*;
    /// let mut model = Sequential::new().input([4]).add(Dense::new(3).activation("softmax")).build()?;
    /// model.compile(Adam::default(), SparseCategoricalCrossentropy::default(), [metric("accuracy")])?;
    /// model.compile(optimizer("sgd")?, loss("sparse_categorical_crossentropy")?, ["accuracy"])?;
    /// # Ok::<(), cornu::Error>(())
    /// ```
    pub fn compile<M: Into<MetricOf>>(
        &mut self,
        optimizer: impl Into<Box<dyn Optimizer>>,
        losses: impl Into<Losses>,
        metrics: impl IntoIterator<Item = M>,
    ) -> Result<()> {
        let metrics = metrics.into_iter().map(Into::into).collect();
        let goals = Goals::new(self, losses.into(), metrics)?;
        let compiled = Compiled::new(self, optimizer.into(), goals)?;
        self.compiled = Some(compiled);
        Ok(())
    }

    /// The weights that training changes, each with the running mean that the optimizer keeps of it, if it does.
    fn averages(&self) -> Vec<(&Variable, &Variable)> {
        let all = self.variables.all();
        let mut pairs = Vec::new();
        if let Some(compiled) = &self.compiled {
            for (k, (&i, slots)) in compiled.trained.iter().zip(&compiled.slots).enumerate() {
                let average = slots.iter().position(|s| s.name == optimizers::AVERAGE);
                let first = compiled.slot_state(self.weights.len(), k);
                pairs.extend(average.map(|place| (&all[i], &all[first + place])));
            }
        }
        pairs
    }

    /// Leaves the running means that the optimizer keeps in the weights' places, as Keras does when `fit` ends.
    pub(crate) fn finalize_weights(&mut self) {
        let shown = self.compiled.as_ref().is_some_and(|c| c.shows_averages);
        for (weight, mean) in self.averages() {
            let (from, to) = if shown {
                (weight, mean)
            } else {
                (mean, weight)
            };
            from.read(|from| to.write(|to| to.copy_from_slice(from)));
        }
        if let Some(compiled) = &mut self.compiled {
            compiled.shows_averages = false;
        }
    }

    /// Puts the running means in the weights' places and the weights in theirs, or both back.
    pub(crate) fn show_averages(&mut self, show: bool) -> Result<()> {
        if self.compiled()?.shows_averages == show {
            return Ok(());
        }
        let pairs = self.averages();
        if pairs.is_empty() {
            return Err(Error::config("the optimizer keeps no running means")
                .at(self.name())
                .help("compile the model with an optimizer whose use_ema is true"));
        }
        for (weight, mean) in pairs {
            let own = weight.read(<[f32]>::to_vec);
            mean.read(|from| weight.write(|to| to.copy_from_slice(from)));
            mean.write(|to| to.copy_from_slice(&own));
        }
        if let Some(compiled) = &mut self.compiled {
            compiled.shows_averages = show;
        }
        Ok(())
    }

    pub(crate) fn compiled(&self) -> Result<&Compiled> {
        self.compiled.as_ref().ok_or_else(|| {
            Error::config("the model has no loss and optimizer yet")
                .at(self.name())
                .help("call model.compile(optimizer, loss, metrics) first")
        })
    }

    /// The learning rate of the next step.
    pub fn learning_rate(&self) -> Option<f32> {
        self.compiled.as_ref().map(|c| c.working.learning_rate())
    }

    /// Sets the learning rate of the steps that follow.
    ///
    /// # Errors
    /// [`Kind::Config`](crate::error::Kind::Config) before `compile`, for a rate that is negative or no number, and
    /// where the optimizer follows a schedule.
    pub fn set_learning_rate(&mut self, learning_rate: f32) -> Result<()> {
        if !learning_rate.is_finite() || learning_rate < 0.0 {
            return Err(Error::config(format!(
                "a learning rate must be a finite number of at least 0, received {learning_rate}"
            )));
        }
        let working = &self.compiled()?.working;
        working
            .set_learning_rate(learning_rate)
            .map_err(|e| e.at(self.name()))
    }

    /// The optimizer at work that the model was compiled with: a [`TrainStep`](crate::train::TrainStep) that uses it goes on where `fit`
    /// stopped, and [`Model::save`] writes what it remembers of the weights that were trainable then. Losses are not needed for that.
    ///
    /// # Errors
    /// [`Kind::Config`](crate::error::Kind::Config) before `compile`.
    ///
    /// # Example
    /// ```
    /// use cornu::prelude::*;
    /// let mut model = Sequential::new().input([2]).add(Dense::new(1)).build()?;
    /// model.compile(Adam::new(0.01), Losses::new(), [] as [&str; 0])?;
    /// let step = |model: &Model| {
    ///     TrainStep::new(4, |t| {
    ///         let (x, y) = (t.input([2])?, t.input([1])?);
    ///         let p = t.call(model, x)?;
    ///         let loss = t.loss(&MeanSquaredError::default(), y, p)?;
    ///         t.minimize(loss, model, model.optimizer()?)?;
    ///         Ok(loss)
    ///     })
    /// };
    /// let (x, y) = (Tensor::new([4, 2], vec![1.0f32; 8])?, Tensor::zeros([4, 1]));
    /// step(&model)?.run(&[&x, &y])?;
    /// let path = std::env::temp_dir().join("cornu-doc-optimizer.cornu");
    /// model.save(&path)?;
    /// let again = Model::load(&path)?;
    /// assert_eq!(again.optimizer()?.iterations(), 1);
    /// // The next step is the same for both, Adam's moments included.
    /// step(&model)?.run(&[&x, &y])?;
    /// step(&again)?.run(&[&x, &y])?;
    /// assert_eq!(model.weights(), again.weights());
    /// # std::fs::remove_file(&path).ok();
    /// # Ok::<(), cornu::Error>(())
    /// ```
    ///
    /// # Keras
    /// `self.optimizer` in a `train_step` of one's own.
    pub fn optimizer(&self) -> Result<OptimizerHandle> {
        Ok(self.compiled()?.working.clone())
    }
}

impl Compiled {
    fn new(model: &mut Model, optimizer: Box<dyn Optimizer>, goals: Goals) -> Result<Self> {
        let working = OptimizerHandle::new(optimizer.clone())?;
        let trained: Vec<usize> = (0..model.weights.len())
            .filter(|&i| model.is_trainable(i))
            .collect();
        model.variables.truncate(model.weights.len());
        let mut slots = Vec::new();
        for &i in &trained {
            let entry = &model.weights[i];
            let weight = Weight {
                path: &entry.path,
                shape: &entry.spec.shape,
            };
            slots.push(optimizer.memory(weight));
            let variable = model.variables.all()[i].clone();
            for slot in working.slots(&entry.path, &variable)? {
                model.variables.add(slot);
            }
        }
        Ok(Self {
            working,
            goals,
            trained,
            slots,
            precision: Precision::F32,
            shows_averages: false,
        })
    }

    /// Number of the state that holds the first slot of a trained weight (by its place among the trained); the others follow.
    pub(crate) fn slot_state(&self, weights: usize, trained: usize) -> usize {
        weights + self.slots[..trained].iter().map(Vec::len).sum::<usize>()
    }

    /// Names under which the slots are saved, in the order of their states.
    pub(crate) fn slot_names(&self, model: &Model) -> Vec<String> {
        let each = self.trained.iter().zip(&self.slots);
        each.flat_map(|(&i, slots)| {
            let path = &model.weights[i].path;
            slots
                .iter()
                .map(move |slot| format!("optimizer/{}/{path}", slot.name))
        })
        .collect()
    }

    pub(crate) fn to_json(&self) -> Json {
        json!({
            "optimizer": optimizers::serialize(&*self.working.optimizer()),
            "loss": self.goals.losses_json(),
            "metrics": self.goals.metrics_json(),
            "iteration": self.working.iterations(),
            "learning_rate": self.working.constant_rate(),
        })
    }

    /// Reads what [`Compiled::to_json`] wrote, and reserves the slots as states of the model.
    pub(crate) fn from_json(json: &Json, model: &mut Model) -> Result<Self> {
        let named = |key: &str| -> Result<(String, Map<String, Json>)> {
            let part = json.get(key).unwrap_or(&Json::Null);
            let class = part.get("class_name").and_then(Json::as_str);
            let config = part.get("config").and_then(Json::as_object);
            class
                .zip(config)
                .map(|(c, o)| (c.to_owned(), o.clone()))
                .ok_or_else(|| {
                    Error::config(format!("expected a class and config under \"{key}\""))
                })
        };
        let (class, config) = named("optimizer")?;
        let optimizer = optimizers::deserialize(&class, config)?;
        let losses = Losses::from_json(json.get("loss").unwrap_or(&Json::Null))?;
        let empty = Vec::new();
        let list = json
            .get("metrics")
            .and_then(Json::as_array)
            .unwrap_or(&empty);
        let metrics = list.iter().map(MetricOf::from_json);
        let goals = Goals::new(model, losses, metrics.collect::<Result<_>>()?)?;
        let compiled = Self::new(model, optimizer, goals)?;
        let steps = json.get("iteration").and_then(Json::as_u64).unwrap_or(0);
        let rate = json.get("learning_rate").and_then(Json::as_f64);
        compiled.working.resume(steps, rate);
        Ok(compiled)
    }
}
