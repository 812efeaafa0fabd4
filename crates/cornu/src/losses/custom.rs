//! Losses of one's own: a function that writes nodes, under a name by which a saved model finds it again.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, RwLock};

use serde_json::{Map, Value as Json};

use super::{Choice, Loss, Reduction, Targets, reduction};
use crate::error::{Error, Result};
use crate::graph::{Graph, Value};
use crate::shape::{DType, Shape};

type Formula = dyn Fn(&mut Graph, Value, Value) -> Result<Value> + Send + Sync;

static OWN: RwLock<BTreeMap<String, Custom>> = RwLock::new(BTreeMap::new());

/// A loss of one's own, made by [`custom`].
#[derive(Clone)]
pub struct Custom {
    name: String,
    reduction: Choice<Reduction>,
    target_dtype: DType,
    formula: Arc<Formula>,
}

/// A loss made of a function from targets and predictions, both with the batch in front, to the loss of each sample.
///
/// A model that is compiled with it is saved with its name alone. [`Custom::register`] makes the name known to this program, so that
/// such a model can be loaded and the loss be chosen by its name.
///
/// # Example
/// ```
/// use cornu::losses::{custom, loss};
/// use cornu::prelude::*;
/// let fourth_power = custom("fourth_power", |g, y_true, y_pred| {
///     let d = g.sub(y_true, y_pred)?;
///     let d2 = g.square(d)?;
///     let d4 = g.square(d2)?;
///     g.mean(d4, &[1], false)
/// });
/// fourth_power.register();
/// let mut model = Sequential::new().input([4]).add(Dense::new(2)).build()?;
/// model.compile(SGD::default(), loss("fourth_power")?, ["mse"])?;
/// # Ok::<(), cornu::Error>(())
/// ```
pub fn custom(
    name: &str,
    formula: impl Fn(&mut Graph, Value, Value) -> Result<Value> + Send + Sync + 'static,
) -> Custom {
    Custom {
        name: name.to_owned(),
        reduction: reduction::usual(),
        target_dtype: DType::F32,
        formula: Arc::new(formula),
    }
}

/// The loss registered under a name.
pub(super) fn registered(name: &str) -> Option<Custom> {
    let own = OWN
        .read()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    own.get(name).cloned()
}

/// A registered loss from what [`Loss::config`] gave.
pub(super) fn from_config(config: &Map<String, Json>) -> Result<Box<dyn Loss>> {
    let name = config
        .get("name")
        .and_then(Json::as_str)
        .unwrap_or_default();
    let mut loss = registered(name).ok_or_else(|| {
        Error::config(format!("no loss of the name \"{name}\" was registered"))
            .help("make it with losses::custom and call register() before loading the model")
    })?;
    if let Some(Json::String(reduction)) = config.get("reduction") {
        loss.reduction = reduction.as_str().into();
    }
    Ok(Box::new(loss))
}

impl Custom {
    /// Makes the loss known by its name; one registered earlier under that name is forgotten.
    pub fn register(&self) {
        let mut own = OWN
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        own.insert(self.name.clone(), self.clone());
    }

    /// How the losses of samples become one number: "sum_over_batch_size" (the default), "sum", "mean_with_sample_weight".
    pub fn reduction(mut self, reduction: impl Into<Choice<Reduction>>) -> Self {
        self.reduction = reduction.into();
        self
    }

    /// The type in which the function wants its targets: float32 unless this says int32.
    pub fn targets(mut self, dtype: DType) -> Self {
        self.target_dtype = dtype;
        self
    }
}

impl fmt::Debug for Custom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Custom").field(&self.name).finish()
    }
}

impl Loss for Custom {
    fn class_name(&self) -> &'static str {
        "Custom"
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn config(&self) -> Map<String, Json> {
        let reduction = serde_json::to_value(&self.reduction).unwrap_or_default();
        Map::from_iter([
            ("name".to_owned(), self.name.as_str().into()),
            ("reduction".to_owned(), reduction),
        ])
    }

    fn reduction(&self) -> &Choice<Reduction> {
        &self.reduction
    }

    fn check(&self, _: &Targets, _: &Shape) -> Result<()> {
        self.check_arguments()
    }

    fn target_dtype(&self) -> DType {
        self.target_dtype
    }

    fn call(&self, g: &mut Graph, y_true: Value, y_pred: Value) -> Result<Value> {
        (self.formula)(g, y_true, y_pred)
    }

    fn boxed(&self) -> Box<dyn Loss> {
        Box::new(self.clone())
    }
}
