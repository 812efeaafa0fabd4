//! The mean of each channel of a volume.

use super::whole::global_pooling;
use crate::error::Result;
use crate::graph::Value;
use crate::layers::{Context, Layer, WeightSpec, inputs};
use crate::shape::Shape;

global_pooling! {
    /// Takes the mean of each channel over the whole volume.
    ///
    /// `y[c] = mean x[i, j, k, c]`
    ///
    /// # Shapes
    /// `[batch, depth, height, width, channels] → [batch, channels]`, or `[batch, 1, 1, 1, channels]` with `keepdims`.
    ///
    /// # Errors
    /// An input that is no volume; an unknown data format.
    ///
    /// # Example
    /// ```
    /// use cornu::prelude::*;
    /// let model = Sequential::new().input([8, 16, 16, 2]).add(GlobalAveragePooling3D::new()).build()?;
    /// assert_eq!(model.output_shape().axes(), &[2]);
    /// # Ok::<(), cornu::Error>(())
    /// ```
    GlobalAveragePooling3D<3>
}

impl Layer for GlobalAveragePooling3D {
    layer_identity!(GlobalAveragePooling3D);

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        inputs::spatial::<3>("GlobalAveragePooling3D", inputs, *self.data_format.get()?)?;
        Ok(Vec::new())
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let axes = self.axes()?;
        cx.graph.mean(inputs[0], &axes, self.keepdims)
    }
}
