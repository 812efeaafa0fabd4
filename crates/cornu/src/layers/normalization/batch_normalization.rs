//! Normalisation by the statistics of the batch.

use serde::{Deserialize, Serialize};

use super::renorm::{self, RenormClipping};
use crate::constraints::Constraint;
use crate::error::{Error, Result};
use crate::graph::{Graph, Value};
use crate::initializers::InitializerConfig;
use crate::layers::axis::last;
use crate::layers::defaults::{ones, yes, zeros};
use crate::layers::{Axes, Base, Context, Layer, WeightSpec, inputs};
use crate::regularizers::Regularizer;
use crate::shape::Shape;

/// Brings each feature to mean 0 and variance 1, then scales and shifts it by learnt amounts.
///
/// `y = gamma · (x - mean) / √(variance + epsilon) + beta`. In training, mean and variance are those of the batch, over all axes
/// but one, and `moving = moving · momentum + batch · (1 - momentum)`; in use, and while the layer is not trainable, they are the
/// moving ones.
///
/// # Shapes
/// Any with an axis besides the batch; the output has the input's. Weights `gamma`, `beta`, `moving_mean` and `moving_variance`,
/// each `[features]`.
///
/// # Errors
/// An axis that the input lacks, or the batch axis; a momentum outside 0 to 1; an epsilon that is not positive; limits of renormalisation
/// that contradict each other.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let model = Sequential::new().input([8, 8, 16]).add(BatchNormalization::new()).build()?;
/// assert_eq!(model.count_params(), 4 * 16);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Source
/// Ioffe and Szegedy, "Batch Normalization: Accelerating Deep Network Training by Reducing Internal Covariate Shift", 2015; for `renorm`
/// Ioffe, "Batch Renormalization: Towards Reducing Minibatch Dependence in Batch-Normalized Models", 2017.
///
/// # Keras
/// The same. Batches are never spread over machines, so that `synchronized` changes nothing. The variance is the mean of squared
/// deviations, also in the moving statistics.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BatchNormalization {
    #[serde(skip)]
    base: Base,
    #[serde(default = "last")]
    axis: Axes,
    #[serde(default = "momentum")]
    momentum: f64,
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
    #[serde(default = "zeros")]
    moving_mean_initializer: InitializerConfig,
    #[serde(default = "ones")]
    moving_variance_initializer: InitializerConfig,
    #[serde(default)]
    beta_regularizer: Option<Regularizer>,
    #[serde(default)]
    gamma_regularizer: Option<Regularizer>,
    #[serde(default)]
    beta_constraint: Option<Constraint>,
    #[serde(default)]
    gamma_constraint: Option<Constraint>,
    /// Of a batch that is spread over machines; here one machine has it all.
    #[serde(default)]
    synchronized: bool,
    #[serde(default)]
    renorm: bool,
    #[serde(default)]
    renorm_clipping: Option<RenormClipping>,
    #[serde(default = "momentum")]
    renorm_momentum: f64,
}

fn momentum() -> f64 {
    0.99
}

fn epsilon() -> f64 {
    0.001
}

layer!(BatchNormalization);

impl BatchNormalization {
    /// Of the features along the last axis, with momentum 0.99 and epsilon 0.001.
    pub fn new() -> Self {
        Self {
            base: Base::default(),
            axis: last(),
            momentum: momentum(),
            epsilon: epsilon(),
            center: true,
            scale: true,
            beta_initializer: zeros(),
            gamma_initializer: ones(),
            moving_mean_initializer: zeros(),
            moving_variance_initializer: ones(),
            beta_regularizer: None,
            gamma_regularizer: None,
            beta_constraint: None,
            gamma_constraint: None,
            synchronized: false,
            renorm: false,
            renorm_clipping: None,
            renorm_momentum: momentum(),
        }
    }

