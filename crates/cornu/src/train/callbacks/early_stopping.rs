//! Ending the training once a number no longer improves.

use super::monitor::{Mode, Monitor};
use super::{Action, Callback, Event};
use crate::error::Result;
use crate::model::Model;
use crate::tensor::Tensor;

/// Stops when the number watched has not improved for `patience` epochs.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let stop = EarlyStopping::new("val_loss").patience(3).restore_best_weights(true);
/// # let _ = stop;
/// ```
///
/// # Keras
/// The same arguments and defaults.
#[derive(Debug)]
pub struct EarlyStopping {
    patience: usize,
    baseline: Option<f64>,
    restore_best_weights: bool,
    start_from_epoch: usize,
    monitor: Monitor,
    waited: usize,
    best: Option<Vec<Tensor>>,
}

impl EarlyStopping {
    /// Watches a number: "val_loss", "val_accuracy", …
    pub fn new(monitor: &str) -> Self {
        Self {
            patience: 0,
            baseline: None,
            restore_best_weights: false,
            start_from_epoch: 0,
            monitor: Monitor::new(monitor, Mode::Auto, 0.0),
            waited: 0,
            best: None,
        }
    }

    /// How many epochs without improvement are borne.
    pub fn patience(mut self, patience: usize) -> Self {
        self.patience = patience;
        self
    }

    /// A value that must be bettered as well: an epoch that does not is borne like one without improvement.
    pub fn baseline(mut self, baseline: f64) -> Self {
        self.baseline = Some(baseline);
        self
    }

    /// Less than this is no improvement.
    pub fn min_delta(mut self, min_delta: f64) -> Self {
        self.monitor.min_delta = min_delta;
        self
    }

    /// Which way the number improves.
    pub fn mode(mut self, mode: Mode) -> Self {
        self.monitor.mode = mode;
        self
    }

    /// Whether the model gets back the weights of its best epoch.
    pub fn restore_best_weights(mut self, restore: bool) -> Self {
        self.restore_best_weights = restore;
        self
    }

    /// Epochs before this one are not watched.
    pub fn start_from_epoch(mut self, epoch: usize) -> Self {
        self.start_from_epoch = epoch;
        self
    }
}

impl Callback for EarlyStopping {
    fn on_event(&mut self, model: &mut Model, event: &Event) -> Result<Action> {
        match event {
            Event::TrainBegin { .. } => {
                self.monitor.reset();
                self.waited = 0;
                self.best = None;
            }
            Event::EpochEnd { epoch, logs } if *epoch >= self.start_from_epoch => {
                let (value, best) = self.monitor.see(logs)?;
                if best && self.restore_best_weights {
                    self.best = Some(model.weights());
                }
                if best && self.baseline.is_none_or(|b| self.monitor.betters(value, b)) {
                    self.waited = 0;
                } else {
                    self.waited += 1;
                    if self.waited >= self.patience.max(1) {
                        return Ok(Action::Stop);
                    }
                }
            }
            Event::TrainEnd => {
                if let Some(best) = self.best.take() {
                    model.set_weights(&best)?;
                }
            }
            _ => {}
        }
        Ok(Action::Continue)
    }
}
