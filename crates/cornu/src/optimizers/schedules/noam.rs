//! The rate of the first Transformer: a rise in a straight line, then a fall with the root of the step's number.

use serde::{Deserialize, Serialize};

use super::{LearningRateSchedule, Steps, schedule_identity};
use crate::error::Result;
use crate::optimizers::arguments;

/// `factor · d_model^-0.5 · min(t^-0.5, t · warmup_steps^-1.5)` for the step `t`, counted from 1.
///
/// # Errors
/// A width or number of steps that is not above 0, a factor below 0.
///
/// # Example
/// ```
/// use cornu::optimizers::{Adam, schedules::Noam};
/// let adam = Adam::new(Noam::new(512, 4000)).beta_2(0.98).epsilon(1e-9);
/// # let _ = adam;
/// ```
///
/// # Source
/// Vaswani et al., "Attention Is All You Need", 2017, section 5.3.
///
/// # Keras
/// None.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Noam {
    d_model: Steps,
    warmup_steps: Steps,
    #[serde(default = "factor")]
    factor: f64,
}

fn factor() -> f64 {
    1.0
}

impl Noam {
    /// For a model of a width, with so many steps of rise.
    pub fn new(d_model: usize, warmup_steps: usize) -> Self {
        Self {
            d_model: d_model.into(),
            warmup_steps: warmup_steps.into(),
            factor: factor(),
        }
    }

    /// What all rates are multiplied by.
    pub fn factor(mut self, factor: f64) -> Self {
        self.factor = factor;
        self
    }
}

impl LearningRateSchedule for Noam {
    schedule_identity!(Noam);

    fn check(&self) -> Result<()> {
        let class = self.class_name();
        arguments::positive(class, "d_model", self.d_model.0)?;
        arguments::positive(class, "warmup_steps", self.warmup_steps.0)?;
        arguments::not_negative(class, "factor", self.factor)
    }

    fn rate(&self, step: u64) -> f64 {
        let t = step as f64 + 1.0;
        let rise = t * self.warmup_steps.0.powf(-1.5);
        self.factor * self.d_model.0.powf(-0.5) * t.powf(-0.5).min(rise)
    }
}
