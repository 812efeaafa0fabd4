//! An optimizer with what it remembers, for several steps to share.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::error::{Error, Result};
use crate::exec::Variable;
use crate::optimizers::{self, LearningRate, Optimizer, Weight};
use crate::tensor::Tensor;

/// An optimizer at work: its step number, its learning rate, its memory for each weight. Copies are handles of the same one.
///
/// `t.minimize(loss, &model, Adam::new(1e-3))` makes one by itself; make it by hand where several steps share an optimizer, or to change
/// its learning rate.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let model = Sequential::new().input([1]).add(Dense::new(1)).build()?;
/// let sgd = OptimizerHandle::new(SGD::new(0.1))?;
/// let mut step = TrainStep::new(4, |t| {
///     let (x, y) = (t.input([1])?, t.input([1])?);
///     let p = t.call(&model, x)?;
///     let loss = t.loss(&MeanSquaredError::default(), y, p)?;
///     t.minimize(loss, &model, &sgd)?;
///     Ok(loss)
/// })?;
/// let (x, y) = (Tensor::zeros([4, 1]), Tensor::zeros([4, 1]));
/// step.run(&[&x, &y])?;
/// sgd.set_learning_rate(0.01)?;
/// assert_eq!(sgd.iterations(), 1);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Keras
/// An optimizer that was built.
#[derive(Clone, Debug)]
pub struct OptimizerHandle(Arc<Mutex<Working>>);

#[derive(Debug)]
struct Working {
    optimizer: Box<dyn Optimizer>,
    learning_rate: LearningRate,
    iterations: u64,
    /// By the weight's id.
    slots: HashMap<u64, Vec<Variable>>,
}

impl OptimizerHandle {
    /// An optimizer that has made no step.
    ///
    /// # Errors
    /// [`Kind::Config`](crate::error::Kind::Config) for arguments out of range.
    pub fn new(optimizer: impl Into<Box<dyn Optimizer>>) -> Result<Self> {
        let handle = Self::unchecked(optimizer.into());
        handle.check()?;
        Ok(handle)
    }

    fn unchecked(optimizer: Box<dyn Optimizer>) -> Self {
        Self(Arc::new(Mutex::new(Working {
            learning_rate: optimizer.base().learning_rate.clone(),
            optimizer,
            iterations: 0,
            slots: HashMap::new(),
        })))
    }

    fn lock(&self) -> MutexGuard<'_, Working> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Refuses arguments out of range.
    pub(super) fn check(&self) -> Result<()> {
        let working = self.lock();
        let class = working.optimizer.class_name();
        working.optimizer.check().map_err(|e| e.at(class))
    }

    /// How many steps were made.
    pub fn iterations(&self) -> u64 {
        self.lock().iterations
    }

    /// The learning rate of the next step.
    pub fn learning_rate(&self) -> f32 {
        let working = self.lock();
        working.learning_rate.at(working.iterations)
    }

    /// The learning rate, where it is a number: a schedule is the optimizer's own argument.
    pub(crate) fn constant_rate(&self) -> Option<f32> {
        match self.lock().learning_rate {
            LearningRate::Constant(rate) => Some(rate),
            LearningRate::Schedule(_) => None,
        }
    }

    /// Goes on behind steps that were made elsewhere, with the learning rate they ended with, where it is a number.
    pub(crate) fn resume(&self, steps: u64, rate: Option<f64>) {
        let mut working = self.lock();
        working.iterations = steps;
        if let Some(rate) = rate {
            working.learning_rate = rate.into();
        }
    }

    /// The learning rate as a step is fed it, with those of optimizers inside.
    pub(in crate::train) fn rates(&self) -> Tensor {
        let working = self.lock();
        let own = working.learning_rate.at(working.iterations);
        optimizers::fed_rates(&*working.optimizer, own, working.iterations)
    }

    /// Sets the learning rate of the steps that follow.
    ///
    /// # Errors
    /// [`Kind::Config`](crate::error::Kind::Config) for a rate that is negative or no number, and where the optimizer follows a schedule.
    pub fn set_learning_rate(&self, learning_rate: f32) -> Result<()> {
        if !learning_rate.is_finite() || learning_rate < 0.0 {
            return Err(Error::config(format!(
                "a learning rate must be a finite number of at least 0, received {learning_rate}"
            )));
        }
        let mut working = self.lock();
        if let LearningRate::Schedule(schedule) = &working.learning_rate {
            return Err(Error::config(format!(
                "the learning rate follows a {}, it cannot be set",
                schedule.class_name()
            ))
            .help("give the optimizer a number as its learning rate"));
        }
        working.learning_rate = learning_rate.into();
        Ok(())
    }

    /// The optimizer.
    pub(crate) fn optimizer(&self) -> Box<dyn Optimizer> {
        self.lock().optimizer.clone()
    }

    /// What it remembers for a weight of a path.
    pub(in crate::train) fn slots(&self, path: &str, weight: &Variable) -> Result<Vec<Variable>> {
        let mut working = self.lock();
        if let Some(slots) = working.slots.get(&weight.id()) {
            return Ok(slots.clone());
        }
        let shape = weight.shape();
        let memory = working.optimizer.memory(Weight { path, shape });
        let slots = memory.iter().map(|slot| slot.variable(weight));
        let slots = slots.collect::<Result<Vec<_>>>()?;
        working.slots.insert(weight.id(), slots.clone());
        Ok(slots)
    }

    /// Counts steps that were made.
    pub(in crate::train) fn advance(&self, steps: u64) {
        self.lock().iterations += steps;
    }

    /// Whether both are handles of one optimizer.
    pub(super) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl<T: Optimizer + 'static> From<T> for OptimizerHandle {
    fn from(optimizer: T) -> Self {
        Self::unchecked(Box::new(optimizer))
    }
}

impl From<Box<dyn Optimizer>> for OptimizerHandle {
    fn from(optimizer: Box<dyn Optimizer>) -> Self {
        Self::unchecked(optimizer)
    }
}

impl From<&OptimizerHandle> for OptimizerHandle {
    fn from(handle: &OptimizerHandle) -> Self {
        handle.clone()
    }
}
