//! The losses, one file each: how wrong a prediction is, sample by sample.
//!
//! A new loss is one file and one line in the list below.

mod sparse_categorical_crossentropy;

pub use sparse_categorical_crossentropy::SparseCategoricalCrossentropy;

use std::fmt;

use serde_json::{Map, Value as Json};

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

    /// The arguments, as in Keras's `get_config`.
    fn config(&self) -> Map<String, Json>;

    /// Explains before the first step what is wrong with these targets for a prediction of this shape (without the batch axis).
    fn check(&self, targets: &Targets, prediction: &Shape) -> Result<()>;

    /// The type in which the loss wants its targets.
    fn target_dtype(&self) -> DType {
        DType::F32
    }

    /// The loss of each sample: `[batch, ..]` from targets and predictions with the batch in front.
    fn call(&self, g: &mut Graph, y_true: Value, y_pred: Value) -> Result<Value>;

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

macro_rules! losses {
    ($($short:literal => $name:ident,)*) => {
        type FromConfig = fn(Map<String, Json>) -> Result<Box<dyn Loss>>;
        const TABLE: &[(&str, &str, FromConfig)] = &[
            $(($short, stringify!($name), |config| {
                serde_path_to_error::deserialize::<_, $name>(Json::Object(config))
                    .map(|l| Box::new(l) as Box<dyn Loss>)
                    .map_err(|e| Error::config(format!("{}: {}", e.path(), e.inner())))
            }),)*
        ];
    };
}

losses! {
    "sparse_categorical_crossentropy" => SparseCategoricalCrossentropy,
}

/// The loss of a name, with Keras's defaults: "mse", "categorical_crossentropy".
///
/// # Errors
/// [`Kind::Config`](crate::error::Kind::Config) with the nearest known name.
pub fn loss(name: &str) -> Result<Box<dyn Loss>> {
    deserialize(name, Map::new())
}

/// The loss of a class or short name and its Keras config.
pub fn deserialize(name: &str, config: Map<String, Json>) -> Result<Box<dyn Loss>> {
    let name = match name {
        "mse" | "MSE" => "mean_squared_error",
        other => other,
    };
    match TABLE
        .iter()
        .find(|(short, class, _)| *short == name || *class == name)
    {
        Some((_, _, from_config)) => from_config(config),
        None => Err(Error::unknown("loss", name, TABLE.iter().map(|e| e.0))),
    }
}

/// `log p` of a prediction that holds probabilities.
///
/// Where the prediction comes straight out of a softmax, its scores are used instead: the result is exact where a probability
/// would have been rounded to 0 or 1. Otherwise each row is made to sum to 1 and kept within `ε` and `1 - ε`, as in Keras.
fn log_probabilities(g: &mut Graph, y_pred: Value) -> Result<Value> {
    use crate::graph::Op;
    if let Op::Softmax(_) = g.node(y_pred).op {
        let scores = g.node(y_pred).inputs[0];
        return g.log_softmax(scores);
    }
    let last = g.shape(y_pred).rank() - 1;
    let total = g.sum(y_pred, &[last], true)?;
    let p = g.div(y_pred, total)?;
    let p = g.clip(p, 1e-7, 1.0 - 1e-7)?;
    g.log(p)
}
