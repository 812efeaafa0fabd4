//! Steps of a sequence that are passed over.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::graph::{Graph, Value};
use crate::layers::{Base, Context, Layer, WeightSpec, inputs};
use crate::shape::Shape;

/// Marks the steps of a sequence whose features all have one value as padding, which layers after this one pass over.
///
/// `counts[b, t] = any_f (x[b, t, f] ≠ mask_value)`; the features of the steps that do not count become 0.
///
/// # Shapes
/// `[batch, steps, features]`, and any with an axis of features last; the output has the input's.
///
/// # Errors
/// Inputs without an axis besides the batch.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let mut model = Sequential::new().input([3, 2]).add(Masking::new()).add(LSTM::new(4)).build()?;
/// let padded = Tensor::new([1, 3, 2], vec![0.5, 0.1, -0.2, 0.3, 0.0, 0.0])?;
/// let mut short = Sequential::new().input([2, 2]).add(LSTM::new(4)).build()?;
/// short.set_weights(&model.weights())?;
/// let alone = Tensor::new([1, 2, 2], vec![0.5, 0.1, -0.2, 0.3])?;
/// assert_eq!(model.predict(&padded)?.f32s()?, short.predict(&alone)?.f32s()?);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Keras
/// The same.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Masking {
    #[serde(skip)]
    base: Base,
    #[serde(default)]
    mask_value: f64,
}

layer!(Masking);

impl Masking {
    /// Steps of zeros do not count.
    pub fn new() -> Self {
        Self::default()
    }

    /// Steps of this value do not count.
    pub fn mask_value(mut self, mask_value: f64) -> Self {
        self.mask_value = mask_value;
        self
    }

    /// 1 for steps that count, else 0: `[batch, steps, 1]`.
    fn counts(&self, g: &mut Graph, x: Value) -> Result<Value> {
        let value = g.constant(self.mask_value as f32)?;
        let differs = g.not_equal(x, value)?;
        let last = g.shape(x).rank() - 1;
        g.max(differs, &[last], true)
    }
}

impl Layer for Masking {
    layer_identity!(Masking);

    fn mask(&self, g: &mut Graph, inputs: &[Value], _: &[Option<Value>]) -> Result<Option<Value>> {
        let counts = self.counts(g, inputs[0])?;
        let shape = g.shape(counts).clone();
        g.reshape(counts, &shape[..shape.rank() - 1]).map(Some)
    }

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        let x = inputs::single("Masking", inputs)?;
        if x.rank() == 0 {
            return Err(Error::shape(format!(
                "Masking expects sequences [steps, features], received {x}"
            )));
        }
        Ok(Vec::new())
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let counts = self.counts(cx.graph, inputs[0])?;
        let zero = cx.graph.constant(0.0)?;
        cx.graph.select(counts, inputs[0], zero)
    }
}