    setters! {
        /// The axis of the features; the batch counts as axis 0.
        axis: Axes,
        /// How much of the moving statistics stays at each step.
        momentum: f64,
        /// What is added to the variance, so that nothing is divided by zero.
        epsilon: f64,
        gamma_and_beta,
        /// How the moving mean begins.
        moving_mean_initializer: InitializerConfig,
        /// How the moving variance begins.
        moving_variance_initializer: InitializerConfig,
        /// Whether training, too, normalises by moving statistics: by those of the batch, and then corrected towards them.
        renorm: bool,
        /// How far those corrections may go.
        renorm_clipping: RenormClipping = Some,
        /// How much of the statistics of the corrections stays at each step.
        renorm_momentum: f64,
    }

    affine!();

    /// New value of a moving statistic.
    fn moved(&self, g: &mut Graph, moving: Value, batch: Value) -> Result<Value> {
        moved(g, moving, batch, self.momentum)
    }
}

/// What stays of a statistic, and the rest of the batch's.
fn moved(g: &mut Graph, moving: Value, batch: Value, momentum: f64) -> Result<Value> {
    let old = g.scale(moving, momentum as f32)?;
    let new = g.scale(batch, (1.0 - momentum) as f32)?;
    g.add(old, new)
}

/// Mean and variance over axes of what a mask, which has no axis of features, lets count.
fn masked_moments(g: &mut Graph, x: Value, mask: Value, axes: &[usize]) -> Result<(Value, Value)> {
    let mut spread = g.shape(mask).to_vec();
    spread.push(1);
    if spread.len() != g.shape(x).rank() {
        return Err(Error::shape(format!(
            "the mask of an input must have all its axes but the last, received {} for {}",
            g.shape(mask),
            g.shape(x)
        )));
    }
    let shape = g.shape(x).clone();
    let mask = g.reshape(mask, spread)?;
    let mask = g.broadcast(mask, shape)?;
    let count = g.sum(mask, axes, true)?;
    // As Keras has it: a batch of which nothing counts gives 0.
    let count = g.add_scalar(count, 1e-7)?;
    let mean_of = |g: &mut Graph, values: Value| {
        let counted = g.mul(values, mask)?;
        let sum = g.sum(counted, axes, true)?;
        g.div(sum, count)
    };
    let mean = mean_of(g, x)?;
    let deviation = g.sub(x, mean)?;
    let square = g.mul(deviation, deviation)?;
    let variance = mean_of(g, square)?;
    let features = g.shape(mean).elements();
    Ok((
        g.reshape(mean, [features])?,
        g.reshape(variance, [features])?,
    ))
}

impl Default for BatchNormalization {
    fn default() -> Self {
        Self::new()
    }
}

impl Layer for BatchNormalization {
    layer_identity!(BatchNormalization);
    passes_mask!();

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        let x = inputs::single("BatchNormalization", inputs)?;
        let features = x[self.axis.one(x.rank() + 1)? - 1];
        inputs::number("momentum", self.momentum, 0.0, 1.0)?;
        inputs::number("epsilon", self.epsilon, 0.0, f64::MAX)?;
        if self.epsilon as f32 == 0.0 {
            return Err(Error::config(format!(
                "epsilon must be positive, received {}",
                self.epsilon
            ))
            .help("a feature that never varies would be divided by zero"));
        }
        let weight = |name: &str, initializer: &InitializerConfig| {
            WeightSpec::new(name, [features], initializer.clone())
        };
        let mut weights = self.affine().weights([features]);
        weights.push(weight("moving_mean", &self.moving_mean_initializer).statistic());
        weights.push(weight("moving_variance", &self.moving_variance_initializer).statistic());
        if self.renorm {
            inputs::number("renorm_momentum", self.renorm_momentum, 0.0, 1.0)?;
            let limits = self.renorm_clipping.clone().unwrap_or_default();
            limits.check()?;
            let stddev = renorm::stddev_initializer(&self.moving_variance_initializer)?;
            weights.push(weight("moving_stddev", &stddev).statistic());
            weights.push(weight("renorm_mean", &self.moving_mean_initializer).statistic());
            weights.push(weight("renorm_stddev", &stddev).statistic());
        }
        Ok(weights)
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let x = inputs[0];
        let shape = cx.graph.shape(x).clone();
        let axis = self.axis.one(shape.rank())?;
        let others: Vec<usize> = (0..shape.rank()).filter(|&a| a != axis).collect();
        // Statistics as they are multiplied in: along the last axis they fit as they are.
        let mut spread = vec![1; shape.rank() - axis];
        spread[0] = shape[axis];
        let at = usize::from(self.scale) + usize::from(self.center);
        let (moving_mean, moving_variance) = (cx.weight(at), cx.weight(at + 1));
        let gamma = self.scale.then(|| cx.weight(0));
        let beta = self.center.then(|| cx.weight(at - 1));
        let training = cx.training && self.base.trainable;

