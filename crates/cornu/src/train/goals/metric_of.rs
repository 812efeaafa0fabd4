//! A metric of one of a model's outputs.

use serde_json::{Map, Value as Json, json};

use crate::error::Result;
use crate::metrics::MetricChoice;

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
    pub(super) output: Option<String>,
    pub(super) choice: MetricChoice,
    pub(super) weighted: bool,
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

    /// As it is written into a model's file.
    pub(super) fn to_json(&self) -> Json {
        match (&self.output, self.weighted) {
            (None, false) => self.choice.to_json(),
            _ => {
                json!({ "output": self.output, "weighted": self.weighted, "metric": self.choice.to_json() })
            }
        }
    }

    /// Reads what [`MetricOf::to_json`] wrote.
    pub(crate) fn from_json(json: &Json) -> Result<MetricOf> {
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
