//! A fully connected layer.

use serde::{Deserialize, Serialize};

use super::low_rank::LowRank;
use crate::activations::Activation;
use crate::choice::Choice;
use crate::constraints::Constraint;
use crate::error::{Error, Result};
use crate::graph::Value;
use crate::initializers::InitializerConfig;
use crate::layers::defaults::{glorot_uniform, linear, yes, zeros};
use crate::layers::{Base, Context, Layer, Pair, WeightSpec, inputs};
use crate::regularizers::Regularizer;
use crate::shape::Shape;

/// Multiplies the last axis by a matrix, adds a bias, applies an activation.
///
/// `y = activation(x · kernel + bias)`; with a `lora_rank`, the kernel stays as it is and `lora_alpha / lora_rank · A · B` is learnt
/// beside it
///
/// # Shapes
/// `[batch, .., features] → [batch, .., units]`; kernel `[features, units]`, bias `[units]`; with a `lora_rank` also `lora_kernel_a`
/// `[features, rank]` and `lora_kernel_b` `[rank, units]`.
///
/// # Errors
/// An input without a feature axis, no units, an unknown activation or initialiser; a `lora_rank` with a constraint of the kernel.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let model = Sequential::new().input([8]).add(Dense::new(3).activation("relu")).build()?;
/// assert_eq!(model.count_params(), 8 * 3 + 3);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Keras
/// Quantised kernels (`quantization_config`) are not there. `enable_lora` of a layer that is built is
/// [`Model::enable_lora`](crate::model::Model::enable_lora).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dense {
    #[serde(skip)]
    base: Base,
    units: usize,
    #[serde(default = "linear")]
    activation: Choice<Activation>,
    #[serde(default = "yes")]
    use_bias: bool,
    #[serde(default = "glorot_uniform")]
    kernel_initializer: InitializerConfig,
    #[serde(default = "zeros")]
    bias_initializer: InitializerConfig,
    #[serde(default)]
    kernel_regularizer: Option<Regularizer>,
    #[serde(default)]
    bias_regularizer: Option<Regularizer>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
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

layer!(Dense);

impl Dense {
    /// A layer with so many units, linear and with a bias.
    pub fn new(units: usize) -> Self {
        Self {
            base: Base::default(),
            units,
            activation: linear(),
            use_bias: true,
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
        /// Whether a bias is added.
        use_bias: bool,
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

impl Layer for Dense {
    layer_identity!(Dense);
    keeps_places!();
    passes_mask!();

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        let x = inputs::single("Dense", inputs)?;
        let features = x.last().copied().ok_or_else(|| {
            Error::shape("Dense expects an axis besides the batch, received single numbers")
                .help("an input of one number a sample has shape [1]")
        })?;
        inputs::sizes([("units", Pair::from(self.units))])?;
        self.activation.get()?;
        let kernel = WeightSpec::new(
            "kernel",
            [features, self.units],
            self.kernel_initializer.clone(),
        );
        let bias = WeightSpec::new("bias", [self.units], self.bias_initializer.clone())
            .regularized(self.bias_regularizer.clone())
            .constrained(self.bias_constraint.clone());
        self.low_rank().join(
            kernel
                .regularized(self.kernel_regularizer.clone())
                .constrained(self.kernel_constraint.clone()),
            Some(bias).filter(|_| self.use_bias),
            "lora_kernel",
            self.kernel_regularizer.as_ref(),
            self.kernel_constraint.as_ref(),
        )
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let mut y = cx.graph.matmul(inputs[0], cx.weight(0))?;
        if self.lora_rank.is_some() {
            let thin = 1 + usize::from(self.use_bias);
            let a = cx.graph.matmul(inputs[0], cx.weight(thin))?;
            y = self.low_rank().add(cx.graph, y, [a, cx.weight(thin + 1)])?;
        }
        if self.use_bias {
            y = cx.graph.add(y, cx.weight(1))?;
        }
        let y = self.activation.get()?.apply(cx.graph, y)?;
        cx.regularize_activity(self.activity_regularizer.as_ref(), y)?;
        Ok(y)
    }
}
