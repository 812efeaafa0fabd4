//! One vector as a sequence of itself.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::graph::Value;
use crate::layers::{Base, Context, Layer, Pair, WeightSpec, inputs};
use crate::shape::Shape;

/// Repeats the features of each sample `n` times: a sequence whose steps are all alike.
///
/// `y[b, t, f] = x[b, f]`
///
/// # Shapes
/// `[batch, features] → [batch, n, features]`.
///
/// # Errors
/// Samples that are not vectors; no repetition.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let model = Sequential::new().input([32]).add(RepeatVector::new(3)).build()?;
/// assert_eq!(model.output_shape().axes(), &[3, 32]);
/// # Ok::<(), cornu::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RepeatVector {
    #[serde(skip)]
    base: Base,
    n: usize,
}

layer!(RepeatVector);

impl RepeatVector {
    /// So many times.
    pub fn new(n: usize) -> Self {
        Self {
            base: Base::default(),
            n,
        }
    }
}

impl Layer for RepeatVector {
    layer_identity!(RepeatVector);

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        let x = inputs::single("RepeatVector", inputs)?;
        if x.rank() != 1 {
            return Err(Error::shape(format!(
                "RepeatVector expects vectors [features], received {x}"
            ))
            .help("put Flatten or a pooling layer before it"));
        }
        inputs::sizes([("n", Pair::from(self.n))])?;
        Ok(Vec::new())
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let x = cx.graph.shape(inputs[0]).clone();
        let one = cx.graph.reshape(inputs[0], [x[0], 1, x[1]])?;
        cx.graph.broadcast(one, [x[0], self.n, x[1]])
    }
}
