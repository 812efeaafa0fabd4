//! The losses, one file each: how wrong a prediction is, sample by sample.
//!
//! A loss gives one number a sample (and place); [`value`] weighs and adds them up. A new loss is one file and one line in the list
//! below.

mod binary_crossentropy;
mod categorical_crossentropy;
mod mean_squared_error;
pub(crate) mod pairing;
mod reduction;
mod scores;
mod sparse_categorical_crossentropy;

pub use binary_crossentropy::BinaryCrossentropy;
pub use categorical_crossentropy::CategoricalCrossentropy;
pub use mean_squared_error::MeanSquaredError;
pub(crate) use reduction::stretch;
pub use reduction::{Reduction, mean, value};
pub use sparse_categorical_crossentropy::SparseCategoricalCrossentropy;

use std::fmt;

use serde_json::{Map, Value as Json, json};

use crate::arguments;
use crate::choice::Choice;
use crate::error::{Error, Result};
use crate::graph::{Graph, Value};
use crate::shape::{DType, Shape};

/// What is known of the targets before the first step.
#[derive(Clone, Debug, PartialEq)]
pub struct Targets {
    /// Shape of one sample's target; `[]` for a single label.
    pub shape: Shape,
    /// int32 for integer labels, float32 for one-hot rows and real numbers.
    pub dtype: DType,
    /// Smallest and largest element, where the data are in memory.
    pub range: Option<(f64, f64)>,
}

/// How wrong a prediction is.
pub trait Loss: fmt::Debug + Send + Sync {
    /// The class name, as in Keras: "MeanSquaredError".
    fn class_name(&self) -> &'static str;

    /// The short name, as in Keras: "mean_squared_error".
    fn name(&self) -> &'static str {
        let class = self.class_name();
        TABLE.iter().find(|e| e.1 == class).map_or(class, |e| e.0)
    }

    /// The arguments, as in Keras's `get_config` without the name.
    fn config(&self) -> Map<String, Json>;

    /// How the losses of samples become one number.
    fn reduction(&self) -> &Choice<Reduction>;

    /// Refuses arguments out of range. Builder methods cannot fail; [`deserialize`] and [`Loss::check`] ask here.
    fn check_arguments(&self) -> Result<()> {
        self.reduction().get().map(|_| ())
    }

    /// Explains before the first step what is wrong with these targets for a prediction of this shape (without the batch axis).
    fn check(&self, targets: &Targets, prediction: &Shape) -> Result<()>;

    /// The type in which the loss wants its targets.
    fn target_dtype(&self) -> DType {
        DType::F32
    }

    /// The loss of each sample: `[batch, ..]` from targets and predictions with the batch in front.
    fn call(&self, g: &mut Graph, y_true: Value, y_pred: Value) -> Result<Value>;

    /// 1 for each of the losses (whose shape is given) that counts and 0 for each that does not, if not all do.
    fn mask(&self, _g: &mut Graph, _y_true: Value, _losses: &Shape) -> Result<Option<Value>> {
        Ok(None)
    }

    /// A copy in a box.
    fn boxed(&self) -> Box<dyn Loss>;
}

impl Clone for Box<dyn Loss> {
    fn clone(&self) -> Self {
        self.boxed()
    }
}

impl<T: Loss + 'static> From<T> for Box<dyn Loss> {
    fn from(l: T) -> Self {
        Box::new(l)
    }
}

/// The trait's methods that are the same for every struct with a field `reduction`, and the builder method for that field.
macro_rules! loss_identity {
    ($name:ident) => {
        fn class_name(&self) -> &'static str {
            stringify!($name)
        }

        fn config(&self) -> serde_json::Map<String, serde_json::Value> {
            crate::arguments::object(self)
        }

        fn reduction(&self) -> &Choice<Reduction> {
            &self.reduction
        }

        fn boxed(&self) -> Box<dyn Loss> {
            Box::new(self.clone())
        }
    };
}
use loss_identity;

