//! Convolution over images in two steps: channel by channel, then across channels.

use super::arguments::convolution;
use super::depthwise;
use crate::error::Result;
use crate::graph::Value;
use crate::layers::{Context, Layer, WeightSpec};
use crate::shape::Shape;

convolution! {
    /// Convolves each channel of an image by itself, then mixes the channels at each pixel: a convolution with fewer weights.
    ///
    /// `y[i, j, f] = activation(Σ z[i, j, k] · pointwise[k, f] + bias[f])` with
    /// `z[i, j, c·multiplier + m] = Σ x[i·stride + a·dilation, j·stride + b·dilation, c] · depthwise[a, b, c, m]`
    ///
    /// # Shapes
    /// `[batch, height, width, channels] → [batch, new height, new width, filters]`; depthwise kernel
    /// `[kernel height, kernel width, channels, multiplier]`, pointwise kernel `[1, 1, channels·multiplier, filters]`, bias `[filters]`.
    /// With padding "valid" the new height is `(height - span) / stride + 1`, with "same" `⌈height / stride⌉`, where
    /// `span = (kernel height - 1)·dilation + 1`.
    ///
    /// # Errors
    /// An input that is no image; zero filters, sizes, strides, dilations or multiplier; a kernel larger than the padded image;
    /// unknown names.
    ///
    /// # Example
    /// ```
    /// use cornu::prelude::*;
    /// let model = Sequential::new().input([32, 32, 8]).add(SeparableConv2D::new(16, 3).padding("same")).build()?;
    /// assert_eq!(model.count_params(), 3 * 3 * 8 + 8 * 16 + 16);
    /// # Ok::<(), cornu::Error>(())
    /// ```
    ///
    /// # Source
    /// Chollet, "Xception: Deep Learning with Depthwise Separable Convolutions", 2017.
    ///
    /// # Keras
    /// The same; strides may differ from axis to axis, and go together with dilations.
    SeparableConv2D<2>(filters) {
        /// Outputs for each channel before the channels are mixed.
        depth_multiplier: usize = "crate::layers::defaults::single" => 1, usize => depth_multiplier;
    }
    "depthwise kernel": depthwise_initializer, depthwise_regularizer, depthwise_constraint;
    "pointwise kernel": pointwise_initializer, pointwise_regularizer, pointwise_constraint;
}

impl Layer for SeparableConv2D {
    layer_identity!(SeparableConv2D);

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        depthwise::build_separable(&self.sliding(), inputs, self.filters, self.depth_multiplier)
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        depthwise::call_separable(&self.sliding(), cx, inputs)
    }
}
