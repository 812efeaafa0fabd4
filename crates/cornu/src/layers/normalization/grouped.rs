//! Statistics of groups of channels, each sample for itself, and what is learnt for each channel after them.

use crate::constraints::Constraint;
use crate::error::Result;
use crate::graph::Value;
use crate::graph::ops::Normalization;
use crate::initializers::InitializerConfig;
use crate::layers::axis::over_axes;
use crate::layers::{Context, WeightSpec};
use crate::regularizers::Regularizer;

use super::layer_normalization::flat;

/// How a weight begins, what it costs, what it is brought back to.
pub(super) type Settings<'a> = (
    &'a InitializerConfig,
    &'a Option<Regularizer>,
    &'a Option<Constraint>,
);

/// A factor and a term that are learnt for each feature, where there are any.
pub(super) struct Affine<'a> {
    pub(super) gamma: Option<Settings<'a>>,
    pub(super) beta: Option<Settings<'a>>,
}

impl Affine<'_> {
    /// `gamma` and `beta`, each of the shape given.
    pub(super) fn weights(&self, shape: impl Into<Vec<usize>>) -> Vec<WeightSpec> {
        let shape = shape.into();
        let named = [("gamma", self.gamma), ("beta", self.beta)];
        let made = named.into_iter().filter_map(|(name, settings)| {
            let (initializer, regularizer, constraint) = settings?;
            let weight = WeightSpec::new(name, shape.clone(), initializer.clone());
            Some(
                weight
                    .regularized(regularizer.clone())
                    .constrained(constraint.clone()),
            )
        });
        made.collect()
    }
}

/// `x` with each group of the channels along an axis brought to mean 0 and variance 1, then scaled and shifted by the weights.
pub(super) fn normalize(
    cx: &mut Context<'_>,
    x: Value,
    axis: usize,
    groups: usize,
    epsilon: f32,
    affine: &Affine<'_>,
) -> Result<Value> {
    let gamma = affine.gamma.map(|_| cx.weight(0));
    let beta = affine.beta.map(|_| cx.weight(usize::from(gamma.is_some())));
    let g = &mut *cx.graph;
    let shape = g.shape(x).clone();
    let mut parted = shape.to_vec();
    parted[axis] /= groups;
    parted.insert(axis, groups);
    let others: Vec<usize> = (1..parted.len()).filter(|&a| a != axis).collect();
    let parts = g.reshape(x, parted)?;
    let y = over_axes(g, parts, &others, |g, rows| {
        let n = *g.shape(rows).last().unwrap_or(&1);
        let (one, zero) = (flat(g, None, 1.0, n)?, flat(g, None, 0.0, n)?);
        g.layer_norm(rows, one, zero, Normalization::new(epsilon, false))
    })?;
    let mut y = g.reshape(y, shape.clone())?;
    let mut spread = vec![1; shape.rank() - axis];
    spread[0] = shape[axis];
    if let Some(gamma) = gamma {
        let gamma = g.reshape(gamma, spread.clone())?;
        y = g.mul(y, gamma)?;
    }
    if let Some(beta) = beta {
        let beta = g.reshape(beta, spread)?;
        y = g.add(y, beta)?;
    }
    Ok(y)
}
