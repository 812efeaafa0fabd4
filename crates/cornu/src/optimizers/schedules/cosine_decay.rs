//! A rate that follows half a cosine wave, after a rise if wanted.

use std::f64::consts::PI;

use serde::{Deserialize, Serialize};

use super::{LearningRateSchedule, Steps, schedule_identity};
use crate::arguments;
use crate::error::Result;

/// `initial · ((1 - alpha) · (1 + cos(π · step / decay_steps)) / 2 + alpha)`; after `decay_steps` steps it stays at `initial · alpha`.
///
/// With [`warmup`](CosineDecay::warmup), the rate first goes in a straight line from `initial` to the target, and the cosine
/// begins there.
///
/// # Errors
/// A rate or share below 0, no steps.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let up_and_down = CosineDecay::new(0.0, 900).warmup(0.1, 100);
/// let adam = Adam::new(up_and_down);
/// # let _ = adam;
/// ```
///
/// # Source
/// Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", 2016.
///
/// # Keras
/// The same arithmetic, arguments and defaults.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CosineDecay {
    initial_learning_rate: f64,
    decay_steps: Steps,
    #[serde(default)]
    alpha: f64,
    #[serde(default = "name")]
    name: String,
    #[serde(default)]
    warmup_target: Option<f64>,
    #[serde(default = "none")]
    warmup_steps: Steps,
}

fn name() -> String {
    "CosineDecay".to_owned()
}

fn none() -> Steps {
    Steps(0.0)
}

impl CosineDecay {
    /// From a rate to 0 in so many steps.
    pub fn new(initial_learning_rate: f64, decay_steps: usize) -> Self {
        Self {
            initial_learning_rate,
            decay_steps: decay_steps.into(),
            alpha: 0.0,
            name: name(),
            warmup_target: None,
            warmup_steps: none(),
        }
    }

    /// The last rate, as a share of the highest.
    pub fn alpha(mut self, alpha: f64) -> Self {
        self.alpha = alpha;
        self
    }

    /// Goes to this rate in so many steps before the cosine begins.
    pub fn warmup(mut self, target: f64, steps: usize) -> Self {
        self.warmup_target = Some(target);
        self.warmup_steps = steps.into();
        self
    }
}

impl LearningRateSchedule for CosineDecay {
    schedule_identity!(CosineDecay);

    fn check(&self) -> Result<()> {
        let class = self.class_name();
        arguments::not_negative(class, "initial_learning_rate", self.initial_learning_rate)?;
        arguments::positive(class, "decay_steps", self.decay_steps.0)?;
        arguments::not_negative(class, "alpha", self.alpha)?;
        arguments::not_negative(class, "warmup_steps", self.warmup_steps.0)?;
        match self.warmup_target {
            Some(target) => arguments::not_negative(class, "warmup_target", target),
            None => Ok(()),
        }
    }

    fn rate(&self, step: u64) -> f64 {
        let (mut step, mut from) = (step as f64, self.initial_learning_rate);
        if let Some(target) = self.warmup_target {
            if step < self.warmup_steps.0 {
                return from + (target - from) * step / self.warmup_steps.0;
            }
            step -= self.warmup_steps.0;
            from = target;
        }
        let passed = step.min(self.decay_steps.0) / self.decay_steps.0;
        let wave = 0.5 * (1.0 + (PI * passed).cos());
        from * ((1.0 - self.alpha) * wave + self.alpha)
    }
}
