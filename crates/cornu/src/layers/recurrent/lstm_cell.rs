//! One step of long short-term memory.

use cornu_kernels::recurrent::Cell;
use serde::{Deserialize, Serialize};

use super::arguments::{self, gated, recurrent};
use super::cell::{RnnCell, Walk, Walked};
use super::gates::Gates;
use crate::activations::Activation;
use crate::choice::Choice;
use crate::constraints::Constraint;
use crate::error::Result;
use crate::graph::Value;
use crate::initializers::InitializerConfig;
use crate::layers::defaults::{glorot_uniform, yes, zeros};
use crate::layers::{Base, Context, Layer, WeightSpec};
use crate::regularizers::Regularizer;
use crate::shape::Shape;

recurrent! {
    /// Takes one step of an [`LSTM`](super::LSTM): gates write, forget and show an inner state.
    ///
    /// `i, f, o = σ(x·W + h·U + b)`, `c' = f·c + i·tanh(x·W + h·U + b)`, `h' = o·tanh(c')`; the weights' columns are those of
    /// `i, f, c, o`.
    ///
    /// # Shapes
    /// `x, h, c`: `[batch, features]`, `[batch, units]`, `[batch, units]`; gives `h', h', c'`. Kernel `[features, 4·units]`, recurrent
    /// kernel `[units, 4·units]`, bias `[4·units]`.
    ///
    /// # Errors
    /// Inputs of other shapes, no units, a rate outside 0..1, an unknown activation or initialiser.
    ///
    /// # Example
    /// ```
    /// use cornu::prelude::*;
    /// let cells = StackedRNNCells::new([LSTMCell::new(16), LSTMCell::new(8)]);
    /// let model = Sequential::new().input([20, 4]).add(RNN::new(cells)).build()?;
    /// assert_eq!(model.output_shape().axes(), &[8]);
    /// # Ok::<(), cornu::Error>(())
    /// ```
    ///
    /// # Source
    /// Hochreiter and Schmidhuber, "Long Short-Term Memory", 1997; Gers et al., "Learning to Forget", 1999.
    ///
    /// # Keras
    /// The same, but for the numbers that dropout draws.
    cell LSTMCell {
        new(units: usize => usize) "A cell with a state of so many units.";
        /// The function of the gates; others than the sigmoid are run step by step, which is slower.
        recurrent_activation: Choice<Activation> = "arguments::sigmoid" => arguments::sigmoid(), Choice<Activation>;
        /// Whether the forget gate's bias begins at 1, so that the state is kept at first.
        unit_forget_bias: bool = "yes" => true, bool;
    }
}

gated!(LSTMCell, |cell| (
    Cell::Lstm,
    Some(&cell.recurrent_activation),
    cell.unit_forget_bias
));
