//! The optimizers, one file each: how a weight changes given its gradient, written as graph nodes.
//!
//! Because an update is ordinary nodes, the fusing pass makes one pass over memory of it, and the reference interpreter
//! checks it. A new optimizer is one file and one line in the list below.

mod adam;
mod adam_w;
mod base;
mod clip;
mod learning_rate;
mod rmsprop;
pub mod schedules;
mod sgd;
#[cfg(test)]
mod trajectories;

pub use adam::Adam;
pub use adam_w::AdamW;
pub use base::{Base, Trained, apply};
pub use learning_rate::LearningRate;
pub use rmsprop::RMSprop;
pub use sgd::{MomentumForm, SGD};

use std::fmt;

use serde_json::{Map, Value as Json, json};

use crate::arguments;
use base::{base_arguments, optimizer_identity};

use crate::error::{Error, Result};
use crate::graph::{Graph, Value};

/// What an optimizer sees of one weight at one step.
#[derive(Clone, Copy, Debug)]
pub struct Step<'a> {
    /// The weight before the step.
    pub weight: Value,
    /// Its gradient.
    pub grad: Value,
    /// The optimizer's memory for this weight, in the order of [`Optimizer::slots`]; zeros before the first step.
    pub slots: &'a [Value],
    /// The learning rate of this step: a scalar.
    pub learning_rate: Value,
    /// The number of this step, from 1: a scalar.
    pub iteration: Value,
}

/// The weight and the slots after a step.
#[derive(Clone, Debug)]
pub struct Stepped {
    /// The new weight.
    pub weight: Value,
    /// The new slots, in order.
    pub slots: Vec<Value>,
}

/// A rule by which weights change.
pub trait Optimizer: fmt::Debug + Send + Sync {
    /// The class name, as in Keras: "Adam".
    fn class_name(&self) -> &'static str;

    /// The arguments, as in Keras's `get_config`, without those that every optimizer has.
    fn config(&self) -> Map<String, Json>;

    /// The arguments that every optimizer has.
    fn base(&self) -> &Base;

    /// The arguments that every optimizer has, to change.
    fn base_mut(&mut self) -> &mut Base;

    /// Refuses arguments out of range. Builder methods cannot fail; `compile` and [`deserialize`] ask here.
    ///
    /// # Errors
    /// [`Kind::Config`](crate::error::Kind::Config) naming the argument, its range and what was received.
    fn check(&self) -> Result<()>;

    /// The names of what the optimizer remembers for each weight.
    fn slots(&self) -> Vec<&'static str>;

    /// Writes one step's nodes for one weight.
    fn step(&self, g: &mut Graph, step: Step<'_>) -> Result<Stepped>;

    /// A copy in a box.
    fn boxed(&self) -> Box<dyn Optimizer>;
}

impl Clone for Box<dyn Optimizer> {
    fn clone(&self) -> Self {
        self.boxed()
    }
}

impl<T: Optimizer + 'static> From<T> for Box<dyn Optimizer> {
    fn from(o: T) -> Self {
        Box::new(o)
    }
}

/// `old + (new - old)·share`: a running mean's step.
fn towards(g: &mut Graph, old: Value, new: Value, share: f64) -> Result<Value> {
    let d = g.sub(new, old)?;
    let d = g.scale(d, share as f32)?;
    g.add(old, d)
}

macro_rules! optimizers {
    ($($short:literal => $name:ident,)*) => {
        type FromConfig = fn(Map<String, Json>) -> Result<Box<dyn Optimizer>>;
        const TABLE: &[(&str, &str, FromConfig)] = &[
            $(($short, stringify!($name), |config| {
                base::read::<$name>(stringify!($name), config).map(|o| Box::new(o) as Box<dyn Optimizer>)
            }),)*
        ];
    };
}

optimizers! {
    "adam" => Adam,
    "adamw" => AdamW,
    "rmsprop" => RMSprop,
    "sgd" => SGD,
}

/// The class names of all optimizers.
pub fn names() -> Vec<&'static str> {
    TABLE.iter().map(|e| e.1).collect()
}

/// The optimizer of a name, with Keras's defaults: "adam", "sgd", "rmsprop".
///
/// # Errors
/// [`Kind::Config`](crate::error::Kind::Config) with the nearest known name.
///
/// # Example
/// ```
/// let sgd = cornu::optimizers::optimizer("sgd")?;
/// assert_eq!(sgd.base().learning_rate, 0.01.into());
/// # Ok::<(), cornu::Error>(())
/// ```
pub fn optimizer(name: &str) -> Result<Box<dyn Optimizer>> {
    deserialize(name, Map::new())
}

/// The optimizer of a class or short name and its Keras config; arguments left out have Keras's defaults.
///
/// # Errors
/// [`Kind::Config`](crate::error::Kind::Config) for an unknown name or argument, with the nearest known one, and for values out of
/// range.
pub fn deserialize(name: &str, config: Map<String, Json>) -> Result<Box<dyn Optimizer>> {
    match TABLE
        .iter()
        .find(|(short, class, _)| *short == name.to_ascii_lowercase() || *class == name)
    {
        Some((_, _, from_config)) => from_config(config),
        None => Err(Error::unknown("optimizer", name, TABLE.iter().map(|e| e.0))),
    }
}

/// The optimizer as Keras writes it: module, class name and whole config.
pub fn serialize(optimizer: &dyn Optimizer) -> Json {
    let class = optimizer.class_name();
    let mut config = Map::from_iter([("name".to_owned(), class.to_ascii_lowercase().into())]);
    config.extend(arguments::object(optimizer.base()));
    config.extend(optimizer.config());
    json!({
        "module": "keras.optimizers",
        "class_name": class,
        "config": config,
        "registered_name": null,
    })
}
