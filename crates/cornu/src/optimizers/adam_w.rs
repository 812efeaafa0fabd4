//! AdamW: Adam that shrinks every weight a little at each step.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::{Adam, Base, LearningRate, Optimizer, Step, Stepped};
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
/// let adam = AdamW::default();
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

impl AdamW {
    /// Keras's defaults, with a learning rate.
    pub fn new(learning_rate: impl Into<LearningRate>) -> Self {
        Self::from(Adam::new(learning_rate))
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

    fn slots(&self) -> Vec<&'static str> {
        self.adam.slots()
    }

    fn step(&self, g: &mut Graph, step: Step<'_>) -> Result<Stepped> {
        self.adam.step(g, step)
    }

    fn boxed(&self) -> Box<dyn Optimizer> {
        Box::new(self.clone())
    }
}
