//! Watching one number of the epochs for improvement.

use crate::error::{Error, Result};
use crate::train::Logs;

/// Which way a number improves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Larger is better for accuracies and the like, smaller for all else.
    #[default]
    Auto,
    /// Smaller is better.
    Min,
    /// Larger is better.
    Max,
}

/// A number of the epochs and its best value so far.
#[derive(Clone, Debug)]
pub(super) struct Monitor {
    name: String,
    /// Which way it improves.
    pub(super) mode: Mode,
    /// A change of less than this is no improvement.
    pub(super) min_delta: f64,
    best: Option<f64>,
}

impl Monitor {
    pub(super) fn new(name: &str, mode: Mode, min_delta: f64) -> Self {
        Self {
            name: name.to_owned(),
            mode,
            min_delta,
            best: None,
        }
    }

    /// Whether larger is better.
    fn larger(&self) -> bool {
        let rising = ["acc", "auc", "precision", "recall", "f1"];
        match self.mode {
            Mode::Max => true,
            Mode::Min => false,
            Mode::Auto => rising.iter().any(|m| self.name.contains(m)),
        }
    }

    /// Forgets the best value.
    pub(super) fn reset(&mut self) {
        self.best = None;
    }

    /// Whether a value is better than another one.
    pub(super) fn betters(&self, value: f64, other: f64) -> bool {
        if self.larger() {
            value > other + self.min_delta.abs()
        } else {
            value < other - self.min_delta.abs()
        }
    }

    /// The number, and whether it is the best so far.
    pub(super) fn see(&mut self, logs: &Logs) -> Result<(f64, bool)> {
        let value = logs.get(&self.name).ok_or_else(|| {
            let error = Error::unknown("number to monitor", &self.name, logs.names());
            if self.name.starts_with("val_") {
                error.help("give fit a validation set")
            } else {
                error
            }
        })?;
        let better = match self.best {
            None => !value.is_nan(),
            Some(best) => self.betters(value, best),
        };
        if better {
            self.best = Some(value);
        }
        Ok((value, better))
    }
}
