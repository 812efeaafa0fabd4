//! Cross-entropy between integer labels and predicted probabilities.

use serde::{Deserialize, Serialize};

use super::scores::{Seen, clip_probabilities, softmax_scores};
use super::{Choice, Loss, Reduction, Targets, loss_identity, pairing, reduction};
use crate::error::Result;
use crate::graph::ops::BinaryKind;
use crate::graph::{Graph, Value};
use crate::shape::{DType, Shape};

/// `-log p[label]` for each sample.
///
/// Samples whose label is `ignore_class` have a loss of 0 and are left out of the mean.
///
/// # Shapes
/// Labels `[batch, ..]` (or `[batch, .., 1]`), integers from 0 to the number of classes; predictions `[batch, .., classes]`.
///
/// # Errors
/// One-hot or real targets, labels out of range, predictions for a single class.
///
/// # Example
/// ```
/// use cornu::losses::SparseCategoricalCrossentropy;
/// let loss = SparseCategoricalCrossentropy::default().from_logits(true);
/// # let _ = loss;
/// ```
///
/// # Keras
/// The same: probabilities are kept within `1e-7` and `1 - 1e-7`, then made to sum to 1; a prediction that comes straight out of a
/// softmax is computed from its scores, as in Keras on TensorFlow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SparseCategoricalCrossentropy {
    pub(super) reduction: Choice<Reduction>,
    from_logits: bool,
    ignore_class: Option<i32>,
}

impl Default for SparseCategoricalCrossentropy {
    fn default() -> Self {
        Self {
            reduction: reduction::usual(),
            from_logits: false,
            ignore_class: None,
        }
    }
}

impl SparseCategoricalCrossentropy {
    /// Whether predictions are scores before a softmax rather than probabilities.
    pub fn from_logits(mut self, from_logits: bool) -> Self {
        self.from_logits = from_logits;
        self
    }

    /// The label of samples that do not count, as -1 or 255 for pixels without a class.
    pub fn ignore_class(mut self, label: i32) -> Self {
        self.ignore_class = Some(label);
        self
    }
}

/// 1 where a label counts.
fn counts(g: &mut Graph, labels: Value, ignored: i32) -> Result<Value> {
    let labels = g.cast(labels, DType::F32)?;
    let ignored = g.constant(ignored as f32)?;
    g.binary(BinaryKind::Ne, labels, ignored)
}

impl Loss for SparseCategoricalCrossentropy {
    loss_identity!(SparseCategoricalCrossentropy);

    fn check(&self, targets: &Targets, prediction: &Shape) -> Result<()> {
        self.reduction.get()?;
        pairing::check_labels(self.class_name(), targets, prediction, self.ignore_class)
    }

    fn target_dtype(&self) -> DType {
        DType::I32
    }

    fn call(&self, g: &mut Graph, y_true: Value, y_pred: Value) -> Result<Value> {
        let mut labels = pairing::labels(g, y_true, y_pred)?;
        let valid = self
            .ignore_class
            .map(|class| counts(g, labels, class))
            .transpose()?;
        if let Some(valid) = valid {
            // A label outside the classes has no probability to pick.
            let l = g.cast(labels, DType::F32)?;
            let l = g.mul(l, valid)?;
            labels = g.cast(l, DType::I32)?;
        }
        let scores = match softmax_scores(g, y_pred, self.from_logits) {
            Seen::Scores(x) => x,
            Seen::Probabilities(p) => {
                // The softmax of log p is p made to sum to 1.
                let p = clip_probabilities(g, p)?;
                g.log(p)?
            }
        };
        let log_p = g.log_softmax(scores)?;
        let picked = g.take_last(log_p, labels)?;
        let losses = g.neg(picked)?;
        match valid {
            Some(valid) => {
                let zero = g.constant(0.0)?;
                g.select(valid, losses, zero)
            }
            None => Ok(losses),
        }
    }

    fn mask(&self, g: &mut Graph, y_true: Value, losses: Value) -> Result<Option<Value>> {
        let Some(class) = self.ignore_class else {
            return Ok(None);
        };
        let shape = g.shape(losses).clone();
        let labels = g.reshape(y_true, shape)?;
        counts(g, labels, class).map(Some)
    }
}
