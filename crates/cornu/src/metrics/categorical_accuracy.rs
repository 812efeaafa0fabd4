//! How often the most probable class is the one marked in the one-hot row.

use serde::{Deserialize, Serialize};

use super::{Metric, mean_accumulators, mean_result, metric_identity};
use crate::error::Result;
use crate::graph::{Graph, Op, Value};
use crate::losses::{Targets, pairing};
use crate::shape::{DType, Shape};

/// The share of samples where `argmax p = argmax y`; of equal entries the first counts, and -0 lies below 0.
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

/// The index of the largest prediction. As in Keras, -0 lies below 0; a softmax gives no -0.
pub(super) fn best_class(g: &mut Graph, y_pred: Value) -> Result<Value> {
    if let Op::Softmax(_) = g.node(y_pred).op {
        return g.arg_max(y_pred);
    }
    let (zero, one) = (g.constant(0.0)?, g.constant(1.0)?);
    let is_zero = g.equal(y_pred, zero)?;
    // 1 / -0 is minus infinity.
    let sign = g.div(one, y_pred)?;
    let signed = g.clip(sign, -f32::MIN_POSITIVE, 0.0)?;
    let ordered = g.select(is_zero, signed, y_pred)?;
    g.arg_max(ordered)
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
        let (marked, best) = (g.arg_max(y_true)?, best_class(g, y_pred)?);
        let (marked, best) = (g.cast(marked, DType::F32)?, g.cast(best, DType::F32)?);
        let hits = g.equal(marked, best)?;
        mean_accumulators(g, hits, weight)
    }

    fn result(&self, totals: &[Vec<f64>]) -> f64 {
        mean_result(totals)
    }
}
