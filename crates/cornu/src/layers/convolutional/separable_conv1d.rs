//! Convolution over sequences in two steps: channel by channel, then across channels.

use super::arguments::convolution;
use super::depthwise;
use crate::error::Result;
use crate::graph::Value;
use crate::layers::{Context, Layer, WeightSpec};
use crate::shape::Shape;

convolution! {
    /// Convolves each channel of a sequence by itself, then mixes the channels at each step: a convolution with fewer weights.
    ///
    /// `y[i, f] = activation(Σ z[i, k] · pointwise[k, f] + bias[f])` with
    /// `z[i, c·multiplier + m] = Σ x[i·stride + a·dilation, c] · depthwise[a, c, m]`
    ///
    /// # Shapes
    /// `[batch, steps, channels] → [batch, new steps, filters]`; depthwise kernel `[kernel size, channels,
    /// multiplier]`, pointwise kernel `[1, channels·multiplier, filters]`, bias `[filters]`. With padding "valid" the new steps
    /// is `(steps - span) / stride + 1`, with "same" `⌈steps / stride⌉`, where `span = (kernel size - 1)·dilation + 1`.
    ///
    /// # Errors
    /// An input that is no sequence; zero filters, sizes, strides, dilations or multiplier; a kernel larger than the padded sequence;
    /// unknown names.
    ///
    /// # Example
    /// ```
    /// use cornu::prelude::*;
    /// let model = Sequential::new().input([100, 8]).add(SeparableConv1D::new(16, 3)).build()?;
    /// assert_eq!(model.count_params(), 3 * 8 + 8 * 16 + 16);
    /// # Ok::<(), cornu::Error>(())
    /// ```
    ///
    /// # Source
    /// Chollet, "Xception: Deep Learning with Depthwise Separable Convolutions", 2017.
    ///
    /// # Keras
    /// The same; strides may differ from axis to axis, and go together with dilations.
    SeparableConv1D<1>(filters) {
        /// Outputs for each channel before the channels are mixed.
        depth_multiplier: usize = "crate::layers::defaults::single" => 1, usize => depth_multiplier;
    }
    "depthwise kernel": depthwise_initializer, depthwise_regularizer, depthwise_constraint;
    "pointwise kernel": pointwise_initializer, pointwise_regularizer, pointwise_constraint;
}

impl Layer for SeparableConv1D {
    layer_identity!(SeparableConv1D);

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        depthwise::build_separable(&self.sliding(), inputs, self.filters, self.depth_multiplier)
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        depthwise::call_separable(&self.sliding(), cx, inputs)
    }
}
