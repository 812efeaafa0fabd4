//! Cells on top of each other.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::cell::{RnnCell, Walk, Walked};
use super::wrapped::Wrapped;
use crate::error::{Error, Result};
use crate::graph::{Graph, Value};
use crate::layers::{Base, Context, Layer, WeightSpec};
use crate::shape::Shape;

/// Is one cell made of several: the output of each is the input of the next.
///
/// # Shapes
/// A step's input, then the states of all cells in their order; gives the last cell's output, then all states. The weights are
/// those of the cells.
///
/// # Errors
/// No cells, a layer that is no cell, and what the cells refuse.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let cells = StackedRNNCells::new([GRUCell::new(16), GRUCell::new(8)]);
/// let model = Sequential::new().input([20, 4]).add(RNN::new(cells)).build()?;
/// assert_eq!(model.output_shape().axes(), &[8]);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Keras
/// A cell's output must be its first state, as it is in Keras's own cells and assumed by its `build`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StackedRNNCells {
    #[serde(skip)]
    base: Base,
    cells: Vec<Wrapped>,
}

layer!(StackedRNNCells);

/// One of the cells, with what it takes of the stack's weights and states.
struct Part<'a> {
    cell: &'a dyn RnnCell,
    weights: Vec<WeightSpec>,
    at: Range<usize>,
    states: Vec<Shape>,
    from: usize,
}

impl StackedRNNCells {
    /// Cells of one class, from the first to the last.
    pub fn new<C: Layer + 'static>(cells: impl IntoIterator<Item = C>) -> Self {
        let cells = cells.into_iter();
        Self {
            base: Base::default(),
            cells: cells.map(|c| Wrapped(Box::new(c))).collect(),
        }
    }

    /// One more cell on top, of any class.
    pub fn cell(mut self, cell: impl Layer + 'static) -> Self {
        self.cells.push(Wrapped(Box::new(cell)));
        self
    }

    /// The cells for inputs of a shape at each step.
    fn parts(&self, x: &Shape) -> Result<Vec<Part<'_>>> {
        if self.cells.is_empty() {
            return Err(Error::config(
                "StackedRNNCells needs at least one cell, received none",
            ));
        }
        let (mut x, mut at, mut from) = (x.clone(), 0, 0);
        let mut parts = Vec::with_capacity(self.cells.len());
        for wrapped in &self.cells {
            let cell = wrapped.cell("StackedRNNCells")?;
            let states = cell.state_shapes(&x)?;
            let inputs: Vec<Shape> = [x].into_iter().chain(states.iter().cloned()).collect();
            let weights = cell.build(&inputs)?;
            x = states.first().cloned().ok_or_else(|| {
                Error::config(format!(
                    "a cell of StackedRNNCells needs a state, {} has none",
                    cell.class_name()
                ))
            })?;
            parts.push(Part {
                cell,
                at: at..at + weights.len(),
                from,
                weights,
                states,
            });
            let last = &parts[parts.len() - 1];
            (at, from) = (last.at.end, from + last.states.len());
        }
        Ok(parts)
    }
}

/// The shape of a value without its batch and, of a sequence, its steps.
fn shape_of(g: &Graph, x: Value, skipped: usize) -> Shape {
    Shape::from(&g.shape(x)[skipped..])
}

impl Layer for StackedRNNCells {
    layer_identity!(StackedRNNCells);

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        let x = inputs
            .first()
            .ok_or_else(|| Error::shape("StackedRNNCells expects an input, received nothing"))?;
        let parts = self.parts(x)?;
        let mut taken: BTreeMap<String, usize> = BTreeMap::new();
        let mut weights = Vec::new();
        for (part, wrapped) in parts.into_iter().zip(&self.cells) {
            let name = wrapped.name();
            let before = taken.entry(name.clone()).or_default();
            let name = match *before {
                0 => name,
                n => format!("{name}_{n}"),
            };
            *before += 1;
            for mut weight in part.weights {
                weight.name = format!("{name}/{}", weight.name);
                weights.push(weight);
            }
        }
        Ok(weights)
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        Ok(self.call_all(cx, inputs)?[0])
    }

    fn call_all(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Vec<Value>> {
        let mut x = inputs[0];
        let mut states = Vec::new();
        for part in self.parts(&shape_of(cx.graph, x, 1))? {
            let own = &inputs[1 + part.from..][..part.states.len()];
            let given: Vec<Value> = [x].iter().chain(own).copied().collect();
            let mut outputs = cx.within(part.at, |cx| part.cell.call_all(cx, &given))?;
            states.extend(outputs.split_off(1));
            x = outputs[0];
        }
        states.insert(0, x);
        Ok(states)
    }

    fn as_cell(&self) -> Option<&dyn RnnCell> {
        Some(self)
    }
}

impl RnnCell for StackedRNNCells {
    fn state_shapes(&self, x: &Shape) -> Result<Vec<Shape>> {
        let parts = self.parts(x)?;
        Ok(parts.into_iter().flat_map(|p| p.states).collect())
    }

    /// One cell walks along the whole sequence before the next does, so that each is as fast as alone. A step that a mask passes over
    /// changes no state of any cell, so that it does not matter what they show there.
    fn walk(&self, cx: &mut Context<'_>, x: Value, along: &Walk<'_>) -> Result<Walked> {
        let parts = self.parts(&shape_of(cx.graph, x, 2))?;
        let mut along = *along;
        let initial = along.initial;
        let mut states = Vec::new();
        let mut walked = None;
        let mut x = x;
        for part in parts {
            if !initial.is_empty() {
                along.initial = &initial[part.from..][..part.states.len()];
            }
            let own = cx.within(part.at, |cx| part.cell.walk(cx, x, &along))?;
            states.extend(own.states);
            x = own.outputs;
            walked = Some((own.outputs, own.last));
            if along.go_backwards {
                // What comes out is in the order in which the steps were taken.
                along.go_backwards = false;
                let mask = along.mask.map(|mask| cx.graph.reverse(mask, 1));
                along.mask = mask.transpose()?;
            }
        }
        let (outputs, last) =
            walked.ok_or_else(|| Error::config("StackedRNNCells needs at least one cell"))?;
        Ok(Walked {
            outputs,
            last,
            states,
        })
    }
}
