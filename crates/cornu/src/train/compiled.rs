//! What `compile` adds to a model: optimizer, loss, metrics.

use serde_json::{Map, Value as Json, json};

use crate::error::{Error, Result};
use crate::exec::Variable;
use crate::losses::{self, Loss};
use crate::metrics::{self, MetricChoice};
use crate::model::Model;
use crate::optimizers::{self, LearningRate, Optimizer};
use crate::tensor::Tensor;

/// Optimizer, loss and metrics of a model.
#[derive(Debug, Clone)]
pub struct Compiled {
    pub(crate) optimizer: Box<dyn Optimizer>,
    pub(crate) loss: Box<dyn Loss>,
    pub(crate) metrics: Vec<MetricChoice>,
    /// Numbers of the weights that training changes.
    pub(crate) trained: Vec<usize>,
    /// How many steps were made.
    pub(crate) iteration: u64,
    /// The learning rate: the optimizer's, or the number set since.
    pub(crate) learning_rate: LearningRate,
}

impl Model {
    /// Chooses how the model is trained and judged.
    ///
    /// # Errors
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
    pub fn compile<M: Into<MetricChoice>>(
        &mut self,
        optimizer: impl Into<Box<dyn Optimizer>>,
        loss: impl Into<Box<dyn Loss>>,
        metrics: impl IntoIterator<Item = M>,
    ) -> Result<()> {
        let metrics = metrics.into_iter().map(Into::into).collect();
        let compiled = Compiled::new(self, optimizer.into(), loss.into(), metrics)?;
        self.compiled = Some(compiled);
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
        self.compiled.as_ref().map(Compiled::rate)
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
        if let LearningRate::Schedule(schedule) = &self.compiled()?.learning_rate {
            return Err(Error::config(format!(
                "the learning rate follows a {}, it cannot be set",
                schedule.class_name()
            ))
            .at(self.name())
            .help("compile the model with a number as the optimizer's learning rate"));
        }
        if let Some(c) = &mut self.compiled {
            c.learning_rate = learning_rate.into();
        }
        Ok(())
    }
}

impl Compiled {
    fn new(
        model: &mut Model,
        optimizer: Box<dyn Optimizer>,
        loss: Box<dyn Loss>,
        metrics: Vec<MetricChoice>,
    ) -> Result<Self> {
        if model.architecture.outputs.len() != 1 {
            return Err(Error::config(format!(
                "one loss trains a model of one output, this one has {}",
                model.architecture.outputs.len()
            ))
            .at(model.name()));
        }
        optimizer
            .check()
            .map_err(|e| e.at(optimizer.class_name()))?;
        loss.check_arguments()
            .map_err(|e| e.at(loss.class_name()))?;
        if *loss.reduction().get()? == losses::Reduction::None {
            return Err(Error::config(
                "training makes one number small, the reduction \"none\" gives many",
            )
            .at(loss.class_name())
            .help("use \"sum_over_batch_size\" or \"sum\""));
        }
        let trained: Vec<usize> = (0..model.weights.len())
            .filter(|&i| model.is_trainable(i))
            .collect();
        model.variables.truncate(model.weights.len());
        for _ in optimizer.slots() {
            for &i in &trained {
                let zeros = Tensor::zeros(model.weights[i].spec.shape.clone());
                model.variables.add(Variable::new(&zeros)?);
            }
        }
        Ok(Self {
            learning_rate: optimizer.base().learning_rate.clone(),
            optimizer,
            loss,
            metrics,
            trained,
            iteration: 0,
        })
    }

    /// The learning rate of the next step.
    pub(crate) fn rate(&self) -> f32 {
        self.learning_rate.at(self.iteration)
    }

    /// Number of the state that holds a slot of a trained weight (by its place among the trained).
    pub(crate) fn slot_state(&self, weights: usize, slot: usize, trained: usize) -> usize {
        weights + slot * self.trained.len() + trained
    }

    /// Names under which the slots are saved, in the order of their states.
    pub(crate) fn slot_names(&self, model: &Model) -> Vec<String> {
        let slots = self.optimizer.slots();
        let names = slots.iter().flat_map(|slot| {
            self.trained
                .iter()
                .map(move |&i| format!("optimizer/{slot}/{}", model.weights[i].path))
        });
        names.collect()
    }

    pub(crate) fn to_json(&self) -> Json {
        let metrics: Vec<Json> = self
            .metrics
            .iter()
            .map(|m| match m {
                MetricChoice::Named(name) => name.as_str().into(),
                MetricChoice::Metric(m) => metrics::serialize(&**m),
            })
            .collect();
        json!({
            "optimizer": optimizers::serialize(&*self.optimizer),
            "loss": losses::serialize(&*self.loss),
            "metrics": metrics,
            "iteration": self.iteration,
            // A schedule is the optimizer's own argument.
            "learning_rate": match self.learning_rate {
                LearningRate::Constant(rate) => Some(rate),
                LearningRate::Schedule(_) => None,
            },
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
        let (class, config) = named("loss")?;
        let loss = losses::deserialize(&class, config)?;
        let empty = Vec::new();
        let list = json
            .get("metrics")
            .and_then(Json::as_array)
            .unwrap_or(&empty);
        let metrics = list
            .iter()
            .map(|m| match m {
                Json::String(name) => Ok(metrics::metric(name)),
                Json::Object(o) => {
                    let class = o
                        .get("class_name")
                        .and_then(Json::as_str)
                        .unwrap_or_default();
                    let config = o.get("config").and_then(Json::as_object).cloned();
                    metrics::deserialize(class, config.unwrap_or_default())
                        .map(MetricChoice::Metric)
                }
                other => Err(Error::config(format!(
                    "expected a metric's name, received {other}"
                ))),
            })
            .collect::<Result<Vec<_>>>()?;
        let mut compiled = Self::new(model, optimizer, loss, metrics)?;
        compiled.iteration = json.get("iteration").and_then(Json::as_u64).unwrap_or(0);
        if let Some(rate) = json.get("learning_rate").and_then(Json::as_f64) {
            compiled.learning_rate = rate.into();
        }
        Ok(compiled)
    }
}
