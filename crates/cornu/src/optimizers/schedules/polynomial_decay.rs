//! A rate that goes to another one along a straight line or a power of it.

use serde::{Deserialize, Serialize};

use super::{LearningRateSchedule, Steps, schedule_identity};
use crate::arguments;
use crate::error::Result;

/// `(initial - end) · (1 - step / decay_steps) ^ power + end`; after `decay_steps` steps it stays at `end`.
///
/// With `cycle`, `decay_steps` is instead taken as often as it needs to reach beyond the step.
///
/// # Errors
/// A rate or power below 0, no steps.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let straight_to_zero = PolynomialDecay::new(0.1, 1000).end_learning_rate(0.0);
/// let sgd = SGD::new(straight_to_zero);
/// # let _ = sgd;
/// ```
///
/// # Keras
/// The same arithmetic, arguments and defaults: without another end, 0.0001.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PolynomialDecay {
    initial_learning_rate: f64,
    decay_steps: Steps,
    #[serde(default = "end_learning_rate")]
    end_learning_rate: f64,
    #[serde(default = "power")]
    power: f64,
    #[serde(default)]
    cycle: bool,
    #[serde(default = "name")]
    name: String,
}

fn end_learning_rate() -> f64 {
    0.0001
}

fn power() -> f64 {
    1.0
}

fn name() -> String {
    "PolynomialDecay".to_owned()
}

impl PolynomialDecay {
    /// From a rate to 0.0001 in so many steps, along a straight line.
    pub fn new(initial_learning_rate: f64, decay_steps: usize) -> Self {
        Self {
            initial_learning_rate,
            decay_steps: decay_steps.into(),
            end_learning_rate: end_learning_rate(),
            power: power(),
            cycle: false,
            name: name(),
        }
    }

    /// The last rate.
    pub fn end_learning_rate(mut self, rate: f64) -> Self {
        self.end_learning_rate = rate;
        self
    }

    /// 1 is a straight line; more falls fast first.
    pub fn power(mut self, power: f64) -> Self {
        self.power = power;
        self
    }

    /// Whether the rate rises again after the end, each time to less.
    pub fn cycle(mut self, cycle: bool) -> Self {
        self.cycle = cycle;
        self
    }
}

impl LearningRateSchedule for PolynomialDecay {
    schedule_identity!(PolynomialDecay);

    fn check(&self) -> Result<()> {
        let class = self.class_name();
        arguments::not_negative(class, "initial_learning_rate", self.initial_learning_rate)?;
        arguments::positive(class, "decay_steps", self.decay_steps.0)?;
        arguments::not_negative(class, "end_learning_rate", self.end_learning_rate)?;
        arguments::not_negative(class, "power", self.power)
    }

    fn rate(&self, step: u64) -> f64 {
        let (mut step, mut steps) = (step as f64, self.decay_steps.0);
        if self.cycle {
            steps *= (step / steps).ceil().max(1.0);
        } else {
            step = step.min(steps);
        }
        let above = self.initial_learning_rate - self.end_learning_rate;
        above * (1.0 - step / steps).powf(self.power) + self.end_learning_rate
    }
}
