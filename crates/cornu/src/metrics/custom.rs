//! Metrics of one's own: the mean of a function that writes nodes, under a name by which a saved model finds it again.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, RwLock};

use serde_json::{Map, Value as Json};

use super::{Metric, mean_accumulators, mean_result};
use crate::error::{Error, Result};
use crate::graph::{Graph, Value};
use crate::losses::Targets;
use crate::shape::{DType, Shape};

type Formula = dyn Fn(&mut Graph, Value, Value) -> Result<Value> + Send + Sync;

static OWN: RwLock<BTreeMap<String, Custom>> = RwLock::new(BTreeMap::new());

/// A metric of one's own, made by [`custom`].
#[derive(Clone)]
pub struct Custom {
    /// Under which it was made.
    registered: String,
    name: String,
    target_dtype: DType,
    formula: Arc<Formula>,
}

/// The mean of what a function makes of targets and predictions, both with the batch in front: Keras's `MeanMetricWrapper`.
///
/// The function gives one number a sample, or several, which count alike. [`Custom::register`] makes the name known to this program,
/// so that a saved model that uses the metric can be loaded and the metric be chosen by its name.
///
/// # Example
/// ```
/// use cornu::metrics::{custom, metric};
/// use cornu::prelude::*;
/// let within_ten = custom("within_ten", |g, y_true, y_pred| {
///     let d = g.sub(y_true, y_pred)?;
///     let d = g.abs(d)?;
///     let far = g.greater_scalar(d, 10.0)?;
///     g.one_minus(far)
/// });
/// within_ten.register();
/// let mut model = Sequential::new().input([4]).add(Dense::new(2)).build()?;
/// model.compile(SGD::default(), MeanSquaredError::default(), [metric("within_ten")])?;
/// # Ok::<(), cornu::Error>(())
/// ```
pub fn custom(
    name: &str,
    formula: impl Fn(&mut Graph, Value, Value) -> Result<Value> + Send + Sync + 'static,
) -> Custom {
    Custom {
        registered: name.to_owned(),
        name: name.to_owned(),
        target_dtype: DType::F32,
        formula: Arc::new(formula),
    }
}

/// The metric registered under a name.
pub(super) fn registered(name: &str) -> Option<Custom> {
    let own = OWN
        .read()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    own.get(name).cloned()
}

/// A registered metric from what [`Metric::config`] gave.
pub(super) fn from_config(config: &Map<String, Json>) -> Result<Box<dyn Metric>> {
    let text = |key: &str| config.get(key).and_then(Json::as_str).unwrap_or_default();
    let mut metric = registered(text("fn")).ok_or_else(|| {
        Error::config(format!(
            "no metric of the name \"{}\" was registered",
            text("fn")
        ))
        .help("make it with metrics::custom and call register() before loading the model")
    })?;
    text("name").clone_into(&mut metric.name);
    Ok(Box::new(metric))
}

impl Custom {
    /// Makes the metric known by its name; one registered earlier under that name is forgotten.
    pub fn register(&self) {
        let mut own = OWN
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        own.insert(self.registered.clone(), self.clone());
    }

    /// Shown under another name.
    pub fn named(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
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
        f.debug_tuple("Custom").field(&self.registered).finish()
    }
}

impl Metric for Custom {
    fn class_name(&self) -> &'static str {
        "MeanMetricWrapper"
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn set_name(&mut self, name: &str) {
        name.clone_into(&mut self.name);
    }

    fn config(&self) -> Map<String, Json> {
        Map::from_iter([
            ("name".to_owned(), self.name.as_str().into()),
            ("fn".to_owned(), self.registered.as_str().into()),
        ])
    }

    fn check(&self, _: &Targets, _: &Shape) -> Result<()> {
        Ok(())
    }

    fn target_dtype(&self) -> DType {
        self.target_dtype
    }

    fn accumulate(
        &self,
        g: &mut Graph,
        y_true: Value,
        y_pred: Value,
        weight: Option<Value>,
    ) -> Result<Vec<Value>> {
        let values = (self.formula)(g, y_true, y_pred)?;
        mean_accumulators(g, values, weight)
    }

    fn result(&self, totals: &[Vec<f64>]) -> f64 {
        mean_result(totals)
    }

    fn boxed(&self) -> Box<dyn Metric> {
        Box::new(self.clone())
    }
}
