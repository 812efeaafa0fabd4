//! How often a prediction equals its target.

use serde::{Deserialize, Serialize};

use super::{Metric, mean_accumulators, mean_result, metric_identity};
use crate::error::Result;
use crate::graph::{Graph, Value};
use crate::losses::{Targets, pairing};
use crate::shape::Shape;

/// The share of values that are equal, for predictions that are labels themselves.
///
/// The name "accuracy" given to `compile` means the accuracy that fits the targets instead.
///
/// # Shapes
/// Targets and predictions `[batch, ..]`; a last axis of length 1 may be left out.
///
/// # Example
/// ```
/// use cornu::metrics::{Accuracy, Metric};
/// assert_eq!(Accuracy::default().name(), "accuracy");
/// ```
///
/// # Keras
/// The same.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Accuracy {
    pub(super) name: String,
}

impl Default for Accuracy {
    fn default() -> Self {
        Self {
            name: "accuracy".to_owned(),
        }
    }
}

impl Metric for Accuracy {
    metric_identity!(Accuracy);

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
        let hits = g.equal(y, p)?;
        mean_accumulators(g, hits, weight)
    }

    fn result(&self, totals: &[Vec<f64>]) -> f64 {
        mean_result(totals)
    }
}
