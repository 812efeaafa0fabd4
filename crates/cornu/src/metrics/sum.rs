//! The sum of numbers that are given sample by sample.

use serde::{Deserialize, Serialize};

use super::{Metric, metric_identity};
use crate::error::Result;
use crate::graph::{Graph, Value};
use crate::losses::{Targets, stretch};
use crate::shape::Shape;

/// The sum of the predictions, whatever the targets, each counted by its sample's weight.
///
/// # Shapes
/// Values `[batch, ..]`.
///
/// # Example
/// ```
/// use cornu::metrics::{Metric, Sum};
/// let sum = Sum::default().named("reward");
/// assert_eq!(sum.result(&[vec![6.0]]), 6.0);
/// ```
///
/// # Keras
/// The same.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sum {
    pub(super) name: String,
}

impl Default for Sum {
    fn default() -> Self {
        Self {
            name: "sum".to_owned(),
        }
    }
}

impl Metric for Sum {
    metric_identity!(Sum);

    fn check(&self, _: &Targets, _: &Shape) -> Result<()> {
        Ok(())
    }

    fn accumulate(
        &self,
        g: &mut Graph,
        _: Value,
        y_pred: Value,
        weight: Option<Value>,
    ) -> Result<Vec<Value>> {
        let mut values = y_pred;
        if let Some(weight) = weight {
            let weight = stretch(g, weight, values)?;
            values = g.mul(values, weight)?;
        }
        Ok(vec![g.sum_all(values)?])
    }

    fn result(&self, totals: &[Vec<f64>]) -> f64 {
        totals[0][0]
    }
}
