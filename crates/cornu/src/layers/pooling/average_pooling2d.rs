//! The mean of each window of an image.

use serde::{Deserialize, Serialize};

use super::windows::{Windows, pooling};
use crate::choice::Choice;
use crate::error::Result;
use crate::graph::Value;
use crate::layers::{Base, Context, Layer, Padding, Pair, WeightSpec};
use crate::shape::Shape;

/// Takes the mean of each window, channel by channel.
///
/// `y[i, j, c] = mean x[i·stride + a, j·stride + b, c]`
///
/// # Shapes
/// `[batch, height, width, channels] → [batch, new height, new width, channels]`. With padding "valid" the new height is
/// `(height - pool height) / stride + 1`, with "same" `⌈height / stride⌉`.
///
/// # Errors
/// An input that is no image; sizes or strides of 0; a window larger than the image without padding; an unknown padding.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let model = Sequential::new().input([32, 32, 3]).add(AveragePooling2D::new(2)).build()?;
/// assert_eq!(model.output_shape().axes(), &[16, 16, 3]);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Keras
/// The same; with padding "same" the mean is over the pixels inside the image alone. Channels come last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AveragePooling2D {
    #[serde(skip)]
    base: Base,
    windows: Windows,
}

pooling!(AveragePooling2D);

impl Layer for AveragePooling2D {
    layer_identity!(AveragePooling2D);

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        self.windows.check("AveragePooling2D", inputs)
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let window = self.windows.over(cx.graph, inputs[0])?;
        cx.graph.average_pool(inputs[0], window)
    }
}
