//! AdamW: Adam that shrinks every weight a little at each step.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::{Adam, Base, LearningRate, Optimizer, Slot, Step, Stepped, Weight, base_arguments};
use crate::error::Result;
use crate::graph::Graph;

/// [`Adam`] with a weight decay of 0.004 unless another is set: `w ← w - w·weight_decay·learning rate` before Adam's step.
///
/// The decay does not pass through the running means, unlike a penalty in the loss.
///
/// # Errors
/// Adam's, and a decay below 0.
///
/// # Example
/// ```
/// use cornu::optimizers::{Adam, AdamW};
/// let adam = AdamW::new(0.001).weight_decay(0.01);
/// let other = AdamW::from(Adam::new(0.01).amsgrad(true).weight_decay(0.02));
/// # let _ = (adam, other);
/// ```
///
/// # Source
/// Loshchilov and Hutter, "Decoupled Weight Decay Regularization", 2017.
///
/// # Keras
/// The same arithmetic and defaults.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AdamW {
    adam: Adam,
}

impl Default for AdamW {
    fn default() -> Self {
        Self::new(0.001)
    }
}

base_arguments!(AdamW, adam.base);

impl AdamW {
    /// Keras's defaults, with a learning rate.
    pub fn new(learning_rate: impl Into<LearningRate>) -> Self {
        Self::from(Adam::new(learning_rate))
    }

    /// How much of the mean gradient stays at each step.
    pub fn beta_1(mut self, beta_1: f64) -> Self {
        self.adam = self.adam.beta_1(beta_1);
        self
    }

    /// How much of the mean squared gradient stays at each step.
    pub fn beta_2(mut self, beta_2: f64) -> Self {
        self.adam = self.adam.beta_2(beta_2);
        self
    }

    /// Keeps the division from zero.
    pub fn epsilon(mut self, epsilon: f64) -> Self {
        self.adam = self.adam.epsilon(epsilon);
        self
    }

    /// Whether to divide by the largest mean square so far instead of the present one.
    pub fn amsgrad(mut self, amsgrad: bool) -> Self {
        self.adam = self.adam.amsgrad(amsgrad);
        self
    }
}

impl From<Adam> for AdamW {
    /// The decay becomes 0.004 where Adam has none.
    fn from(mut adam: Adam) -> Self {
        adam.base.weight_decay.get_or_insert(0.004);
        Self { adam }
    }
}

impl Optimizer for AdamW {
    fn class_name(&self) -> &'static str {
        "AdamW"
    }

    fn config(&self) -> Map<String, Json> {
        self.adam.config()
    }

    fn check(&self) -> Result<()> {
        self.adam.check_as("AdamW")
    }

    fn base(&self) -> &Base {
        &self.adam.base
    }

    fn base_mut(&mut self) -> &mut Base {
        &mut self.adam.base
    }

    fn slots(&self, weight: Weight<'_>) -> Vec<Slot> {
        self.adam.slots(weight)
    }

    fn step(&self, g: &mut Graph, step: Step<'_>) -> Result<Stepped> {
        self.adam.step(g, step)
    }

    fn boxed(&self) -> Box<dyn Optimizer> {
        Box::new(self.clone())
    }
}
