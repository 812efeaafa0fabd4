//! Convolution over images.

use super::arguments::convolution;
use super::plain;
use crate::error::Result;
use crate::graph::Value;
use crate::layers::core::low_rank::LowRank;
use crate::layers::{Context, Layer, WeightSpec};
use crate::shape::Shape;

convolution! {
    /// Slides `filters` small kernels over an image.
    ///
    /// `y[i, j, f] = activation(Σ x[i·stride + a·dilation, j·stride + b·dilation, c] · kernel[a, b, c, f] + bias[f])`
    ///
    /// # Shapes
    /// `[batch, height, width, channels] → [batch, new height, new width, filters]`; kernel `[kernel height, kernel width, channels / groups,
    /// filters]`, bias `[filters]`; with a `lora_rank` also `lora_kernel_a` `[.., channels / groups, rank]` and `lora_kernel_b` `[rank,
    /// filters]`. With padding "valid" the new height is `(height - span) / stride + 1`, with
    /// "same" `⌈height / stride⌉`, where `span = (kernel height - 1)·dilation + 1`.
    ///
    /// # Errors
    /// An input that is no image; zero filters, sizes, strides, dilations or groups; groups that do not divide channels and
    /// filters; strides and dilations that are both above 1; a `lora_rank` with a constraint of the kernel;
    /// a kernel larger than the padded image; unknown names.
    ///
    /// # Example
    /// ```
    /// use cornu::prelude::*;
    /// let model = Sequential::new().input([32, 32, 3]).add(Conv2D::new(32, 3).activation("relu")).build()?;
    /// assert_eq!(model.output_shape().axes(), &[30, 30, 32]);
    /// # Ok::<(), cornu::Error>(())
    /// ```
    Conv2D<2>(filters) {
        /// Cuts channels and filters into groups that do not see each other.
        groups: usize = "crate::layers::defaults::single" => 1, usize => groups;
        /// Of which rank a matrix is learnt beside the kernel, which stays as it is.
        lora_rank: Option<usize> = "Option::default" => None, usize => Some(lora_rank);
        /// How strong that matrix is: times `lora_alpha / lora_rank`; without it as it is.
        lora_alpha: Option<f64> = "Option::default" => None, f64 => Some(lora_alpha);
    }
    "kernel": kernel_initializer, kernel_regularizer, kernel_constraint;
}

impl Conv2D {
    fn low_rank(&self) -> LowRank {
        LowRank {
            rank: self.lora_rank,
            alpha: self.lora_alpha,
        }
    }
}

impl Layer for Conv2D {
    layer_identity!(Conv2D);

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        plain::build(
            &self.sliding(),
            inputs,
            self.filters,
            self.groups,
            self.low_rank(),
        )
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        plain::call(&self.sliding(), cx, inputs, self.groups, self.low_rank())
    }
}
