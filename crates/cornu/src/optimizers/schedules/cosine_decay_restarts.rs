//! A rate that follows half a cosine wave again and again.

use std::f64::consts::PI;

use serde::{Deserialize, Serialize};

use super::{LearningRateSchedule, Steps, schedule_identity};
use crate::arguments;
use crate::error::{Error, Result};

/// [`CosineDecay`](super::CosineDecay) over `first_decay_steps` steps, then from the start again.
///
/// Each period is `t_mul` times as long as the one before and begins `m_mul` times as high:
/// `initial · ((1 - alpha) · m_mulⁱ · (1 + cos(π · passed)) / 2 + alpha)`, where `passed` is the share of period `i` that is over.
///
/// # Errors
/// A rate, share or factor below 0, no steps, periods that grow shorter.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let waves = CosineDecayRestarts::new(0.1, 1000).t_mul(1.0).m_mul(0.5);
/// let sgd = SGD::new(waves);
/// # let _ = sgd;
/// ```
///
/// # Source
/// Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", 2016.
///
/// # Keras
/// The same arguments and defaults. Keras finds the period by logarithms in single precision, which for some `t_mul` puts the very
/// step of a restart into the period before. It takes a `t_mul` below 1 too, with which the rate is no number once the
/// periods have shrunk to nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CosineDecayRestarts {
    initial_learning_rate: f64,
    first_decay_steps: Steps,
    #[serde(default = "t_mul")]
    t_mul: f64,
    #[serde(default = "m_mul")]
    m_mul: f64,
    #[serde(default)]
    alpha: f64,
    #[serde(default = "name")]
    name: String,
}

fn t_mul() -> f64 {
    2.0
}

fn m_mul() -> f64 {
    1.0
}

fn name() -> String {
    "SGDRDecay".to_owned()
}

impl CosineDecayRestarts {
    /// From a rate to 0 in so many steps, then in twice as many, and so on.
    pub fn new(initial_learning_rate: f64, first_decay_steps: usize) -> Self {
        Self {
            initial_learning_rate,
            first_decay_steps: first_decay_steps.into(),
            t_mul: t_mul(),
            m_mul: m_mul(),
            alpha: 0.0,
            name: name(),
        }
    }

    /// How many times as long each period is as the one before.
    pub fn t_mul(mut self, factor: f64) -> Self {
        self.t_mul = factor;
        self
    }

    /// How many times as high each period begins as the one before.
    pub fn m_mul(mut self, factor: f64) -> Self {
        self.m_mul = factor;
        self
    }

    /// The lowest rate, as a share of the first.
    pub fn alpha(mut self, alpha: f64) -> Self {
        self.alpha = alpha;
        self
    }

    /// The number of the period that a step is in, and the share of it that is over.
    fn period(&self, step: u64) -> (f64, f64) {
        let step = step as f64;
        if self.t_mul == 1.0 {
            let periods = step / self.first_decay_steps.0;
            return (periods.floor(), periods.fract());
        }
        let (mut number, mut begun, mut length) = (0.0, 0.0, self.first_decay_steps.0);
        while step >= begun + length {
            number += 1.0;
            begun += length;
            length *= self.t_mul;
        }
        (number, (step - begun) / length)
    }
}

impl LearningRateSchedule for CosineDecayRestarts {
    schedule_identity!(CosineDecayRestarts);

    fn check(&self) -> Result<()> {
        let class = self.class_name();
        arguments::not_negative(class, "initial_learning_rate", self.initial_learning_rate)?;
        arguments::positive(class, "first_decay_steps", self.first_decay_steps.0)?;
        if !self.t_mul.is_finite() || self.t_mul < 1.0 {
            return Err(Error::config(format!(
                "{class}: t_mul must be a finite number of at least 1, received {}",
                self.t_mul
            )));
        }
        arguments::not_negative(class, "m_mul", self.m_mul)?;
        arguments::not_negative(class, "alpha", self.alpha)
    }

    fn rate(&self, step: u64) -> f64 {
        let (number, passed) = self.period(step);
        let wave = 0.5 * self.m_mul.powf(number) * (1.0 + (PI * passed).cos());
        self.initial_learning_rate * ((1.0 - self.alpha) * wave + self.alpha)
    }
}
