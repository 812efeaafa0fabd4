//! A layer whose matrix stretches no vector.

use serde::{Deserialize, Serialize};

use super::unit;
use crate::error::{Error, Result};
use crate::graph::{Graph, Value};
use crate::initializers::{Initializer, InitializerConfig};
use crate::layers::recurrent::wrapped::Wrapped;
use crate::layers::{Base, Context, Layer, Pair, WeightSpec, inputs};
use crate::shape::Shape;

/// Divides the kernel of a layer by its largest singular value before each step of training.
///
/// `kernel ← kernel / σ`, `σ = v · kernel · uᵀ`, where `u` and `v` come closer to the singular vectors by `power_iterations` steps each
/// time: `v ← u · kernelᵀ / ‖…‖`, `u ← v · kernel / ‖…‖`
///
/// # Shapes
/// Those of the layer. A kernel of several axes counts as a matrix whose columns are the last one. Weights are `kernel` (or `embeddings`),
/// `vector_u` `[1, columns]`, and the layer's others.
///
/// # Errors
/// A layer without `kernel` and `embeddings`; no iterations.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let model = Sequential::new().input([8]).add(SpectralNormalization::new(Dense::new(4))).build()?;
/// assert_eq!(model.count_params(), 8 * 4 + 4 + 4);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Source
/// Miyato et al., "Spectral Normalization for Generative Adversarial Networks", 2018.
///
/// # Keras
/// The same: the kernel itself is set, and its gradient is that of the kernel as it was set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpectralNormalization {
    #[serde(skip)]
    base: Base,
    layer: Wrapped,
    #[serde(default = "once")]
    power_iterations: usize,
}

fn once() -> usize {
    1
}

layer!(SpectralNormalization);

impl SpectralNormalization {
    /// Of this layer, with one iteration a step.
    pub fn new(layer: impl Layer + 'static) -> Self {
        Self {
            base: Base::default(),
            layer: Wrapped(Box::new(layer)),
            power_iterations: once(),
        }
    }

    setters! {
        /// How often the vectors are improved at each step.
        power_iterations: usize,
    }

    /// The kernel and `u` for the next call.
    fn normalized(&self, g: &mut Graph, kernel: Value, u: Value) -> Result<[Value; 2]> {
        let shape = g.shape(kernel).clone();
        let columns = shape.last().copied().unwrap_or(1);
        let matrix = g.reshape(kernel, [shape.elements() / columns.max(1), columns])?;
        let turned = g.transpose(matrix, &[1, 0])?;
        let (mut next, mut v) = (u, u);
        for _ in 0..self.power_iterations {
            v = g.matmul(next, turned)?;
            v = unit(g, v, &[0, 1], 1e-7)?;
            next = g.matmul(v, matrix)?;
            next = unit(g, next, &[0, 1], 1e-7)?;
        }
        let stretched = g.matmul(v, matrix)?;
        let along = g.mul(stretched, next)?;
        let sigma = g.sum_all(along)?;
        let divided = g.div(kernel, sigma)?;
        // A kernel of zeros stays as it is.
        let size = g.abs(kernel)?;
        let axes: Vec<usize> = (0..shape.rank()).collect();
        let largest = g.max(size, &axes, false)?;
        let any = g.greater_scalar(largest, 0.0)?;
        Ok([g.select(any, divided, kernel)?, g.select(any, next, u)?])
    }

    /// Which of the layer's weights is normalised.
    fn place(&self, weights: &[WeightSpec]) -> Result<usize> {
        let found = weights
            .iter()
            .position(|w| w.name == "kernel" || w.name == "embeddings");
        found.ok_or_else(|| {
            Error::config(format!(
                "SpectralNormalization needs a layer with a kernel or embeddings, received {}",
                self.layer.0.class_name()
            ))
        })
    }
}

impl Layer for SpectralNormalization {
    layer_identity!(SpectralNormalization);

    fn mask(
        &self,
        g: &mut Graph,
        inputs: &[Value],
        masks: &[Option<Value>],
    ) -> Result<Option<Value>> {
        self.layer.0.mask(g, inputs, masks)
    }

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        inputs::sizes([("power_iterations", Pair::from(self.power_iterations))])?;
        if self.power_iterations > 1000 {
            return Err(Error::config(format!(
                "power_iterations must be at most 1000, received {}",
                self.power_iterations
            )));
        }
        let mut weights = self.layer.0.build(inputs)?;
        let kernel = weights.remove(self.place(&weights)?);
        let columns = kernel.shape.last().copied().unwrap_or(1);
        let begin: InitializerConfig = Initializer::TruncatedNormal {
            mean: 0.0,
            stddev: 0.02,
        }
        .into();
        let u = WeightSpec::new("vector_u", [1, columns], begin).statistic();
        weights.splice(0..0, [kernel, u]);
        Ok(weights)
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let shapes: Vec<Shape> = inputs
            .iter()
            .map(|&x| cx.graph.shape(x).without_batch())
            .collect();
        let place = self.place(&self.layer.0.build(&shapes)?)?;
        let (mut kernel, u) = (cx.weight(0), cx.weight(1));
        if cx.training {
            let [set, next] = self.normalized(cx.graph, kernel, u)?;
            cx.update(0, set);
            cx.update(1, next);
            // The gradient is that of the kernel as it is now, however it came to be.
            let change = cx.graph.sub(set, kernel)?;
            let change = cx.graph.stop_gradient(change)?;
            kernel = cx.graph.add(kernel, change)?;
        }
        let mut own = cx.weights[2..].to_vec();
        own.insert(place, kernel);
        let masks = cx.masks.clone();
        let within = cx.apart(&own, masks, |cx| self.layer.0.call(cx, inputs))?;
        for loss in within.losses {
            cx.add_loss(loss)?;
        }
        for (i, value) in within.updates {
            // The layer's weights without the kernel come third and on.
            match i.cmp(&place) {
                std::cmp::Ordering::Less => cx.update(i + 2, value),
                std::cmp::Ordering::Equal => cx.update(0, value),
                std::cmp::Ordering::Greater => cx.update(i + 1, value),
            }
        }
        Ok(within.result)
    }
}
