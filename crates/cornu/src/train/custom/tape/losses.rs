//! What a step makes small: losses, and what layers and regularizers add to them.

use super::Tape;
use crate::error::Result;
use crate::graph::Value;
use crate::losses::{self, Loss};
use crate::model::Model;

impl Tape {
    /// What the layers of all models called so far add to the loss; each amount is handed out once.
    pub fn added_losses(&mut self) -> Result<Value> {
        let mut total = self.graph.constant(0.0)?;
        for loss in std::mem::take(&mut self.losses) {
            total = self.graph.add(total, loss)?;
        }
        Ok(total)
    }

    /// What the regularizers of a model's trainable weights add to the loss.
    pub fn penalties(&mut self, model: &Model) -> Result<Value> {
        let numbers = self.numbers(model)?;
        let mut total = self.graph.constant(0.0)?;
        for (i, (w, number)) in model.weights.iter().zip(numbers).enumerate() {
            if let (Some(regularizer), true) = (&w.spec.regularizer, model.is_trainable(i)) {
                let weight = self.current(number);
                let penalty = regularizer.call(&mut self.graph, weight)?;
                total = self.graph.add(total, penalty)?;
            }
        }
        Ok(total)
    }

    /// A loss, reduced to one number as it says.
    ///
    /// # Errors
    /// Targets that do not fit the predictions.
    pub fn loss(&mut self, loss: &dyn Loss, y_true: Value, y_pred: Value) -> Result<Value> {
        self.weighted_loss(loss, y_true, y_pred, None)
    }

    /// A loss with a weight for each sample, `[batch]`, or none.
    ///
    /// # Errors
    /// Targets that do not fit the predictions.
    pub fn weighted_loss(
        &mut self,
        loss: &dyn Loss,
        y_true: Value,
        y_pred: Value,
        weight: Option<Value>,
    ) -> Result<Value> {
        self.masked_loss(loss, y_true, y_pred, weight, None)
    }

    /// A loss of the steps alone that a mask counts, `[batch, steps]` of 1 and 0, as [`Tape::call_masked`] gives it.
    ///
    /// # Errors
    /// Targets that do not fit the predictions.
    pub fn masked_loss(
        &mut self,
        loss: &dyn Loss,
        y_true: Value,
        y_pred: Value,
        weight: Option<Value>,
        mask: Option<Value>,
    ) -> Result<Value> {
        let targets = losses::Targets {
            shape: self.sample(y_true).shape,
            dtype: self.graph.dtype(y_true),
            range: None,
        };
        let prediction = self.sample(y_pred).shape;
        loss.check(&targets, &prediction)
            .map_err(|e| e.at(loss.class_name()))?;
        let y_true = self.graph.cast(y_true, loss.target_dtype())?;
        losses::value(loss, &mut self.graph, y_true, y_pred, weight, mask)
    }
}
