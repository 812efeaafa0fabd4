//! The mean of each channel of a sequence.

use super::whole::global_pooling;
use crate::error::Result;
use crate::graph::Value;
use crate::layers::{Context, Layer, WeightSpec, inputs};
use crate::shape::Shape;

global_pooling! {
    /// Takes the mean of each channel over all steps.
    ///
    /// Steps that the sequence's mask passes over do not count.
    ///
    /// `y[c] = mean x[i, c]`
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
    /// let model = Sequential::new().input([20, 8]).add(GlobalAveragePooling1D::new()).build()?;
    /// assert_eq!(model.output_shape().axes(), &[8]);
    /// # Ok::<(), cornu::Error>(())
    /// ```
    ///
    /// # Keras
    /// The same; a sequence of which no step counts has no mean.
    GlobalAveragePooling1D<1>
}

impl Layer for GlobalAveragePooling1D {
    layer_identity!(GlobalAveragePooling1D);

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        inputs::spatial::<1>("GlobalAveragePooling1D", inputs, *self.data_format.get()?)?;
        Ok(Vec::new())
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let (x, axes) = (inputs[0], self.axes()?);
        let Some(mask) = cx.mask() else {
            return cx.graph.mean(x, &axes, self.keepdims);
        };
        let g = &mut *cx.graph;
        let mut shape = vec![1; 3];
        shape[0] = g.shape(mask)[0];
        shape[axes[0]] = g.shape(mask)[1];
        let mask = g.reshape(mask, shape)?;
        let zero = g.constant(0.0)?;
        let counted = g.select(mask, x, zero)?;
        let sum = g.sum(counted, &axes, self.keepdims)?;
        let count = g.sum(mask, &axes, self.keepdims)?;
        g.div(sum, count)
    }
}
