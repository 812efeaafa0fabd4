//! Any loss as a metric: its mean over samples.

use serde_json::{Map, Value as Json};

use super::{Metric, mean_accumulators, mean_result};
use crate::error::Result;
use crate::graph::{Graph, Value};
use crate::losses::{Loss, Targets, stretch};
use crate::shape::{DType, Shape};

/// The mean of a loss over samples, each counted by its weight.
///
/// # Shapes
/// The loss's.
///
/// # Example
/// ```
/// use cornu::losses::MeanSquaredError;
/// use cornu::metrics::{LossMetric, Metric};
/// assert_eq!(LossMetric::new(MeanSquaredError::default()).name(), "mean_squared_error");
/// ```
///
/// # Keras
/// `metrics.MeanSquaredError`, `metrics.BinaryCrossentropy` and so on, each a class of its own there.
#[derive(Clone, Debug)]
pub struct LossMetric {
    name: String,
    loss: Box<dyn Loss>,
}

impl LossMetric {
    /// The mean of a loss, under the loss's name.
    pub fn new(loss: impl Into<Box<dyn Loss>>) -> Self {
        let loss = loss.into();
        Self {
            name: loss.name().to_owned(),
            loss,
        }
    }
}

impl Metric for LossMetric {
    fn class_name(&self) -> &'static str {
        self.loss.class_name()
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn set_name(&mut self, name: &str) {
        name.clone_into(&mut self.name);
    }

    fn config(&self) -> Map<String, Json> {
        let mut config = Map::from_iter([("name".to_owned(), self.name.as_str().into())]);
        // A metric is always a mean; Keras's metrics have no such argument.
        config.extend(
            self.loss
                .config()
                .into_iter()
                .filter(|(k, _)| k != "reduction"),
        );
        config
    }

    fn check(&self, targets: &Targets, prediction: &Shape) -> Result<()> {
        self.loss.check(targets, prediction)
    }

    fn target_dtype(&self) -> DType {
        self.loss.target_dtype()
    }

    fn accumulate(
        &self,
        g: &mut Graph,
        y_true: Value,
        y_pred: Value,
        weight: Option<Value>,
    ) -> Result<Vec<Value>> {
        let losses = self.loss.call(g, y_true, y_pred)?;
        let mask = self.loss.mask(g, y_true, losses)?;
        let weight = match (weight, mask) {
            (Some(w), Some(m)) => {
                let w = stretch(g, w, losses)?;
                Some(g.mul(w, m)?)
            }
            (w, m) => w.or(m),
        };
        mean_accumulators(g, losses, weight)
    }

    fn result(&self, totals: &[Vec<f64>]) -> f64 {
        mean_result(totals)
    }

    fn boxed(&self) -> Box<dyn Metric> {
        Box::new(self.clone())
    }
}
