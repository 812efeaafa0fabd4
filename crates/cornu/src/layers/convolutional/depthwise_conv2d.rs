//! Convolution over images, channel by channel.

use super::arguments::convolution;
use super::depthwise;
use crate::error::Result;
use crate::graph::Value;
use crate::layers::{Context, Layer, WeightSpec};
use crate::shape::Shape;

convolution! {
    /// Slides kernels over an image, `depth_multiplier` of its own for each channel: channels do not mix.
    ///
    /// `y[i, j, c·multiplier + m] = activation(Σ x[i·stride + a·dilation, j·stride + b·dilation, c] · kernel[a, b, c, m] + bias[..])`
    ///
    /// # Shapes
    /// `[batch, height, width, channels] → [batch, new height, new width, channels·multiplier]`; kernel
    /// `[kernel height, kernel width, channels, multiplier]`, bias `[channels·multiplier]`. With padding "valid" the new height is
    /// `(height - span) / stride + 1`, with "same" `⌈height / stride⌉`, where `span = (kernel height - 1)·dilation + 1`.
    ///
    /// # Errors
    /// An input that is no image; zero sizes, strides, dilations or multiplier; a kernel larger than the padded image; unknown
    /// names.
    ///
    /// # Example
    /// ```
    /// use cornu::prelude::*;
    /// let model = Sequential::new().input([32, 32, 8]).add(DepthwiseConv2D::new(3).strides(2).padding("same")).build()?;
    /// assert_eq!(model.output_shape().axes(), &[16, 16, 8]);
    /// # Ok::<(), cornu::Error>(())
    /// ```
    ///
    /// # Source
    /// Chollet, "Xception: Deep Learning with Depthwise Separable Convolutions", 2017.
    ///
    /// # Keras
    /// The same; strides may differ from axis to axis, and go together with dilations.
    DepthwiseConv2D<2>() {
        /// Kernels, and so outputs, for each channel.
        depth_multiplier: usize = "crate::layers::defaults::single" => 1, usize => depth_multiplier;
    }
    "kernel": depthwise_initializer, depthwise_regularizer, depthwise_constraint;
}

impl Layer for DepthwiseConv2D {
    layer_identity!(DepthwiseConv2D);

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        depthwise::build(&self.sliding(), inputs, self.depth_multiplier)
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        depthwise::call(&self.sliding(), cx, inputs)
    }
}
