//! A fully connected layer whose kernel is used as -1, 0 and 1 alone.

use serde::{Deserialize, Serialize};

use crate::activations::Activation;
use crate::choice::Choice;
use crate::constraints::Constraint;
use crate::error::{Error, Result};
use crate::graph::ops::BinaryKind;
use crate::graph::{Graph, Value};
use crate::initializers::InitializerConfig;
use crate::layers::defaults::{glorot_uniform, linear, yes, zeros};
use crate::layers::{Base, Context, Layer, Pair, WeightSpec, inputs};
use crate::regularizers::Regularizer;
use crate::shape::Shape;

/// Multiplies the last axis by the signs of a matrix whose small elements count as 0, adds a bias, applies an activation.
///
/// `y = activation(x · t(kernel) + bias)`, `t(k) = sign(k)` where `|k| > threshold`, else 0; without a threshold it is the mean of
/// `|kernel|`
///
/// # Shapes
/// `[batch, .., features] → [batch, .., units]`; kernel `[features, units]`, bias `[units]`.
///
/// # Errors
/// An input without a feature axis, no units, a negative threshold, an unknown activation or initialiser.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let model = Sequential::new().input([8]).add(TernaryDense::new(3)).build()?;
/// assert_eq!(model.count_params(), 8 * 3 + 3);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Source
/// Ma et al., "The Era of 1-bit LLMs: All Large Language Models are in 1.58 Bits", 2024.
///
/// # Keras
/// The same numbers. In Keras 3.16 the rounding has no gradient, so that the kernel never learns; here its gradient passes the rounding as
/// if it were not there, as in the paper.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TernaryDense {
    #[serde(skip)]
    base: Base,
    units: usize,
    #[serde(default)]
    threshold: Option<f64>,
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
    #[serde(default)]
    activity_regularizer: Option<Regularizer>,
    #[serde(default)]
    kernel_constraint: Option<Constraint>,
    #[serde(default)]
    bias_constraint: Option<Constraint>,
}

layer!(TernaryDense);

impl TernaryDense {
    /// A layer with so many units, linear and with a bias.
    pub fn new(units: usize) -> Self {
        Self {
            base: Base::default(),
            units,
            threshold: None,
            activation: linear(),
            use_bias: true,
            kernel_initializer: glorot_uniform(),
            bias_initializer: zeros(),
            kernel_regularizer: None,
            bias_regularizer: None,
            activity_regularizer: None,
            kernel_constraint: None,
            bias_constraint: None,
        }
    }

    setters! {
        /// The size up to which elements of the kernel count as 0.
        threshold: f64 = Some,
        /// The function applied to the result.
        activation: Choice<Activation>,
        /// Whether a bias is added.
        use_bias: bool,
        kernel_and_bias,
        /// What is added to the loss for the output.
        activity_regularizer: Regularizer = Some,
    }

    /// The kernel as it is used, with the gradient of the one that is kept.
    fn rounded(&self, g: &mut Graph, kernel: Value) -> Result<Value> {
        let threshold = if let Some(t) = self.threshold {
            g.constant(t as f32)?
        } else {
            let size = g.abs(kernel)?;
            g.mean_all(size)?
        };
        let negative = g.neg(kernel)?;
        let above = g.binary(BinaryKind::Gt, kernel, threshold)?;
        let below = g.binary(BinaryKind::Gt, negative, threshold)?;
        let signs = g.sub(above, below)?;
        let change = g.sub(signs, kernel)?;
        let change = g.stop_gradient(change)?;
        g.add(kernel, change)
    }
}

impl Layer for TernaryDense {
    layer_identity!(TernaryDense);
    keeps_places!();
    passes_mask!();

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        let x = inputs::single("TernaryDense", inputs)?;
        let features = x.last().copied().ok_or_else(|| {
            Error::shape("TernaryDense expects an axis besides the batch, received single numbers")
        })?;
        inputs::sizes([("units", Pair::from(self.units))])?;
        inputs::number("threshold", self.threshold.unwrap_or(0.0), 0.0, f64::MAX)?;
        self.activation.get()?;
        let kernel = WeightSpec::new(
            "kernel",
            [features, self.units],
            self.kernel_initializer.clone(),
        );
        let mut weights = vec![
            kernel
                .regularized(self.kernel_regularizer.clone())
                .constrained(self.kernel_constraint.clone()),
        ];
        if self.use_bias {
            let bias = WeightSpec::new("bias", [self.units], self.bias_initializer.clone());
            weights.push(
                bias.regularized(self.bias_regularizer.clone())
                    .constrained(self.bias_constraint.clone()),
            );
        }
        Ok(weights)
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let kernel = cx.weight(0);
        let kernel = self.rounded(cx.graph, kernel)?;
        let mut y = cx.graph.matmul(inputs[0], kernel)?;
        if self.use_bias {
            y = cx.graph.add(y, cx.weight(1))?;
        }
        let y = self.activation.get()?.apply(cx.graph, y)?;
        cx.regularize_activity(self.activity_regularizer.as_ref(), y)?;
        Ok(y)
    }
}
