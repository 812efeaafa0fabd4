//! Learning rates that change from step to step, under Keras's names: functions of how many steps were made.
//!
//! A schedule stands wherever an optimizer takes a learning rate. A new one is one file and one line in the list below.

mod cosine_decay;
mod cosine_decay_restarts;
mod cyclic;
mod exponential_decay;
mod inverse_time_decay;
mod noam;
mod one_cycle;
mod piecewise_constant_decay;
mod polynomial_decay;
mod steps;
mod warmup;

pub use cosine_decay::CosineDecay;
pub use cosine_decay_restarts::CosineDecayRestarts;
pub use cyclic::{Cyclic, Waves};
pub use exponential_decay::ExponentialDecay;
pub use inverse_time_decay::InverseTimeDecay;
pub use noam::Noam;
pub use one_cycle::{Anneal, OneCycle};
pub use piecewise_constant_decay::PiecewiseConstantDecay;
pub use polynomial_decay::PolynomialDecay;
pub use warmup::Warmup;

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json, json};

use super::arguments;
use crate::error::{Error, Result};
use steps::Steps;

/// A learning rate as a function of how many steps were made.
pub trait LearningRateSchedule: fmt::Debug + Send + Sync {
    /// The class name, as in Keras: "CosineDecay".
    fn class_name(&self) -> &'static str;

    /// The arguments, as in Keras's `get_config`.
    fn config(&self) -> Map<String, Json>;

    /// Refuses arguments out of range. Builder methods cannot fail; `compile` and [`deserialize`] ask here.
    ///
    /// # Errors
    /// [`Kind::Config`](crate::error::Kind::Config) naming the argument, its range and what was received.
    fn check(&self) -> Result<()>;

    /// The rate of the step before which so many were made: the first step's is `rate(0)`.
    fn rate(&self, step: u64) -> f64;

    /// A copy in a box.
    fn boxed(&self) -> Box<dyn LearningRateSchedule>;
}

impl Clone for Box<dyn LearningRateSchedule> {
    fn clone(&self) -> Self {
        self.boxed()
    }
}

/// The trait's methods that are the same for every struct of arguments.
macro_rules! schedule_identity {
    ($name:ident) => {
        fn class_name(&self) -> &'static str {
            stringify!($name)
        }

        fn config(&self) -> serde_json::Map<String, serde_json::Value> {
            crate::arguments::object(self)
        }

        fn boxed(&self) -> Box<dyn LearningRateSchedule> {
            Box::new(self.clone())
        }
    };
}
use schedule_identity;

macro_rules! schedules {
    ($($name:ident,)*) => {
        type FromConfig = fn(Map<String, Json>) -> Result<Box<dyn LearningRateSchedule>>;
        const TABLE: &[(&str, FromConfig)] = &[
            $((stringify!($name), |config| {
                read::<$name>(stringify!($name), config).map(|s| Box::new(s) as Box<dyn LearningRateSchedule>)
            }),)*
        ];
    };
}

schedules! {
    CosineDecay,
    CosineDecayRestarts,
    Cyclic,
    ExponentialDecay,
    InverseTimeDecay,
    Noam,
    OneCycle,
    PiecewiseConstantDecay,
    PolynomialDecay,
    Warmup,
}

/// The class names of all schedules.
pub fn names() -> Vec<&'static str> {
    TABLE.iter().map(|e| e.0).collect()
}

/// The schedule of a class and its Keras config.
///
/// # Errors
/// [`Kind::Config`](crate::error::Kind::Config) for an unknown class or argument, with the nearest known one, for arguments left out
/// that have no default, and for values out of range.
///
/// # Example
/// ```
/// use cornu::optimizers::schedules;
/// let config = serde_json::json!({ "initial_learning_rate": 0.1, "decay_steps": 100 });
/// let cosine = schedules::deserialize("CosineDecay", config.as_object().cloned().unwrap_or_default())?;
/// assert_eq!(cosine.rate(0), 0.1);
/// assert_eq!(cosine.rate(100), 0.0);
/// # Ok::<(), cornu::Error>(())
/// ```
pub fn deserialize(
    class: &str,
    config: Map<String, Json>,
) -> Result<Box<dyn LearningRateSchedule>> {
    let Some((_, from_config)) = TABLE.iter().find(|e| e.0 == class) else {
        return Err(Error::unknown("learning rate schedule", class, names()));
    };
    let schedule = from_config(config)?;
    schedule.check()?;
    Ok(schedule)
}

/// The schedule as Keras writes it: module, class name and whole config.
pub fn serialize(schedule: &dyn LearningRateSchedule) -> Json {
    json!({
        "module": "keras.optimizers.schedules",
        "class_name": schedule.class_name(),
        "config": schedule.config(),
        "registered_name": null,
    })
}

/// Reads what [`serialize`] wrote.
pub(super) fn from_written(written: &Map<String, Json>) -> Result<Box<dyn LearningRateSchedule>> {
    let class = written.get("class_name").and_then(Json::as_str);
    let config = written.get("config").and_then(Json::as_object);
    let (Some(class), Some(config)) = (class, config) else {
        return Err(
            Error::config("a learning rate schedule needs a class_name and a config")
                .help(format!("known classes: {}", names().join(", "))),
        );
    };
    deserialize(class, config.clone())
}

/// A schedule's struct from its config.
fn read<T: Serialize + DeserializeOwned>(class: &str, config: Map<String, Json>) -> Result<T> {
    let read: T = serde_path_to_error::deserialize(Json::Object(config.clone())).map_err(|e| {
        let path = e.path().to_string();
        Error::config(match path.as_str() {
            "." => format!("{class}: {}", e.inner()),
            path => format!("{class}: {path}: {}", e.inner()),
        })
    })?;
    let known: Vec<String> = arguments::object(&read).keys().cloned().collect();
    arguments::refuse_unknown(class, &config, &known)?;
    Ok(read)
}
