//! A rate that goes up and down between two bounds again and again.

use serde::{Deserialize, Serialize};

use super::{LearningRateSchedule, Steps, schedule_identity};
use crate::choice::{Choice, Named};
use crate::error::Result;
use crate::optimizers::arguments;

/// How the height of the waves changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waves {
    /// It stays.
    Triangular,
    /// It halves from wave to wave.
    Triangular2,
    /// It is multiplied by `gamma` at each step.
    ExpRange,
}

impl Named for Waves {
    const WHAT: &'static str = "mode";

    fn from_name(name: &str) -> Option<Self> {
        match name {
            "triangular" => Some(Self::Triangular),
            "triangular2" => Some(Self::Triangular2),
            "exp_range" => Some(Self::ExpRange),
            _ => None,
        }
    }

    fn name(&self) -> &str {
        match self {
            Self::Triangular => "triangular",
            Self::Triangular2 => "triangular2",
            Self::ExpRange => "exp_range",
        }
    }

    fn names() -> Vec<&'static str> {
        vec!["triangular", "triangular2", "exp_range"]
    }
}

/// From `base_lr` to `max_lr` in a straight line of `step_size_up` steps, back in `step_size_down`, and again.
///
/// # Errors
/// A rate below 0, no steps, `gamma` that is not above 0.
///
/// # Example
/// ```
/// use cornu::optimizers::{SGD, schedules::Cyclic};
/// let sgd = SGD::new(Cyclic::new(0.001, 0.1).step_size_up(500).mode("triangular2"));
/// # let _ = sgd;
/// ```
///
/// # Source
/// Smith, "Cyclical Learning Rates for Training Neural Networks", 2015.
///
/// # Keras
/// None. PyTorch's `CyclicLR`, which moves the momentum as well unless it is told not to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cyclic {
    base_lr: f64,
    max_lr: f64,
    #[serde(default = "step_size_up")]
    step_size_up: Steps,
    #[serde(default)]
    step_size_down: Option<Steps>,
    #[serde(default = "triangular")]
    mode: Choice<Waves>,
    #[serde(default = "gamma")]
    gamma: f64,
}

fn step_size_up() -> Steps {
    Steps(2000.0)
}

fn triangular() -> Choice<Waves> {
    Choice::Known(Waves::Triangular)
}

fn gamma() -> f64 {
    1.0
}

impl Cyclic {
    /// Between two rates, 2000 steps up and as many down.
    pub fn new(base_lr: f64, max_lr: f64) -> Self {
        Self {
            base_lr,
            max_lr,
            step_size_up: step_size_up(),
            step_size_down: None,
            mode: triangular(),
            gamma: gamma(),
        }
    }

    /// In how many steps the rate rises.
    pub fn step_size_up(mut self, steps: usize) -> Self {
        self.step_size_up = steps.into();
        self
    }

    /// In how many steps it falls: as many as it rises without it.
    pub fn step_size_down(mut self, steps: usize) -> Self {
        self.step_size_down = Some(steps.into());
        self
    }

    /// How the height changes: "triangular", "triangular2" or "exp_range".
    pub fn mode(mut self, mode: impl Into<Choice<Waves>>) -> Self {
        self.mode = mode.into();
        self
    }

    /// By what the height is multiplied at each step, in the mode "exp_range".
    pub fn gamma(mut self, gamma: f64) -> Self {
        self.gamma = gamma;
        self
    }
}

impl LearningRateSchedule for Cyclic {
    schedule_identity!(Cyclic);

    fn check(&self) -> Result<()> {
        let class = self.class_name();
        self.mode.get()?;
        arguments::not_negative(class, "base_lr", self.base_lr)?;
        arguments::not_negative(class, "max_lr", self.max_lr)?;
        arguments::positive(class, "step_size_up", self.step_size_up.0)?;
        if let Some(down) = self.step_size_down {
            arguments::positive(class, "step_size_down", down.0)?;
        }
        arguments::positive(class, "gamma", self.gamma)
    }

    fn rate(&self, step: u64) -> f64 {
        let up = self.step_size_up.0;
        let whole = up + self.step_size_down.map_or(up, |down| down.0);
        let (ratio, step) = (up / whole, step as f64);
        let cycle = (1.0 + step / whole).floor();
        let x = 1.0 + step / whole - cycle;
        let height = if x <= ratio {
            x / ratio
        } else {
            (x - 1.0) / (ratio - 1.0)
        };
        let scale = match self.mode.get() {
            Ok(Waves::Triangular2) => 0.5f64.powf(cycle - 1.0),
            Ok(Waves::ExpRange) => self.gamma.powf(step),
            _ => 1.0,
        };
        self.base_lr + (self.max_lr - self.base_lr) * height * scale
    }
}
