//! A first input and a second one, scaled.

use serde::{Deserialize, Serialize};

use super::elementwise::{self, merges_masks};
use crate::error::{Error, Result};
use crate::graph::Value;
use crate::layers::{Base, Context, Layer, WeightSpec};
use crate::shape::Shape;

/// Adds the second input, scaled, to the first.
///
/// `y = x₀ + scale · x₁`
///
/// # Shapes
/// `[batch, ..]` each; axes of length 1 are repeated, and inputs with fewer axes get axes of length 1 after the batch.
///
/// # Errors
/// More or fewer inputs than two; inputs whose shapes do not broadcast together.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let x = input([8]);
/// let model = Model::new([&x], [&CustomScaleLayer::new(0.1).on([&x, &Dense::new(8).on(&x)])])?;
/// assert_eq!(model.output_shape().axes(), &[8]);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Source
/// Szegedy, Ioffe, Vanhoucke and Alemi, "Inception-v4, Inception-ResNet and the Impact of Residual Connections on Learning", 2016,
/// section 3.3.
///
/// # Keras
/// The layer of `keras.applications.InceptionResNetV2`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CustomScaleLayer {
    #[serde(skip)]
    base: Base,
    scale: f64,
}

layer!(CustomScaleLayer);

impl CustomScaleLayer {
    /// The factor of the second input.
    pub fn new(scale: f64) -> Self {
        Self {
            base: Base::default(),
            scale,
        }
    }
}

impl Layer for CustomScaleLayer {
    layer_identity!(CustomScaleLayer);
    merges_masks!();

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        if inputs.len() != 2 {
            return Err(Error::shape(format!(
                "CustomScaleLayer expects two inputs, received {}",
                inputs.len()
            )));
        }
        elementwise::check("CustomScaleLayer", inputs)?;
        Ok(Vec::new())
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let scale = self.scale as f32;
        elementwise::fold(cx.graph, inputs, |g, a, b| {
            let b = g.scale(b, scale)?;
            g.add(a, b)
        })
    }
}
