//! A metric as it is given to `compile`: itself, or a name whose meaning depends on targets and predictions.

use serde_json::{Map, Value as Json};

use super::{
    BinaryAccuracy, CategoricalAccuracy, Metric, SparseCategoricalAccuracy, deserialize, serialize,
};
use crate::error::{Error, Result};
use crate::losses::Targets;
use crate::shape::Shape;

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
/// use cornu::metrics::metric;
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

impl From<String> for MetricChoice {
    fn from(name: String) -> Self {
        Self::Named(name)
    }
}

impl From<Box<dyn Metric>> for MetricChoice {
    fn from(m: Box<dyn Metric>) -> Self {
        Self::Metric(m)
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
    /// "accuracy" and "acc" mean [`BinaryAccuracy`] where the predictions' last axis has length 1, [`SparseCategoricalAccuracy`]
    /// where targets have an axis less or a last axis of length 1, [`CategoricalAccuracy`] otherwise.
    ///
    /// # Errors
    /// [`Kind::Config`](crate::error::Kind::Config) for an unknown name, with the nearest known one; and what the metric's check
    /// finds.
    pub fn resolve(&self, targets: &Targets, prediction: &Shape) -> Result<Box<dyn Metric>> {
        let metric = match self {
            Self::Metric(m) => m.clone(),
            Self::Named(name) if is_accuracy(name) => accuracy(name, targets, prediction),
            Self::Named(name) => deserialize(name, Map::new())?,
        };
        metric.check(targets, prediction)?;
        Ok(metric)
    }

    /// Whether the name is known, before there are targets and predictions.
    pub(crate) fn check_name(&self) -> Result<()> {
        match self {
            Self::Named(name) if !is_accuracy(name) => deserialize(name, Map::new()).map(|_| ()),
            _ => Ok(()),
        }
    }

    /// The name or the whole config, as Keras writes it.
    pub fn to_json(&self) -> Json {
        match self {
            Self::Metric(m) => serialize(&**m),
            Self::Named(name) => Json::String(name.clone()),
        }
    }

    /// Reads what [`MetricChoice::to_json`] and Keras write.
    ///
    /// # Errors
    /// [`Kind::Config`](crate::error::Kind::Config) for anything but a name or an object with a class name and a config.
    pub fn from_json(json: &Json) -> Result<Self> {
        if let Json::String(name) = json {
            return Ok(metric(name));
        }
        let class = json.get("class_name").and_then(Json::as_str);
        let Some(class) = class else {
            return Err(Error::config(format!(
                "expected a metric's name, or an object with class_name and config, received {json}"
            )));
        };
        let config = json.get("config").and_then(Json::as_object);
        deserialize(class, config.cloned().unwrap_or_default()).map(Self::Metric)
    }
}

fn is_accuracy(name: &str) -> bool {
    ["accuracy", "acc"]
        .iter()
        .any(|n| name.eq_ignore_ascii_case(n))
}

/// Keras's rule for the name "accuracy".
fn accuracy(name: &str, targets: &Targets, prediction: &Shape) -> Box<dyn Metric> {
    let column = |s: &Shape| s.last().is_none_or(|&n| n == 1);
    if column(prediction) {
        Box::new(BinaryAccuracy::default().named(name))
    } else if targets.shape.rank() < prediction.rank() || column(&targets.shape) {
        Box::new(SparseCategoricalAccuracy::default().named(name))
    } else {
        Box::new(CategoricalAccuracy::default().named(name))
    }
}
