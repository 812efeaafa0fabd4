//! One step of a gated recurrent unit.

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
    /// Takes one step of a [`GRU`](super::GRU): gates decide how much of the state is renewed, and from how much of it.
    ///
    /// `z, r = σ(x·W + h·U + b)`, `h' = z·h + (1 - z)·n` with `n = tanh(x·W + b + r·(h·U + b'))`, or without `reset_after`
    /// `n = tanh(x·W + (r·h)·U + b)`; the weights' columns are those of `z, r, n`.
    ///
    /// # Shapes
    /// `x, h`: `[batch, features]`, `[batch, units]`; gives `h', h'`. Kernel `[features, 3·units]`, recurrent kernel
    /// `[units, 3·units]`, bias `[2, 3·units]` (without `reset_after` `[3·units]`).
    ///
    /// # Errors
    /// Inputs of other shapes, no units, a rate outside 0..1, an unknown activation or initialiser.
    ///
    /// # Example
    /// ```
    /// use cornu::prelude::*;
    /// let model = Sequential::new().input([20, 8]).add(RNN::new(GRUCell::new(16))).build()?;
    /// assert_eq!(model.count_params(), 3 * 16 * (8 + 16 + 2));
    /// # Ok::<(), cornu::Error>(())
    /// ```
    ///
    /// # Source
    /// Cho et al., "Learning Phrase Representations using RNN Encoder-Decoder for Statistical Machine Translation", 2014.
    ///
    /// # Keras
    /// The same, but for the numbers that dropout draws.
    cell GRUCell {
        new(units: usize => usize) "A cell with a state of so many units.";
        /// The function of the gates; others than the sigmoid are run step by step, which is slower.
        recurrent_activation: Choice<Activation> = "arguments::sigmoid" => arguments::sigmoid(), Choice<Activation>;
        /// Whether the reset gate is applied after the product with the state rather than before it.
        reset_after: bool = "yes" => true, bool;
    }
}

gated!(GRUCell, |cell| (
    if cell.reset_after {
        Cell::GruResetAfter
    } else {
        Cell::Gru
    },
    Some(&cell.recurrent_activation),
    false
));
