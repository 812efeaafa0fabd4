//! Probabilities from scores, as a layer.

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::graph::Value;
use crate::layers::axis::last;
use crate::layers::{Axes, Base, Context, Layer, WeightSpec, inputs};
use crate::shape::Shape;

/// Turns scores into probabilities along an axis.
///
/// `y_i = exp(x_i) / Σ_j exp(x_j)`
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

impl Default for Softmax {
    fn default() -> Self {
        Self::new()
    }
}

impl Layer for Softmax {
    layer_identity!(Softmax);
    passes_mask!();

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        let x = inputs::single("Softmax", inputs)?;
        self.axis.resolve(x.rank() + 1)?;
        Ok(Vec::new())
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let g = &mut *cx.graph;
        let shape = g.shape(inputs[0]).clone();
        let axes = self.axis.resolve(shape.rank())?;
        // The op normalises the last axis: the chosen ones are moved there as one, and back.
        let mut order: Vec<usize> = (0..shape.rank()).filter(|a| !axes.contains(a)).collect();
        let mut scores: Vec<usize> = order.iter().map(|&a| shape[a]).collect();
        scores.push(axes.iter().map(|&a| shape[a]).product());
        order.extend(&axes);
        let mut back = vec![0; order.len()];
        for (i, &a) in order.iter().enumerate() {
            back[a] = i;
        }
        let x = g.transpose(inputs[0], &order)?;
        let moved = g.shape(x).clone();
        let x = g.reshape(x, scores)?;
        let y = g.softmax(x)?;
        let y = g.reshape(y, moved)?;
        g.transpose(y, &back)
    }
}
