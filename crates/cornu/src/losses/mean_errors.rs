//! Means of a function of the difference between target and prediction: absolute, relative, logarithmic, and robust ones.

use super::{Choice, Loss, Reduction, compares_elements, loss_class, loss_identity, pairing};
use crate::arguments;
use crate::error::Result;
use crate::graph::ops::{BinaryKind, UnaryKind};
use crate::graph::{Graph, Value};

/// Keras's `epsilon()`.
const EPSILON: f32 = 1e-7;

loss_class! {
    /// The mean of `|y - p|` over the last axis of each sample.
    ///
    /// # Shapes
    /// Targets and predictions `[batch, .., n]`; a last axis of length 1 may be left out.
    ///
    /// # Errors
    /// Targets of another shape.
    ///
    /// # Example
    /// ```
    /// use cornu::losses::MeanAbsoluteError;
    /// let loss = MeanAbsoluteError::default().reduction("sum");
    /// # let _ = loss;
    /// ```
    ///
    /// # Keras
    /// The same.
    pub struct MeanAbsoluteError {}
}

impl Loss for MeanAbsoluteError {
    loss_identity!(MeanAbsoluteError);
    compares_elements!();

    fn call(&self, g: &mut Graph, y_true: Value, y_pred: Value) -> Result<Value> {
        pairing::mean_of(g, y_true, y_pred, |g, y, p| {
            let d = g.sub(y, p)?;
            g.abs(d)
        })
    }
}

loss_class! {
    /// `100 ·` the mean of `|y - p| / max(|y|, 1e-7)` over the last axis of each sample.
    ///
    /// # Shapes
    /// Targets and predictions `[batch, .., n]`; a last axis of length 1 may be left out.
    ///
    /// # Errors
    /// Targets of another shape.
    ///
    /// # Example
    /// ```
    /// use cornu::losses::MeanAbsolutePercentageError;
    /// let loss = MeanAbsolutePercentageError::default();
    /// # let _ = loss;
    /// ```
    ///
    /// # Keras
    /// The same.
    pub struct MeanAbsolutePercentageError {}
}

impl Loss for MeanAbsolutePercentageError {
    loss_identity!(MeanAbsolutePercentageError);
    compares_elements!();

    fn call(&self, g: &mut Graph, y_true: Value, y_pred: Value) -> Result<Value> {
        let mean = pairing::mean_of(g, y_true, y_pred, |g, y, p| {
            let d = g.sub(y, p)?;
            let size = g.abs(y)?;
            let least = g.constant(EPSILON)?;
            let size = g.maximum(size, least)?;
            let share = g.div(d, size)?;
            g.abs(share)
        })?;
        g.scale(mean, 100.0)
    }
}

loss_class! {
    /// The mean of `(ln(1 + y) - ln(1 + p))²` over the last axis of each sample; numbers below 1e-7 count as 1e-7.
    ///
    /// # Shapes
    /// Targets and predictions `[batch, .., n]`; a last axis of length 1 may be left out.
    ///
    /// # Errors
    /// Targets of another shape.
    ///
    /// # Example
    /// ```
    /// use cornu::losses::MeanSquaredLogarithmicError;
    /// let loss = MeanSquaredLogarithmicError::default();
    /// # let _ = loss;
    /// ```
    ///
    /// # Keras
    /// The same.
    pub struct MeanSquaredLogarithmicError {}
}

impl Loss for MeanSquaredLogarithmicError {
    loss_identity!(MeanSquaredLogarithmicError);
    compares_elements!();

    fn call(&self, g: &mut Graph, y_true: Value, y_pred: Value) -> Result<Value> {
        pairing::mean_of(g, y_true, y_pred, |g, y, p| {
            let least = g.constant(EPSILON)?;
            let (y, p) = (g.maximum(y, least)?, g.maximum(p, least)?);
            let (y, p) = (g.log1p(y)?, g.log1p(p)?);
            let d = g.sub(p, y)?;
            g.square(d)
        })
    }
}

loss_class! {
    /// The mean of `ln cosh(p - y)` over the last axis of each sample: squares of small errors, sizes of large ones.
    ///
    /// # Shapes
    /// Targets and predictions `[batch, .., n]`; a last axis of length 1 may be left out.
    ///
    /// # Errors
    /// Targets of another shape.
    ///
    /// # Example
    /// ```
    /// use cornu::losses::LogCosh;
    /// let loss = LogCosh::default();
    /// # let _ = loss;
    /// ```
    ///
    /// # Keras
    /// The same.
    pub struct LogCosh {}
}

impl Loss for LogCosh {
    loss_identity!(LogCosh);
    compares_elements!();

    fn call(&self, g: &mut Graph, y_true: Value, y_pred: Value) -> Result<Value> {
        pairing::mean_of(g, y_true, y_pred, |g, y, p| {
            // x + ln(1 + e⁻²ˣ) - ln 2, finite for every x.
            let x = g.sub(p, y)?;
            let doubled = g.scale(x, -2.0)?;
            let soft = g.unary(UnaryKind::Softplus, doubled)?;
            let sum = g.add(x, soft)?;
            g.add_scalar(sum, -std::f32::consts::LN_2)
        })
    }
}

loss_class! {
    /// The mean over the last axis of half of each squared error, from `delta` on continued as a straight line.
    ///
    /// # Shapes
    /// Targets and predictions `[batch, .., n]`; a last axis of length 1 may be left out.
    ///
    /// # Errors
    /// Targets of another shape; a `delta` that is not above 0.
    ///
    /// # Example
    /// ```
    /// use cornu::losses::Huber;
    /// let loss = Huber::default().delta(0.5);
    /// # let _ = loss;
    /// ```
    ///
    /// # Source
    /// Huber, "Robust Estimation of a Location Parameter", 1964.
    ///
    /// # Keras
    /// The same.
    pub struct Huber {
        /// From which error on the loss is a straight line.
        delta: f64 = 1.0,
    }
}

impl Loss for Huber {
    loss_identity!(Huber);
    compares_elements!();

    fn check_arguments(&self) -> Result<()> {
        self.reduction.get()?;
        arguments::positive(self.class_name(), "delta", self.delta)
    }

    fn call(&self, g: &mut Graph, y_true: Value, y_pred: Value) -> Result<Value> {
        let delta = self.delta as f32;
        pairing::mean_of(g, y_true, y_pred, |g, y, p| {
            let d = g.sub(p, y)?;
            let size = g.abs(d)?;
            let limit = g.constant(delta)?;
            let small = g.binary(BinaryKind::Le, size, limit)?;
            let square = g.square(d)?;
            let square = g.scale(square, 0.5)?;
            let line = g.scale(size, delta)?;
            let line = g.add_scalar(line, -0.5 * delta * delta)?;
            g.select(small, square, line)
        })
    }
}
