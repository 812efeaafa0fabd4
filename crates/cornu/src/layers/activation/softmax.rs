//! Probabilities from scores, as a layer.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::graph::{Graph, Value};
use crate::layers::axis::{last, over_axes};
use crate::layers::{Axes, Base, Context, Layer, WeightSpec, inputs};
use crate::shape::Shape;

/// Turns scores into probabilities along an axis.
///
/// `y_i = exp(x_i) / Σ_j exp(x_j)`
///
/// A mask of the input takes part: scores that do not count become probabilities of 0.
///
/// # Shapes
/// Any with an axis besides the batch; the output has the input's. A mask has the input's shape, or length 1 where it is to be
/// repeated.
///
/// # Errors
/// An axis that the input lacks, or the batch axis; a mask that does not fit.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let model = Sequential::new().input([10]).add(Softmax::new()).build()?;
/// assert_eq!(model.output_shape().axes(), &[10]);
/// # Ok::<(), cornu::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Softmax {
    #[serde(skip)]
    base: Base,
    #[serde(default = "last")]
    axis: Axes,
}

layer!(Softmax);

impl Softmax {
    /// Along the last axis.
    pub fn new() -> Self {
        Self {
            base: Base::default(),
            axis: last(),
        }
    }

    /// Along another axis, or over several together; the batch counts as axis 0.
    pub fn axis(mut self, axis: impl Into<Axes>) -> Self {
        self.axis = axis.into();
        self
    }
}

/// What stands in for a score that does not count.
pub(in crate::layers) const MASKED: f32 = -1e9;

/// Refuses a mask that cannot stand beside `x`.
fn check_mask(mask: &Shape, x: &Shape) -> Result<()> {
    let fits =
        mask.rank() == x.rank() && mask.iter().zip(x.iter()).all(|(&m, &n)| m == n || m == 1);
    if fits {
        return Ok(());
    }
    Err(Error::shape(format!(
        "the mask of a Softmax must have the axes of its input, or length 1 in their place, received {mask} for {x}"
    )))
}

impl Default for Softmax {
    fn default() -> Self {
        Self::new()
    }
}

impl Layer for Softmax {
    layer_identity!(Softmax);
    keeps_places!(|l: &Self| l.axis == last());
    passes_mask!();

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        let x = inputs::single("Softmax", inputs)?;
        self.axis.resolve(x.rank() + 1)?;
        Ok(Vec::new())
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let mask = cx.mask();
        let g = &mut *cx.graph;
        let shape = g.shape(inputs[0]).clone();
        let axes = self.axis.resolve(shape.rank())?;
        let Some(mask) = mask else {
            return over_axes(g, inputs[0], &axes, Graph::softmax);
        };
        check_mask(g.shape(mask), &shape)?;
        let (never, nothing) = (g.constant(MASKED)?, g.constant(0.0)?);
        let scores = g.select(mask, inputs[0], never)?;
        let y = over_axes(g, scores, &axes, Graph::softmax)?;
        g.select(mask, y, nothing)
    }
}
