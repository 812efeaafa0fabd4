//! Several inputs side by side.

use serde::{Deserialize, Serialize};

use super::elementwise;
use crate::error::{Error, Result};
use crate::graph::{Graph, Value};
use crate::layers::axis::last;
use crate::layers::{Axes, Base, Context, Layer, WeightSpec, inputs};
use crate::shape::Shape;

/// Sets its inputs side by side along an axis.
///
/// # Shapes
/// Inputs that agree in every axis but the chosen one, whose lengths add up: `[batch, .., a], [batch, .., b] → [batch, .., a + b]`.
///
/// # Errors
/// Inputs that differ in another axis; an axis that they lack, or the batch axis.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let (a, b) = (input([8]), input([4]));
/// let model = Model::new([&a, &b], [&Concatenate::new().on([&a, &b])])?;
/// assert_eq!(model.output_shape().axes(), &[12]);
/// # Ok::<(), cornu::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Concatenate {
    #[serde(skip)]
    base: Base,
    #[serde(default = "last")]
    axis: Axes,
}

layer!(Concatenate);

impl Concatenate {
    /// Along the last axis.
    pub fn new() -> Self {
        Self {
            base: Base::default(),
            axis: last(),
        }
    }

    /// Along another axis; the batch counts as axis 0.
    pub fn axis(mut self, axis: i64) -> Self {
        self.axis = axis.into();
        self
    }
}

impl Default for Concatenate {
    fn default() -> Self {
        Self::new()
    }
}

impl Layer for Concatenate {
    layer_identity!(Concatenate);
    keeps_places!(|l: &Self| l.axis == last());

    fn mask(
        &self,
        g: &mut Graph,
        inputs: &[Value],
        masks: &[Option<Value>],
    ) -> Result<Option<Value>> {
        let rank = g.shape(inputs[0]).rank();
        let axis = self.axis.one(rank)?;
        if axis == rank - 1 {
            return elementwise::mask(g, masks);
        }
        if masks.iter().all(Option::is_none) {
            return Ok(None);
        }
        let one = g.constant(1.0)?;
        let mut parts = Vec::with_capacity(inputs.len());
        for (&x, mask) in inputs.iter().zip(masks) {
            parts.push(if let Some(mask) = *mask {
                mask
            } else {
                let steps = g.shape(x)[..rank - 1].to_vec();
                g.broadcast(one, steps)?
            });
        }
        g.concat(&parts, axis).map(Some)
    }

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        let inputs = inputs::several("Concatenate", inputs)?;
        let first = &inputs[0];
        let axis = self.axis.one(first.rank() + 1)? - 1;
        let fits = |x: &Shape| {
            x.rank() == first.rank() && (0..x.rank()).all(|a| a == axis || x[a] == first[a])
        };
        if !inputs.iter().all(fits) {
            return Err(Error::shape(format!(
                "Concatenate expects inputs that agree in every axis but axis {}, received {inputs:?}",
                axis + 1
            ))
            .help("the batch counts as axis 0"));
        }
        Ok(Vec::new())
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let axis = self.axis.one(cx.graph.shape(inputs[0]).rank())?;
        match inputs {
            [x] => Ok(*x),
            _ => cx.graph.concat(inputs, axis),
        }
    }
}
