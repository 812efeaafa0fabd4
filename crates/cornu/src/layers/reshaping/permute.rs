//! The axes of a sample in another order.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::graph::Value;
use crate::layers::{Base, Context, Layer, WeightSpec, inputs};
use crate::shape::Shape;

/// Puts the axes of each sample in another order.
///
/// Axis `i` of the output is axis `dims[i]` of the input, where the first axis after the batch is 1.
///
/// # Shapes
/// `[batch, a, b] → [batch, b, a]` with `dims` `[2, 1]`; any number of axes.
///
/// # Errors
/// `dims` that do not name each axis of a sample once.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let model = Sequential::new().input([10, 64]).add(Permute::new([2, 1])).build()?;
/// assert_eq!(model.output_shape().axes(), &[64, 10]);
/// # Ok::<(), cornu::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Permute {
    #[serde(skip)]
    base: Base,
    dims: Vec<usize>,
}

layer!(Permute);

impl Permute {
    /// The input's axes in the order of the output; the first one after the batch is 1.
    pub fn new(dims: impl Into<Vec<usize>>) -> Self {
        Self {
            base: Base::default(),
            dims: dims.into(),
        }
    }
}

impl Layer for Permute {
    layer_identity!(Permute);

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        let x = inputs::single("Permute", inputs)?;
        let mut sorted = self.dims.clone();
        sorted.sort_unstable();
        if sorted.iter().copied().ne(1..=x.rank()) {
            return Err(Error::config(format!(
                "dims must name each of the axes 1 to {} once for samples of shape {x}, received {:?}",
                x.rank(),
                self.dims
            ))
            .help("the batch is axis 0 and stays where it is"));
        }
        Ok(Vec::new())
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let order: Vec<usize> = std::iter::once(0)
            .chain(self.dims.iter().copied())
            .collect();
        cx.graph.transpose(inputs[0], &order)
    }
}
