//! Predictions that say how sure they are: a mean and a variance for each target.

use super::{Choice, Loss, Reduction, Targets, loss_class, loss_identity};
use crate::arguments;
use crate::error::{Error, Result};
use crate::graph::{Graph, Value};
use crate::shape::Shape;

loss_class! {
    /// The mean of `(ln v + (y - m)² / v) / 2` over the last axis of each sample, for predicted means `m` and variances `v`.
    ///
    /// With `full`, plus `ln(2π) / 2`: the whole negative logarithm of the likelihood.
    ///
    /// # Shapes
    /// Targets `[batch, .., n]`, predictions `[batch, .., 2·n]`: the means, then the variances, which must not be negative (a softplus
    /// makes them so). Targets of one number a sample may be `[batch]`.
    ///
    /// # Errors
    /// Predictions that are not twice as wide as targets, `ε` that is not above 0.
    ///
    /// # Example
    /// ```
    /// use cornu::losses::GaussianNLL;
    /// let loss = GaussianNLL::default().full(true);
    /// # let _ = loss;
    /// ```
    ///
    /// # Source
    /// Nix and Weigend, "Estimating the mean and variance of the target probability distribution", 1994.
    ///
    /// # Keras
    /// None. PyTorch's `GaussianNLLLoss` computes the same from mean and variance as two arguments.
    pub struct GaussianNLL {
        /// Whether the constant of the likelihood is added.
        full: bool = false,
        /// The least variance.
        eps: f64 = 1e-6,
    }
}

impl Loss for GaussianNLL {
    loss_identity!(GaussianNLL);

    fn check_arguments(&self) -> Result<()> {
        self.reduction.get()?;
        arguments::positive(self.class_name(), "eps", self.eps)
    }

    fn check(&self, targets: &Targets, prediction: &Shape) -> Result<()> {
        self.check_arguments()?;
        let mut twice = targets.shape.to_vec();
        match twice.last_mut() {
            Some(last) => *last = last.saturating_mul(2),
            None => twice.push(2),
        }
        if prediction.axes() == twice {
            return Ok(());
        }
        Err(Error::shape(format!(
            "GaussianNLL expects predictions {} for targets {}, received {prediction}",
            Shape::from(twice.as_slice()),
            targets.shape
        ))
        .help("the last axis holds the means, then the variances"))
    }

    fn call(&self, g: &mut Graph, y_true: Value, y_pred: Value) -> Result<Value> {
        let axis = g.shape(y_pred).rank() - 1;
        let n = g.shape(y_pred)[axis] / 2;
        let (mean, variance) = (g.slice(y_pred, axis, 0, n)?, g.slice(y_pred, axis, n, n)?);
        let shape = g.shape(mean).clone();
        let y = g.reshape(y_true, shape)?;
        // Held at ε at least, with the gradient of the variance itself, as in PyTorch.
        let least = g.constant(self.eps as f32)?;
        let held = g.maximum(variance, least)?;
        let lift = g.sub(held, variance)?;
        let lift = g.stop_gradient(lift)?;
        let variance = g.add(variance, lift)?;
        let log = g.log(variance)?;
        let d = g.sub(mean, y)?;
        let square = g.square(d)?;
        let share = g.div(square, variance)?;
        let sum = g.add(log, share)?;
        let half = g.scale(sum, 0.5)?;
        let each = g.mean(half, &[axis], false)?;
        if self.full {
            return g.add_scalar(each, (0.5 * std::f64::consts::TAU.ln()) as f32);
        }
        Ok(each)
    }
}
