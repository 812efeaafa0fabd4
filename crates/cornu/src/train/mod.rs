//! Training, evaluation and prediction: Keras's `compile`, `fit`, `evaluate`, `predict`.

mod augmented;
pub mod callbacks;
mod class_weights;
mod compiled;
mod custom;
mod diagnose;
mod evaluate;
mod fit;
mod goals;
mod gradients;
mod history;
mod named;
mod precision;
mod predict;
mod samples;
mod step;

pub use augmented::Augmented;
pub use callbacks::{Action, Callback, Event};
pub use compiled::Compiled;
pub use custom::{OptimizerHandle, Tape, TrainStep, Trainable, TrainableWeight, Values};
pub use fit::Fit;
pub(crate) use fit::shuffle;
pub use goals::{Losses, MetricOf};
pub use history::{EpochLog, History, Logs};
pub use precision::Precision;
pub use samples::{RowsMut, Samples};
