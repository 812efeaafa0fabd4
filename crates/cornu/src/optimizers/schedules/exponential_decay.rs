//! A rate that shrinks by the same factor in every stretch of steps.

use serde::{Deserialize, Serialize};

use super::{LearningRateSchedule, Steps, schedule_identity};
use crate::arguments;
use crate::error::Result;

/// `initial · decay_rate ^ (step / decay_steps)`; with `staircase`, the exponent is rounded down.
///
/// # Errors
/// A rate or factor below 0, no steps.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let tenth_every_1000 = ExponentialDecay::new(0.1, 1000, 0.1);
/// let sgd = SGD::new(tenth_every_1000);
/// # let _ = sgd;
/// ```
///
/// # Keras
/// The same arithmetic, arguments and defaults.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExponentialDecay {
    initial_learning_rate: f64,
    decay_steps: Steps,
    decay_rate: f64,
    #[serde(default)]
    staircase: bool,
    #[serde(default = "name")]
    name: String,
}

fn name() -> String {
    "ExponentialDecay".to_owned()
}

impl ExponentialDecay {
    /// From a rate on, times `decay_rate` in so many steps, smoothly.
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

impl LearningRateSchedule for ExponentialDecay {
    schedule_identity!(ExponentialDecay);

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
        self.initial_learning_rate * self.decay_rate.powf(passed)
    }
}
