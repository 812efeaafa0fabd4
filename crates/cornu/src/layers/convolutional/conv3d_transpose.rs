//! Transposed convolution over volumes.

use super::arguments::convolution;
use super::transposed;
use crate::error::Result;
use crate::graph::Value;
use crate::layers::{Context, Layer, Sizes, WeightSpec};
use crate::shape::Shape;

convolution! {
    /// Lays a kernel down at every place, times what stands there: the way back of a convolution, which makes volumes larger.
    ///
    /// `y[i·stride + a·dilation - before, .., .., f] = activation(Σ x[i, j, k, c] · kernel[a, b, d, f, c] + bias[f])`
    ///
    /// # Shapes
    /// `[batch, depth, height, width, channels] → [batch, new depth, new height, new width, filters]`; kernel
    /// `[kernel depth, kernel height, kernel width, filters, channels]`, bias `[filters]`. With padding "same" the new depth is
    /// `depth·stride`, with "valid" `(depth - 1)·stride + max(span, stride)`, where `span = (kernel depth - 1)·dilation + 1`. With
    /// `output_padding` it is `(depth - 1)·stride + (span mod 2) + output padding` or `(depth - 1)·stride + span + output padding`.
    ///
    /// # Errors
    /// An input that is no volume; zero filters, sizes, strides or dilations; strides and dilations that are both above 1; an
    /// `output_padding` that is not smaller than the strides, or to which no convolution belongs; unknown names.
    ///
    /// # Example
    /// ```
    /// use cornu::prelude::*;
    /// let model = Sequential::new().input([4, 4, 4, 8]).add(Conv3DTranspose::new(2, 3).strides(2).padding("same")).build()?;
    /// assert_eq!(model.output_shape().axes(), &[8, 8, 8, 2]);
    /// # Ok::<(), cornu::Error>(())
    /// ```
    ///
    /// # Source
    /// Dumoulin and Visin, "A guide to convolution arithmetic for deep learning", 2016.
    ///
    /// # Keras
    /// The same numbers as on TensorFlow, which refuses what is refused here.
    Conv3DTranspose<3>(filters) {
        /// Pixels added at the end of each axis; less than the strides.
        output_padding: Option<Sizes<3>> = "Option::default" => None, impl Into<Sizes<3>> => Some(output_padding.into());
    }
    "kernel": kernel_initializer, kernel_regularizer, kernel_constraint;
}

impl Layer for Conv3DTranspose {
    layer_identity!(Conv3DTranspose);

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        transposed::build(&self.sliding(), inputs, self.filters, self.output_padding)
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        transposed::call(&self.sliding(), cx, inputs, self.output_padding)
    }
}
