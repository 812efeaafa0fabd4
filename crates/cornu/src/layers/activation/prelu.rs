//! The rectifier whose slope below zero is learnt.

use serde::{Deserialize, Serialize};

use crate::constraints::Constraint;
use crate::error::Result;
use crate::graph::Value;
use crate::initializers::InitializerConfig;
use crate::layers::defaults::zeros;
use crate::layers::{Axes, Base, Context, Layer, WeightSpec, inputs};
use crate::regularizers::Regularizer;
use crate::shape::Shape;

/// Lets positive values pass, and negative ones with a slope that is learnt for each feature.
///
/// `y = max(x, 0) - alpha · max(-x, 0)`
///
/// # Shapes
/// Any with an axis besides the batch; the output has the input's. The weight `alpha` has the shape of a sample, with length 1 along
/// the shared axes.
///
/// # Errors
/// A shared axis that the input lacks, or the batch axis.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// // One slope for each channel of an image.
/// let model = Sequential::new().input([8, 8, 3]).add(PReLU::new().shared_axes([1, 2])).build()?;
/// assert_eq!(model.count_params(), 3);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Source
/// He et al., "Delving Deep into Rectifiers: Surpassing Human-Level Performance on `ImageNet` Classification", 2015.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PReLU {
    #[serde(skip)]
    base: Base,
    #[serde(default = "zeros")]
    alpha_initializer: InitializerConfig,
    #[serde(default)]
    alpha_regularizer: Option<Regularizer>,
    #[serde(default)]
    alpha_constraint: Option<Constraint>,
    #[serde(default)]
    shared_axes: Option<Axes>,
}

layer!(PReLU);

impl PReLU {
    /// With a slope of 0 for each element of a sample at first.
    pub fn new() -> Self {
        Self {
            base: Base::default(),
            alpha_initializer: zeros(),
            alpha_regularizer: None,
            alpha_constraint: None,
            shared_axes: None,
        }
    }

    setters! {
        /// How the slopes begin.
        alpha_initializer: InitializerConfig,
        /// What is added to the loss for the slopes.
        alpha_regularizer: Regularizer = Some,
        /// What the slopes are brought back to after each step.
        alpha_constraint: Constraint = Some,
        /// The axes along which one slope holds; the batch counts as axis 0.
        shared_axes: Axes = Some,
    }
}

impl Default for PReLU {
    fn default() -> Self {
        Self::new()
    }
}

impl Layer for PReLU {
    layer_identity!(PReLU);
    passes_mask!();

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        let x = inputs::single("PReLU", inputs)?;
        let mut shape = x.to_vec();
        if let Some(shared) = &self.shared_axes {
            for axis in shared.resolve(x.rank() + 1)? {
                shape[axis - 1] = 1;
            }
        }
        let alpha = WeightSpec::new("alpha", shape, self.alpha_initializer.clone());
        Ok(vec![
            alpha
                .regularized(self.alpha_regularizer.clone())
                .constrained(self.alpha_constraint.clone()),
        ])
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let alpha = cx.weight(0);
        let (g, x) = (&mut *cx.graph, inputs[0]);
        let above = g.relu(x)?;
        let below = g.neg(x)?;
        let below = g.relu(below)?;
        let below = g.mul(below, alpha)?;
        g.sub(above, below)
    }
}
