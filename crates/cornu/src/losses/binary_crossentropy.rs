//! Cross-entropy between yes-or-no targets and predicted probabilities.

use serde::{Deserialize, Serialize};

use super::scores::{Seen, clip_probabilities, sigmoid_scores, smooth};
use super::{Choice, Loss, Reduction, Targets, loss_identity, pairing, reduction};
use crate::arguments;
use crate::error::Result;
use crate::graph::ops::UnaryKind;
use crate::graph::{Graph, Value};
use crate::shape::Shape;

/// The mean of `-(y·log p + (1-y)·log(1-p))` over the last axis of each sample.
///
/// With `label_smoothing` `s`, targets become `y·(1 - s) + s / 2`.
///
/// # Shapes
/// Targets and predictions `[batch, .., n]`; a last axis of length 1 may be left out.
///
/// # Errors
/// Targets of another shape or outside 0 to 1, a smoothing outside 0 to 1.
///
/// # Example
/// ```
/// use cornu::losses::BinaryCrossentropy;
/// let loss = BinaryCrossentropy::default().from_logits(true);
/// # let _ = loss;
/// ```
///
/// # Keras
/// The same: probabilities are kept within `1e-7` and `1 - 1e-7`; a prediction that comes straight out of a sigmoid is computed from
/// its scores, as in Keras on TensorFlow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BinaryCrossentropy {
    pub(super) reduction: Choice<Reduction>,
    from_logits: bool,
    label_smoothing: f64,
    axis: i64,
}

impl Default for BinaryCrossentropy {
    fn default() -> Self {
        Self {
            reduction: reduction::usual(),
            from_logits: false,
            label_smoothing: 0.0,
            axis: -1,
        }
    }
}

impl BinaryCrossentropy {
    /// Whether predictions are scores before a sigmoid rather than probabilities.
    pub fn from_logits(mut self, from_logits: bool) -> Self {
        self.from_logits = from_logits;
        self
    }

    /// How far targets are drawn towards one half.
    pub fn label_smoothing(mut self, smoothing: f64) -> Self {
        self.label_smoothing = smoothing;
        self
    }

    /// The axis of the mean; the batch counts as axis 0.
    pub fn axis(mut self, axis: i64) -> Self {
        self.axis = axis;
        self
    }
}

impl Loss for BinaryCrossentropy {
    loss_identity!(BinaryCrossentropy);

    fn check_arguments(&self) -> Result<()> {
        self.reduction.get()?;
        arguments::unit(self.class_name(), "label_smoothing", self.label_smoothing)
    }

    fn check(&self, targets: &Targets, prediction: &Shape) -> Result<()> {
        self.check_arguments()?;
        pairing::check_same(self.class_name(), targets, prediction)?;
        pairing::check_axis(self.class_name(), self.axis, prediction)?;
        pairing::check_unit_range(self.class_name(), targets)
    }

    fn call(&self, g: &mut Graph, y_true: Value, y_pred: Value) -> Result<Value> {
        let seen = sigmoid_scores(g, y_pred, self.from_logits);
        let x = match seen {
            Seen::Scores(x) | Seen::Probabilities(x) => x,
        };
        let (y, x) = pairing::align(g, y_true, x)?;
        let y = smooth(g, y, self.label_smoothing, 0.5)?;
        let losses = match seen {
            Seen::Scores(_) => {
                // -(y·log σ(x) + (1-y)·log σ(-x)) = log(1 + eˣ) - x·y, finite for every x.
                let soft = g.unary(UnaryKind::Softplus, x)?;
                let xy = g.mul(x, y)?;
                g.sub(soft, xy)?
            }
            Seen::Probabilities(_) => {
                let p = clip_probabilities(g, x)?;
                let yes = g.log(p)?;
                let yes = g.mul(y, yes)?;
                let q = g.one_minus(p)?;
                let no = g.log(q)?;
                let not_y = g.one_minus(y)?;
                let no = g.mul(not_y, no)?;
                let sum = g.add(yes, no)?;
                g.neg(sum)?
            }
        };
        let axis = pairing::axis(g.shape(losses), self.axis);
        g.mean(losses, &[axis], false)
    }
}
