//! The metrics, one file each: numbers gathered over many batches, computed in the graph.
//!
//! A metric gives sums over a batch (its accumulators), which are added up over batches, and a result from the totals. So one
//! trait serves means, accuracies, and histograms alike. A new metric is one file and one line in the list below.

mod accuracy;
mod binary_accuracy;
mod categorical_accuracy;
mod choice;
mod loss_metric;
mod mean;
mod sparse_categorical_accuracy;
mod sum;

pub use accuracy::Accuracy;
pub use binary_accuracy::BinaryAccuracy;
pub use categorical_accuracy::CategoricalAccuracy;
pub use choice::{MetricChoice, metric};
pub use loss_metric::LossMetric;
pub use mean::{Mean, mean_accumulators, mean_result};
pub use sparse_categorical_accuracy::SparseCategoricalAccuracy;
pub use sum::Sum;

use std::fmt;

use serde_json::{Map, Value as Json, json};

use crate::arguments;
use crate::error::{Error, Result};
use crate::graph::{Graph, Value};
use crate::losses::{self, Targets};
use crate::shape::{DType, Shape};

/// A number that is gathered over batches.
pub trait Metric: fmt::Debug + Send + Sync {
    /// The class name, as in Keras: "SparseCategoricalAccuracy".
    fn class_name(&self) -> &'static str;

    /// The name under which it is shown: "accuracy".
    fn name(&self) -> &str;

    /// Shows it under another name.
    fn set_name(&mut self, name: &str);

    /// The arguments, as in Keras's `get_config`.
    fn config(&self) -> Map<String, Json>;

    /// Explains before the first step what is wrong with these targets for a prediction of this shape (without the batch axis).
    fn check(&self, targets: &Targets, prediction: &Shape) -> Result<()>;

    /// The type in which the metric wants its targets.
    fn target_dtype(&self) -> DType {
        DType::F32
    }

    /// Sums over the batch: what is added up from batch to batch. `weight` counts each sample by a factor, `[batch]`, or each
    /// of its values.
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

/// The trait's methods that are the same for every struct with a field `name`, and the builder method for that field.
macro_rules! metric_identity {
    ($name:ident) => {
        fn class_name(&self) -> &'static str {
            stringify!($name)
        }

        fn name(&self) -> &str {
            &self.name
        }

        fn set_name(&mut self, name: &str) {
            name.clone_into(&mut self.name);
        }

        fn config(&self) -> serde_json::Map<String, serde_json::Value> {
            crate::arguments::object(self)
        }

        fn boxed(&self) -> Box<dyn Metric> {
            Box::new(self.clone())
        }
    };
}
use metric_identity;

macro_rules! metrics {
    ($($short:literal => $name:ident,)*) => {
        $(impl $name {
            /// Shown under another name.
            pub fn named(mut self, name: &str) -> Self {
                name.clone_into(&mut self.name);
                self
            }
        })*

        type FromConfig = fn(Map<String, Json>) -> Result<Box<dyn Metric>>;
        const TABLE: &[(&str, &str, FromConfig)] = &[
            $(($short, stringify!($name), |config| {
                arguments::read::<$name>(stringify!($name), config, &["dtype", "fn"])
                    .map(|m| Box::new(m) as Box<dyn Metric>)
            }),)*
        ];
    };
}

metrics! {
    "accuracy" => Accuracy,
    "binary_accuracy" => BinaryAccuracy,
    "categorical_accuracy" => CategoricalAccuracy,
    "mean" => Mean,
    "sparse_categorical_accuracy" => SparseCategoricalAccuracy,
    "sum" => Sum,
}

/// The class names of all metrics; every loss is one too.
pub fn names() -> Vec<&'static str> {
    TABLE.iter().map(|e| e.1).chain(losses::names()).collect()
}

/// The metric of a class or short name and its Keras config; arguments left out have Keras's defaults. Every loss's name is also
/// the name of a metric: the mean of that loss.
///
/// # Errors
/// [`Kind::Config`](crate::error::Kind::Config) for an unknown name or argument, with the nearest known one, and for values out of
/// range.
///
/// # Example
/// ```
/// use serde_json::{Map, json};
/// let config = Map::from_iter([("threshold".to_owned(), json!(0.3))]);
/// let metric = cornu::metrics::deserialize("binary_accuracy", config)?;
/// assert_eq!(metric.class_name(), "BinaryAccuracy");
/// # Ok::<(), cornu::Error>(())
/// ```
pub fn deserialize(name: &str, mut config: Map<String, Json>) -> Result<Box<dyn Metric>> {
    if let Some((_, _, from_config)) = TABLE
        .iter()
        .find(|(short, class, _)| *short == name.to_ascii_lowercase() || *class == name)
    {
        return from_config(config);
    }
    if !losses::is_known(name) {
        let short = TABLE.iter().map(|e| e.0).chain(losses::short_names());
        return Err(Error::unknown("metric", name, short));
    }
    let shown = config.remove("name");
    let mut metric = LossMetric::new(losses::deserialize(name, config)?);
    if let Some(Json::String(shown)) = shown {
        metric.set_name(&shown);
    }
    Ok(Box::new(metric))
}

/// The metric as Keras writes it: module, class name and whole config.
pub fn serialize(metric: &dyn Metric) -> Json {
    json!({
        "module": "keras.metrics",
        "class_name": metric.class_name(),
        "config": metric.config(),
        "registered_name": null,
    })
}
