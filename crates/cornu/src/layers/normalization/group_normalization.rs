//! Normalisation of groups of channels, each sample for itself.

use serde::{Deserialize, Serialize};

use super::grouped;
use crate::constraints::Constraint;
use crate::error::{Error, Result};
use crate::graph::Value;
use crate::initializers::InitializerConfig;
use crate::layers::axis::last;
use crate::layers::defaults::{ones, yes, zeros};
use crate::layers::{Axes, Base, Context, Layer, WeightSpec, inputs};
use crate::regularizers::Regularizer;
use crate::shape::Shape;

/// Brings each group of channels of a sample to mean 0 and variance 1, then scales and shifts each channel by learnt amounts.
///
/// `y = gamma · (x - mean) / √(variance + epsilon) + beta`, mean and variance over the channels of a group and all other axes but the
/// batch
///
/// # Shapes
/// Any with an axis besides the batch; the output has the input's. Weights `gamma` and `beta`, each `[channels]`.
///
/// # Errors
/// A number of groups that does not divide the channels; an axis that the input lacks, or the batch axis; an epsilon that is not
/// positive.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let model = Sequential::new().input([8, 8, 64]).add(GroupNormalization::new().groups(8)).build()?;
/// assert_eq!(model.count_params(), 2 * 64);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Source
/// Wu and He, "Group Normalization", 2018.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupNormalization {
    #[serde(skip)]
    base: Base,
    #[serde(default = "groups")]
    groups: i64,
    #[serde(default = "last")]
    axis: Axes,
    #[serde(default = "epsilon")]
    epsilon: f64,
    #[serde(default = "yes")]
    center: bool,
    #[serde(default = "yes")]
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

fn groups() -> i64 {
    32
}

fn epsilon() -> f64 {
    0.001
}

layer!(GroupNormalization);

impl GroupNormalization {
    /// In 32 groups of the channels along the last axis, with epsilon 0.001.
    pub fn new() -> Self {
        Self {
            base: Base::default(),
            groups: groups(),
            axis: last(),
            epsilon: epsilon(),
            center: true,
            scale: true,
            beta_initializer: zeros(),
            gamma_initializer: ones(),
            beta_regularizer: None,
            gamma_regularizer: None,
            beta_constraint: None,
            gamma_constraint: None,
        }
    }

    setters! {
        /// How many groups; -1 for one of each channel.
        groups: i64,
        /// The axis of the channels; the batch counts as axis 0.
        axis: Axes,
        /// What is added to the variance, so that nothing is divided by zero.
        epsilon: f64,
        gamma_and_beta,
    }

    affine!();
}

impl Default for GroupNormalization {
    fn default() -> Self {
        Self::new()
    }
}

impl Layer for GroupNormalization {
    layer_identity!(GroupNormalization);
    passes_mask!();

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        let x = inputs::single("GroupNormalization", inputs)?;
        let channels = x[self.axis.one(x.rank() + 1)? - 1];
        let divides =
            |n: i64| usize::try_from(n).is_ok_and(|n| n > 0 && channels.is_multiple_of(n));
        if self.groups != -1 && !divides(self.groups) {
            let error = Error::config(format!(
                "groups must divide the {channels} channels or be -1, received {}",
                self.groups
            ));
            return Err(error.help("-1 makes a group of each channel"));
        }
        inputs::number("epsilon", self.epsilon, f64::MIN_POSITIVE, f64::MAX)?;
        Ok(self.affine().weights([channels]))
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let shape = cx.graph.shape(inputs[0]);
        let axis = self.axis.one(shape.rank())?;
        // What is not a number of groups stands for one of each channel.
        let groups = usize::try_from(self.groups).unwrap_or(shape[axis]);
        grouped::normalize(
            cx,
            inputs[0],
            axis,
            groups,
            self.epsilon as f32,
            &self.affine(),
        )
    }
}
