//! Cells: what is done at one step of a sequence, and how a sequence is walked along with one.

use crate::error::{Error, Result};
use crate::graph::{Graph, Value};
use crate::layers::{Context, Layer};
use crate::shape::Shape;

/// One step of a sequence: a layer that takes a step's input and its states and gives an output and the states after it.
///
/// [`Layer::call_all`] takes `[x, states..]` and gives `[output, states..]`; [`Layer::build`] is told the shapes of one step and of
/// the states. [`RNN`](super::RNN) runs any layer whose [`Layer::as_cell`] gives one.
///
/// # Example
/// A cell of your own, a moving average:
/// ```
/// use cornu::graph::Value;
/// use cornu::layers::{Base, Context, Layer, RnnCell, WeightSpec};
/// use cornu::prelude::*;
/// use serde_json::{Map, Value as Json};
///
/// #[derive(Clone, Debug, Default)]
/// struct Average(Base);
///
/// impl Layer for Average {
///     fn class_name(&self) -> &'static str { "Average" }
///     fn base(&self) -> &Base { &self.0 }
///     fn base_mut(&mut self) -> &mut Base { &mut self.0 }
///     fn config(&self) -> Map<String, Json> { Map::new() }
///     fn boxed(&self) -> Box<dyn Layer> { Box::new(self.clone()) }
///     fn as_cell(&self) -> Option<&dyn RnnCell> { Some(self) }
///     fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
///         Ok(self.call_all(cx, inputs)?[0])
///     }
///     fn call_all(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Vec<Value>> {
///         let sum = cx.graph.add(inputs[0], inputs[1])?;
///         let mean = cx.graph.scale(sum, 0.5)?;
///         Ok(vec![mean, mean])
///     }
/// }
///
/// impl RnnCell for Average {
///     fn state_shapes(&self, x: &Shape) -> Result<Vec<Shape>> { Ok(vec![x.clone()]) }
/// }
///
/// let mut model = Sequential::new().input([3, 1]).add(RNN::new(Average::default())).build()?;
/// let y = model.predict(&Tensor::new([1, 3, 1], vec![8.0f32, 4.0, 2.0])?)?;
/// assert_eq!(y.f32s()?, &[8.0 / 8.0 + 4.0 / 4.0 + 2.0 / 2.0]);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Keras
/// `state_size` is told as shapes; `output_size` follows from the call.
pub trait RnnCell: Layer {
    /// The shapes of the states, without the batch, for inputs of a shape at each step.
    fn state_shapes(&self, x: &Shape) -> Result<Vec<Shape>>;

    /// Walks along a sequence `[batch, steps, ..]`. Cells that can do better than one step after another say so here.
    fn walk(&self, cx: &mut Context<'_>, x: Value, along: &Walk<'_>) -> Result<Walked> {
        let states = along.begin(cx, self.state_shapes(&step_shape(cx.graph.shape(x)))?, x)?;
        step_by_step(cx, x, along, states, |cx, x, states| {
            let inputs: Vec<Value> = [x].iter().chain(states).copied().collect();
            let mut outputs = self.call_all(cx, &inputs)?;
            if outputs.len() != inputs.len() {
                return Err(Error::config(format!(
                    "a cell must give its output and {} states, {} gave {} values",
                    states.len(),
                    self.class_name(),
                    outputs.len()
                )));
            }
            let next = outputs.split_off(1);
            Ok((outputs[0], next))
        })
    }
}

/// How a cell is to walk along a sequence.
#[derive(Clone, Copy, Debug, Default)]
pub struct Walk<'a> {
    /// The states before the first step; none stand for zeros.
    pub initial: &'a [Value],
    /// Whether the last step is taken first.
    pub go_backwards: bool,
    /// Whether each step is to be nodes of its own, which can be differentiated again.
    pub unroll: bool,
    /// Which steps count, `[batch, steps]`: where it is 0, states and output stay as they are.
    pub mask: Option<Value>,
}

impl Walk<'_> {
    /// The states before the first step of `x`.
    pub(super) fn begin(
        &self,
        cx: &mut Context<'_>,
        shapes: Vec<Shape>,
        x: Value,
    ) -> Result<Vec<Value>> {
        if !self.initial.is_empty() {
            return Ok(self.initial.to_vec());
        }
        let batch = cx.graph.shape(x)[0];
        let zero = cx.graph.constant(0.0)?;
        let shapes = shapes.iter();
        shapes
            .map(|s| cx.graph.broadcast(zero, s.with_batch(batch)))
            .collect()
    }
}

/// What a walk gives.
#[derive(Clone, Debug)]
pub struct Walked {
    /// The output after each step, `[batch, steps, ..]`, in the order in which they were taken.
    pub outputs: Value,
    /// The output after the last step, `[batch, ..]`.
    pub last: Value,
    /// The states after the last step.
    pub states: Vec<Value>,
}

/// The shape of one step, without the batch, of a sequence `[batch, steps, ..]`.
pub(super) fn step_shape(sequence: &Shape) -> Shape {
    sequence.without_batch().without_batch()
}

/// One step of `[batch, steps, ..]`, as `[batch, ..]`.
pub(super) fn step_of(g: &mut Graph, x: Value, t: usize) -> Result<Value> {
    let mut shape = g.shape(x).to_vec();
    shape.remove(1);
    let x = g.slice(x, 1, t, 1)?;
    g.reshape(x, shape)
}

/// A mask `[batch, ..]` with axes of length 1 until it has the rank of `x`.
pub(super) fn spread(g: &mut Graph, mask: Value, x: Value) -> Result<Value> {
    let mut shape = g.shape(mask).to_vec();
    shape.resize(g.shape(x).rank().max(shape.len()), 1);
    g.reshape(mask, shape)
}

/// Takes one step after another, each as nodes of its own.
pub(super) fn step_by_step<'a>(
    cx: &mut Context<'a>,
    x: Value,
    along: &Walk<'_>,
    mut states: Vec<Value>,
    mut step: impl FnMut(&mut Context<'a>, Value, &[Value]) -> Result<(Value, Vec<Value>)>,
) -> Result<Walked> {
    let steps = cx.graph.shape(x)[1];
    let mut all = Vec::with_capacity(steps);
    let mut shown: Option<Value> = None;
    for s in 0..steps {
        let t = if along.go_backwards { steps - 1 - s } else { s };
        let at = step_of(cx.graph, x, t)?;
        let (y, next) = step(cx, at, &states)?;
        let g = &mut *cx.graph;
        let Some(mask) = along.mask else {
            states = next;
            shown = Some(y);
            all.push(y);
            continue;
        };
        let counts = g.slice(mask, 1, t, 1)?;
        for (old, new) in states.iter_mut().zip(next) {
            let counts = spread(g, counts, new)?;
            *old = g.select(counts, new, *old)?;
        }
        // Before the first step that counts, what comes out is zero, whatever the state begins with.
        let before = if let Some(before) = shown {
            before
        } else {
            let zero = g.constant(0.0)?;
            g.broadcast(zero, g.shape(y).clone())?
        };
        let counts = spread(g, counts, y)?;
        let y = g.select(counts, y, before)?;
        shown = Some(y);
        all.push(y);
    }
    let last = shown.ok_or_else(|| Error::shape("a sequence needs at least one step"))?;
    let mut shape = cx.graph.shape(last).to_vec();
    shape.insert(1, 1);
    let all = all.iter().map(|&y| cx.graph.reshape(y, shape.clone()));
    let all = all.collect::<Result<Vec<_>>>()?;
    Ok(Walked {
        outputs: cx.graph.concat(&all, 1)?,
        last,
        states,
    })
}
