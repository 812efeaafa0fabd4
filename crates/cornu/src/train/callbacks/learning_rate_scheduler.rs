//! A learning rate that changes from epoch to epoch.

use super::{Action, Callback, Event};
use crate::error::Result;
use crate::model::Model;

/// Sets the learning rate at the beginning of each epoch, from the epoch's number (from 0) and the rate before.
///
/// For an optimizer whose learning rate is a number; one with a schedule of its own is refused when training begins.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let halve = LearningRateScheduler::new(|epoch, rate| if epoch > 0 && epoch % 5 == 0 { rate / 2.0 } else { rate });
/// # let _ = halve;
/// ```
pub struct LearningRateScheduler<F> {
    schedule: F,
}

impl<F: FnMut(usize, f32) -> f32> LearningRateScheduler<F> {
    /// A schedule by epoch.
    pub fn new(schedule: F) -> Self {
        Self { schedule }
    }
}

impl<F> std::fmt::Debug for LearningRateScheduler<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LearningRateScheduler")
    }
}

impl<F: FnMut(usize, f32) -> f32> Callback for LearningRateScheduler<F> {
    fn on_event(&mut self, model: &mut Model, event: &Event) -> Result<Action> {
        if let (Event::EpochBegin { epoch }, Some(rate)) = (event, model.learning_rate()) {
            model.set_learning_rate((self.schedule)(*epoch, rate))?;
        }
        Ok(Action::Continue)
    }
}
