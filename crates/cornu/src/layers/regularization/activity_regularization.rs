//! A penalty for what passes through.

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::graph::Value;
use crate::layers::{Base, Context, Layer, WeightSpec, inputs};
use crate::regularizers::Regularizer;
use crate::shape::Shape;

/// Adds a penalty for the size of its input to the loss, and hands the input on.
///
/// `y = x`; the loss grows by `(l1 · Σ|x| + l2 · Σx²) / batch`
///
/// # Shapes
/// Any; the output has the input's.
///
/// # Errors
/// A negative factor.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// // A code of few numbers that are not 0.
/// let model = Sequential::new().input([64]).add(Dense::new(32).activation("relu")).add(ActivityRegularization::new().l1(1e-4)).build()?;
/// assert_eq!(model.output_shape().axes(), &[32]);
/// # Ok::<(), cornu::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActivityRegularization {
    #[serde(skip)]
    base: Base,
    #[serde(default)]
    l1: f64,
    #[serde(default)]
    l2: f64,
}

layer!(ActivityRegularization);

impl ActivityRegularization {
    /// Without a penalty.
    pub fn new() -> Self {
        Self::default()
    }

    setters! {
        /// The factor of the sum of sizes.
        l1: f64,
        /// The factor of the sum of squares.
        l2: f64,
    }
}

impl Layer for ActivityRegularization {
    layer_identity!(ActivityRegularization);
    keeps_places!();
    passes_mask!();

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        inputs::single("ActivityRegularization", inputs)?;
        inputs::number("l1", self.l1, 0.0, f64::MAX)?;
        inputs::number("l2", self.l2, 0.0, f64::MAX)?;
        Ok(Vec::new())
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let penalty = Regularizer::l1_l2(self.l1, self.l2);
        cx.regularize_activity(Some(&penalty), inputs[0])?;
        Ok(inputs[0])
    }
}
