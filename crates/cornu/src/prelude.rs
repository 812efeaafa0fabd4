//! What most programs need, in one `use`.

pub use crate::datasets::{self, Dataset, ImageSet};
pub use crate::error::{Error, Result};
pub use crate::exec::Variable;
pub use crate::layers::Layer;
pub use crate::layers::classes::*;
pub use crate::losses::{
    ArcFace, BinaryCrossentropy, BinaryFocalCrossentropy, CTC, CategoricalCrossentropy,
    CategoricalFocalCrossentropy, CategoricalGeneralizedCrossEntropy, CategoricalHinge, Circle,
    Contrastive, CosineSimilarity, Dice, GaussianNLL, Hinge, Huber, KLDivergence, LogCosh, Loss,
    MeanAbsoluteError, MeanAbsolutePercentageError, MeanSquaredError, MeanSquaredLogarithmicError,
    Poisson, SparseCategoricalCrossentropy, SquaredHinge, TripletHard, TripletSemiHard, Tversky,
    loss,
};
pub use crate::metrics::{Metric, metric};
pub use crate::model::{Apply, Model, Sequential, Shared, Symbol, input, input_of};
pub use crate::optimizers::schedules::{
    CosineDecay, CosineDecayRestarts, Cyclic, ExponentialDecay, InverseTimeDecay,
    LearningRateSchedule, Noam, OneCycle, PiecewiseConstantDecay, PolynomialDecay, Warmup,
};
pub use crate::optimizers::{
    ASGD, Adadelta, Adafactor, Adagrad, Adam, AdamW, Adamax, Ftrl, LARS, LBFGS, Lamb, Lion,
    Lookahead, LossScaleOptimizer, MultiOptimizer, Muon, Nadam, Optimizer, RAdam, RMSprop, Rprop,
    SGD, ScheduleFreeAdamW, optimizer,
};
pub use crate::shape::{DType, Shape};
pub use crate::tensor::Tensor;
pub use crate::train::callbacks::{
    Action, BackupAndRestore, Callback, CsvLogger, EarlyStopping, Event, LambdaCallback,
    LearningRateScheduler, ModelCheckpoint, ProgbarLogger, ReduceLROnPlateau, RemoteMonitor,
    SwapEMAWeights, TensorBoard,
};
pub use crate::train::{
    Augmented, Fit, History, Logs, Losses, MetricOf, OptimizerHandle, Precision, RowsMut, Samples,
    Tape, TrainStep, Trainable,
};
