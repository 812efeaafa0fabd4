//! Transposed convolution over sequences.

use super::arguments::convolution;
use super::transposed;
use crate::error::Result;
use crate::graph::Value;
use crate::layers::{Context, Layer, Sizes, WeightSpec};
use crate::shape::Shape;

convolution! {
    /// Lays a kernel down at every step, times what stands there: the way back of a convolution, which makes sequences larger.
    ///
    /// `y[i·stride + a·dilation - before, f] = activation(Σ x[i, c] · kernel[a, f, c] + bias[f])`
    ///
    /// # Shapes
    /// `[batch, steps, channels] → [batch, new steps, filters]`; kernel `[kernel size, filters, channels]`, bias `[filters]`.
    /// With padding "same" the new steps is `steps·stride`, with "valid" `(steps - 1)·stride + max(span, stride)`, where
    /// `span = (kernel size - 1)·dilation + 1`. With `output_padding` it is `(steps - 1)·stride + (span mod 2) + output padding` or
    /// `(steps - 1)·stride + span + output padding`.
    ///
    /// # Errors
    /// An input that is no sequence; zero filters, sizes, strides or dilations; strides and dilations that are both above 1; an
    /// `output_padding` that is not smaller than the strides, or to which no convolution belongs; unknown names.
    ///
    /// # Example
    /// ```
    /// use cornu::prelude::*;
    /// let model = Sequential::new().input([25, 8]).add(Conv1DTranspose::new(4, 4).strides(3)).build()?;
    /// assert_eq!(model.output_shape().axes(), &[76, 4]);
    /// # Ok::<(), cornu::Error>(())
    /// ```
    ///
    /// # Source
    /// Dumoulin and Visin, "A guide to convolution arithmetic for deep learning", 2016.
    ///
    /// # Keras
    /// The same numbers as on TensorFlow, which refuses what is refused here.
    Conv1DTranspose<1>(filters) {
        /// Pixels added at the end of each axis; less than the strides.
        output_padding: Option<Sizes<1>> = "Option::default" => None, impl Into<Sizes<1>> => Some(output_padding.into());
    }
    "kernel": kernel_initializer, kernel_regularizer, kernel_constraint;
}

impl Layer for Conv1DTranspose {
    layer_identity!(Conv1DTranspose);

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        transposed::build(&self.sliding(), inputs, self.filters, self.output_padding)
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        transposed::call(&self.sliding(), cx, inputs, self.output_padding)
    }
}
