//! Cross-entropy between one-hot rows and predicted probabilities.

use serde::{Deserialize, Serialize};

use super::scores::{Seen, clip_probabilities, smooth, softmax_scores};
use super::{Choice, Loss, Reduction, Targets, loss_identity, pairing, reduction};
use crate::arguments;
use crate::error::Result;
use crate::graph::{Graph, Value};
use crate::shape::Shape;

/// `-Σ y·log p` over the classes of each sample.
///
/// With `label_smoothing` `s`, targets become `y·(1 - s) + s / classes`.
///
/// # Shapes
/// Targets and predictions `[batch, .., classes]`.
///
/// # Errors
/// Integer labels, targets outside 0 to 1, predictions for a single class, a smoothing outside 0 to 1.
///
/// # Example
/// ```
/// use cornu::losses::CategoricalCrossentropy;
/// let loss = CategoricalCrossentropy::default().label_smoothing(0.1);
/// # let _ = loss;
/// ```
///
/// # Keras
/// The same: probabilities are made to sum to 1, then kept within `1e-7` and `1 - 1e-7`; a prediction that comes straight out of a
/// softmax is computed from its scores, as in Keras on TensorFlow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CategoricalCrossentropy {
    pub(super) reduction: Choice<Reduction>,
    from_logits: bool,
    label_smoothing: f64,
    axis: i64,
}

impl Default for CategoricalCrossentropy {
    fn default() -> Self {
        Self {
            reduction: reduction::usual(),
            from_logits: false,
            label_smoothing: 0.0,
            axis: -1,
        }
    }
}

impl CategoricalCrossentropy {
    /// Whether predictions are scores before a softmax rather than probabilities.
    pub fn from_logits(mut self, from_logits: bool) -> Self {
        self.from_logits = from_logits;
        self
    }

    /// How far targets are drawn towards equal shares.
    pub fn label_smoothing(mut self, smoothing: f64) -> Self {
        self.label_smoothing = smoothing;
        self
    }

    /// The axis of the classes; the batch counts as axis 0.
    pub fn axis(mut self, axis: i64) -> Self {
        self.axis = axis;
        self
    }
}

impl Loss for CategoricalCrossentropy {
    loss_identity!(CategoricalCrossentropy);

    fn check_arguments(&self) -> Result<()> {
        self.reduction.get()?;
        arguments::unit(self.class_name(), "label_smoothing", self.label_smoothing)
    }

    fn check(&self, targets: &Targets, prediction: &Shape) -> Result<()> {
        self.check_arguments()?;
        pairing::check_axis(self.class_name(), self.axis, prediction)?;
        pairing::check_one_hot(self.class_name(), targets, prediction)
    }

    fn call(&self, g: &mut Graph, y_true: Value, y_pred: Value) -> Result<Value> {
        let classes = *g.shape(y_pred).last().unwrap_or(&1);
        let y_true = smooth(g, y_true, self.label_smoothing, 1.0 / classes.max(1) as f64)?;
        let (y_true, y_pred) = pairing::classes_last(g, y_true, y_pred, self.axis)?;
        let last = g.shape(y_pred).rank().saturating_sub(1);
        let log_p = match softmax_scores(g, y_pred, self.from_logits) {
            Seen::Scores(x) => g.log_softmax(x)?,
            Seen::Probabilities(p) => {
                let total = g.sum(p, &[last], true)?;
                let p = g.div(p, total)?;
                let p = clip_probabilities(g, p)?;
                g.log(p)?
            }
        };
        let terms = g.mul(y_true, log_p)?;
        let sum = g.sum(terms, &[last], false)?;
        g.neg(sum)
    }
}
