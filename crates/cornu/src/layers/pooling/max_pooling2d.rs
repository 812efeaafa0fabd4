//! The largest value of each window of an image.

use serde::{Deserialize, Serialize};

use super::windows::{Windows, pooling};
use crate::choice::Choice;
use crate::error::Result;
use crate::graph::Value;
use crate::layers::{Base, Context, Layer, Padding, Pair, WeightSpec};
use crate::shape::Shape;

/// Takes the largest value of each window, channel by channel.
///
/// `y[i, j, c] = max x[i·stride + a, j·stride + b, c]`
///
/// # Shapes
/// `[batch, height, width, channels] → [batch, new height, new width, channels]`. With padding "valid" the new height is
/// `(height - pool height) / stride + 1`, with "same" `⌈height / stride⌉`.
///
/// # Errors
/// An input that is no image; sizes or strides of 0; a window larger than the image without padding; a window of more than 256 pixels; an unknown padding.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let model = Sequential::new().input([32, 32, 3]).add(MaxPooling2D::new(2)).build()?;
/// assert_eq!(model.output_shape().axes(), &[16, 16, 3]);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Keras
/// The same; of several equal values the first gets the gradient. Channels come last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MaxPooling2D {
    #[serde(skip)]
    base: Base,
    windows: Windows,
}

pooling!(MaxPooling2D);

impl Layer for MaxPooling2D {
    layer_identity!(MaxPooling2D);

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        self.windows.check("MaxPooling2D", inputs)
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let window = self.windows.over(cx.graph, inputs[0])?;
        cx.graph.max_pool(inputs[0], window)
    }
}
