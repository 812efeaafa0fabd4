//! A trained factor for each channel.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::graph::Value;
use crate::initializers::Initializer;
use crate::layers::{Base, Context, Layer, WeightSpec, inputs};
use crate::shape::Shape;

/// Multiplies each channel with a factor that is trained and begins small.
///
/// `y[.., c] = x[.., c] · γ[c]`
///
/// # Shapes
/// Any with channels in the last axis, `projection_dim` of them; the output has the input's. Weight: `variable` (γ)
/// `[projection_dim]`.
///
/// # Errors
/// Another number of channels than `projection_dim`.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let model = Sequential::new().input([4, 4, 8]).add(LayerScale::new(1e-6, 8)).build()?;
/// assert_eq!(model.count_params(), 8);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Source
/// Touvron, Cord, Sablayrolles, Synnaeve and Jégou, "Going deeper with Image Transformers", 2021.
///
/// # Keras
/// The layer of `keras.applications.ConvNeXt…`, whose weight has no name of its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LayerScale {
    #[serde(skip)]
    base: Base,
    init_values: f64,
    projection_dim: usize,
}

layer!(LayerScale);

impl LayerScale {
    /// Factors that begin at `init_values`, one for each of `projection_dim` channels.
    pub fn new(init_values: f64, projection_dim: usize) -> Self {
        Self {
            base: Base::default(),
            init_values,
            projection_dim,
        }
    }
}

impl Layer for LayerScale {
    layer_identity!(LayerScale);
    passes_mask!();

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        let x = inputs::single("LayerScale", inputs)?;
        if x.last() != Some(&self.projection_dim) {
            return Err(Error::shape(format!(
                "LayerScale expects a last axis of projection_dim = {}, received {x}",
                self.projection_dim
            )));
        }
        let begin = Initializer::Constant {
            value: self.init_values,
        };
        Ok(vec![WeightSpec::new(
            "variable",
            [self.projection_dim],
            begin,
        )])
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        cx.graph.mul(inputs[0], cx.weight(0))
    }
}
