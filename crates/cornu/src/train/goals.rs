//! What training makes small and what is shown of it: a loss and metrics for each output of a model.

mod losses;
mod metric_of;

pub use losses::Losses;
pub(crate) use losses::Weighed;
pub use metric_of::MetricOf;

use std::collections::HashSet;

use serde_json::Value as Json;

use crate::error::{Error, Result};
use crate::losses::Targets;
use crate::metrics::{Metric, MetricChoice};
use crate::model::Model;
use crate::shape::Shape;

fn position(names: &[String], output: &str, model: &Model) -> Result<usize> {
    names.iter().position(|n| n == output).ok_or_else(|| {
        Error::unknown("output", output, names.iter().map(String::as_str)).at(model.name())
    })
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
        self.losses.to_json()
    }

    pub(crate) fn metrics_json(&self) -> Vec<Json> {
        self.metrics.iter().map(MetricOf::to_json).collect()
    }
}
