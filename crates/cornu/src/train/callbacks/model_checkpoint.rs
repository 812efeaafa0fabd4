//! Saving the model as training goes on.

use std::path::{Path, PathBuf};

use super::monitor::{Mode, Monitor};
use super::{Action, Callback, Event};
use crate::error::Result;
use crate::model::Model;

/// Saves the model after each epoch, or after those in which the number watched is the best so far.
///
/// `{epoch}` in the path becomes the number of the epoch, from 1.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let keep = ModelCheckpoint::new("best.cornu").save_best_only("val_accuracy");
/// # let _ = keep;
/// ```
#[derive(Debug)]
pub struct ModelCheckpoint {
    path: PathBuf,
    best: Option<Monitor>,
}

impl ModelCheckpoint {
    /// Saves to this path after every epoch.
    pub fn new(path: impl AsRef<Path>) -> Self {
        Self {
            path: path.as_ref().to_owned(),
            best: None,
        }
    }

    /// Saves only when the number watched is the best so far.
    pub fn save_best_only(self, monitor: &str) -> Self {
        self.save_best_only_by(monitor, Mode::Auto)
    }

    /// As [`ModelCheckpoint::save_best_only`], telling which way the number improves.
    pub fn save_best_only_by(mut self, monitor: &str, mode: Mode) -> Self {
        self.best = Some(Monitor::new(monitor, mode, 0.0));
        self
    }
}

impl Callback for ModelCheckpoint {
    fn on_event(&mut self, model: &mut Model, event: &Event) -> Result<Action> {
        if let Event::EpochEnd { epoch, logs } = event {
            let wanted = match &mut self.best {
                Some(monitor) => monitor.see(logs)?.1,
                None => true,
            };
            if wanted {
                let path = self.path.to_string_lossy();
                model.save(path.replace("{epoch}", &format!("{:02}", epoch + 1)))?;
            }
        }
        Ok(Action::Continue)
    }
}
