//! A rate that falls as one over the time passed.

use serde::{Deserialize, Serialize};

use super::{LearningRateSchedule, Steps, schedule_identity};
use crate::arguments;
use crate::error::Result;

/// `initial / (1 + decay_rate · step / decay_steps)`; with `staircase`, `step / decay_steps` is rounded down.
///
/// # Errors
/// A rate or share below 0, no steps.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let halved_after_1000 = InverseTimeDecay::new(0.1, 1000, 1.0);
/// let sgd = SGD::new(halved_after_1000);
/// # let _ = sgd;
/// ```
///
/// # Keras
/// The same arithmetic, arguments and defaults.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InverseTimeDecay {
    initial_learning_rate: f64,
    decay_steps: Steps,
    decay_rate: f64,
    #[serde(default)]
    staircase: bool,
    #[serde(default = "name")]
    name: String,
}

fn name() -> String {
    "InverseTimeDecay".to_owned()
}

impl InverseTimeDecay {
    /// From a rate on; each `decay_steps` steps add `decay_rate` to the divisor, smoothly.
    pub fn new(initial_learning_rate: f64, decay_steps: usize, decay_rate: f64) -> Self {
        Self {
            initial_learning_rate,
            decay_steps: decay_steps.into(),
            decay_rate,
            staircase: false,
            name: name(),
        }
    }

    /// Whether the rate stays the same for `decay_steps` steps and then falls at once.
    pub fn staircase(mut self, staircase: bool) -> Self {
        self.staircase = staircase;
        self
    }
}

impl LearningRateSchedule for InverseTimeDecay {
    schedule_identity!(InverseTimeDecay);

    fn check(&self) -> Result<()> {
        let class = self.class_name();
        arguments::not_negative(class, "initial_learning_rate", self.initial_learning_rate)?;
        arguments::positive(class, "decay_steps", self.decay_steps.0)?;
        arguments::not_negative(class, "decay_rate", self.decay_rate)
    }

    fn rate(&self, step: u64) -> f64 {
        let mut passed = step as f64 / self.decay_steps.0;
        if self.staircase {
            passed = passed.floor();
        }
        self.initial_learning_rate / (1.0 + self.decay_rate * passed)
    }
}
