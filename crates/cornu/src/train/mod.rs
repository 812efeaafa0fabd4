//! Training, evaluation and prediction: Keras's `compile`, `fit`, `evaluate`, `predict`.

pub mod callbacks;
mod compiled;
mod diagnose;
mod evaluate;
mod fit;
mod gradients;
mod history;
mod predict;
mod samples;
mod step;

pub use callbacks::{Action, Callback, Event};
pub use compiled::Compiled;
pub use fit::Fit;
pub use history::{EpochLog, History, Logs};
pub use samples::{RowsMut, Samples};
