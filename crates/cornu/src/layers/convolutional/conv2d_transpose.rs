//! Transposed convolution over images.

use super::arguments::convolution;
use super::transposed;
use crate::error::Result;
use crate::graph::Value;
use crate::layers::{Context, Layer, Sizes, WeightSpec};
use crate::shape::Shape;

convolution! {
    /// Lays a kernel down at every pixel, times what stands there: the way back of a convolution, which makes images larger.
    ///
    /// `y[i·stride + a·dilation - before, j·stride + b·dilation - before, f] = activation(Σ x[i, j, c] · kernel[a, b, f, c] + bias[f])`
    ///
    /// # Shapes
    /// `[batch, height, width, channels] → [batch, new height, new width, filters]`; kernel
    /// `[kernel height, kernel width, filters, channels]`, bias `[filters]`. With padding "same" the new height is `height·stride`, with
    /// "valid" `(height - 1)·stride + max(span, stride)`, where `span = (kernel height - 1)·dilation + 1`. With `output_padding` it is
    /// `(height - 1)·stride + (span mod 2) + output padding` or `(height - 1)·stride + span + output padding`.
    ///
    /// # Errors
    /// An input that is no image; zero filters, sizes, strides or dilations; strides and dilations that are both above 1; an
    /// `output_padding` that is not smaller than the strides, or to which no convolution belongs; unknown names.
    ///
    /// # Example
    /// ```
    /// use cornu::prelude::*;
    /// let model = Sequential::new().input([7, 7, 8]).add(Conv2DTranspose::new(4, 5).strides(2).padding("same")).build()?;
    /// assert_eq!(model.output_shape().axes(), &[14, 14, 4]);
    /// # Ok::<(), cornu::Error>(())
    /// ```
    ///
    /// # Source
    /// Dumoulin and Visin, "A guide to convolution arithmetic for deep learning", 2016.
    ///
    /// # Keras
    /// The same numbers as on TensorFlow, which refuses what is refused here.
    Conv2DTranspose<2>(filters) {
        /// Pixels added at the end of each axis; less than the strides.
        output_padding: Option<Sizes<2>> = "Option::default" => None, impl Into<Sizes<2>> => Some(output_padding.into());
    }
    "kernel": kernel_initializer, kernel_regularizer, kernel_constraint;
}

impl Layer for Conv2DTranspose {
    layer_identity!(Conv2DTranspose);

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        transposed::build(&self.sliding(), inputs, self.filters, self.output_padding)
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        transposed::call(&self.sliding(), cx, inputs, self.output_padding)
    }
}
