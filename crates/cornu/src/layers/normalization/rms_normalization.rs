//! Normalisation of each sample by the size of its features.

use serde::{Deserialize, Serialize};

use super::layer_normalization::{flat, lengths};
use crate::error::Result;
use crate::graph::Value;
use crate::graph::ops::Normalization;
use crate::layers::axis::{last, over_axes};
use crate::layers::{Axes, Base, Context, Layer, WeightSpec, inputs};
use crate::shape::Shape;

/// Brings the features of each place to a root mean square of 1, then scales them by learnt amounts.
///
/// `y = scale · x / √(mean(x²) + epsilon)`, the mean over the axes given
///
/// # Shapes
/// Any with an axis besides the batch; the output has the input's. The weight `scale` has the axes' lengths.
///
/// # Errors
/// An axis that the input lacks, or the batch axis; an epsilon that is not positive.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let mut model = Sequential::new().input([2]).add(RMSNormalization::new()).build()?;
/// let y = model.predict(&Tensor::new([1, 2], vec![1.0, 7.0])?)?;
/// assert!((y.f32s()?[0] - 0.2).abs() < 1e-4 && (y.f32s()?[1] - 1.4).abs() < 1e-4);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Source
/// Zhang and Sennrich, "Root Mean Square Layer Normalization", 2019.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RMSNormalization {
    #[serde(skip)]
    base: Base,
    #[serde(default = "last")]
    axis: Axes,
    #[serde(default = "epsilon")]
    epsilon: f64,
}

fn epsilon() -> f64 {
    1e-6
}

layer!(RMSNormalization);

impl RMSNormalization {
    /// Over the last axis, with epsilon 1e-6.
    pub fn new() -> Self {
        Self {
            base: Base::default(),
            axis: last(),
            epsilon: epsilon(),
        }
    }

    /// The axes over which the mean is taken; the batch counts as axis 0.
    pub fn axis(mut self, axis: impl Into<Axes>) -> Self {
        self.axis = axis.into();
        self
    }

    /// What is added to the mean, so that nothing is divided by zero.
    pub fn epsilon(mut self, epsilon: f64) -> Self {
        self.epsilon = epsilon;
        self
    }
}

impl Default for RMSNormalization {
    fn default() -> Self {
        Self::new()
    }
}

impl Layer for RMSNormalization {
    layer_identity!(RMSNormalization);
    keeps_places!(|l: &Self| l.axis == last());
    passes_mask!();

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        let x = inputs::single("RMSNormalization", inputs)?;
        let shape = lengths(&self.axis, x)?;
        inputs::number("epsilon", self.epsilon, f64::MIN_POSITIVE, f64::MAX)?;
        Ok(vec![WeightSpec::new("scale", shape, "ones")])
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let axes = self.axis.resolve(cx.graph.shape(inputs[0]).rank())?;
        let how = Normalization::new(self.epsilon as f32, true);
        let scale = cx.weight(0);
        over_axes(cx.graph, inputs[0], &axes, |g, x| {
            let n = *g.shape(x).last().unwrap_or(&1);
            let scale = flat(g, Some(scale), 1.0, n)?;
            let zero = flat(g, None, 0.0, n)?;
            g.layer_norm(x, scale, zero, how)
        })
    }
}
