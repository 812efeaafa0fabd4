//! A loss for each output of a model.

use serde_json::{Value as Json, json};

use super::position;
use crate::error::{Error, Result};
use crate::losses::{self, Loss};
use crate::model::Model;

/// What training makes small: one loss for all outputs, or one for each, with weights.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let x = input([8]);
/// let digit = Dense::new(10).activation("softmax").name("digit").on(&x);
/// let size = Dense::new(1).name("size").on(&x);
/// let mut model = Model::new([&x], [&digit, &size])?;
/// let losses = Losses::new()
///     .of("digit", SparseCategoricalCrossentropy::default())
///     .weighted("size", MeanSquaredError::default(), 0.2);
/// model.compile(Adam::default(), losses, [("digit", "accuracy")])?;
/// let data = (vec![Tensor::zeros([4, 8])], vec![Tensor::new([4], vec![1, 2, 3, 4])?, Tensor::zeros([4, 1])]);
/// let history = model.fit(&data, Fit::epochs(2).full_batch())?;
/// assert_eq!(
///     history.last().unwrap().names(),
///     ["loss", "digit_loss", "size_loss", "digit_accuracy", "learning_rate"]
/// );
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Keras
/// `loss={"digit": …, "size": …}, loss_weights={"size": 0.2}`; a list of losses is an array of boxes: `[loss("mse")?, loss("mae")?]`.
#[derive(Clone, Debug, Default)]
pub struct Losses {
    /// In the order of the outputs, or each with its output's name.
    list: Vec<Part>,
    /// One for every output there is.
    for_all: bool,
}

/// A loss and what it is multiplied by.
pub(crate) type Weighed = (Box<dyn Loss>, f32);

#[derive(Clone, Debug)]
struct Part {
    output: Option<String>,
    loss: Box<dyn Loss>,
    weight: f32,
}

impl Part {
    fn new(output: Option<&str>, loss: Box<dyn Loss>) -> Self {
        Self {
            output: output.map(str::to_owned),
            loss,
            weight: 1.0,
        }
    }
}

impl Losses {
    /// No losses but those that layers add.
    pub fn new() -> Self {
        Self::default()
    }

    /// A loss for the output of this name.
    pub fn of(self, output: &str, loss: impl Into<Box<dyn Loss>>) -> Self {
        self.weighted(output, loss, 1.0)
    }

    /// A loss for the output of this name, multiplied by a weight.
    pub fn weighted(mut self, output: &str, loss: impl Into<Box<dyn Loss>>, weight: f32) -> Self {
        let mut part = Part::new(Some(output), loss.into());
        part.weight = weight;
        self.list.push(part);
        self
    }

    /// What each loss is multiplied by, in the order in which they were given: Keras's `loss_weights`.
    pub fn weights(mut self, weights: impl IntoIterator<Item = f32>) -> Self {
        for (part, weight) in self.list.iter_mut().zip(weights) {
            part.weight = weight;
        }
        self
    }

    fn of_parts(list: Vec<Part>) -> Self {
        Self {
            list,
            for_all: false,
        }
    }

