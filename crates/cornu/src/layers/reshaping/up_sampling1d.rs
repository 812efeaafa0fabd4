//! Sequences made longer by a whole factor.

use serde::{Deserialize, Serialize};

use super::interpolation;
use crate::error::Result;
use crate::graph::Value;
use crate::layers::{Base, Context, DataFormat, Layer, Sizes, WeightSpec, inputs};
use crate::shape::Shape;

/// Repeats each step of a sequence.
///
/// `y[i] = x[i / size]`
///
/// # Shapes
/// `[batch, steps, channels] → [batch, steps·size, channels]`.
///
/// # Errors
/// An input that is no sequence; a size of 0.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let model = Sequential::new().input([4, 8]).add(UpSampling1D::new(3)).build()?;
/// assert_eq!(model.output_shape().axes(), &[12, 8]);
/// # Ok::<(), cornu::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpSampling1D {
    #[serde(skip)]
    base: Base,
    #[serde(default = "two")]
    size: usize,
}

fn two() -> usize {
    2
}

layer!(UpSampling1D);

impl UpSampling1D {
    /// So many times longer.
    pub fn new(size: usize) -> Self {
        Self {
            base: Base::default(),
            size,
        }
    }
}

impl Default for UpSampling1D {
    fn default() -> Self {
        Self::new(2)
    }
}

impl Layer for UpSampling1D {
    layer_identity!(UpSampling1D);

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        inputs::spatial::<1>("UpSampling1D", inputs, DataFormat::ChannelsLast)?;
        inputs::sizes([("size", Sizes::<1>::from(self.size))])?;
        Ok(Vec::new())
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        interpolation::repeat(cx.graph, inputs[0], &[self.size])
    }
}
