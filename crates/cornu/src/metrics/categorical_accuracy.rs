//! How often the most probable class is the one marked in the one-hot row.

use serde::{Deserialize, Serialize};

use super::{Metric, mean_accumulators, mean_result, metric_identity};
use crate::error::Result;
use crate::graph::{Graph, Value};
use crate::losses::{Targets, pairing};
use crate::shape::{DType, Shape};

/// The share of samples where `argmax p = argmax y`; of equal entries the first counts.
///
/// # Shapes
/// Targets and predictions `[batch, .., classes]`.
///
/// # Example
/// ```
/// use cornu::metrics::{CategoricalAccuracy, Metric};
/// assert_eq!(CategoricalAccuracy::default().name(), "categorical_accuracy");
/// ```
///
/// # Keras
/// The same.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CategoricalAccuracy {
    pub(super) name: String,
}

impl Default for CategoricalAccuracy {
    fn default() -> Self {
        Self {
            name: "categorical_accuracy".to_owned(),
        }
    }
}

impl Metric for CategoricalAccuracy {
    metric_identity!(CategoricalAccuracy);

    fn check(&self, targets: &Targets, prediction: &Shape) -> Result<()> {
        pairing::check_one_hot(self.class_name(), targets, prediction)
    }

    fn accumulate(
        &self,
        g: &mut Graph,
        y_true: Value,
        y_pred: Value,
        weight: Option<Value>,
    ) -> Result<Vec<Value>> {
        let (marked, best) = (g.arg_max(y_true)?, g.arg_max(y_pred)?);
        let (marked, best) = (g.cast(marked, DType::F32)?, g.cast(best, DType::F32)?);
        let hits = g.equal(marked, best)?;
        mean_accumulators(g, hits, weight)
    }

    fn result(&self, totals: &[Vec<f64>]) -> f64 {
        mean_result(totals)
    }
}
