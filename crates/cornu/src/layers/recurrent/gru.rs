//! Gated recurrent units.

use serde::{Deserialize, Serialize};

use super::{GRUCell, arguments, arguments::recurrent};
use crate::activations::Activation;
use crate::choice::Choice;
use crate::constraints::Constraint;
use crate::error::Result;
use crate::graph::Value;
use crate::initializers::InitializerConfig;
use crate::layers::defaults::{glorot_uniform, yes, zeros};
use crate::layers::{Base, Context, Layer, WeightSpec, only};
use crate::regularizers::Regularizer;
use crate::shape::Shape;

recurrent! {
    /// Reads a sequence step by step, with gates that decide how much of the state is renewed, and from how much of it.
    ///
    /// `z, r = σ(x·W + h·U + b)`, `h' = z·h + (1 - z)·n` with `n = tanh(x·W + b + r·(h·U + b'))`, or without `reset_after`
    /// `n = tanh(x·W + (r·h)·U + b)`; the weights' columns are those of `z, r, n`.
    ///
    /// # Shapes
    /// `[batch, steps, features] → [batch, units]`, or with `return_sequences` `[batch, steps, units]`; kernel
    /// `[features, 3·units]`, recurrent kernel `[units, 3·units]`, bias `[2, 3·units]` (without `reset_after` `[3·units]`). A
    /// further input `[batch, units]` is the initial state.
    ///
    /// # Errors
    /// An input that is no sequence, no units, a rate outside 0..1, an unknown activation or initialiser.
    ///
    /// # Example
    /// ```
    /// use cornu::prelude::*;
    /// let model = Sequential::new().input([20, 8]).add(GRU::new(16)).add(Dense::new(1)).build()?;
    /// assert_eq!(model.count_params(), 3 * 16 * (8 + 16 + 2) + 17);
    /// # Ok::<(), cornu::Error>(())
    /// ```
    ///
    /// # Source
    /// Cho et al., "Learning Phrase Representations using RNN Encoder-Decoder for Statistical Machine Translation", 2014.
    ///
    /// # Keras
    /// The same, but for the numbers that dropout draws. Initial states, `stateful`, `recurrent_dropout`, `unroll` and other activations than
    /// Keras's defaults are run step by step, which is slower. `use_cudnn` has no meaning here.
    walks GRU with GRUCell {
        new(units: usize => usize) "A layer with a state of so many units, which gives the state after the last step.";
        /// The function of the gates; others than the sigmoid are run step by step, which is slower.
        recurrent_activation: Choice<Activation> = "arguments::sigmoid" => arguments::sigmoid(), Choice<Activation>;
        /// Whether the reset gate is applied after the product with the state rather than before it.
        reset_after: bool = "yes" => true, bool;
    }
}
