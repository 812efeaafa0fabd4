//! The losses, one file each: how wrong a prediction is, sample by sample.
//!
//! A loss gives one number a sample (and place); [`value`] weighs and adds them up. A new loss is one file and one line in the list
//! below.

mod arc_face;
mod binary_crossentropy;
mod categorical_crossentropy;
mod categorical_generalized_cross_entropy;
mod circle;
mod contrastive;
mod ctc;
mod custom;
mod divergences;
mod focal;
mod gaussian_nll;
mod hinges;
mod mean_errors;
mod mean_squared_error;
mod overlaps;
pub(crate) mod pairing;
mod pairs;
mod reduction;
mod scores;
mod sparse_categorical_crossentropy;
mod triplets;

pub use arc_face::ArcFace;
pub use binary_crossentropy::BinaryCrossentropy;
pub use categorical_crossentropy::CategoricalCrossentropy;
pub use categorical_generalized_cross_entropy::CategoricalGeneralizedCrossEntropy;
pub use circle::Circle;
pub use contrastive::Contrastive;
pub use ctc::CTC;
pub use custom::{Custom, custom};
pub use divergences::{CosineSimilarity, KLDivergence, Poisson};
pub use focal::{BinaryFocalCrossentropy, CategoricalFocalCrossentropy};
pub use gaussian_nll::GaussianNLL;
pub use hinges::{CategoricalHinge, Hinge, SquaredHinge};
pub use mean_errors::{
    Huber, LogCosh, MeanAbsoluteError, MeanAbsolutePercentageError, MeanSquaredLogarithmicError,
};
pub use mean_squared_error::MeanSquaredError;
pub use overlaps::{Dice, Tversky};
pub use pairs::Distance;
pub(crate) use reduction::stretch;
pub use reduction::{Reduction, mean, value};
pub use sparse_categorical_crossentropy::SparseCategoricalCrossentropy;
pub use triplets::{TripletHard, TripletSemiHard};

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
    fn name(&self) -> &str {
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

    /// 1 for each of the losses that counts and 0 for each that does not, if not all do.
    fn mask(&self, _g: &mut Graph, _y_true: Value, _losses: Value) -> Result<Option<Value>> {
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

/// A loss's struct with Keras's arguments and defaults, and a builder method for each.
macro_rules! loss_class {
    (
        $(#[$doc:meta])*
        pub struct $name:ident {
            $($(#[$what:meta])* $field:ident: $type:ty = $default:expr,)*
        } $(into {
            $($(#[$wide_what:meta])* $wide:ident: $wide_type:ty = $wide_default:expr,)*
        })?
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        pub struct $name {
            pub(super) reduction: Choice<Reduction>,
            $($field: $type,)*
            $($($wide: $wide_type,)*)?
        }

        impl Default for $name {
            fn default() -> Self {
                Self {
                    reduction: crate::losses::reduction::usual(),
                    $($field: $default,)*
                    $($($wide: $wide_default,)*)?
                }
            }
        }

        impl $name {
            $($(#[$what])*
            pub fn $field(mut self, $field: $type) -> Self {
                self.$field = $field;
                self
            })*
            $($($(#[$wide_what])*
            pub fn $wide(mut self, $wide: impl Into<$wide_type>) -> Self {
                self.$wide = $wide.into();
                self
            })*)?
        }
    };
}
use loss_class;

/// [`Loss::check`] of a loss that compares element by element.
macro_rules! compares_elements {
    () => {
        fn check(
            &self,
            targets: &crate::losses::Targets,
            prediction: &crate::shape::Shape,
        ) -> crate::error::Result<()> {
            self.check_arguments()?;
            crate::losses::pairing::check_same(self.class_name(), targets, prediction)
        }
    };
}
use compares_elements;

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
    "arc_face" => ArcFace,
    "binary_crossentropy" => BinaryCrossentropy,
    "binary_focal_crossentropy" => BinaryFocalCrossentropy,
    "categorical_crossentropy" => CategoricalCrossentropy,
    "categorical_focal_crossentropy" => CategoricalFocalCrossentropy,
    "categorical_generalized_cross_entropy" => CategoricalGeneralizedCrossEntropy,
    "categorical_hinge" => CategoricalHinge,
    "circle" => Circle,
    "contrastive" => Contrastive,
    "cosine_similarity" => CosineSimilarity,
    "ctc" => CTC,
    "dice" => Dice,
    "gaussian_nll" => GaussianNLL,
    "hinge" => Hinge,
    "huber" => Huber,
    "kl_divergence" => KLDivergence,
    "log_cosh" => LogCosh,
    "mean_absolute_error" => MeanAbsoluteError,
    "mean_absolute_percentage_error" => MeanAbsolutePercentageError,
    "mean_squared_error" => MeanSquaredError,
    "mean_squared_logarithmic_error" => MeanSquaredLogarithmicError,
    "poisson" => Poisson,
    "sparse_categorical_crossentropy" => SparseCategoricalCrossentropy,
    "squared_hinge" => SquaredHinge,
    "triplet_hard" => TripletHard,
    "triplet_semi_hard" => TripletSemiHard,
    "tversky" => Tversky,
}

/// What Keras writes into configs besides a loss's own arguments.
const SILENT: &[&str] = &["name", "dtype", "fn"];

/// Keras's short forms of names.
const ALIASES: &[(&str, &str)] = &[
    ("bce", "binary_crossentropy"),
    ("huber_loss", "huber"),
    ("kld", "kl_divergence"),
    ("mae", "mean_absolute_error"),
    ("mape", "mean_absolute_percentage_error"),
    ("mse", "mean_squared_error"),
    ("msle", "mean_squared_logarithmic_error"),
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
    name == "Custom" || entry(name).is_some() || custom::registered(name).is_some()
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
pub fn deserialize(name: &str, mut config: Map<String, Json>) -> Result<Box<dyn Loss>> {
    let Some((_, class, from_config)) = entry(name) else {
        if name == "Custom" {
            return custom::from_config(&config);
        }
        if let Some(own) = custom::registered(name) {
            return Ok(Box::new(own));
        }
        return Err(Error::unknown("loss", name, TABLE.iter().map(|e| e.0)));
    };
    if *class == "SparseCategoricalCrossentropy"
        && let Some(axis) = config.remove("axis").filter(|a| *a != json!(-1))
    {
        // As in Keras on TensorFlow.
        return Err(
            Error::config(format!("{class}: axis must be -1, received {axis}"))
                .help("classes stand in the last axis"),
        );
    }
    if config.get("reduction") == Some(&Json::Null) {
        config.insert("reduction".to_owned(), "none".into());
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
