//! Samples brought to length 1.

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::graph::{Graph, Value};
use crate::layers::axis::last;
use crate::layers::{Axes, Base, Context, Layer, WeightSpec, inputs};
use crate::shape::Shape;

/// Divides the vectors along the axes given by their lengths.
///
/// `y = x / ‖x‖`, and 0 where `x` is 0
///
/// # Shapes
/// Any with an axis besides the batch; the output has the input's.
///
/// # Errors
/// An axis that the input lacks, or the batch axis.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let mut model = Sequential::new().input([2]).add(UnitNormalization::new()).build()?;
/// let y = model.predict(&Tensor::new([1, 2], vec![3.0, 4.0])?)?;
/// assert!((y.f32s()?[0] - 0.6).abs() < 1e-6 && (y.f32s()?[1] - 0.8).abs() < 1e-6);
/// # Ok::<(), cornu::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnitNormalization {
    #[serde(skip)]
    base: Base,
    #[serde(default = "last")]
    axis: Axes,
}

layer!(UnitNormalization);

impl UnitNormalization {
    /// Of the vectors along the last axis.
    pub fn new() -> Self {
        Self {
            base: Base::default(),
            axis: last(),
        }
    }

    setters! {
        /// The axes over which lengths are measured; the batch counts as axis 0.
        axis: Axes,
    }
}

impl Default for UnitNormalization {
    fn default() -> Self {
        Self::new()
    }
}

/// `x` divided by its length over the axes given; lengths below `epsilon` count as `epsilon`.
pub(in crate::layers) fn unit(
    g: &mut Graph,
    x: Value,
    axes: &[usize],
    epsilon: f32,
) -> Result<Value> {
    let square = g.square(x)?;
    let sum = g.sum(square, axes, true)?;
    let least = g.constant(epsilon * epsilon)?;
    let sum = g.maximum(sum, least)?;
    let inverse = g.rsqrt(sum)?;
    g.mul(x, inverse)
}

impl Layer for UnitNormalization {
    layer_identity!(UnitNormalization);
    keeps_places!(|l: &Self| l.axis == last());
    passes_mask!();

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        let x = inputs::single("UnitNormalization", inputs)?;
        self.axis.resolve(x.rank() + 1)?;
        Ok(Vec::new())
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let axes = self.axis.resolve(cx.graph.shape(inputs[0]).rank())?;
        unit(cx.graph, inputs[0], &axes, 1e-12)
    }
}
