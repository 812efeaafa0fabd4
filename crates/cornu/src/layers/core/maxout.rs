//! Units that give the largest of several linear pieces: activations that are learnt.

use serde::{Deserialize, Serialize};

use crate::constraints::Constraint;
use crate::error::{Error, Result};
use crate::graph::Value;
use crate::initializers::InitializerConfig;
use crate::layers::defaults::{glorot_uniform, yes, zeros};
use crate::layers::{Base, Context, Layer, Pair, WeightSpec, inputs};
use crate::regularizers::Regularizer;
use crate::shape::Shape;

/// Gives for each unit the largest of several sums: a convex function of the input that is learnt with everything else.
///
/// `y_u = max_p (x · kernel_{:,u,p} + bias_{u,p})`
///
/// # Shapes
/// `[batch, .., features] → [batch, .., units]`; kernel `[features, units, pieces]`, bias `[units, pieces]`.
///
/// # Errors
/// An input without a feature axis, no units, no pieces, an unknown initialiser.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let model = Sequential::new().input([8]).add(Maxout::new(3, 4)).build()?;
/// assert_eq!(model.count_params(), (8 + 1) * 3 * 4);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Source
/// Goodfellow et al., "Maxout Networks", 2013.
///
/// # Keras
/// Keras 3 has none; arguments are those of Dense.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Maxout {
    #[serde(skip)]
    base: Base,
    units: usize,
    pieces: usize,
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
    kernel_constraint: Option<Constraint>,
    #[serde(default)]
    bias_constraint: Option<Constraint>,
}

layer!(Maxout);

impl Maxout {
    /// So many units, each the largest of so many pieces.
    pub fn new(units: usize, pieces: usize) -> Self {
        Self {
            base: Base::default(),
            units,
            pieces,
            use_bias: true,
            kernel_initializer: glorot_uniform(),
            bias_initializer: zeros(),
            kernel_regularizer: None,
            bias_regularizer: None,
            kernel_constraint: None,
            bias_constraint: None,
        }
    }

    setters! {
        /// Whether a bias is added.
        use_bias: bool,
        kernel_and_bias,
    }
}

impl Layer for Maxout {
    layer_identity!(Maxout);
    keeps_places!();
    passes_mask!();

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        let x = inputs::single("Maxout", inputs)?;
        let features = x.last().copied().ok_or_else(|| {
            Error::shape("Maxout expects an axis besides the batch, received single numbers")
        })?;
        let (units, pieces) = (self.units, self.pieces);
        inputs::sizes([("units", Pair::from(units)), ("pieces", Pair::from(pieces))])?;
        let kernel = Shape::new(vec![features, units, pieces])?;
        // Each piece is a dense layer of its own.
        let initializer = self.kernel_initializer.clone();
        let kernel = WeightSpec::new(
            "kernel",
            kernel,
            initializer.with_fans(features, units * pieces),
        );
        let mut weights = vec![
            kernel
                .regularized(self.kernel_regularizer.clone())
                .constrained(self.kernel_constraint.clone()),
        ];
        if self.use_bias {
            let bias = WeightSpec::new("bias", [units, pieces], self.bias_initializer.clone());
            weights.push(
                bias.regularized(self.bias_regularizer.clone())
                    .constrained(self.bias_constraint.clone()),
            );
        }
        Ok(weights)
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let kernel = cx.weight(0);
        let bias = self.use_bias.then(|| cx.weight(1));
        let g = &mut *cx.graph;
        let (units, pieces) = (self.units, self.pieces);
        let mut axes = g.shape(inputs[0]).to_vec();
        let features = axes.pop().unwrap_or(1);
        let kernel = g.reshape(kernel, [features, units * pieces])?;
        let mut y = g.matmul(inputs[0], kernel)?;
        if let Some(bias) = bias {
            let bias = g.reshape(bias, [units * pieces])?;
            y = g.add(y, bias)?;
        }
        axes.extend([units, pieces]);
        let last = axes.len() - 1;
        let y = g.reshape(y, axes)?;
        g.max(y, &[last], false)
    }
}
