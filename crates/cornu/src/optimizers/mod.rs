//! The optimizers, one file each: how a weight changes given its gradient, written as graph nodes.
//!
//! Because an update is ordinary nodes, the fusing pass makes one pass over memory of it, and the reference interpreter
//! checks it. A new optimizer is one file and one line in the list below.

mod adadelta;
mod adafactor;
mod adagrad;
mod adam;
mod adam_w;
mod adamax;
mod asgd;
mod base;
mod class;
mod clip;
mod ftrl;
mod group;
mod lamb;
mod lars;
mod lbfgs;
mod learning_rate;
mod line_search;
mod lion;
mod lookahead;
mod loss_scale_optimizer;
mod multi_optimizer;
mod muon;
mod nadam;
#[cfg(test)]
mod passes;
mod pattern;
mod r_adam;
mod rmsprop;
mod rprop;
mod schedule_free_adam_w;
pub mod schedules;
mod sgd;
mod slot;
#[cfg(test)]
mod trajectories;
mod update;

pub use adadelta::Adadelta;
pub use adafactor::Adafactor;
pub use adagrad::Adagrad;
pub use adam::Adam;
pub use adam_w::AdamW;
pub use adamax::Adamax;
pub use asgd::ASGD;
pub(crate) use base::AVERAGE;
pub use base::Base;
pub use ftrl::Ftrl;
pub use group::Group;
pub use lamb::Lamb;
pub use lars::LARS;
pub use lbfgs::{LBFGS, LineSearch};
pub use learning_rate::LearningRate;
pub(crate) use learning_rate::{fed_rates, fed_rates_shape};
pub use lion::Lion;
pub use lookahead::Lookahead;
pub use loss_scale_optimizer::LossScaleOptimizer;
pub use multi_optimizer::MultiOptimizer;
pub use muon::Muon;
pub use nadam::Nadam;
pub use pattern::Pattern;
pub use r_adam::RAdam;
pub use rmsprop::RMSprop;
pub use rprop::Rprop;
pub use schedule_free_adam_w::ScheduleFreeAdamW;
pub use sgd::{MomentumForm, SGD};
pub use slot::{Slot, Start, Weight};
pub use update::{Trained, apply};

use std::fmt;

use serde_json::{Map, Value as Json, json};

use crate::arguments;
use class::{around_another, base_arguments, optimizer_class, optimizer_identity};

use crate::error::{Error, Result};
use crate::graph::ops::UnaryKind;
use crate::graph::{Graph, Value};

