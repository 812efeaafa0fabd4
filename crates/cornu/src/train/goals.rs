//! What training makes small and what is shown of it: a loss and metrics for each output of a model.

use std::collections::HashSet;

use serde_json::{Map, Value as Json, json};

use crate::error::{Error, Result};
use crate::losses::{self, Loss, Targets};
use crate::metrics::{Metric, MetricChoice};
use crate::model::Model;
use crate::shape::Shape;

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
    fn resolve(&self, model: &Model) -> Result<Vec<Option<Weighed>>> {
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
}

fn position(names: &[String], output: &str, model: &Model) -> Result<usize> {
    names.iter().position(|n| n == output).ok_or_else(|| {
        Error::unknown("output", output, names.iter().map(String::as_str)).at(model.name())
    })
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

/// A metric as given to `compile`, with the output it is of, where there are several, and whether samples count by their weights.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let shown: [MetricOf; 3] = ["accuracy".into(), ("digit", "accuracy").into(), metric("accuracy").weighted()];
/// # let _ = shown;
/// ```
///
/// # Keras
/// `metrics={"digit": ["accuracy"]}` and `weighted_metrics=["accuracy"]`.
#[derive(Clone, Debug)]
pub struct MetricOf {
    output: Option<String>,
    choice: MetricChoice,
    weighted: bool,
}

impl MetricOf {
    /// The same metric of the output of this name.
    pub fn of(mut self, output: &str) -> Self {
        self.output = Some(output.to_owned());
        self
    }

    /// The same metric, for which samples count by their weights.
    pub fn weighted(mut self) -> Self {
        self.weighted = true;
        self
    }
}

impl MetricChoice {
    /// The metric, for which samples count by their weights: one of Keras's `weighted_metrics`.
    pub fn weighted(self) -> MetricOf {
        MetricOf::from(self).weighted()
    }

    /// The metric of the output of this name.
    pub fn of(self, output: &str) -> MetricOf {
        MetricOf::from(self).of(output)
    }
}

impl<T: Into<MetricChoice>> From<T> for MetricOf {
    fn from(choice: T) -> Self {
        Self {
            output: None,
            choice: choice.into(),
            weighted: false,
        }
    }
}

impl<T: Into<MetricChoice>> From<(&str, T)> for MetricOf {
    fn from((output, choice): (&str, T)) -> Self {
        Self::from(choice).of(output)
    }
}

/// An output of a model with its loss and its metrics; it has one target.
#[derive(Clone, Debug)]
pub(crate) struct Goal {
    pub(crate) output: usize,
    pub(crate) loss: Option<Weighed>,
    metrics: Vec<(MetricChoice, bool)>,
}

/// The losses and metrics of a model: one goal for each output that has any.
#[derive(Clone, Debug)]
pub(crate) struct Goals {
    pub(crate) each: Vec<Goal>,
    /// As they were given.
    losses: Losses,
    metrics: Vec<MetricOf>,
}

/// What is known before the first step of targets and of how much samples count.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Wanted {
    /// For each goal.
    pub(crate) targets: Vec<Targets>,
    /// Shapes of the weights of one sample: none, one list for all goals, or one for each.
    pub(crate) weights: Vec<Shape>,
}

impl From<&Targets> for Wanted {
    fn from(targets: &Targets) -> Self {
        Self {
            targets: vec![targets.clone()],
            weights: Vec::new(),
        }
    }
}

/// A metric of one goal, with the name under which it is shown.
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    pub(crate) goal: usize,
    pub(crate) name: String,
    pub(crate) metric: Box<dyn Metric>,
    pub(crate) weighted: bool,
}

impl Goals {
    pub(crate) fn new(model: &Model, losses: Losses, metrics: Vec<MetricOf>) -> Result<Self> {
        let names = model.output_names();
        let mut all: Vec<Goal> = losses
            .resolve(model)?
            .into_iter()
            .enumerate()
            .map(|(output, loss)| Goal {
                output,
                loss,
                metrics: Vec::new(),
            })
            .collect();
        for m in &metrics {
            let output = match (&m.output, names.len()) {
                (Some(output), _) => position(&names, output, model)?,
                (None, 1) => 0,
                (None, n) => {
                    return Err(Error::config(format!(
                        "the model has {n} outputs, and a metric does not tell which it is of"
                    ))
                    .at(model.name())
                    .help(format!(
                        "(\"{}\", \"accuracy\") is one of the first output",
                        names[0]
                    )));
                }
            };
            m.choice.check_name().map_err(|e| e.at(model.name()))?;
            all[output].metrics.push((m.choice.clone(), m.weighted));
        }
        all.retain(|g| g.loss.is_some() || !g.metrics.is_empty());
        Ok(Self {
            each: all,
            losses,
            metrics,
        })
    }

