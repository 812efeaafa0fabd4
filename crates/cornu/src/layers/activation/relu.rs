//! The rectifier as a layer, with a slope, a threshold and a limit.

use serde::{Deserialize, Serialize};

use crate::activations::Bends;
use crate::error::Result;
use crate::graph::Value;
use crate::layers::{Base, Context, Layer, WeightSpec, inputs};
use crate::shape::Shape;

/// Lets positive values pass.
///
/// `y = max_value` where `x ≥ max_value`, `x` where `x > threshold`, else `negative_slope · (x - threshold)`.
///
/// # Shapes
/// Any; the output has the input's.
///
/// # Errors
/// A negative slope or limit, or one that is no finite number.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let model = Sequential::new().input([8]).add(ReLU::new().max_value(6.0)).build()?;
/// assert_eq!(model.output_shape().axes(), &[8]);
/// # Ok::<(), cornu::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReLU {
    #[serde(skip)]
    base: Base,
    #[serde(default)]
    max_value: Option<f64>,
    #[serde(default)]
    negative_slope: f64,
    #[serde(default)]
    threshold: f64,
}

layer!(ReLU);

impl ReLU {
    /// `max(x, 0)`.
    pub fn new() -> Self {
        Self {
            base: Base::default(),
            max_value: None,
            negative_slope: 0.0,
            threshold: 0.0,
        }
    }

    /// The largest output.
    pub fn max_value(mut self, max_value: f64) -> Self {
        self.max_value = Some(max_value);
        self
    }

    /// The slope below the threshold.
    pub fn negative_slope(mut self, negative_slope: f64) -> Self {
        self.negative_slope = negative_slope;
        self
    }

    /// The value above which inputs pass.
    pub fn threshold(mut self, threshold: f64) -> Self {
        self.threshold = threshold;
        self
    }
}

impl Default for ReLU {
    fn default() -> Self {
        Self::new()
    }
}

impl Layer for ReLU {
    layer_identity!(ReLU);
    keeps_places!();
    passes_mask!();

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        inputs::single("ReLU", inputs)?;
        inputs::number("max_value", self.max_value.unwrap_or(0.0), 0.0, f64::MAX)?;
        inputs::number("negative_slope", self.negative_slope, 0.0, f64::MAX)?;
        inputs::number("threshold", self.threshold, 0.0, f64::MAX)?;
        Ok(Vec::new())
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let bends = Bends {
            max_value: self.max_value,
            negative_slope: self.negative_slope,
            threshold: self.threshold,
        };
        bends.relu(cx.graph, inputs[0])
    }
}
