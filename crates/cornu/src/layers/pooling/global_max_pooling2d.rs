//! The largest value of each channel of an image.

use serde::{Deserialize, Serialize};

use super::windows::global_pooling;
use crate::error::Result;
use crate::graph::Value;
use crate::layers::DataFormat;
use crate::layers::{Base, Context, Layer, WeightSpec, inputs};
use crate::shape::Shape;

/// Takes the largest value of each channel over the whole image.
///
/// `y[c] = max x[i, j, c]`
///
/// # Shapes
/// `[batch, height, width, channels] → [batch, channels]`, or `[batch, 1, 1, channels]` with `keepdims`.
///
/// # Errors
/// An input that is no image.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let model = Sequential::new().input([32, 32, 3]).add(GlobalMaxPooling2D::new()).build()?;
/// assert_eq!(model.output_shape().axes(), &[3]);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Keras
/// The same; equal values share the gradient. Channels come last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GlobalMaxPooling2D {
    #[serde(skip)]
    base: Base,
    #[serde(default)]
    data_format: DataFormat,
    #[serde(default)]
    keepdims: bool,
}

global_pooling!(GlobalMaxPooling2D);

impl Layer for GlobalMaxPooling2D {
    layer_identity!(GlobalMaxPooling2D);

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        self.data_format.must_be_last()?;
        inputs::image("GlobalMaxPooling2D", inputs)?;
        Ok(Vec::new())
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        cx.graph.max(inputs[0], &[1, 2], self.keepdims)
    }
}