        let factor = |g: &mut Graph, variance: Value| {
            let v = g.add_scalar(variance, self.epsilon as f32)?;
            let inverse = g.rsqrt(v)?;
            match gamma {
                Some(gamma) => g.mul(inverse, gamma),
                None => Ok(inverse),
            }
        };
        let mask = cx.mask();
        let renorm = self
            .renorm
            .then(|| [cx.weight(at + 2), cx.weight(at + 3), cx.weight(at + 4)]);
        let mut later = Vec::new();
        let g = &mut *cx.graph;
        if !training {
            // One factor and one term for each feature, whatever the size of the batch.
            let factor = factor(g, moving_variance)?;
            let mut term = g.mul(moving_mean, factor)?;
            term = match beta {
                Some(beta) => g.sub(beta, term)?,
                None => g.neg(term)?,
            };
            let (factor, term) = (g.reshape(factor, spread.clone())?, g.reshape(term, spread)?);
            let y = g.mul(x, factor)?;
            return g.add(y, term);
        }
        let (mean, variance) = if let Some(mask) = mask {
            masked_moments(g, x, mask, &others)?
        } else if others.contains(&(shape.rank() - 1)) {
            // The features come last while their statistics are taken.
            let order: Vec<usize> = others.iter().copied().chain([axis]).collect();
            let last = g.transpose(x, &order)?;
            g.moments(last)?
        } else {
            g.moments(x)?
        };
        let centre = g.reshape(mean, spread.clone())?;
        let deviation = g.sub(x, centre)?;
        let mut factor = factor(g, variance)?;
        let mut term = beta;
        if let Some([stddev, kept_mean, kept_stddev]) = renorm {
            let own = g.add_scalar(variance, self.epsilon as f32)?;
            let own = g.sqrt(own)?;
            let limits = self.renorm_clipping.clone().unwrap_or_default();
            let [r, d] =
                limits.correction(g, self.epsilon, [mean, own], [kept_mean, kept_stddev])?;
            factor = g.mul(factor, r)?;
            let d = match gamma {
                Some(gamma) => g.mul(d, gamma)?,
                None => d,
            };
            term = Some(match beta {
                Some(beta) => g.add(d, beta)?,
                None => d,
            });
            let statistics = [
                (stddev, own, self.momentum),
                (kept_mean, mean, self.renorm_momentum),
                (kept_stddev, own, self.renorm_momentum),
            ];
            for (i, (kept, batch, momentum)) in statistics.into_iter().enumerate() {
                later.push((at + 2 + i, moved(g, kept, batch, momentum)?));
            }
        }
        let factor = g.reshape(factor, spread.clone())?;
        let mut y = g.mul(deviation, factor)?;
        if let Some(term) = term {
            let term = g.reshape(term, spread)?;
            y = g.add(y, term)?;
        }
        let mean = self.moved(g, moving_mean, mean)?;
        let variance = match later.first() {
            // As the square of the standard deviation that is kept.
            Some(&(_, stddev)) => {
                let square = g.square(stddev)?;
                let square = g.add_scalar(square, -self.epsilon as f32)?;
                g.relu(square)?
            }
            None => self.moved(g, moving_variance, variance)?,
        };
        for (number, value) in later {
            cx.update(number, value);
        }
        cx.update(at, mean);
        cx.update(at + 1, variance);
        Ok(y)
    }
}
