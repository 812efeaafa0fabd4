//! A cross-entropy bent towards the absolute error, which wrong labels disturb less.

use super::focal::power;
use super::{Choice, Loss, Reduction, Targets, loss_class, loss_identity, pairing};
use crate::error::{Error, Result};
use crate::graph::{Graph, Value};
use crate::shape::{DType, Shape};

loss_class! {
    /// `(1 - p[label]^q) / q` for each sample: the cross-entropy as `q` nears 0, the absolute error at 1.
    ///
    /// # Shapes
    /// Labels `[batch, ..]` (or `[batch, .., 1]`), integers from 0 to the number of classes; predictions `[batch, .., classes]`.
    ///
    /// # Errors
    /// One-hot or real targets, labels out of range, predictions for a single class, `q` outside 0 to 1.
    ///
    /// # Example
    /// ```
    /// use cornu::losses::CategoricalGeneralizedCrossEntropy;
    /// let loss = CategoricalGeneralizedCrossEntropy::default().q(0.7);
    /// # let _ = loss;
    /// ```
    ///
    /// # Source
    /// Zhang and Sabuncu, "Generalized Cross Entropy Loss for Training Deep Neural Networks with Noisy Labels", 2018.
    ///
    /// # Keras
    /// The same.
    pub struct CategoricalGeneralizedCrossEntropy {
        /// Where between cross-entropy and absolute error the loss lies.
        q: f64 = 0.5,
    }
}

impl Loss for CategoricalGeneralizedCrossEntropy {
    loss_identity!(CategoricalGeneralizedCrossEntropy);

    fn check_arguments(&self) -> Result<()> {
        self.reduction.get()?;
        if self.q > 0.0 && self.q < 1.0 {
            return Ok(());
        }
        Err(Error::config(format!(
            "{}: q must be above 0 and below 1, received {}",
            self.class_name(),
            self.q
        )))
    }

    fn check(&self, targets: &Targets, prediction: &Shape) -> Result<()> {
        self.check_arguments()?;
        pairing::check_labels(self.class_name(), targets, prediction, None)
    }

    fn target_dtype(&self) -> DType {
        DType::I32
    }

    fn call(&self, g: &mut Graph, y_true: Value, y_pred: Value) -> Result<Value> {
        let labels = pairing::labels(g, y_true, y_pred)?;
        let p = g.take_last(y_pred, labels)?;
        let powered = power(g, p, self.q)?;
        let left = g.one_minus(powered)?;
        g.scale(left, (1.0 / self.q) as f32)
    }
}
