//! A learning rate that falls when a number stops improving.

use super::monitor::{Mode, Monitor};
use super::{Action, Callback, Event};
use crate::error::{Error, Result};
use crate::model::Model;

/// Multiplies the learning rate by a factor when a number has not improved for some epochs.
///
/// `rate ← max(rate · factor, min_lr)` after `patience` epochs without an improvement of more than `min_delta`; then `cooldown`
/// epochs are not counted.
///
/// # Errors
/// A factor of 1 or more, or below 0; a number that the epochs do not have; an optimizer that follows a schedule.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let reduce = ReduceLROnPlateau::new("val_loss").factor(0.2).patience(5).min_lr(1e-4);
/// # let _ = reduce;
/// ```
///
/// # Keras
/// The same defaults: factor 0.1, patience 10, `min_delta` 0.0001, no cooldown, `min_lr` 0.
#[derive(Clone, Debug)]
pub struct ReduceLROnPlateau {
    monitor: Monitor,
    factor: f32,
    patience: usize,
    cooldown: usize,
    min_lr: f32,
    waited: usize,
    cooling: usize,
}

impl ReduceLROnPlateau {
    /// Watches a number of the epochs, such as "`val_loss`".
    pub fn new(monitor: &str) -> Self {
        Self {
            monitor: Monitor::new(monitor, Mode::Auto, 1e-4),
            factor: 0.1,
            patience: 10,
            cooldown: 0,
            min_lr: 0.0,
            waited: 0,
            cooling: 0,
        }
    }

    /// What the rate is multiplied by.
    pub fn factor(mut self, factor: f32) -> Self {
        self.factor = factor;
        self
    }

    /// Epochs without an improvement before the rate falls.
    pub fn patience(mut self, patience: usize) -> Self {
        self.patience = patience;
        self
    }

    /// Epochs after a fall that do not count.
    pub fn cooldown(mut self, cooldown: usize) -> Self {
        self.cooldown = cooldown;
        self
    }

    /// The rate does not fall below this.
    pub fn min_lr(mut self, min_lr: f32) -> Self {
        self.min_lr = min_lr;
        self
    }

    /// What counts as an improvement must be larger than this.
    pub fn min_delta(mut self, min_delta: f64) -> Self {
        self.monitor.min_delta = min_delta;
        self
    }

    /// Which way the number improves.
    pub fn mode(mut self, mode: Mode) -> Self {
        self.monitor.mode = mode;
        self
    }
}

impl Callback for ReduceLROnPlateau {
    fn on_event(&mut self, model: &mut Model, event: &Event) -> Result<Action> {
        match event {
            Event::TrainBegin { .. } => {
                if !(0.0..1.0).contains(&self.factor) {
                    return Err(Error::config(format!(
                        "factor must be at least 0 and below 1, received {}",
                        self.factor
                    ))
                    .at("ReduceLROnPlateau"));
                }
                self.monitor.reset();
                (self.waited, self.cooling) = (0, 0);
            }
            Event::EpochEnd { logs, .. } => {
                let (_, better) = self.monitor.see(logs)?;
                if self.cooling > 0 {
                    self.cooling -= 1;
                    self.waited = 0;
                }
                if better {
                    self.waited = 0;
                } else if self.cooling == 0 {
                    self.waited += 1;
                    if self.waited >= self.patience {
                        self.fall(model)?;
                    }
                }
            }
            _ => {}
        }
        Ok(Action::Continue)
    }
}

impl ReduceLROnPlateau {
    fn fall(&mut self, model: &mut Model) -> Result<()> {
        let rate = model.learning_rate().unwrap_or(0.0);
        if rate > self.min_lr {
            model.set_learning_rate((rate * self.factor).max(self.min_lr))?;
            (self.waited, self.cooling) = (0, self.cooldown);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prelude::{Dense, Logs, MeanSquaredError, SGD, Sequential};

    /// The rates after epochs of these losses; expected values are those of Keras 3.15.1 for the same.
    fn rates(mut callback: ReduceLROnPlateau, losses: &[f64]) -> Result<Vec<f32>> {
        let mut model = Sequential::new().input([1]).add(Dense::new(1)).build()?;
        let sgd = SGD::new(1.0);
        model.compile(sgd, MeanSquaredError::default(), [] as [&str; 0])?;
        let begin = Event::TrainBegin {
            epochs: losses.len(),
            steps: 1,
            samples: 1,
            planned_bytes: 0,
        };
        callback.on_event(&mut model, &begin)?;
        let mut rates = Vec::new();
        for (epoch, &loss) in losses.iter().enumerate() {
            let mut logs = Logs::new();
            logs.set("loss", loss);
            callback.on_event(&mut model, &Event::EpochEnd { epoch, logs })?;
            rates.extend(model.learning_rate());
        }
        Ok(rates)
    }

    #[test]
    fn the_rate_falls_where_keras_lets_it_fall() -> Result<()> {
        let losses = [1.0, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.8, 0.8, 0.8, 0.8];
        let callback = ReduceLROnPlateau::new("loss").factor(0.5).patience(2);
        let expected = [
            1.0, 1.0, 1.0, 0.5, 0.5, 0.25, 0.25, 0.25, 0.25, 0.125, 0.125,
        ];
        assert_eq!(rates(callback.clone(), &losses)?, expected);
        let expected = [1.0, 1.0, 1.0, 0.5, 0.5, 0.5, 0.3, 0.3, 0.3, 0.3, 0.3];
        assert_eq!(rates(callback.cooldown(2).min_lr(0.3), &losses)?, expected);
        Ok(())
    }

    #[test]
    fn a_factor_that_would_not_lower_the_rate_is_refused() {
        let callback = ReduceLROnPlateau::new("loss").factor(1.0);
        assert!(rates(callback, &[1.0]).is_err());
    }
}
