//! Margins between what is right and what is not: a prediction costs nothing once it is far enough on its side.

use super::{
    Choice, Loss, Reduction, Targets, compares_elements, loss_class, loss_identity, pairing,
};
use crate::error::Result;
use crate::graph::{Graph, Value};
use crate::shape::Shape;

/// Targets of -1 and 1; if all are 0 or 1, they become that.
fn signs(g: &mut Graph, y: Value) -> Result<Value> {
    let (zero, one) = (g.constant(0.0)?, g.constant(1.0)?);
    let (is_zero, is_one) = (g.equal(y, zero)?, g.equal(y, one)?);
    let binary = g.maximum(is_zero, is_one)?;
    let axes: Vec<usize> = (0..g.shape(y).rank()).collect();
    let all = g.min(binary, &axes, false)?;
    let doubled = g.scale(y, 2.0)?;
    let spread = g.add_scalar(doubled, -1.0)?;
    g.select(all, spread, y)
}

/// `max(1 - y·p, 0)`.
fn shortfall(g: &mut Graph, y: Value, p: Value) -> Result<Value> {
    let y = signs(g, y)?;
    let product = g.mul(y, p)?;
    let short = g.one_minus(product)?;
    g.relu(short)
}

loss_class! {
    /// The mean of `max(1 - y·p, 0)` over the last axis of each sample, for targets of -1 and 1.
    ///
    /// Targets that are all 0 or 1 are taken for -1 and 1.
    ///
    /// # Shapes
    /// Targets and predictions `[batch, .., n]`; a last axis of length 1 may be left out.
    ///
    /// # Errors
    /// Targets of another shape.
    ///
    /// # Example
    /// ```
    /// use cornu::losses::Hinge;
    /// let loss = Hinge::default();
    /// # let _ = loss;
    /// ```
    ///
    /// # Keras
    /// The same; whether targets are 0 and 1 is seen batch by batch.
    pub struct Hinge {}
}

impl Loss for Hinge {
    loss_identity!(Hinge);
    compares_elements!();

    fn call(&self, g: &mut Graph, y_true: Value, y_pred: Value) -> Result<Value> {
        pairing::mean_of(g, y_true, y_pred, shortfall)
    }
}

loss_class! {
    /// The mean of `max(1 - y·p, 0)²` over the last axis of each sample, for targets of -1 and 1.
    ///
    /// Targets that are all 0 or 1 are taken for -1 and 1.
    ///
    /// # Shapes
    /// Targets and predictions `[batch, .., n]`; a last axis of length 1 may be left out.
    ///
    /// # Errors
    /// Targets of another shape.
    ///
    /// # Example
    /// ```
    /// use cornu::losses::SquaredHinge;
    /// let loss = SquaredHinge::default();
    /// # let _ = loss;
    /// ```
    ///
    /// # Keras
    /// The same; whether targets are 0 and 1 is seen batch by batch.
    pub struct SquaredHinge {}
}

impl Loss for SquaredHinge {
    loss_identity!(SquaredHinge);
    compares_elements!();

    fn call(&self, g: &mut Graph, y_true: Value, y_pred: Value) -> Result<Value> {
        pairing::mean_of(g, y_true, y_pred, |g, y, p| {
            let short = shortfall(g, y, p)?;
            g.square(short)
        })
    }
}

loss_class! {
    /// `max(neg - pos + 1, 0)` where `pos = Σ y·p` and `neg` is the largest `(1 - y)·p`, over the classes of each sample.
    ///
    /// # Shapes
    /// One-hot targets and predictions `[batch, .., classes]`.
    ///
    /// # Errors
    /// Integer labels, targets outside 0 to 1, predictions for a single class.
    ///
    /// # Example
    /// ```
    /// use cornu::losses::CategoricalHinge;
    /// let loss = CategoricalHinge::default();
    /// # let _ = loss;
    /// ```
    ///
    /// # Keras
    /// The same.
    pub struct CategoricalHinge {}
}

impl Loss for CategoricalHinge {
    loss_identity!(CategoricalHinge);

    fn check(&self, targets: &Targets, prediction: &Shape) -> Result<()> {
        self.check_arguments()?;
        pairing::check_one_hot(self.class_name(), targets, prediction)
    }

    fn call(&self, g: &mut Graph, y_true: Value, y_pred: Value) -> Result<Value> {
        let last = g.shape(y_pred).rank().saturating_sub(1);
        let right = g.mul(y_true, y_pred)?;
        let right = g.sum(right, &[last], false)?;
        let wrong = g.one_minus(y_true)?;
        let wrong = g.mul(wrong, y_pred)?;
        let wrong = g.max(wrong, &[last], false)?;
        let short = g.sub(wrong, right)?;
        let short = g.add_scalar(short, 1.0)?;
        g.relu(short)
    }
}
