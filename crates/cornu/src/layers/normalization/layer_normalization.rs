//! Normalisation of each sample by its own statistics.

use serde::{Deserialize, Serialize};

use crate::constraints::Constraint;
use crate::error::{Error, Result};
use crate::graph::ops::Normalization;
use crate::graph::{Graph, Value};
use crate::initializers::InitializerConfig;
use crate::layers::axis::{last, over_axes};
use crate::layers::defaults::{ones, yes, zeros};
use crate::layers::{Axes, Base, Context, Layer, WeightSpec, inputs};
use crate::regularizers::Regularizer;
use crate::shape::Shape;

/// Brings the features of each place to mean 0 and variance 1, then scales and shifts them by learnt amounts.
///
/// `y = gamma · (x - mean) / √(variance + epsilon) + beta`, mean and variance over the axes given
///
/// # Shapes
/// Any with an axis besides the batch; the output has the input's. Weights `gamma` and `beta` have the axes' lengths.
///
/// # Errors
/// An axis that the input lacks, or the batch axis; an epsilon that is not positive; `rms_scaling`.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let mut model = Sequential::new().input([2]).add(LayerNormalization::new().epsilon(1e-6)).build()?;
/// let y = model.predict(&Tensor::new([1, 2], vec![3.0, 5.0])?)?;
/// assert!((y.f32s()?[0] + 1.0).abs() < 1e-3 && (y.f32s()?[1] - 1.0).abs() < 1e-3);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Source
/// Ba, Kiros and Hinton, "Layer Normalization", 2016.
///
/// # Keras
/// The same, but for `rms_scaling`, in whose place Keras itself now has RMSNormalization.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LayerNormalization {
    #[serde(skip)]
    base: Base,
    #[serde(default = "last")]
    axis: Axes,
    #[serde(default = "epsilon")]
    epsilon: f64,
    #[serde(default = "yes")]
    center: bool,
    #[serde(default = "yes")]
    scale: bool,
    #[serde(default)]
    rms_scaling: bool,
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
    0.001
}

layer!(LayerNormalization);

impl LayerNormalization {
    /// Over the last axis, with epsilon 0.001.
    pub fn new() -> Self {
        Self {
            base: Base::default(),
            axis: last(),
            epsilon: epsilon(),
            center: true,
            scale: true,
            rms_scaling: false,
            beta_initializer: zeros(),
            gamma_initializer: ones(),
            beta_regularizer: None,
            gamma_regularizer: None,
            beta_constraint: None,
            gamma_constraint: None,
        }
    }

    setters! {
        /// The axes over which mean and variance are taken; the batch counts as axis 0.
        axis: Axes,
        /// What is added to the variance, so that nothing is divided by zero.
        epsilon: f64,
        gamma_and_beta,
    }

    affine!();
}

impl Default for LayerNormalization {
    fn default() -> Self {
        Self::new()
    }
}

/// The lengths of the axes given (the batch counts as axis 0) of samples of a shape.
pub(super) fn lengths(axis: &Axes, x: &Shape) -> Result<Vec<usize>> {
    let axes = axis.resolve(x.rank() + 1)?;
    Ok(axes.iter().map(|&a| x[a - 1]).collect())
}

impl Layer for LayerNormalization {
    layer_identity!(LayerNormalization);
    keeps_places!(|l: &Self| l.axis == last());
    passes_mask!();

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        let x = inputs::single("LayerNormalization", inputs)?;
        let shape = lengths(&self.axis, x)?;
        inputs::number("epsilon", self.epsilon, f64::MIN_POSITIVE, f64::MAX)?;
        if self.rms_scaling {
            return Err(
                Error::config("rms_scaling must be false").help("use RMSNormalization instead")
            );
        }
        Ok(self.affine().weights(shape))
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let axes = self.axis.resolve(cx.graph.shape(inputs[0]).rank())?;
        let gamma = self.scale.then(|| cx.weight(0));
        let beta = self.center.then(|| cx.weight(usize::from(self.scale)));
        let how = Normalization::new(self.epsilon as f32, false);
        over_axes(cx.graph, inputs[0], &axes, |g, x| {
            let n = *g.shape(x).last().unwrap_or(&1);
            let gamma = flat(g, gamma, 1.0, n)?;
            let beta = flat(g, beta, 0.0, n)?;
            g.layer_norm(x, gamma, beta, how)
        })
    }
}

/// A weight as a row of `n`, or a number repeated where there is none.
pub(super) fn flat(g: &mut Graph, weight: Option<Value>, without: f32, n: usize) -> Result<Value> {
    if let Some(w) = weight {
        return g.reshape(w, [n]);
    }
    let c = g.constant(without)?;
    g.broadcast(c, [n])
}
