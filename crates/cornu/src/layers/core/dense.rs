//! A fully connected layer.

use serde::{Deserialize, Serialize};

use crate::activations::Activation;
use crate::choice::Choice;
use crate::error::{Error, Result};
use crate::graph::Value;
use crate::initializers::InitializerConfig;
use crate::layers::defaults::{glorot_uniform, linear, yes, zeros};
use crate::layers::{Base, Context, Layer, Pair, WeightSpec, inputs};
use crate::regularizers::Regularizer;
use crate::shape::Shape;

/// Multiplies the last axis by a matrix, adds a bias, applies an activation.
///
/// `y = activation(x · kernel + bias)`
///
/// # Shapes
/// `[batch, .., features] → [batch, .., units]`; kernel `[features, units]`, bias `[units]`.
///
/// # Errors
/// An input without a feature axis, no units, an unknown activation or initialiser.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let model = Sequential::new().input([8]).add(Dense::new(3).activation("relu")).build()?;
/// assert_eq!(model.count_params(), 8 * 3 + 3);
/// # Ok::<(), cornu::Error>(())
/// ```
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
    #[serde(default)]
    activity_regularizer: Option<Regularizer>,
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
        }
    }

    /// The function applied to the result.
    pub fn activation(mut self, activation: impl Into<Choice<Activation>>) -> Self {
        self.activation = activation.into();
        self
    }

    /// Whether a bias is added.
    pub fn use_bias(mut self, use_bias: bool) -> Self {
        self.use_bias = use_bias;
        self
    }

    /// How the kernel begins.
    pub fn kernel_initializer(mut self, initializer: impl Into<InitializerConfig>) -> Self {
        self.kernel_initializer = initializer.into();
        self
    }

    /// How the bias begins.
    pub fn bias_initializer(mut self, initializer: impl Into<InitializerConfig>) -> Self {
        self.bias_initializer = initializer.into();
        self
    }

    /// What is added to the loss for the kernel.
    pub fn kernel_regularizer(mut self, regularizer: impl Into<Regularizer>) -> Self {
        self.kernel_regularizer = Some(regularizer.into());
        self
    }

    /// What is added to the loss for the bias.
    pub fn bias_regularizer(mut self, regularizer: impl Into<Regularizer>) -> Self {
        self.bias_regularizer = Some(regularizer.into());
        self
    }

    /// What is added to the loss for the output.
    pub fn activity_regularizer(mut self, regularizer: impl Into<Regularizer>) -> Self {
        self.activity_regularizer = Some(regularizer.into());
        self
    }
}

impl Layer for Dense {
    layer_identity!(Dense);
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
        let mut weights = vec![kernel.regularized(self.kernel_regularizer.clone())];
        if self.use_bias {
            let bias = WeightSpec::new("bias", [self.units], self.bias_initializer.clone());
            weights.push(bias.regularized(self.bias_regularizer.clone()));
        }
        Ok(weights)
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let mut y = cx.graph.matmul(inputs[0], cx.weight(0))?;
        if self.use_bias {
            y = cx.graph.add(y, cx.weight(1))?;
        }
        let y = self.activation.get()?.apply(cx.graph, y)?;
        cx.regularize_activity(self.activity_regularizer.as_ref(), y)?;
        Ok(y)
    }
}
