//! Any rate or schedule, with a rise in front.

use serde::{Deserialize, Serialize};

use super::{LearningRateSchedule, Steps, schedule_identity};
use crate::error::Result;
use crate::optimizers::{LearningRate, arguments};

/// From `start` to the first rate of what comes after, in a straight line of `warmup_steps` steps; then that, from its own beginning.
///
/// # Errors
/// A start below 0, no steps, what comes after out of its range.
///
/// # Example
/// ```
/// use cornu::optimizers::{AdamW, schedules::{ExponentialDecay, Warmup}};
/// let adam = AdamW::new(Warmup::new(ExponentialDecay::new(1e-3, 100, 0.9), 500));
/// let constant = AdamW::new(Warmup::new(1e-3, 500).start(1e-5));
/// # let _ = (adam, constant);
/// ```
///
/// # Source
/// Goyal et al., "Accurate, Large Minibatch SGD: Training ImageNet in 1 Hour", 2017.
///
/// # Keras
/// [`CosineDecay`](super::CosineDecay) has a rise of its own; for others there is none. PyTorch's `SequentialLR` of a `LinearLR` and
/// another computes the same.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Warmup {
    after: LearningRate,
    warmup_steps: Steps,
    #[serde(default)]
    start: f64,
}

impl Warmup {
    /// From 0 to a rate, or to the first of a schedule, in so many steps.
    pub fn new(after: impl Into<LearningRate>, warmup_steps: usize) -> Self {
        Self {
            after: after.into(),
            warmup_steps: warmup_steps.into(),
            start: 0.0,
        }
    }

    /// The first rate.
    pub fn start(mut self, start: f64) -> Self {
        self.start = start;
        self
    }

    fn later(&self, step: u64) -> f64 {
        match &self.after {
            LearningRate::Constant(rate) => f64::from(*rate),
            LearningRate::Schedule(schedule) => schedule.rate(step),
        }
    }
}

impl LearningRateSchedule for Warmup {
    schedule_identity!(Warmup);

    fn check(&self) -> Result<()> {
        let class = self.class_name();
        self.after.check(class)?;
        arguments::positive(class, "warmup_steps", self.warmup_steps.0)?;
        arguments::not_negative(class, "start", self.start)
    }

    fn rate(&self, step: u64) -> f64 {
        let passed = step as f64 / self.warmup_steps.0;
        if passed >= 1.0 {
            return self.later(step - self.warmup_steps.0.ceil() as u64);
        }
        self.start + (self.later(0) - self.start) * passed
    }
}
