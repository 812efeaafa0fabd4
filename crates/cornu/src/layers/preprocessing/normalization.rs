//! Features brought to mean 0 and variance 1 by statistics of the data.

use serde::{Deserialize, Serialize};

use super::encoding::Nested;
use crate::error::{Error, Result};
use crate::exec::Variable;
use crate::graph::Value;
use crate::layers::axis::last;
use crate::layers::{Axes, Base, Context, Layer, WeightSpec, inputs};
use crate::shape::{DType, Shape};
use crate::tensor::Tensor;

/// Keras's `epsilon()`, below which no deviation divides.
const EPSILON: f32 = 1e-7;

/// Brings features to mean 0 and variance 1 by statistics that are given or taken from the data beforehand.
///
/// `y = (x - mean) / max(√variance, 10⁻⁷)`, inverted `y = x · max(√variance, 10⁻⁷) + mean`
///
/// # Shapes
/// Any; the output has the input's. Statistics have the lengths of the axes kept, `axis`: the last one, several, or none for one
/// mean of all. Where they are not given, `mean`, `variance` and `count` are weights that training does not change.
///
/// # Errors
/// One of mean and variance alone, statistics that fit no axis, an axis that the input lacks, or the batch axis.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let data = Tensor::new([4, 2], vec![1.0f32, 10.0, 2.0, 20.0, 3.0, 30.0, 4.0, 40.0])?;
/// let mut scale = Normalization::new();
/// scale.adapt(&data)?;
/// let mut model = Sequential::new().input([2]).add(scale).build()?;
/// let y = model.predict(&Tensor::new([1, 2], vec![2.5f32, 25.0])?)?;
/// assert_eq!(y.f32s()?, &[0.0, 0.0]);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Keras
/// Axis 0, the batch, cannot be kept. Adapted statistics are the layer's weights in any model that it becomes part of.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Normalization {
    #[serde(skip)]
    base: Base,
    #[serde(default = "last")]
    axis: Axes,
    #[serde(default)]
    invert: bool,
    #[serde(default)]
    mean: Option<Nested>,
    #[serde(default)]
    variance: Option<Nested>,
    /// Mean, variance and count that were taken from data, and the lengths of the axes kept.
    #[serde(skip)]
    adapted: Option<[Variable; 3]>,
}

layer!(Normalization);

impl Default for Normalization {
    fn default() -> Self {
        Self::new()
    }
}

impl Normalization {
    /// Of each feature along the last axis.
    pub fn new() -> Self {
        Self {
            base: Base::default(),
            axis: last(),
            invert: false,
            mean: None,
            variance: None,
            adapted: None,
        }
    }

    /// The axes of which each place has statistics of its own; the batch counts as axis 0.
    pub fn axis(mut self, axis: impl Into<Axes>) -> Self {
        self.axis = axis.into();
        self
    }

    /// One mean and one variance of all numbers: Keras's `axis=None`.
    pub fn of_all(mut self) -> Self {
        self.axis = Axes::from([]);
        self
    }

    /// The mean, where it is known; the variance is then given too.
    pub fn mean(mut self, mean: impl Into<Nested>) -> Self {
        self.mean = Some(mean.into());
        self
    }

    /// The variance, where it is known.
    pub fn variance(mut self, variance: impl Into<Nested>) -> Self {
        self.variance = Some(variance.into());
        self
    }

    /// Whether features are brought back from mean 0 and variance 1.
    pub fn invert(mut self, invert: bool) -> Self {
        self.invert = invert;
        self
    }

    /// Whether the statistics are taken from data.
    pub(super) fn learns(&self) -> bool {
        self.mean.is_none()
    }

    /// The same with the statistics of the data as its arguments.
    pub(super) fn fixed(&self) -> Result<Self> {
        let Some([mean, variance, _]) = &self.adapted else {
            return Ok(self.clone());
        };
        let nested = |v: &Variable| -> Result<Nested> {
            let values = v
                .value()
                .f32s()?
                .iter()
                .map(|&x| f64::from(x))
                .collect::<Vec<_>>();
            Ok(Nested::of(v.shape().to_vec(), values))
        };
        let mut fixed = self.clone();
        (fixed.mean, fixed.variance) = (Some(nested(mean)?), Some(nested(variance)?));
        fixed.adapted = None;
        Ok(fixed)
    }

