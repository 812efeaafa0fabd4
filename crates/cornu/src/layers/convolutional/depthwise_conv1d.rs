//! Convolution over sequences, channel by channel.

use super::arguments::convolution;
use super::depthwise;
use crate::error::Result;
use crate::graph::Value;
use crate::layers::{Context, Layer, WeightSpec};
use crate::shape::Shape;

convolution! {
    /// Slides kernels over a sequence, `depth_multiplier` of its own for each channel: channels do not mix.
    ///
    /// `y[i, c·multiplier + m] = activation(Σ x[i·stride + a·dilation, c] · kernel[a, c, m] + bias[..])`
    ///
    /// # Shapes
    /// `[batch, steps, channels] → [batch, new steps, channels·multiplier]`; kernel `[kernel size, channels,
    /// multiplier]`, bias `[channels·multiplier]`. With padding "valid" the new steps is `(steps - span) / stride + 1`, with "same"
    /// `⌈steps / stride⌉`, where `span = (kernel size - 1)·dilation + 1`.
    ///
    /// # Errors
    /// An input that is no sequence; zero sizes, strides, dilations or multiplier; a kernel larger than the padded sequence; unknown
    /// names.
    ///
    /// # Example
    /// ```
    /// use cornu::prelude::*;
    /// let model = Sequential::new().input([100, 8]).add(DepthwiseConv1D::new(3).depth_multiplier(2)).build()?;
    /// assert_eq!(model.output_shape().axes(), &[98, 16]);
    /// # Ok::<(), cornu::Error>(())
    /// ```
    ///
    /// # Source
    /// Chollet, "Xception: Deep Learning with Depthwise Separable Convolutions", 2017.
    ///
    /// # Keras
    /// The same; strides may differ from axis to axis, and go together with dilations.
    DepthwiseConv1D<1>() {
        /// Kernels, and so outputs, for each channel.
        depth_multiplier: usize = "crate::layers::defaults::single" => 1, usize => depth_multiplier;
    }
    "kernel": depthwise_initializer, depthwise_regularizer, depthwise_constraint;
}

impl Layer for DepthwiseConv1D {
    layer_identity!(DepthwiseConv1D);

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        depthwise::build(&self.sliding(), inputs, self.depth_multiplier)
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        depthwise::call(&self.sliding(), cx, inputs)
    }
}
