//! Normalisation of each channel of each sample by itself.

use serde::{Deserialize, Serialize};

use super::grouped;
use crate::constraints::Constraint;
use crate::error::{Error, Result};
use crate::graph::Value;
use crate::initializers::InitializerConfig;
use crate::layers::axis::last;
use crate::layers::defaults::{ones, zeros};
use crate::layers::{Axes, Base, Context, Layer, WeightSpec, inputs};
use crate::regularizers::Regularizer;
use crate::shape::Shape;

/// Brings each channel of each sample to mean 0 and variance 1: what pictures owe to their light and contrast goes.
///
/// `y = (x - mean) / √(variance + epsilon)`, mean and variance over all axes but the batch and the channels; with `scale` and `center`
/// times a learnt `gamma`, plus a learnt `beta`
///
/// # Shapes
/// Any with an axis besides the batch and the channels; the output has the input's. Weights `gamma` and `beta`, each `[channels]`.
///
/// # Errors
/// Inputs that have no axis besides the channels; an axis that the input lacks, or the batch axis; an epsilon that is not positive.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let mut model = Sequential::new().input([2, 1]).add(InstanceNormalization::new()).build()?;
/// let y = model.predict(&Tensor::new([1, 2, 1], vec![3.0, 5.0])?)?;
/// assert!((y.f32s()?[0] + 1.0).abs() < 1e-3 && (y.f32s()?[1] - 1.0).abs() < 1e-3);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Source
/// Ulyanov, Vedaldi and Lempitsky, "Instance Normalization: The Missing Ingredient for Fast Stylization", 2016.
///
/// # Keras
/// Keras has it as `GroupNormalization(groups=-1)`. Defaults here are PyTorch's `InstanceNorm2d`: epsilon 1e-5, nothing learnt; channels
/// come last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InstanceNormalization {
    #[serde(skip)]
    base: Base,
    #[serde(default = "last")]
    axis: Axes,
    #[serde(default = "epsilon")]
    epsilon: f64,
    #[serde(default)]
    center: bool,
    #[serde(default)]
    scale: bool,
    #[serde(default = "zeros")]
    beta_initializer: InitializerConfig,
    #[serde(default = "ones")]
    gamma_initializer: InitializerConfig,
    #[serde(default)]
    beta_regularizer: Option<Regularizer>,
    #[serde(default)]
    gamma_regularizer: Option<Regularizer>,
    #[serde(default)]
    beta_constraint: Option<Constraint>,
    #[serde(default)]
    gamma_constraint: Option<Constraint>,
}

fn epsilon() -> f64 {
    1e-5
}

layer!(InstanceNormalization);

impl InstanceNormalization {
    /// Of the channels along the last axis, with epsilon 1e-5 and nothing learnt.
    pub fn new() -> Self {
        Self {
            base: Base::default(),
            axis: last(),
            epsilon: epsilon(),
            center: false,
            scale: false,
            beta_initializer: zeros(),
            gamma_initializer: ones(),
            beta_regularizer: None,
            gamma_regularizer: None,
            beta_constraint: None,
            gamma_constraint: None,
        }
    }

    setters! {
        /// The axis of the channels; the batch counts as axis 0.
        axis: Axes,
        /// What is added to the variance, so that nothing is divided by zero.
        epsilon: f64,
        gamma_and_beta,
    }

    affine!();
}

impl Default for InstanceNormalization {
    fn default() -> Self {
        Self::new()
    }
}

impl Layer for InstanceNormalization {
    layer_identity!(InstanceNormalization);
    passes_mask!();

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        let x = inputs::single("InstanceNormalization", inputs)?;
        if x.rank() < 2 {
            return Err(Error::shape(format!(
                "InstanceNormalization expects an axis besides batch and channels, received {x}"
            ))
            .help("vectors have LayerNormalization"));
        }
        let channels = x[self.axis.one(x.rank() + 1)? - 1];
        inputs::number("epsilon", self.epsilon, f64::MIN_POSITIVE, f64::MAX)?;
        Ok(self.affine().weights([channels]))
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let shape = cx.graph.shape(inputs[0]);
        let axis = self.axis.one(shape.rank())?;
        let channels = shape[axis];
        grouped::normalize(
            cx,
            inputs[0],
            axis,
            channels,
            self.epsilon as f32,
            &self.affine(),
        )
    }
}
