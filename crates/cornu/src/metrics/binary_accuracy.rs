//! How often a probability lies on its target's side of a threshold.

use serde::{Deserialize, Serialize};

use super::{Metric, mean_accumulators, mean_result, metric_identity};
use crate::error::Result;
use crate::graph::{Graph, Value};
use crate::losses::{Targets, pairing};
use crate::shape::Shape;

/// The share of values where `1[p > threshold] = y`.
///
/// # Shapes
/// Targets (0 or 1) and predictions `[batch, ..]`; a last axis of length 1 may be left out.
///
/// # Example
/// ```
/// use cornu::metrics::{BinaryAccuracy, Metric};
/// assert_eq!(BinaryAccuracy::default().threshold(0.3).name(), "binary_accuracy");
/// ```
///
/// # Keras
/// The same. For predictions that are scores the threshold is 0.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BinaryAccuracy {
    pub(super) name: String,
    threshold: f64,
}

impl Default for BinaryAccuracy {
    fn default() -> Self {
        Self {
            name: "binary_accuracy".to_owned(),
            threshold: 0.5,
        }
    }
}

impl BinaryAccuracy {
    /// Above it a prediction means yes.
    pub fn threshold(mut self, threshold: f64) -> Self {
        self.threshold = threshold;
        self
    }
}

impl Metric for BinaryAccuracy {
    metric_identity!(BinaryAccuracy);

    fn check(&self, targets: &Targets, prediction: &Shape) -> Result<()> {
        pairing::check_same(self.class_name(), targets, prediction)
    }

    fn accumulate(
        &self,
        g: &mut Graph,
        y_true: Value,
        y_pred: Value,
        weight: Option<Value>,
    ) -> Result<Vec<Value>> {
        let (y, p) = pairing::align(g, y_true, y_pred)?;
        let yes = g.greater_scalar(p, self.threshold as f32)?;
        let hits = g.equal(y, yes)?;
        mean_accumulators(g, hits, weight)
    }

    fn result(&self, totals: &[Vec<f64>]) -> f64 {
        mean_result(totals)
    }
}
