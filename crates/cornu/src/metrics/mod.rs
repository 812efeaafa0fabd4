//! The metrics, one file each: numbers gathered over many batches, computed in the graph.
//!
//! A metric gives sums over a batch (its accumulators), which are added up over batches, and a result from the totals. So one
//! trait serves means, accuracies, and histograms alike. A new metric is one file and one line in the list below.

mod sparse_categorical_accuracy;

pub use sparse_categorical_accuracy::SparseCategoricalAccuracy;

use std::fmt;

use crate::error::{Error, Result};
use crate::graph::{Graph, Value};
use crate::losses::Targets;
use crate::shape::{DType, Shape};

/// A number that is gathered over batches.
pub trait Metric: fmt::Debug + Send + Sync {
    /// The class name, as in Keras: "SparseCategoricalAccuracy".
    fn class_name(&self) -> &'static str;

    /// The name under which it is shown: "accuracy".
    fn name(&self) -> &str;

    /// The type in which the metric wants its targets.
    fn target_dtype(&self) -> DType {
        DType::F32
    }

    /// Sums over the batch: what is added up from batch to batch. `weight` counts each sample by a factor, `[batch]`.
    fn accumulate(
        &self,
        g: &mut Graph,
        y_true: Value,
        y_pred: Value,
        weight: Option<Value>,
    ) -> Result<Vec<Value>>;

    /// The metric from the totals of its accumulators.
    fn result(&self, totals: &[Vec<f64>]) -> f64;

    /// A copy in a box.
    fn boxed(&self) -> Box<dyn Metric>;
}

impl Clone for Box<dyn Metric> {
    fn clone(&self) -> Self {
        self.boxed()
    }
}

impl<T: Metric + 'static> From<T> for Box<dyn Metric> {
    fn from(m: T) -> Self {
        Box::new(m)
    }
}

/// A metric as given to `compile`: itself, or a name that is resolved once targets and predictions are known.
#[derive(Clone, Debug)]
pub enum MetricChoice {
    /// A metric.
    Metric(Box<dyn Metric>),
    /// A name: "accuracy" becomes the accuracy that fits the targets, as in Keras.
    Named(String),
}

/// The metric of a name.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let m = metric("accuracy");
/// # let _ = m;
/// ```
pub fn metric(name: &str) -> MetricChoice {
    MetricChoice::Named(name.to_owned())
}

impl From<&str> for MetricChoice {
    fn from(name: &str) -> Self {
        metric(name)
    }
}

impl<T: Metric + 'static> From<T> for MetricChoice {
    fn from(m: T) -> Self {
        Self::Metric(Box::new(m))
    }
}

impl MetricChoice {
    /// The metric, for targets and predictions (without the batch axis) as given.
    ///
    /// # Errors
    /// [`Kind::Config`](crate::error::Kind::Config) for an unknown name, with the nearest known one.
    pub fn resolve(&self, _targets: &Targets, _prediction: &Shape) -> Result<Box<dyn Metric>> {
        match self {
            Self::Metric(m) => Ok(m.clone()),
            Self::Named(name) => match name.as_str() {
                "accuracy" | "acc" => {
                    Ok(Box::new(SparseCategoricalAccuracy::default().named(name)))
                }
                other => Err(Error::unknown("metric", other, ["accuracy"])),
            },
        }
    }
}

/// Sum and count of a value for each sample: the accumulators of a mean.
fn mean_accumulators(g: &mut Graph, values: Value, weight: Option<Value>) -> Result<Vec<Value>> {
    let n = g.shape(values).elements();
    let Some(weight) = weight else {
        let sum = g.sum_all(values)?;
        let count = g.constant(n as f32)?;
        return Ok(vec![sum, count]);
    };
    let weighted = g.mul(values, weight)?;
    let shape = g.shape(values).clone();
    let all = g.broadcast(weight, shape)?;
    Ok(vec![g.sum_all(weighted)?, g.sum_all(all)?])
}

/// Sum divided by count.
fn mean_result(totals: &[Vec<f64>]) -> f64 {
    let (sum, count) = (totals[0][0], totals[1][0]);
    if count == 0.0 { 0.0 } else { sum / count }
}
