//! The largest value of each channel of a sequence.

use super::whole::global_pooling;
use crate::error::Result;
use crate::graph::Value;
use crate::layers::{Context, Layer, WeightSpec, inputs};
use crate::shape::Shape;

global_pooling! {
    /// Takes the largest value of each channel over all steps.
    ///
    /// `y[c] = max x[i, c]`
    ///
    /// # Shapes
    /// `[batch, steps, channels] → [batch, channels]`, or `[batch, 1, channels]` with `keepdims`.
    ///
    /// # Errors
    /// An input that is no sequence; an unknown data format.
    ///
    /// # Example
    /// ```
    /// use cornu::prelude::*;
    /// let model = Sequential::new().input([20, 8]).add(GlobalMaxPooling1D::new()).build()?;
    /// assert_eq!(model.output_shape().axes(), &[8]);
    /// # Ok::<(), cornu::Error>(())
    /// ```
    ///
    /// # Keras
    /// The same; equal values share the gradient.
    GlobalMaxPooling1D<1>
}

impl Layer for GlobalMaxPooling1D {
    layer_identity!(GlobalMaxPooling1D);

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        inputs::spatial::<1>("GlobalMaxPooling1D", inputs, *self.data_format.get()?)?;
        Ok(Vec::new())
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let axes = self.axes()?;
        cx.graph.max(inputs[0], &axes, self.keepdims)
    }
}