    /// Where training sees several losses, each is shown: (goal, name).
    pub(crate) fn shown_losses(&self, model: &Model) -> Vec<(usize, String)> {
        let with = (0..self.each.len()).filter(|&i| self.each[i].loss.is_some());
        let with: Vec<usize> = with.collect();
        if with.len() < 2 {
            return Vec::new();
        }
        let names = model.output_names();
        let name = |i: usize| (i, format!("{}_loss", names[self.each[i].output]));
        with.into_iter().map(name).collect()
    }

    /// The metrics for targets of a kind, as Keras names them.
    pub(crate) fn shown_metrics(&self, model: &Model, wanted: &Wanted) -> Result<Vec<Shown>> {
        let names = model.output_names();
        let mut used: HashSet<String> = HashSet::new();
        let mut shown = Vec::new();
        // As in Keras, those that heed weights come last.
        for weighted in [false, true] {
            for (goal, g) in self.each.iter().enumerate() {
                for (choice, _) in g.metrics.iter().filter(|m| m.1 == weighted) {
                    let shape = &model.output_meta(g.output).shape;
                    let metric = choice.resolve(&wanted.targets[goal], shape)?;
                    let prefix = match names.len() {
                        1 => String::new(),
                        _ => format!("{}_", names[g.output]),
                    };
                    let mut name = format!("{prefix}{}", metric.name());
                    if weighted && used.contains(&name) {
                        name = format!("{prefix}weighted_{}", metric.name());
                    }
                    let stem = name.clone();
                    let mut count = 0;
                    while !used.insert(name.clone()) {
                        count += 1;
                        name = format!("{stem}_{count}");
                    }
                    shown.push(Shown {
                        goal,
                        name,
                        metric,
                        weighted,
                    });
                }
            }
        }
        Ok(shown)
    }

    /// Explains what is wrong between targets, weights and outputs.
    pub(crate) fn check(&self, model: &Model, wanted: &Wanted, what: &str) -> Result<()> {
        if wanted.targets.len() != self.each.len() {
            return Err(Error::data(format!(
                "the model has losses or metrics for {} outputs, the {what} samples have {} targets",
                self.each.len(),
                wanted.targets.len()
            ))
            .at(model.name()));
        }
        let weights = wanted.weights.len();
        if weights > 1 && weights != self.each.len() {
            return Err(Error::data(format!(
                "{weights} lists of sample weights for {} targets",
                self.each.len()
            ))
            .at(model.name())
            .help("give one list for all targets, or one for each"));
        }
        for (goal, targets) in self.each.iter().zip(&wanted.targets) {
            if let Some((loss, _)) = &goal.loss {
                loss.check(targets, &model.output_meta(goal.output).shape)
                    .map_err(|e| e.at(format!("{} ({what} targets)", loss.class_name())))?;
            }
        }
        Ok(())
    }

    pub(crate) fn losses_json(&self) -> Json {
        match &self.losses.list[..] {
            [one] if self.losses.for_all && one.weight == 1.0 => losses::serialize(&*one.loss),
            list => {
                let parts = list.iter().map(|p| {
                    json!({ "output": p.output, "loss": losses::serialize(&*p.loss), "weight": p.weight })
                });
                json!({ "for_all": self.losses.for_all, "losses": parts.collect::<Vec<_>>() })
            }
        }
    }

    pub(crate) fn metrics_json(&self) -> Vec<Json> {
        let of = |m: &MetricOf| match (&m.output, m.weighted) {
            (None, false) => m.choice.to_json(),
            _ => {
                json!({ "output": m.output, "weighted": m.weighted, "metric": m.choice.to_json() })
            }
        };
        self.metrics.iter().map(of).collect()
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

/// Reads what [`Goals::losses_json`] wrote.
pub(crate) fn losses_from(json: &Json) -> Result<Losses> {
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

/// Reads what [`Goals::metrics_json`] wrote.
pub(crate) fn metric_from(json: &Json) -> Result<MetricOf> {
    let empty = Map::new();
    let parts = json.as_object().unwrap_or(&empty);
    let Some(choice) = parts.get("metric") else {
        return MetricChoice::from_json(json).map(MetricOf::from);
    };
    Ok(MetricOf {
        output: parts
            .get("output")
            .and_then(Json::as_str)
            .map(str::to_owned),
        choice: MetricChoice::from_json(choice)?,
        weighted: parts.get("weighted") == Some(&Json::Bool(true)),
    })
}
