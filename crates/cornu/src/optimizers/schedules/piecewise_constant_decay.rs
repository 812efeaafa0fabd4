//! A rate that stays the same between given steps.

use serde::{Deserialize, Serialize};

use super::{LearningRateSchedule, Steps, schedule_identity};
use crate::arguments;
use crate::error::{Error, Result};

/// The first value up to and including the step of the first boundary, then the second up to the second, and so on.
///
/// # Errors
/// No boundary, boundaries that do not rise, values that are not one more than the boundaries, a rate below 0.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let three_rates = PiecewiseConstantDecay::new([1000, 2000], [0.1, 0.01, 0.001]);
/// let sgd = SGD::new(three_rates);
/// # let _ = sgd;
/// ```
///
/// # Keras
/// The same. Keras asks for rising boundaries too, but does not look.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PiecewiseConstantDecay {
    boundaries: Vec<Steps>,
    values: Vec<f64>,
    #[serde(default = "name")]
    name: String,
}

fn name() -> String {
    "PiecewiseConstant".to_owned()
}

impl PiecewiseConstantDecay {
    /// Steps at which the rate changes, and the rates: one more.
    pub fn new(
        boundaries: impl IntoIterator<Item = usize>,
        values: impl IntoIterator<Item = f64>,
    ) -> Self {
        Self {
            boundaries: boundaries.into_iter().map(Steps::from).collect(),
            values: values.into_iter().collect(),
            name: name(),
        }
    }
}

impl LearningRateSchedule for PiecewiseConstantDecay {
    schedule_identity!(PiecewiseConstantDecay);

    fn check(&self) -> Result<()> {
        let class = self.class_name();
        if self.boundaries.is_empty() {
            return Err(
                Error::config(format!("{class}: boundaries must be one step or more"))
                    .help("a rate that never changes is given as a number"),
            );
        }
        if self.values.len() != self.boundaries.len() + 1 {
            return Err(Error::config(format!(
                "{class}: values must be one more than boundaries, received {} values and {} boundaries",
                self.values.len(),
                self.boundaries.len()
            )));
        }
        for pair in self.boundaries.windows(2) {
            if pair[0] >= pair[1] {
                return Err(Error::config(format!(
                    "{class}: boundaries must rise, received {} before {}",
                    pair[0].0, pair[1].0
                )));
            }
        }
        for boundary in &self.boundaries {
            arguments::not_negative(class, "boundaries", boundary.0)?;
        }
        let mut values = self.values.iter();
        values.try_for_each(|&rate| arguments::not_negative(class, "values", rate))
    }

    fn rate(&self, step: u64) -> f64 {
        let step = Steps(step as f64);
        self.values[self.boundaries.partition_point(|&b| b < step)]
    }
}