/// What an optimizer sees of one weight at one step.
#[derive(Clone, Copy, Debug)]
pub struct Step<'a> {
    /// The weight's path: "sequential/dense/kernel".
    pub path: &'a str,
    /// The weight before the step.
    pub weight: Value,
    /// Its gradient.
    pub grad: Value,
    /// The optimizer's memory for this weight, in the order of [`Optimizer::slots`].
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

    /// What the rule remembers for a weight.
    fn slots(&self, weight: Weight<'_>) -> Vec<Slot>;

    /// Writes one step's nodes for one weight.
    fn step(&self, g: &mut Graph, step: Step<'_>) -> Result<Stepped>;

    /// By which share times the learning rate a weight shrinks before each step.
    fn decay(&self, _weight: Weight<'_>) -> Option<f64> {
        self.base().weight_decay
    }

    /// All that is remembered for a weight: what the rule remembers, then what belongs to the arguments that every optimizer has.
    fn memory(&self, weight: Weight<'_>) -> Vec<Slot> {
        let mut slots = self.slots(weight);
        slots.extend(self.base().slots(weight));
        slots
    }

    /// The learning rates of the step before which so many were made: `own`, and behind it those of optimizers inside that have others.
    fn rates(&self, own: f32, _step: u64) -> Vec<f32> {
        vec![own]
    }

    /// Writes one step for all weights: clipping, decay, the rule. An optimizer made of others writes theirs.
    ///
    /// `learning_rate` is what [`Optimizer::rates`] gives: a scalar, or a vector where there are several.
    fn update(
        &self,
        g: &mut Graph,
        trained: &[Trained],
        learning_rate: Value,
        iteration: Value,
    ) -> Result<Vec<Stepped>> {
        update::update(self, g, trained, learning_rate, iteration)
    }

    /// The loss as gradients are taken of it; `memory` is that of the first weight. [`Optimizer::update`] takes the scale out again.
    fn scale_loss(&self, g: &mut Graph, loss: Value, _memory: &[Value]) -> Result<Value> {
        match self.base().loss_scale_factor {
            Some(factor) => g.scale(loss, factor as f32),
            None => Ok(loss),
        }
    }

    /// Whether a gradient that is not finite is passed over, rather than the end of the training.
    fn passes_over_not_finite(&self) -> bool {
        false
    }

    /// All arguments, as in Keras's `get_config` without the name.
    fn full_config(&self) -> Map<String, Json> {
        let mut config = arguments::object(self.base());
        config.extend(self.config());
        config
    }

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

/// `1 - βᵗ`: how much of a running mean is not yet the zero it began with.
fn begun(g: &mut Graph, beta: f64, t: Value) -> Result<Value> {
    let beta = g.constant(beta as f32)?;
    let power = g.pow(beta, t)?;
    g.one_minus(power)
}

/// 1 at each of so many steps, counted from the first, else 0.
fn at_every(g: &mut Graph, steps: u64, iteration: Value) -> Result<Value> {
    let share = g.scale(iteration, 1.0 / steps as f32)?;
    let done = g.unary(UnaryKind::Floor, share)?;
    let whole = g.scale(done, steps as f32)?;
    g.equal(whole, iteration)
}

/// The length of a weight or gradient, all of its elements taken together.
fn length(g: &mut Graph, x: Value) -> Result<Value> {
    let squares = g.square(x)?;
    let sum = g.sum_all(squares)?;
    g.sqrt(sum)
}

macro_rules! optimizers {
    ($($short:literal => $name:ident,)*; made of others: $($wrap_short:literal => $wrapper:ident,)*) => {
        type FromConfig = fn(Map<String, Json>) -> Result<Box<dyn Optimizer>>;
        const TABLE: &[(&str, &str, FromConfig)] = &[
            $(($short, stringify!($name), |config| {
                base::read::<$name>(stringify!($name), config).map(|o| Box::new(o) as Box<dyn Optimizer>)
            }),)*
            $(($wrap_short, stringify!($wrapper), |config| {
                $wrapper::from_config(config).map(|o| Box::new(o) as Box<dyn Optimizer>)
            }),)*
        ];
    };
}

optimizers! {
    "adadelta" => Adadelta,
    "adafactor" => Adafactor,
    "adagrad" => Adagrad,
    "adam" => Adam,
    "adamax" => Adamax,
    "adamw" => AdamW,
    "asgd" => ASGD,
    "ftrl" => Ftrl,
    "lamb" => Lamb,
    "lars" => LARS,
    "lion" => Lion,
    "muon" => Muon,
    "nadam" => Nadam,
    "radam" => RAdam,
    "rmsprop" => RMSprop,
    "rprop" => Rprop,
    "schedulefreeadamw" => ScheduleFreeAdamW,
    "sgd" => SGD,
    ;
    made of others:
    "lookahead" => Lookahead,
    "lossscaleoptimizer" => LossScaleOptimizer,
    "multioptimizer" => MultiOptimizer,
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

/// Reads what [`serialize`] wrote, as one optimizer holds another in its config.
fn from_written(class: &str, key: &str, written: Option<&Json>) -> Result<Box<dyn Optimizer>> {
    let part = |name: &str| written.and_then(|w| w.get(name));
    let name = part("class_name").and_then(Json::as_str);
    let config = part("config").and_then(Json::as_object);
    match (written, name, config) {
        (Some(Json::String(name)), ..) => optimizer(name),
        (_, Some(name), Some(config)) => deserialize(name, config.clone()),
        _ => Err(Error::config(format!(
            "{class}: {key} must be an optimizer: a name, or an object with class_name and config"
        ))),
    }
}

/// The optimizer as Keras writes it: module, class name and whole config.
pub fn serialize(optimizer: &dyn Optimizer) -> Json {
    let class = optimizer.class_name();
    let mut config = Map::from_iter([("name".to_owned(), crate::model::snake_case(class).into())]);
    config.extend(optimizer.full_config());
    json!({
        "module": "keras.optimizers",
        "class_name": class,
        "config": config,
        "registered_name": null,
    })
}
