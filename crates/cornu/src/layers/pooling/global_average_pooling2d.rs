//! The mean of each channel of an image.

use super::whole::global_pooling;
use crate::error::Result;
use crate::graph::Value;
use crate::layers::{Context, Layer, WeightSpec, inputs};
use crate::shape::Shape;

global_pooling! {
    /// Takes the mean of each channel over the whole image.
    ///
    /// `y[c] = mean x[i, j, c]`
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
    /// let model = Sequential::new().input([32, 32, 3]).add(GlobalAveragePooling2D::new()).build()?;
    /// assert_eq!(model.output_shape().axes(), &[3]);
    /// # Ok::<(), cornu::Error>(())
    /// ```
    GlobalAveragePooling2D<2>
}

impl Layer for GlobalAveragePooling2D {
    layer_identity!(GlobalAveragePooling2D);

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        inputs::spatial::<2>("GlobalAveragePooling2D", inputs, *self.data_format.get()?)?;
        Ok(Vec::new())
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let axes = self.axes()?;
        cx.graph.mean(inputs[0], &axes, self.keepdims)
    }
}
