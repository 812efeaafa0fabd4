//! Cross-entropies that count less what is already predicted well.

use super::scores::{Seen, clip_probabilities, sigmoid_scores, smooth, softmax_scores};
use super::{Choice, Loss, Reduction, Targets, loss_class, loss_identity, pairing};
use crate::arguments;
use crate::error::{Error, Result};
use crate::graph::ops::UnaryKind;
use crate::graph::{Graph, Value};
use crate::numbers::Numbers;
use crate::shape::Shape;

/// `xᶜ` for `x` of at least 0, by cheaper ways where there are.
pub(super) fn power(g: &mut Graph, x: Value, c: f64) -> Result<Value> {
    if c == 1.0 {
        Ok(x)
    } else if c == 2.0 {
        g.square(x)
    } else {
        let c = g.constant(c as f32)?;
        g.pow(x, c)
    }
}

loss_class! {
    /// Binary cross-entropy times `(1 - pₜ)^γ`, where `pₜ` is the probability given to what is true; the mean over the last axis.
    ///
    /// With `apply_class_balancing`, times `α` for a target of 1 and `1 - α` for a target of 0.
    ///
    /// # Shapes
    /// Targets and predictions `[batch, .., n]`; a last axis of length 1 may be left out.
    ///
    /// # Errors
    /// Targets of another shape or outside 0 to 1; a smoothing or `α` outside 0 to 1, `γ` below 0.
    ///
    /// # Example
    /// ```
    /// use cornu::losses::BinaryFocalCrossentropy;
    /// let loss = BinaryFocalCrossentropy::default().gamma(3.0).apply_class_balancing(true);
    /// # let _ = loss;
    /// ```
    ///
    /// # Source
    /// Lin et al., "Focal Loss for Dense Object Detection", 2017.
    ///
    /// # Keras
    /// The same; a prediction that comes straight out of a sigmoid is computed from its scores.
    pub struct BinaryFocalCrossentropy {
        /// Whether a target of 1 counts `α` and a target of 0 `1 - α`.
        apply_class_balancing: bool = false,
        /// The weight of a target of 1.
        alpha: f64 = 0.25,
        /// How strongly what is predicted well is left out.
        gamma: f64 = 2.0,
        /// Whether predictions are scores before a sigmoid rather than probabilities.
        from_logits: bool = false,
        /// How far targets are drawn towards one half.
        label_smoothing: f64 = 0.0,
        /// The axis of the mean; the batch counts as axis 0.
        axis: i64 = -1,
    }
}

impl Loss for BinaryFocalCrossentropy {
    loss_identity!(BinaryFocalCrossentropy);

    fn check_arguments(&self) -> Result<()> {
        let class = self.class_name();
        self.reduction.get()?;
        arguments::unit(class, "alpha", self.alpha)?;
        arguments::not_negative(class, "gamma", self.gamma)?;
        arguments::unit(class, "label_smoothing", self.label_smoothing)
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
        let not_y = g.one_minus(y)?;
        let (p, entropy) = match seen {
            Seen::Scores(_) => {
                let soft = g.unary(UnaryKind::Softplus, x)?;
                let xy = g.mul(x, y)?;
                (g.sigmoid(x)?, g.sub(soft, xy)?)
            }
            Seen::Probabilities(_) => {
                let clipped = clip_probabilities(g, x)?;
                let (yes, no) = (g.log(clipped)?, g.one_minus(clipped)?);
                let no = g.log(no)?;
                let (yes, no) = (g.mul(y, yes)?, g.mul(not_y, no)?);
                let sum = g.add(yes, no)?;
                (x, g.neg(sum)?)
            }
        };
        // 1 - pₜ = 1 - (y·p + (1-y)·(1-p))
        let q = g.one_minus(p)?;
        let (right, left) = (g.mul(y, p)?, g.mul(not_y, q)?);
        let sure = g.add(right, left)?;
        let doubt = g.one_minus(sure)?;
        let factor = power(g, doubt, self.gamma)?;
        let mut losses = g.mul(factor, entropy)?;
        if self.apply_class_balancing {
            let yes = g.scale(y, self.alpha as f32)?;
            let no = g.scale(not_y, (1.0 - self.alpha) as f32)?;
            let weight = g.add(yes, no)?;
            losses = g.mul(losses, weight)?;
        }
        let axis = pairing::axis(g.shape(losses), self.axis);
        g.mean(losses, &[axis], false)
    }
}

