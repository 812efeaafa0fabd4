//! Mean of squared differences.

use serde::{Deserialize, Serialize};

use super::{Choice, Loss, Reduction, Targets, loss_identity, pairing, reduction};
use crate::error::Result;
use crate::graph::{Graph, Value};
use crate::shape::Shape;

/// The mean of `(y - p)²` over the last axis of each sample.
///
/// # Shapes
/// Targets and predictions `[batch, .., n]`; a last axis of length 1 may be left out.
///
/// # Errors
/// Targets of another shape: they are never spread over the predictions.
///
/// # Example
/// ```
/// use cornu::losses::MeanSquaredError;
/// let loss = MeanSquaredError::default();
/// # let _ = loss;
/// ```
///
/// # Keras
/// The same.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MeanSquaredError {
    pub(super) reduction: Choice<Reduction>,
}

impl Default for MeanSquaredError {
    fn default() -> Self {
        Self {
            reduction: reduction::usual(),
        }
    }
}

impl Loss for MeanSquaredError {
    loss_identity!(MeanSquaredError);

    fn check(&self, targets: &Targets, prediction: &Shape) -> Result<()> {
        self.reduction.get()?;
        pairing::check_same(self.class_name(), targets, prediction)
    }

    fn call(&self, g: &mut Graph, y_true: Value, y_pred: Value) -> Result<Value> {
        let (y, p) = pairing::align(g, y_true, y_pred)?;
        let d = g.sub(p, y)?;
        let squares = g.square(d)?;
        let last = g.shape(squares).rank() - 1;
        g.mean(squares, &[last], false)
    }
}
