//! Convolution over volumes.

use super::arguments::convolution;
use super::plain;
use crate::error::Result;
use crate::graph::Value;
use crate::layers::{Context, Layer, WeightSpec};
use crate::shape::Shape;

convolution! {
    /// Slides `filters` small kernels over a volume.
    ///
    /// `y[i, j, k, f] = activation(Σ x[i·stride + a·dilation, j·stride + b·dilation, k·stride + d·dilation, c] · kernel[a, b, d, c, f] + bias[f])`
    ///
    /// # Shapes
    /// `[batch, depth, height, width, channels] → [batch, new depth, new height, new width, filters]`; kernel `[kernel depth, kernel height, kernel width, channels / groups,
    /// filters]`, bias `[filters]`. With padding "valid" the new depth is `(depth - span) / stride + 1`, with
    /// "same" `⌈depth / stride⌉`, where `span = (kernel depth - 1)·dilation + 1`.
    ///
    /// # Errors
    /// An input that is no volume; zero filters, sizes, strides, dilations or groups; groups that do not divide channels and
    /// filters; strides and dilations that are both above 1; a kernel larger than the padded volume; unknown names.
    ///
    /// # Example
    /// ```
    /// use cornu::prelude::*;
    /// let model = Sequential::new().input([8, 16, 16, 1]).add(Conv3D::new(4, 3).padding("same")).build()?;
    /// assert_eq!(model.output_shape().axes(), &[8, 16, 16, 4]);
    /// # Ok::<(), cornu::Error>(())
    /// ```
    Conv3D<3>(filters) {
        /// Cuts channels and filters into groups that do not see each other.
        groups: usize = "crate::layers::defaults::single" => 1, usize => groups;
    }
    "kernel": kernel_initializer, kernel_regularizer, kernel_constraint;
}

impl Layer for Conv3D {
    layer_identity!(Conv3D);

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        plain::build(&self.sliding(), inputs, self.filters, self.groups)
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        plain::call(&self.sliding(), cx, inputs, self.groups)
    }
}
