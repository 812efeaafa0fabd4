//! How often the most probable class is the integer label.

use serde::{Deserialize, Serialize};

use super::categorical_accuracy::best_class;
use super::{Metric, mean_accumulators, mean_result, metric_identity};
use crate::error::Result;
use crate::graph::{Graph, Value};
use crate::losses::{Targets, pairing};
use crate::shape::{DType, Shape};

/// The share of samples where `argmax p = label`; of equal entries the first counts, and -0 lies below 0.
///
/// # Shapes
/// Labels `[batch, ..]` or `[batch, .., 1]`; predictions `[batch, .., classes]`.
///
/// # Example
/// ```
/// use cornu::metrics::{Metric, SparseCategoricalAccuracy};
/// assert_eq!(SparseCategoricalAccuracy::default().name(), "sparse_categorical_accuracy");
/// ```
///
/// # Keras
/// The same.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SparseCategoricalAccuracy {
    pub(super) name: String,
}

impl Default for SparseCategoricalAccuracy {
    fn default() -> Self {
        Self {
            name: "sparse_categorical_accuracy".to_owned(),
        }
    }
}

impl Metric for SparseCategoricalAccuracy {
    metric_identity!(SparseCategoricalAccuracy);

    fn check(&self, targets: &Targets, prediction: &Shape) -> Result<()> {
        // A label that the loss leaves out may stand outside the classes: here it is a miss, as in Keras.
        let any = Targets {
            range: None,
            ..targets.clone()
        };
        pairing::check_labels(self.class_name(), &any, prediction, None)
    }

    fn target_dtype(&self) -> DType {
        DType::I32
    }

    fn accumulate(
        &self,
        g: &mut Graph,
        y_true: Value,
        y_pred: Value,
        weight: Option<Value>,
    ) -> Result<Vec<Value>> {
        let best = best_class(g, y_pred)?;
        let shape = g.shape(best).clone();
        let labels = g.reshape(y_true, shape)?;
        let (best, labels) = (g.cast(best, DType::F32)?, g.cast(labels, DType::F32)?);
        let hits = g.equal(best, labels)?;
        mean_accumulators(g, hits, weight)
    }

    fn result(&self, totals: &[Vec<f64>]) -> f64 {
        mean_result(totals)
    }
}
