//! Cross-entropy between integer labels and predicted probabilities.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::{Loss, Targets, log_probabilities};
use crate::error::{Error, Result};
use crate::graph::{Graph, Value};
use crate::shape::{DType, Shape};

/// `-log p[label]` for each sample.
///
/// # Shapes
/// Labels `[batch]` (or `[batch, 1]`), integers from 0 to the number of classes; predictions `[batch, classes]`.
///
/// # Errors
/// One-hot or real targets, labels out of range.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let loss = SparseCategoricalCrossentropy::default();
/// # let _ = loss;
/// ```
///
/// # Keras
/// The same. A prediction that comes straight out of a softmax is computed from its scores, as in Keras on TensorFlow.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SparseCategoricalCrossentropy {
    from_logits: bool,
}

impl SparseCategoricalCrossentropy {
    /// Whether predictions are scores before a softmax rather than probabilities.
    pub fn from_logits(mut self, from_logits: bool) -> Self {
        self.from_logits = from_logits;
        self
    }
}

impl Loss for SparseCategoricalCrossentropy {
    fn class_name(&self) -> &'static str {
        "SparseCategoricalCrossentropy"
    }

    fn config(&self) -> Map<String, Json> {
        Map::from_iter([("from_logits".to_owned(), self.from_logits.into())])
    }

    fn check(&self, targets: &Targets, prediction: &Shape) -> Result<()> {
        let Some((&classes, places)) = prediction.split_last() else {
            return Err(Error::shape(
                "SparseCategoricalCrossentropy expects predictions [batch, classes]",
            ));
        };
        let squeezed = match targets.shape.split_last() {
            Some((1, rest)) if rest.len() == places.len() => rest,
            _ => targets.shape.axes(),
        };
        if squeezed != places {
            let error = Error::shape(format!(
                "SparseCategoricalCrossentropy expects one integer label a sample, received targets of shape {}",
                targets.shape
            ));
            return Err(if targets.shape.last() == Some(&classes) {
                error.help("these look like one-hot labels: use CategoricalCrossentropy, or pass the class numbers")
            } else {
                error
            });
        }
        if targets.dtype != DType::I32 {
            return Err(Error::dtype(format!(
                "SparseCategoricalCrossentropy expects integer labels, received {}",
                targets.dtype
            ))
            .help("class numbers are int32; for real targets use MeanSquaredError"));
        }
        match targets.range {
            Some((low, high)) if low < 0.0 || high >= classes as f64 => {
                let bad = if low < 0.0 { low } else { high };
                Err(Error::data(format!(
                    "labels must be between 0 and {} for {classes} predicted classes, received {bad}",
                    classes - 1
                ))
                .help("the last layer needs one unit a class, and classes are numbered from 0"))
            }
            _ => Ok(()),
        }
    }

    fn target_dtype(&self) -> DType {
        DType::I32
    }

    fn call(&self, g: &mut Graph, y_true: Value, y_pred: Value) -> Result<Value> {
        let mut labels = g.shape(y_pred).to_vec();
        labels.pop();
        let y_true = g.reshape(y_true, labels)?;
        let log_p = if self.from_logits {
            g.log_softmax(y_pred)?
        } else {
            log_probabilities(g, y_pred)?
        };
        let picked = g.take_last(log_p, y_true)?;
        g.neg(picked)
    }

    fn boxed(&self) -> Box<dyn Loss> {
        Box::new(self.clone())
    }
}