    /// The axes kept of a value of a rank with the batch.
    fn kept(&self, rank: usize) -> Result<Vec<usize>> {
        if self.axis.is_empty() {
            return Ok(Vec::new());
        }
        self.axis.resolve(rank)
    }

    /// Takes mean and variance from the data, `[samples, ..]`.
    ///
    /// # Errors
    /// Statistics that were given, no data, an axis that the data lack, other lengths than before.
    pub fn adapt(&mut self, data: &Tensor) -> Result<()> {
        self.adapt_batches([data])
    }

    /// As [`Normalization::adapt`], of data that come in several arrays.
    pub fn adapt_batches<'a>(
        &mut self,
        batches: impl IntoIterator<Item = &'a Tensor>,
    ) -> Result<()> {
        if self.mean.is_some() || self.variance.is_some() {
            return Err(Error::config(
                "a Normalization with mean and variance cannot be adapted",
            ));
        }
        let mut found: Option<(Shape, Moments)> = None;
        for batch in batches {
            let kept = self.kept(batch.shape().rank())?;
            let shape: Shape = kept
                .iter()
                .map(|&a| batch.shape()[a])
                .collect::<Vec<_>>()
                .into();
            let own = Moments::of(batch, &kept);
            match &mut found {
                None => found = Some((shape, own)),
                Some((first, all)) if *first == shape => all.join(&own),
                Some((first, _)) => {
                    return Err(Error::shape(format!(
                        "Normalization was adapted to features of shape {first}, received {shape}"
                    )));
                }
            }
        }
        let (shape, found) = found
            .filter(|(_, m)| m.count > 0.0)
            .ok_or_else(|| Error::data("Normalization cannot be adapted to no data"))?;
        let floats = |values: &[f64]| values.iter().map(|&v| v as f32).collect::<Vec<f32>>();
        let statistics = [
            Tensor::new(shape.clone(), floats(&found.mean))?,
            Tensor::new(shape.clone(), floats(&found.variance))?,
            Tensor::scalar(0.0),
        ];
        match &self.adapted {
            // A layer that is part of a model already changes what the model computes.
            Some(variables) if *variables[0].shape() == shape => {
                for (variable, value) in variables.iter().zip(&statistics) {
                    variable.set(value)?;
                }
            }
            _ => {
                let [mean, variance, count] = &statistics;
                self.adapted = Some([
                    Variable::new(mean)?,
                    Variable::new(variance)?,
                    Variable::new(count)?,
                ]);
            }
        }
        Ok(())
    }
}

/// Mean and variance of numbers, for each place of the axes kept.
struct Moments {
    mean: Vec<f64>,
    variance: Vec<f64>,
    count: f64,
}

impl Moments {
    fn of(data: &Tensor, kept: &[usize]) -> Self {
        let shape = data.shape();
        let values = super::floats_of(data);
        let places: usize = kept.iter().map(|&a| shape[a]).product();
        let strides = shape.strides();
        let place = |i: usize| {
            kept.iter()
                .fold(0, |at, &a| at * shape[a] + i / strides[a] % shape[a])
        };
        let count = (values.len() / places.max(1)) as f64;
        let mut mean = vec![0.0; places];
        for (i, &v) in values.iter().enumerate() {
            mean[place(i)] += f64::from(v);
        }
        for m in &mut mean {
            *m /= count.max(1.0);
        }
        let mut variance = vec![0.0; places];
        for (i, &v) in values.iter().enumerate() {
            let at = place(i);
            variance[at] += (f64::from(v) - mean[at]).powi(2);
        }
        for v in &mut variance {
            *v /= count.max(1.0);
        }
        Self {
            mean,
            variance,
            count,
        }
    }