loss_class! {
    /// `-Σ α·(1 - p)^γ · y·ln p` over the classes of each sample.
    ///
    /// # Shapes
    /// Targets and predictions `[batch, .., classes]`.
    ///
    /// # Errors
    /// Integer labels, targets outside 0 to 1, predictions for a single class, a smoothing outside 0 to 1, `α` or `γ` below 0,
    /// several `α` but not one for each class.
    ///
    /// # Example
    /// ```
    /// use cornu::losses::CategoricalFocalCrossentropy;
    /// let loss = CategoricalFocalCrossentropy::default().alpha([0.1, 0.5, 0.9]);
    /// # let _ = loss;
    /// ```
    ///
    /// # Source
    /// Lin et al., "Focal Loss for Dense Object Detection", 2017.
    ///
    /// # Keras
    /// The same: probabilities are made to sum to 1, then kept within `1e-7` and `1 - 1e-7`.
    pub struct CategoricalFocalCrossentropy {
        /// How strongly what is predicted well is left out.
        gamma: f64 = 2.0,
        /// Whether predictions are scores before a softmax rather than probabilities.
        from_logits: bool = false,
        /// How far targets are drawn towards equal shares.
        label_smoothing: f64 = 0.0,
        /// The axis of the classes; the batch counts as axis 0.
        axis: i64 = -1,
    } into {
        /// The weight of all classes, or one for each.
        alpha: Numbers = Numbers::from(0.25),
    }
}

impl Loss for CategoricalFocalCrossentropy {
    loss_identity!(CategoricalFocalCrossentropy);

    fn check_arguments(&self) -> Result<()> {
        let class = self.class_name();
        self.reduction.get()?;
        for &alpha in self.alpha.list() {
            arguments::not_negative(class, "alpha", alpha)?;
        }
        arguments::not_negative(class, "gamma", self.gamma)?;
        arguments::unit(class, "label_smoothing", self.label_smoothing)
    }

    fn check(&self, targets: &Targets, prediction: &Shape) -> Result<()> {
        self.check_arguments()?;
        pairing::check_axis(self.class_name(), self.axis, prediction)?;
        pairing::check_one_hot(self.class_name(), targets, prediction)?;
        let whole = prediction.with_batch(1);
        let classes = whole[pairing::axis(&whole, self.axis)];
        let given = self.alpha.list().len();
        if given == 1 || given == classes {
            return Ok(());
        }
        Err(Error::config(format!(
            "{}: alpha must be one number or one for each of the {classes} classes, received {given}",
            self.class_name()
        )))
    }

    fn call(&self, g: &mut Graph, y_true: Value, y_pred: Value) -> Result<Value> {
        let shares = 1.0 / g.shape(y_pred).last().copied().unwrap_or(1).max(1) as f64;
        let y = smooth(g, y_true, self.label_smoothing, shares)?;
        let (y, p) = pairing::classes_last(g, y, y_pred, self.axis)?;
        let last = g.shape(p).rank().saturating_sub(1);
        let p = match softmax_scores(g, p, self.from_logits) {
            Seen::Scores(x) => g.softmax(x)?,
            Seen::Probabilities(p) => {
                let total = g.sum(p, &[last], true)?;
                g.div(p, total)?
            }
        };
        let p = clip_probabilities(g, p)?;
        let log = g.log(p)?;
        let terms = g.mul(y, log)?;
        let doubt = g.one_minus(p)?;
        let factor = power(g, doubt, self.gamma)?;
        let terms = g.mul(factor, terms)?;
        let alpha: Vec<f32> = self.alpha.list().iter().map(|&a| -a as f32).collect();
        let alpha = g.literal(alpha.len(), &alpha)?;
        let terms = g.mul(terms, alpha)?;
        g.sum(terms, &[last], false)
    }
}
