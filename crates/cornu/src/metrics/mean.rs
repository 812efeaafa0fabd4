//! The mean of numbers that are given sample by sample.

use serde::{Deserialize, Serialize};

use super::{Metric, metric_identity};
use crate::error::Result;
use crate::graph::{Graph, Value};
use crate::losses::{Targets, stretch};
use crate::shape::Shape;

/// The mean of the predictions, whatever the targets.
///
/// # Shapes
/// Values `[batch, ..]`.
///
/// # Example
/// ```
/// use cornu::metrics::{Mean, Metric};
/// let mean = Mean::default().named("length");
/// assert_eq!(mean.result(&[vec![6.0], vec![4.0]]), 1.5);
/// ```
///
/// # Keras
/// The same: samples count by their weights, and the values of one sample count alike.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mean {
    pub(super) name: String,
}

impl Default for Mean {
    fn default() -> Self {
        Self {
            name: "mean".to_owned(),
        }
    }
}

impl Metric for Mean {
    metric_identity!(Mean);

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
        mean_accumulators(g, y_pred, weight)
    }

    fn result(&self, totals: &[Vec<f64>]) -> f64 {
        mean_result(totals)
    }
}

/// Sum and count of values, each counted by its sample's weight: the accumulators of a mean.
///
/// # Shapes
/// Values `[batch, ..]`, weight `[batch]` or the values' shape; two scalars.
pub fn mean_accumulators(
    g: &mut Graph,
    values: Value,
    weight: Option<Value>,
) -> Result<Vec<Value>> {
    let Some(weight) = weight else {
        let sum = g.sum_all(values)?;
        let count = g.constant(g.shape(values).elements() as f32)?;
        return Ok(vec![sum, count]);
    };
    let weight = stretch(g, weight, values)?;
    let weighted = g.mul(values, weight)?;
    // Weights of samples make many numbers of the one that some losses give for a whole batch.
    let shape = g.shape(weighted).clone();
    let all = g.broadcast(weight, shape)?;
    Ok(vec![g.sum_all(weighted)?, g.sum_all(all)?])
}

/// Sum divided by count, 0 where nothing counted.
pub fn mean_result(totals: &[Vec<f64>]) -> f64 {
    let (sum, count) = (totals[0][0], totals[1][0]);
    if count == 0.0 { 0.0 } else { sum / count }
}
