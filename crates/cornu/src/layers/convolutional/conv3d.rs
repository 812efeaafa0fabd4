//! Convolution over volumes.

use super::arguments::convolution;
use super::plain;
use crate::error::Result;
use crate::graph::Value;
use crate::layers::core::low_rank::LowRank;
use crate::layers::{Context, Layer, WeightSpec};
use crate::shape::Shape;

convolution! {
    /// Slides `filters` small kernels over a volume.
    ///
    /// `y[i, j, k, f] = activation(Σ x[i·stride + a·dilation, j·stride + b·dilation, k·stride + d·dilation, c] · kernel[a, b, d, c, f] + bias[f])`
    ///
    /// # Shapes
    /// `[batch, depth, height, width, channels] → [batch, new depth, new height, new width, filters]`; kernel
    /// `[kernel depth, kernel height, kernel width, channels / groups, filters]`, bias `[filters]`; with a `lora_rank` also `lora_kernel_a`
    /// `[.., channels / groups, rank]` and `lora_kernel_b` `[rank, filters]`. With padding "valid" the new depth is
    /// `(depth - span) / stride + 1`, with "same" `⌈depth / stride⌉`, where `span = (kernel depth - 1)·dilation + 1`.
    ///
    /// # Errors
    /// An input that is no volume; zero filters, sizes, strides, dilations or groups; groups that do not divide channels and
    /// filters; strides and dilations that are both above 1; a `lora_rank` with a constraint of the kernel;
    /// a kernel larger than the padded volume; unknown names.
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
        /// Of which rank a matrix is learnt beside the kernel, which stays as it is.
        lora_rank: Option<usize> = "Option::default" => None, usize => Some(lora_rank);
        /// How strong that matrix is: times `lora_alpha / lora_rank`; without it as it is.
        lora_alpha: Option<f64> = "Option::default" => None, f64 => Some(lora_alpha);
    }
    "kernel": kernel_initializer, kernel_regularizer, kernel_constraint;
}

impl Conv3D {
    fn low_rank(&self) -> LowRank {
        LowRank {
            rank: self.lora_rank,
            alpha: self.lora_alpha,
        }
    }
}

impl Layer for Conv3D {
    layer_identity!(Conv3D);

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
