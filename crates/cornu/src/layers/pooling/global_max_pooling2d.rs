//! The largest value of each channel of an image.

use super::whole::global_pooling;
use crate::error::Result;
use crate::graph::Value;
use crate::layers::{Context, Layer, WeightSpec, inputs};
use crate::shape::Shape;

global_pooling! {
    /// Takes the largest value of each channel over the whole image.
    ///
    /// `y[c] = max x[i, j, c]`
    ///
    /// # Shapes
    /// `[batch, height, width, channels] → [batch, channels]`, or `[batch, 1, 1, channels]` with `keepdims`.
    ///
    /// # Errors
    /// An input that is no image; an unknown data format.
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
    /// The same; equal values share the gradient.
    GlobalMaxPooling2D<2>
}

impl Layer for GlobalMaxPooling2D {
    layer_identity!(GlobalMaxPooling2D);

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        inputs::spatial::<2>("GlobalMaxPooling2D", inputs, *self.data_format.get()?)?;
        Ok(Vec::new())
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let axes = self.axes()?;
        cx.graph.max(inputs[0], &axes, self.keepdims)
    }
}
