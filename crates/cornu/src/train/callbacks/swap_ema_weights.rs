//! Judging the running means of the weights while the weights themselves go on learning.

use super::{Action, Callback, Event};
use crate::error::Result;
use crate::model::Model;

/// Puts the running means that the optimizer keeps (`use_ema`) in the weights' places while the validation set is evaluated, and the
/// weights back afterwards.
///
/// With `swap_on_epoch` the means stay there until the next epoch begins, so that callbacks behind this one, as
/// [`ModelCheckpoint`](super::ModelCheckpoint), see and save them.
///
/// # Errors
/// An optimizer that keeps no means.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let data = (Tensor::zeros([8, 4]), Tensor::zeros([8, 1]));
/// let mut model = Sequential::new().input([4]).add(Dense::new(1)).build()?;
/// model.compile(Adam::default().use_ema(true), MeanSquaredError::default(), [] as [&str; 0])?;
/// let fit = Fit::epochs(2).full_batch().validation(&data);
/// model.fit(&data, fit.callback(SwapEMAWeights::new()))?;
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Source
/// Polyak and Juditsky, "Acceleration of Stochastic Approximation by Averaging", 1992.
///
/// # Keras
/// The same argument and default.
#[derive(Debug, Default)]
pub struct SwapEMAWeights {
    swap_on_epoch: bool,
}

impl SwapEMAWeights {
    /// Swaps for the evaluation alone.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether the means stay in place from the end of an epoch, or its evaluation, to the beginning of the next.
    pub fn swap_on_epoch(mut self, swap: bool) -> Self {
        self.swap_on_epoch = swap;
        self
    }
}

impl Callback for SwapEMAWeights {
    fn on_event(&mut self, model: &mut Model, event: &Event) -> Result<Action> {
        match event {
            Event::ValidationBegin { .. } => model.show_averages(true)?,
            Event::EpochEnd { .. } => model.show_averages(self.swap_on_epoch)?,
            Event::EpochBegin { .. } => model.show_averages(false)?,
            _ => {}
        }
        Ok(Action::Continue)
    }
}
