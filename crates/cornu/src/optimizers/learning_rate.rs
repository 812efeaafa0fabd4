//! How far a step goes: a number, or a schedule that gives one for each step.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value as Json};

use super::schedules::{self, LearningRateSchedule};
use super::{Optimizer, arguments};
use crate::error::Result;
use crate::shape::Shape;
use crate::tensor::Tensor;

/// What an optimizer takes as its learning rate: a number, or one of the [`schedules`].
///
/// # Example
/// ```
/// use cornu::optimizers::{LearningRate, schedules::ExponentialDecay};
/// assert_eq!(LearningRate::from(0.1).at(7), 0.1);
/// assert_eq!(LearningRate::from(ExponentialDecay::new(0.1, 10, 0.5)).at(10), 0.05);
/// ```
#[derive(Clone, Debug)]
pub enum LearningRate {
    /// The same for all steps, unless a callback sets another.
    Constant(f32),
    /// Follows from the number of steps made.
    Schedule(Box<dyn LearningRateSchedule>),
}

impl LearningRate {
    /// The rate of the step before which so many were made.
    pub fn at(&self, step: u64) -> f32 {
        match self {
            Self::Constant(rate) => *rate,
            Self::Schedule(schedule) => schedule.rate(step) as f32,
        }
    }

    /// Refuses a number out of range, and a schedule with an argument out of range.
    pub(super) fn check(&self, class: &str) -> Result<()> {
        match self {
            Self::Constant(rate) => arguments::not_negative(class, "learning_rate", *rate),
            Self::Schedule(schedule) => schedule.check(),
        }
    }
}

/// What a step is fed as its learning rate: one number, or those of several optimizers.
pub(crate) fn fed_rates(optimizer: &dyn Optimizer, own: f32, step: u64) -> Tensor {
    let rates = optimizer.rates(own, step);
    match rates[..] {
        [one] => Tensor::scalar(one),
        _ => Tensor::new([rates.len()], rates).expect("as many numbers as there are"),
    }
}

/// The shape of what a step is fed as its learning rate.
pub(crate) fn fed_rates_shape(optimizer: &dyn Optimizer) -> Shape {
    fed_rates(optimizer, 0.0, 0).shape().clone()
}

impl From<f32> for LearningRate {
    fn from(rate: f32) -> Self {
        Self::Constant(rate)
    }
}

impl From<f64> for LearningRate {
    fn from(rate: f64) -> Self {
        Self::Constant(rate as f32)
    }
}

impl<S: LearningRateSchedule + 'static> From<S> for LearningRate {
    fn from(schedule: S) -> Self {
        Self::Schedule(Box::new(schedule))
    }
}

impl From<Box<dyn LearningRateSchedule>> for LearningRate {
    fn from(schedule: Box<dyn LearningRateSchedule>) -> Self {
        Self::Schedule(schedule)
    }
}

impl PartialEq for LearningRate {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Constant(a), Self::Constant(b)) => a == b,
            (Self::Schedule(a), Self::Schedule(b)) => {
                a.class_name() == b.class_name() && a.config() == b.config()
            }
            _ => false,
        }
    }
}

impl Serialize for LearningRate {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Constant(rate) => s.serialize_f32(*rate),
            Self::Schedule(schedule) => schedules::serialize(&**schedule).serialize(s),
        }
    }
}

impl<'de> Deserialize<'de> for LearningRate {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Written;

        impl<'de> Visitor<'de> for Written {
            type Value = LearningRate;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number or a schedule")
            }

            fn visit_f64<E>(self, rate: f64) -> Result<LearningRate, E> {
                Ok(rate.into())
            }

            fn visit_i64<E>(self, rate: i64) -> Result<LearningRate, E> {
                Ok((rate as f64).into())
            }

            fn visit_u64<E>(self, rate: u64) -> Result<LearningRate, E> {
                Ok((rate as f64).into())
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<LearningRate, A::Error> {
                let written = Map::<String, Json>::deserialize(MapAccessDeserializer::new(map))?;
                let schedule = schedules::from_written(&written).map_err(A::Error::custom)?;
                Ok(schedule.into())
            }
        }

        d.deserialize_any(Written)
    }
}
