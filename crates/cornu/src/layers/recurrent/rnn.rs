//! A sequence walked along with any cell.

use serde::{Deserialize, Serialize};

use super::arguments::walking;
use super::wrapped::Wrapped;
use crate::error::Result;
use crate::graph::Value;
use crate::layers::{Base, Context, Layer, WeightSpec, only};
use crate::shape::Shape;

/// Walks along a sequence with a cell: Keras's, several of them stacked, or one of your own.
///
/// `y_t, s_t = cell(x_t, s_{t-1})`, where the first states are zeros or given.
///
/// # Shapes
/// `[batch, steps, ..] → [batch, ..output]`, or with `return_sequences` `[batch, steps, ..output]`; further inputs are the initial
/// states. The weights are the cell's.
///
/// # Errors
/// A layer that is no cell, an input that is no sequence, initial states of other shapes than the cell's.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let cells = StackedRNNCells::new([LSTMCell::new(16), LSTMCell::new(8)]);
/// let rnn = RNN::new(cells).return_sequences(true);
/// let model = Sequential::new().input([20, 4]).add(rnn).build()?;
/// assert_eq!(model.output_shape().axes(), &[20, 8]);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Keras
/// Several cells are given as a [`StackedRNNCells`](super::StackedRNNCells). Of nested states, outputs and inputs are the states in
/// one row. Walks with Keras's own cells, stacked ones too, run as fast as its layers of their names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RNN {
    #[serde(skip)]
    base: Base,
    #[serde(default)]
    return_sequences: bool,
    #[serde(default)]
    return_state: bool,
    #[serde(default)]
    go_backwards: bool,
    #[serde(default)]
    stateful: bool,
    #[serde(default)]
    unroll: bool,
    #[serde(default)]
    zero_output_for_mask: bool,
    cell: Wrapped,
}

layer!(RNN);
walking!(RNN);

impl RNN {
    /// Walks with a cell.
    pub fn new(cell: impl Layer + 'static) -> Self {
        Self {
            base: Base::default(),
            return_sequences: false,
            return_state: false,
            go_backwards: false,
            stateful: false,
            unroll: false,
            zero_output_for_mask: false,
            cell: Wrapped(Box::new(cell)),
        }
    }
}

impl Layer for RNN {
    layer_identity!(RNN);
    passes_mask!(|layer| layer.return_sequences);

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        self.build_for(inputs, None)
    }

    fn build_for(&self, inputs: &[Shape], batch: Option<usize>) -> Result<Vec<WeightSpec>> {
        self.over().build(self.cell.cell("RNN")?, inputs, batch)
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        only(self.call_all(cx, inputs)?)
    }

    fn call_all(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Vec<Value>> {
        self.over().call(self.cell.cell("RNN")?, cx, inputs)
    }
}
