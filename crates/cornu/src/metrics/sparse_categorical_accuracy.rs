//! How often the most probable class is the integer label.

use super::{Metric, mean_accumulators, mean_result};
use crate::error::Result;
use crate::graph::{Graph, Value};
use crate::shape::DType;

/// The share of samples whose largest prediction stands at the label.
///
/// # Shapes
/// Labels `[batch]` or `[batch, 1]`; predictions `[batch, classes]`.
///
/// # Example
/// ```
/// use cornu::metrics::{Metric, SparseCategoricalAccuracy};
/// assert_eq!(SparseCategoricalAccuracy::default().name(), "sparse_categorical_accuracy");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct SparseCategoricalAccuracy {
    name: String,
}

impl Default for SparseCategoricalAccuracy {
    fn default() -> Self {
        Self {
            name: "sparse_categorical_accuracy".to_owned(),
        }
    }
}

impl SparseCategoricalAccuracy {
    /// Shown under another name.
    pub fn named(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }
}

impl Metric for SparseCategoricalAccuracy {
    fn class_name(&self) -> &'static str {
        "SparseCategoricalAccuracy"
    }

    fn name(&self) -> &str {
        &self.name
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
        let best = g.arg_max(y_pred)?;
        let shape = g.shape(best).clone();
        let labels = g.reshape(y_true, shape)?;
        let (best, labels) = (g.cast(best, DType::F32)?, g.cast(labels, DType::F32)?);
        let hits = g.equal(best, labels)?;
        mean_accumulators(g, hits, weight)
    }

    fn result(&self, totals: &[Vec<f64>]) -> f64 {
        mean_result(totals)
    }

    fn boxed(&self) -> Box<dyn Metric> {
        Box::new(self.clone())
    }
}
