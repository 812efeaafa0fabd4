//! A rate that rises once and falls once, far below where it began.

use std::f64::consts::PI;

use serde::{Deserialize, Serialize};

use super::{LearningRateSchedule, Steps, schedule_identity};
use crate::choice::{Choice, Named};
use crate::error::{Error, Result};
use crate::optimizers::arguments;

/// The way from one rate to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anneal {
    /// Half a wave of a cosine.
    Cos,
    /// A straight line.
    Linear,
}

impl Named for Anneal {
    const WHAT: &'static str = "anneal_strategy";

    fn from_name(name: &str) -> Option<Self> {
        match name {
            "cos" => Some(Self::Cos),
            "linear" => Some(Self::Linear),
            _ => None,
        }
    }

    fn name(&self) -> &str {
        match self {
            Self::Cos => "cos",
            Self::Linear => "linear",
        }
    }

    fn names() -> Vec<&'static str> {
        vec!["cos", "linear"]
    }
}

/// From `max_lr / div_factor` to `max_lr` in `pct_start` of the steps, then down to a `final_div_factor`th of where it began.
///
/// `three_phase`: down to where it began in as many steps as it rose, then to the end. After `total_steps` the rate stays.
///
/// # Errors
/// A rate below 0, fewer than two steps, a share outside 0 to 1, a factor that is not above 0.
///
/// # Example
/// ```
/// use cornu::optimizers::{SGD, schedules::OneCycle};
/// let sgd = SGD::new(OneCycle::new(0.1, 1000).pct_start(0.2)).momentum(0.9);
/// # let _ = sgd;
/// ```
///
/// # Source
/// Smith and Topin, "Super-Convergence: Very Fast Training of Neural Networks Using Large Learning Rates", 2017.
///
/// # Keras
/// None. PyTorch's `OneCycleLR`, which moves the momentum as well unless it is told not to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OneCycle {
    max_lr: f64,
    total_steps: Steps,
    #[serde(default = "pct_start")]
    pct_start: f64,
    #[serde(default = "cos")]
    anneal_strategy: Choice<Anneal>,
    #[serde(default = "div_factor")]
    div_factor: f64,
    #[serde(default = "final_div_factor")]
    final_div_factor: f64,
    #[serde(default)]
    three_phase: bool,
}

fn pct_start() -> f64 {
    0.3
}

fn cos() -> Choice<Anneal> {
    Choice::Known(Anneal::Cos)
}

fn div_factor() -> f64 {
    25.0
}

fn final_div_factor() -> f64 {
    1e4
}

impl OneCycle {
    /// Up to a rate and down again in so many steps.
    pub fn new(max_lr: f64, total_steps: usize) -> Self {
        Self {
            max_lr,
            total_steps: total_steps.into(),
            pct_start: pct_start(),
            anneal_strategy: cos(),
            div_factor: div_factor(),
            final_div_factor: final_div_factor(),
            three_phase: false,
        }
    }

    /// In which share of the steps the rate rises.
    pub fn pct_start(mut self, share: f64) -> Self {
        self.pct_start = share;
        self
    }

    /// How it goes from rate to rate: "cos" or "linear".
    pub fn anneal_strategy(mut self, strategy: impl Into<Choice<Anneal>>) -> Self {
        self.anneal_strategy = strategy.into();
        self
    }

    /// By what the first rate is below the highest.
    pub fn div_factor(mut self, factor: f64) -> Self {
        self.div_factor = factor;
        self
    }

    /// By what the last rate is below the first.
    pub fn final_div_factor(mut self, factor: f64) -> Self {
        self.final_div_factor = factor;
        self
    }

    /// Whether the rate falls in two phases.
    pub fn three_phase(mut self, three_phase: bool) -> Self {
        self.three_phase = three_phase;
        self
    }
}

impl LearningRateSchedule for OneCycle {
    schedule_identity!(OneCycle);

    fn check(&self) -> Result<()> {
        let class = self.class_name();
        self.anneal_strategy.get()?;
        arguments::not_negative(class, "max_lr", self.max_lr)?;
        arguments::unit(class, "pct_start", self.pct_start)?;
        arguments::positive(class, "div_factor", self.div_factor)?;
        arguments::positive(class, "final_div_factor", self.final_div_factor)?;
        if self.total_steps.0 >= 2.0 && self.total_steps.0.is_finite() {
            return Ok(());
        }
        Err(Error::config(format!(
            "{class}: total_steps must be at least 2, received {}",
            self.total_steps.0
        )))
    }

    fn rate(&self, step: u64) -> f64 {
        let first = self.max_lr / self.div_factor;
        let last = first / self.final_div_factor;
        let end = self.total_steps.0 - 1.0;
        let top = self.pct_start * self.total_steps.0 - 1.0;
        let phases = if self.three_phase {
            vec![
                (top, first, self.max_lr),
                (2.0 * top, self.max_lr, first),
                (end, first, last),
            ]
        } else {
            vec![(top, first, self.max_lr), (end, self.max_lr, last)]
        };
        let step = (step as f64).min(end);
        let mut start = 0.0;
        for (i, &(stop, from, to)) in phases.iter().enumerate() {
            if step <= stop || i + 1 == phases.len() {
                let way = stop - start;
                let passed = if way == 0.0 {
                    1.0
                } else {
                    (step - start) / way
                };
                return match self.anneal_strategy.get() {
                    Ok(Anneal::Linear) => from + (to - from) * passed,
                    _ => to + (from - to) / 2.0 * (1.0 + (PI * passed).cos()),
                };
            }
            start = stop;
        }
        last
    }
}