    /// Adds more numbers.
    fn join(&mut self, more: &Self) {
        let count = self.count + more.count;
        if count == 0.0 {
            return;
        }
        let share = more.count / count;
        for (i, mean) in self.mean.iter_mut().enumerate() {
            let joined = *mean * (1.0 - share) + more.mean[i] * share;
            let old = self.variance[i] + (*mean - joined).powi(2);
            let new = more.variance[i] + (more.mean[i] - joined).powi(2);
            self.variance[i] = old * (1.0 - share) + new * share;
            *mean = joined;
        }
        self.count = count;
    }
}

impl Layer for Normalization {
    layer_identity!(Normalization);
    passes_mask!();

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        let x = inputs::single("Normalization", inputs)?;
        let kept = self.kept(x.rank() + 1)?;
        let lengths: Vec<usize> = kept.iter().map(|&a| x[a - 1]).collect();
        match (&self.mean, &self.variance) {
            (None, None) => {
                let weights = [("mean", "zeros"), ("variance", "ones"), ("count", "zeros")];
                let specs = weights
                    .into_iter()
                    .enumerate()
                    .map(|(i, (name, initializer))| {
                        let shape = match name {
                            "count" => Shape::scalar(),
                            _ => Shape::from(lengths.clone()),
                        };
                        let spec = WeightSpec::new(name, shape, initializer).statistic();
                        match &self.adapted {
                            Some(variables) => spec.shared(variables[i].clone()),
                            None => spec,
                        }
                    });
                if let Some([mean, ..]) = &self.adapted
                    && mean.shape().axes() != lengths
                {
                    return Err(Error::shape(format!(
                        "Normalization was adapted to features of shape {}, received {x}",
                        mean.shape()
                    )));
                }
                Ok(specs.collect())
            }
            (Some(mean), Some(variance)) if mean.shape() == variance.shape() => {
                let given = mean.shape();
                let fits = given.len() <= lengths.len()
                    && given
                        .iter()
                        .rev()
                        .zip(lengths.iter().rev())
                        .all(|(&n, &m)| n == m || n == 1);
                if !fits {
                    return Err(Error::shape(format!(
                        "mean and variance must fit the axes kept, {lengths:?}, received {given:?}"
                    )));
                }
                Ok(Vec::new())
            }
            (Some(mean), Some(variance)) => Err(Error::config(format!(
                "mean and variance must have one shape, received {:?} and {:?}",
                mean.shape(),
                variance.shape()
            ))),
            _ => Err(
                Error::config("mean and variance must be given both or not at all")
                    .help("adapt(data) finds both"),
            ),
        }
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let x = cx.graph.cast(inputs[0], DType::F32)?;
        let rank = cx.graph.shape(x).rank();
        let kept = self.kept(rank)?;
        // Axes of length 1 wherever a statistic does not vary, without those in front of the first kept one.
        let spread = |lengths: &[usize]| {
            let mut axes = vec![1; rank];
            for (&axis, &n) in kept.iter().rev().zip(lengths.iter().rev()) {
                axes[axis] = n;
            }
            axes
        };
        let (mean, variance) = if let (Some(mean), Some(variance)) = (&self.mean, &self.variance) {
            let axes = spread(mean.shape());
            (
                cx.graph.literal(axes.clone(), &mean.floats())?,
                cx.graph.literal(axes, &variance.floats())?,
            )
        } else {
            let lengths = cx.graph.shape(cx.weight(0)).to_vec();
            let axes = spread(&lengths);
            (
                cx.graph.reshape(cx.weights[0], axes.clone())?,
                cx.graph.reshape(cx.weights[1], axes)?,
            )
        };
        let g = &mut *cx.graph;
        let deviation = g.sqrt(variance)?;
        let least = g.constant(EPSILON)?;
        let deviation = g.maximum(deviation, least)?;
        if self.invert {
            let y = g.mul(x, deviation)?;
            return g.add(mean, y);
        }
        let y = g.sub(x, mean)?;
        g.div(y, deviation)
    }
}
