//! A layer of products that an equation spells out.

use serde::{Deserialize, Serialize};

use super::equation::Equation;
use super::low_rank::LowRank;
use crate::activations::Activation;
use crate::choice::Choice;
use crate::constraints::Constraint;
use crate::error::Result;
use crate::graph::Value;
use crate::initializers::InitializerConfig;
use crate::layers::defaults::{glorot_uniform, linear, zeros};
use crate::layers::{Base, Context, Layer, Lengths, Pair, WeightSpec, inputs};
use crate::regularizers::Regularizer;
use crate::shape::Shape;

/// Multiplies the input by a kernel, and sums, as an equation says; adds a bias, applies an activation.
///
/// With the equation "abc,cde->abde": `y_abde = activation(Σ_c x_abc · kernel_cde + bias)`. The first axis of input and output is
/// the batch. An ellipsis at one end of both stands for axes that stay as they are.
///
/// # Shapes
/// What the equation says. `output_shape` has the lengths of the output's letters without the batch, `None` where they are the input's.
/// The bias has the lengths of the `bias_axes`, and 1 along axes between and after them.
///
/// # Errors
/// An equation that is none, or is for inputs with another number of axes; lengths that are missing or contradict the input;
/// bias axes that the output lacks.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// // The same dense layer for every step of a sequence.
/// let layer = EinsumDense::new("abc,cd->abd", [None, Some(64)]).bias_axes("d");
/// let model = Sequential::new().input([32, 128]).add(layer).build()?;
/// assert_eq!(model.output_shape().axes(), &[32, 64]);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Keras
/// The same; quantised kernels (`quantization_config`, `gptq_unpacked_column_size`) are not there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EinsumDense {
    #[serde(skip)]
    base: Base,
    equation: String,
    output_shape: Lengths,
    #[serde(default = "linear")]
    activation: Choice<Activation>,
    #[serde(default)]
    bias_axes: Option<String>,
    #[serde(default = "glorot_uniform")]
    kernel_initializer: InitializerConfig,
    #[serde(default = "zeros")]
    bias_initializer: InitializerConfig,
    #[serde(default)]
    kernel_regularizer: Option<Regularizer>,
    #[serde(default)]
    bias_regularizer: Option<Regularizer>,
    #[serde(default)]
    activity_regularizer: Option<Regularizer>,
    #[serde(default)]
    kernel_constraint: Option<Constraint>,
    #[serde(default)]
    bias_constraint: Option<Constraint>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lora_rank: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lora_alpha: Option<f64>,
}

layer!(EinsumDense);

impl EinsumDense {
    /// By this equation, to an output of these lengths.
    pub fn new(equation: &str, output_shape: impl Into<Lengths>) -> Self {
        Self {
            base: Base::default(),
            equation: equation.to_owned(),
            output_shape: output_shape.into(),
            activation: linear(),
            bias_axes: None,
            kernel_initializer: glorot_uniform(),
            bias_initializer: zeros(),
            kernel_regularizer: None,
            bias_regularizer: None,
            activity_regularizer: None,
            kernel_constraint: None,
            bias_constraint: None,
            lora_rank: None,
            lora_alpha: None,
        }
    }

    setters! {
        /// The function applied to the result.
        activation: Choice<Activation>,
        /// The letters of the output along which a bias is added.
        bias_axes: String = Some,
        kernel_and_bias,
        /// What is added to the loss for the output.
        activity_regularizer: Regularizer = Some,
        /// Of which rank a matrix is learnt beside the kernel, which stays as it is.
        lora_rank: usize = Some,
        /// How strong that matrix is: times `lora_alpha / lora_rank`; without it as it is.
        lora_alpha: f64 = Some,
    }

    fn low_rank(&self) -> LowRank {
        LowRank {
            rank: self.lora_rank,
            alpha: self.lora_alpha,
        }
    }
}

impl Layer for EinsumDense {
    layer_identity!(EinsumDense);

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        let x = inputs::single("EinsumDense", inputs)?;
        let equation = Equation::read(&self.equation, x.rank() + 1)?;
        self.activation.get()?;
        for &length in self.output_shape.0.iter().flatten() {
            inputs::sizes([("output_shape", Pair::from(length))])?;
        }
        let x = x.with_batch(1);
        let output = equation.output(&x, &self.output_shape.0)?;
        let (kernel, [fan_in, fan_out]) = equation.kernel(&x, &output);
        let kernel = WeightSpec::new(
            "kernel",
            Shape::new(kernel)?,
            self.kernel_initializer.clone().with_fans(fan_in, fan_out),
        );
        let mut bias = None;
        if let Some(axes) = &self.bias_axes {
            let shape = equation.bias(axes, &output)?;
            bias = Some(
                WeightSpec::new("bias", shape, self.bias_initializer.clone())
                    .regularized(self.bias_regularizer.clone())
                    .constrained(self.bias_constraint.clone()),
            );
        }
        self.low_rank().join(
            kernel
                .regularized(self.kernel_regularizer.clone())
                .constrained(self.kernel_constraint.clone()),
            bias,
            "lora_kernel",
            self.kernel_regularizer.as_ref(),
            self.kernel_constraint.as_ref(),
        )
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let equation = Equation::read(&self.equation, cx.graph.shape(inputs[0]).rank())?;
        let mut kernel = cx.weight(0);
        if self.lora_rank.is_some() {
            let thin = 1 + usize::from(self.bias_axes.is_some());
            let learnt = [cx.weight(thin), cx.weight(thin + 1)];
            kernel = self.low_rank().add(cx.graph, kernel, learnt)?;
        }
        let mut y = equation.apply(cx.graph, inputs[0], kernel)?;
        if self.bias_axes.is_some() {
            y = cx.graph.add(y, cx.weight(1))?;
        }
        let y = self.activation.get()?.apply(cx.graph, y)?;
        cx.regularize_activity(self.activity_regularizer.as_ref(), y)?;
        Ok(y)
    }
}