    /// The losses of a model's outputs, (loss, weight), `None` where an output has none.
    pub(super) fn resolve(&self, model: &Model) -> Result<Vec<Option<Weighed>>> {
        let names = model.output_names();
        let mut resolved: Vec<Option<Weighed>> = vec![None; names.len()];
        if self.for_all {
            for (slot, part) in resolved.iter_mut().zip(self.list.iter().cycle()) {
                *slot = Some((part.loss.clone(), part.weight));
            }
        } else if self.list.iter().all(|p| p.output.is_none()) && !self.list.is_empty() {
            if self.list.len() != names.len() {
                return Err(Error::config(format!(
                    "the model has {} outputs, received {} losses",
                    names.len(),
                    self.list.len()
                ))
                .at(model.name())
                .help(
                    "Losses::new().of(\"output\", loss) gives some outputs a loss and others none",
                ));
            }
            for (slot, part) in resolved.iter_mut().zip(&self.list) {
                *slot = Some((part.loss.clone(), part.weight));
            }
        }
        for part in &self.list {
            let loss = &part.loss;
            loss.check_arguments()
                .map_err(|e| e.at(loss.class_name()))?;
            if *loss.reduction().get()? == losses::Reduction::None {
                return Err(Error::config(
                    "training makes one number small, the reduction \"none\" gives many",
                )
                .at(loss.class_name())
                .help("use \"sum_over_batch_size\" or \"sum\""));
            }
            if !part.weight.is_finite() {
                return Err(Error::config(format!(
                    "a loss's weight must be a finite number, received {}",
                    part.weight
                ))
                .at(loss.class_name()));
            }
            if let Some(output) = &part.output {
                let at = position(&names, output, model)?;
                if resolved[at].is_some() {
                    return Err(
                        Error::config(format!("the output \"{output}\" has two losses"))
                            .at(model.name()),
                    );
                }
                resolved[at] = Some((part.loss.clone(), part.weight));
            }
        }
        Ok(resolved)
    }

    /// As they are written into a model's file.
    pub(super) fn to_json(&self) -> Json {
        match &self.list[..] {
            [one] if self.for_all && one.weight == 1.0 => losses::serialize(&*one.loss),
            list => {
                let parts = list.iter().map(|p| {
                    json!({ "output": p.output, "loss": losses::serialize(&*p.loss), "weight": p.weight })
                });
                json!({ "for_all": self.for_all, "losses": parts.collect::<Vec<_>>() })
            }
        }
    }

    /// Reads what [`Losses::to_json`] wrote.
    pub(crate) fn from_json(json: &Json) -> Result<Losses> {
        let Some(list) = json.get("losses").and_then(Json::as_array) else {
            return loss_from(json).map(Losses::from);
        };
        let part = |p: &Json| -> Result<Part> {
            let mut part = Part::new(
                p.get("output").and_then(Json::as_str),
                loss_from(p.get("loss").unwrap_or(&Json::Null))?,
            );
            part.weight = p.get("weight").and_then(Json::as_f64).unwrap_or(1.0) as f32;
            Ok(part)
        };
        Ok(Losses {
            list: list.iter().map(part).collect::<Result<_>>()?,
            for_all: json.get("for_all") == Some(&Json::Bool(true)),
        })
    }
}

impl<T: Loss + 'static> From<T> for Losses {
    fn from(loss: T) -> Self {
        Box::<dyn Loss>::from(loss).into()
    }
}

impl From<Box<dyn Loss>> for Losses {
    fn from(loss: Box<dyn Loss>) -> Self {
        Self {
            list: vec![Part::new(None, loss)],
            for_all: true,
        }
    }
}

impl<const N: usize> From<[Box<dyn Loss>; N]> for Losses {
    fn from(losses: [Box<dyn Loss>; N]) -> Self {
        Vec::from(losses).into()
    }
}

impl From<Vec<Box<dyn Loss>>> for Losses {
    fn from(losses: Vec<Box<dyn Loss>>) -> Self {
        Self::of_parts(losses.into_iter().map(|l| Part::new(None, l)).collect())
    }
}

impl<const N: usize> From<[(&str, Box<dyn Loss>); N]> for Losses {
    fn from(losses: [(&str, Box<dyn Loss>); N]) -> Self {
        let parts = losses.into_iter().map(|(o, l)| Part::new(Some(o), l));
        Self::of_parts(parts.collect())
    }
}

fn loss_from(json: &Json) -> Result<Box<dyn Loss>> {
    let class = json.get("class_name").and_then(Json::as_str);
    let config = json.get("config").and_then(Json::as_object);
    match class.zip(config) {
        Some((class, config)) => losses::deserialize(class, config.clone()),
        None => Err(Error::config(format!(
            "expected a loss's class and config, received {json}"
        ))),
    }
}