macro_rules! losses {
    ($($short:literal => $name:ident,)*) => {
        $(impl $name {
            /// How the losses of samples become one number: "sum_over_batch_size" (the default), "sum", "mean_with_sample_weight".
            pub fn reduction(mut self, reduction: impl Into<Choice<Reduction>>) -> Self {
                self.reduction = reduction.into();
                self
            }
        })*

        type FromConfig = fn(Map<String, Json>) -> Result<Box<dyn Loss>>;
        const TABLE: &[(&str, &str, FromConfig)] = &[
            $(($short, stringify!($name), |config| {
                arguments::read::<$name>(stringify!($name), config, SILENT).map(|l| Box::new(l) as Box<dyn Loss>)
            }),)*
        ];
    };
}

losses! {
    "binary_crossentropy" => BinaryCrossentropy,
    "categorical_crossentropy" => CategoricalCrossentropy,
    "mean_squared_error" => MeanSquaredError,
    "sparse_categorical_crossentropy" => SparseCategoricalCrossentropy,
}

/// What Keras writes into configs besides a loss's own arguments.
const SILENT: &[&str] = &["name", "dtype", "fn", "axis"];

/// Keras's short forms of names.
const ALIASES: &[(&str, &str)] = &[
    ("mse", "mean_squared_error"),
    ("bce", "binary_crossentropy"),
];

/// The class names of all losses.
pub fn names() -> Vec<&'static str> {
    TABLE.iter().map(|e| e.1).collect()
}

/// The short names of all losses.
pub(crate) fn short_names() -> impl Iterator<Item = &'static str> {
    TABLE.iter().map(|e| e.0)
}

/// Whether a class, short name or alias is a loss's.
pub(crate) fn is_known(name: &str) -> bool {
    entry(name).is_some()
}

fn entry(name: &str) -> Option<&'static (&'static str, &'static str, FromConfig)> {
    let short = name.to_ascii_lowercase();
    let short = ALIASES
        .iter()
        .find(|(alias, _)| *alias == short)
        .map_or(short.as_str(), |(_, full)| full);
    TABLE
        .iter()
        .find(|(s, class, _)| *s == short || *class == name)
}

/// The loss of a name, with Keras's defaults: "mse", "categorical_crossentropy".
///
/// # Errors
/// [`Kind::Config`](crate::error::Kind::Config) with the nearest known name.
///
/// # Example
/// ```
/// let loss = cornu::losses::loss("mse")?;
/// assert_eq!(loss.class_name(), "MeanSquaredError");
/// # Ok::<(), cornu::Error>(())
/// ```
pub fn loss(name: &str) -> Result<Box<dyn Loss>> {
    deserialize(name, Map::new())
}

/// The loss of a class or short name and its Keras config; arguments left out have Keras's defaults.
///
/// # Errors
/// [`Kind::Config`](crate::error::Kind::Config) for an unknown name or argument, with the nearest known one, and for values out of
/// range.
pub fn deserialize(name: &str, config: Map<String, Json>) -> Result<Box<dyn Loss>> {
    let Some((_, class, from_config)) = entry(name) else {
        return Err(Error::unknown("loss", name, TABLE.iter().map(|e| e.0)));
    };
    if let Some(axis) = config.get("axis").filter(|a| **a != json!(-1)) {
        return Err(
            Error::config(format!("{class}: axis must be -1, received {axis}"))
                .help("classes stand in the last axis"),
        );
    }
    let loss = from_config(config)?;
    loss.check_arguments()?;
    Ok(loss)
}

/// The loss as Keras writes it: module, class name and whole config.
pub fn serialize(loss: &dyn Loss) -> Json {
    let mut config = Map::from_iter([("name".to_owned(), loss.name().into())]);
    config.extend(loss.config());
    json!({
        "module": "keras.losses",
        "class_name": loss.class_name(),
        "config": config,
        "registered_name": null,
    })
}
