//! Things that are told what happens during training, and may stop it. One file each.

mod backup_and_restore;
mod csv_logger;
mod early_stopping;
mod lambda_callback;
mod learning_rate_scheduler;
mod model_checkpoint;
mod monitor;
mod progbar_logger;
mod reduce_lr_on_plateau;
mod remote_monitor;
mod swap_ema_weights;
mod tensor_board;

pub use backup_and_restore::BackupAndRestore;
pub use csv_logger::CsvLogger;
pub use early_stopping::EarlyStopping;
pub use lambda_callback::LambdaCallback;
pub use learning_rate_scheduler::LearningRateScheduler;
pub use model_checkpoint::ModelCheckpoint;
pub use monitor::Mode;
pub use progbar_logger::ProgbarLogger;
pub use reduce_lr_on_plateau::ReduceLROnPlateau;
pub use remote_monitor::RemoteMonitor;
pub use swap_ema_weights::SwapEMAWeights;
pub use tensor_board::TensorBoard;

use crate::error::Result;
use crate::model::Model;

use super::history::Logs;

/// What happens during training.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// Everything is checked and planned; the first step comes next.
    TrainBegin {
        /// Number of epochs.
        epochs: usize,
        /// Steps of an epoch.
        steps: usize,
        /// Samples of the training set.
        samples: usize,
        /// Bytes that weights, optimizer and activations will need at most.
        planned_bytes: usize,
    },
    /// An epoch begins.
    EpochBegin {
        /// Its number, from 0.
        epoch: usize,
    },
    /// A step is done.
    BatchEnd {
        /// The epoch, from 0.
        epoch: usize,
        /// The step in the epoch, from 0.
        step: usize,
        /// Steps of an epoch.
        steps: usize,
        /// Samples of this step.
        samples: usize,
        /// Mean loss and metrics of the epoch so far.
        logs: Logs,
    },
    /// The validation set is about to be evaluated.
    ValidationBegin {
        /// The epoch, from 0.
        epoch: usize,
    },
    /// An epoch is done.
    EpochEnd {
        /// Its number, from 0.
        epoch: usize,
        /// Its numbers, with those of the validation as "val_…".
        logs: Logs,
    },
    /// Training is over.
    TrainEnd,
}

/// Whether training goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// It goes on.
    Continue,
    /// It ends here, with the weights as they are.
    Stop,
}

/// Something that is told what happens during training.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// struct Loud;
/// impl Callback for Loud {
///     fn on_event(&mut self, _: &mut Model, event: &Event) -> cornu::Result<Action> {
///         if let Event::EpochEnd { epoch, logs } = event {
///             println!("epoch {epoch}: {:?}", logs.get("loss"));
///         }
///         Ok(Action::Continue)
///     }
/// }
/// ```
pub trait Callback {
    /// Is told an event; may look at the model, change it, and stop the training. An error ends the training with that error.
    fn on_event(&mut self, model: &mut Model, event: &Event) -> Result<Action>;

    /// With which epoch training begins, if an earlier one left something to go on with; asked before everything else, it may give the model
    /// the weights of then.
    fn first_epoch(&mut self, _model: &mut Model) -> Result<Option<usize>> {
        Ok(None)
    }
}

impl<C: Callback + ?Sized> Callback for &mut C {
    fn on_event(&mut self, model: &mut Model, event: &Event) -> Result<Action> {
        (**self).on_event(model, event)
    }

    fn first_epoch(&mut self, model: &mut Model) -> Result<Option<usize>> {
        (**self).first_epoch(model)
    }
}

impl<C: Callback + ?Sized> Callback for Box<C> {
    fn on_event(&mut self, model: &mut Model, event: &Event) -> Result<Action> {
        (**self).on_event(model, event)
    }

    fn first_epoch(&mut self, model: &mut Model) -> Result<Option<usize>> {
        (**self).first_epoch(model)
    }
}
