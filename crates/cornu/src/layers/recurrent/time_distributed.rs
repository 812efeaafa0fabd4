//! A layer applied to each step of a sequence.

use serde::{Deserialize, Serialize};

use super::cell::step_of;
use super::wrapped::Wrapped;
use crate::error::{Error, Result};
use crate::graph::Value;
use crate::layers::{Base, Context, Layer, WeightSpec, inputs};
use crate::shape::Shape;

/// Applies one layer with the same weights to each step of a sequence.
///
/// `y_t = layer(x_t)`
///
/// # Shapes
/// `[batch, steps, ..input] → [batch, steps, ..output]`; the weights are the layer's.
///
/// # Errors
/// An input without an axis of steps, and what the layer refuses.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let frames = TimeDistributed::new(Conv2D::new(8, 3));
/// let model = Sequential::new().input([5, 16, 16, 3]).add(frames).build()?;
/// assert_eq!(model.output_shape().axes(), &[5, 14, 14, 8]);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Keras
/// All steps are one larger batch; where the layer moves statistics in training, as
/// [`BatchNormalization`](crate::layers::BatchNormalization) does, steps are taken one after another, as in Keras.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimeDistributed {
    #[serde(skip)]
    base: Base,
    layer: Wrapped,
}

layer!(TimeDistributed);

impl TimeDistributed {
    /// Applies a layer at each step.
    pub fn new(layer: impl Layer + 'static) -> Self {
        Self {
            base: Base::default(),
            layer: Wrapped(Box::new(layer)),
        }
    }

    /// Takes one step after another: what a step changes of the statistics is seen by the next.
    fn in_turn(&self, cx: &mut Context<'_>, x: Value, mask: Option<Value>) -> Result<Value> {
        let steps = cx.graph.shape(x)[1];
        let mut weights = cx.weights.to_vec();
        let mut changed = vec![false; weights.len()];
        let mut outputs = Vec::with_capacity(steps);
        for t in 0..steps {
            let at = step_of(cx.graph, x, t)?;
            let mask = mask.map(|m| step_of(cx.graph, m, t)).transpose()?;
            let step = cx.apart(&weights, vec![mask], |cx| self.layer.0.call(cx, &[at]))?;
            for loss in step.losses {
                cx.add_loss(loss)?;
            }
            let y = step.result;
            for (i, value) in step.updates {
                (weights[i], changed[i]) = (value, true);
            }
            let mut shape = cx.graph.shape(y).to_vec();
            shape.insert(1, 1);
            outputs.push(cx.graph.reshape(y, shape)?);
        }
        for (i, _) in changed.iter().enumerate().filter(|(_, c)| **c) {
            cx.update(i, weights[i]);
        }
        cx.graph.concat(&outputs, 1)
    }
}

impl Layer for TimeDistributed {
    layer_identity!(TimeDistributed);
    passes_mask!();

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        let x = inputs::single("TimeDistributed", inputs)?;
        if x.rank() < 2 {
            return Err(Error::shape(format!(
                "TimeDistributed expects sequences [steps, ..], received {x}"
            ))
            .help("the layer is applied to each step, which needs an axis of its own"));
        }
        self.layer.0.build(&[x.without_batch()])
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let x = inputs[0];
        let shape = cx.graph.shape(x).clone();
        let merged = |shape: &Shape| {
            let mut axes = shape.to_vec();
            let steps = axes.remove(1);
            axes[0] *= steps;
            axes
        };
        let mask = cx.mask();
        let all = cx.graph.reshape(x, merged(&shape))?;
        let flat = mask.map(|m| {
            let shape = merged(cx.graph.shape(m));
            cx.graph.reshape(m, shape)
        });
        let flat = flat.transpose()?;
        let weights = cx.weights;
        let merged = cx.apart(weights, vec![flat], |cx| self.layer.0.call(cx, &[all]))?;
        if !merged.updates.is_empty() {
            return self.in_turn(cx, x, mask);
        }
        for loss in merged.losses {
            cx.add_loss(loss)?;
        }
        let y = merged.result;
        let mut axes = cx.graph.shape(y).to_vec();
        if axes.first() != Some(&(shape[0] * shape[1])) {
            return Err(Error::shape(format!(
                "the layer of TimeDistributed must keep the batch axis, it gave {axes:?} for {} samples",
                shape[0] * shape[1]
            )));
        }
        axes.splice(0..1, [shape[0], shape[1]]);
        cx.graph.reshape(y, axes)
    }
}
