//! What most programs need, in one `use`.

pub use crate::datasets::{self, Dataset, ImageSet};
pub use crate::error::{Error, Result};
pub use crate::exec::Variable;
pub use crate::layers::Layer;
pub use crate::layers::classes::*;
pub use crate::losses::{
    BinaryCrossentropy, CategoricalCrossentropy, Loss, MeanSquaredError,
    SparseCategoricalCrossentropy, loss,
};
pub use crate::metrics::{Metric, metric};
pub use crate::model::{Apply, Model, Sequential, Shared, Symbol, input, input_of};
pub use crate::optimizers::schedules::{
    CosineDecay, CosineDecayRestarts, ExponentialDecay, InverseTimeDecay, LearningRateSchedule,
    PiecewiseConstantDecay, PolynomialDecay,
};
pub use crate::optimizers::{Adam, AdamW, Optimizer, RMSprop, SGD, optimizer};
pub use crate::shape::{DType, Shape};
pub use crate::tensor::Tensor;
pub use crate::train::callbacks::{
    Action, Callback, CsvLogger, EarlyStopping, Event, LambdaCallback, LearningRateScheduler,
    ModelCheckpoint, ProgbarLogger, ReduceLROnPlateau,
};
pub use crate::train::{
    Augmented, Fit, History, Logs, Losses, MetricOf, OptimizerHandle, RowsMut, Samples, Tape,
    TrainStep, Trainable,
};
