//! Several layers as one.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::graph::{Graph, Meta, Value};
use crate::layers::recurrent::Wrapped;
use crate::layers::{Base, Context, Layer, WeightSpec, inputs};
use crate::shape::{DType, Shape};

/// Applies layers one after another, as those that prepare the data.
///
/// # Shapes
/// As the first layer takes and the last one gives.
///
/// # Errors
/// What the layers refuse; layers with weights.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let prepare = Pipeline::new().add(Rescaling::new(1.0 / 255.0)).add(RandomFlip::new("horizontal"));
/// let model = Sequential::new().input([32, 32, 3]).add(prepare).build()?;
/// assert_eq!(model.output_shape().axes(), &[32, 32, 3]);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Keras
/// The layers have no weights, but for those of an adapted [`Normalization`](crate::layers::Normalization), which are kept in order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pipeline {
    #[serde(skip)]
    base: Base,
    layers: Vec<Wrapped>,
}

layer!(Pipeline);

impl Pipeline {
    /// Without layers yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a layer at the end.
    // Keras's own name for it; it adds no numbers.
    #[allow(clippy::should_implement_trait)]
    pub fn add(mut self, layer: impl Layer + 'static) -> Self {
        self.layers.push(Wrapped(Box::new(layer)));
        self
    }
}

/// The length of the batch axis while shapes are found out.
const PROBE_BATCH: usize = 2;

impl Layer for Pipeline {
    layer_identity!(Pipeline);

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        let x = inputs::single("Pipeline", inputs)?;
        if self.layers.is_empty() {
            return Err(Error::config(
                "Pipeline needs at least one layer, received none",
            ));
        }
        let mut g = Graph::new();
        let rng = Meta {
            shape: [4].into(),
            dtype: DType::I32,
        };
        let rng = g.feed_of(rng, false)?;
        let mut x = g.feed("x", x.with_batch(PROBE_BATCH), true)?;
        let mut weights = Vec::new();
        for (i, layer) in self.layers.iter().enumerate() {
            let own = layer.0.build(&[g.shape(x).without_batch()])?;
            let values = own.iter().map(|w| g.feed("w", w.shape.clone(), false));
            let values = values.collect::<Result<Vec<_>>>()?;
            let mut updates = Vec::new();
            let mut cx = Context::new(&mut g, true, &values, rng, &mut updates);
            x = layer.0.call(&mut cx, &[x])?;
            for mut weight in own {
                weight.name = format!("{}_{i}/{}", layer.name(), weight.name);
                weights.push(weight);
            }
        }
        Ok(weights)
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let (mut x, mut mask, mut at) = (inputs[0], cx.mask(), 0);
        for layer in &self.layers {
            let shape = cx.graph.shape(x).without_batch();
            let end = at + layer.0.build(&[shape])?.len();
            let outer = std::mem::replace(&mut cx.masks, vec![mask]);
            let y = cx.within(at..end, |cx| layer.0.call(cx, &[x]));
            cx.masks = outer;
            mask = layer.0.mask(cx.graph, &[x], &[mask])?;
            (x, at) = (y?, end);
        }
        Ok(x)
    }
}
