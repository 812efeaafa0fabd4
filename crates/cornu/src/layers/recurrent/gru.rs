//! Gated recurrent units.

use cornu_kernels::recurrent::Cell;
use serde::{Deserialize, Serialize};

use super::sequence::{self, recurrent, settings};
use crate::activations::Activation;
use crate::choice::Choice;
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
    /// No `stateful`: states are handed on by `return_state` and further inputs. Dropout masks come from the model's seed.
    GRU {
        /// The function of the gates; others than the sigmoid are run step by step, which is slower.
        recurrent_activation: Choice<Activation> = "sequence::sigmoid" => sequence::sigmoid(), Choice<Activation>;
        /// Whether the reset gate is applied after the product with the state rather than before it.
        reset_after: bool = "yes" => true, bool;
    }
}

impl GRU {
    fn settings(&self) -> sequence::Recurrent<'_> {
        let cell = if self.reset_after {
            Cell::GruResetAfter
        } else {
            Cell::Gru
        };
        settings!(self, cell, Some(&self.recurrent_activation), false)
    }
}

impl Layer for GRU {
    layer_identity!(GRU);
    passes_mask!(|layer| layer.return_sequences);

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        self.settings().build(inputs)
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        only(self.call_all(cx, inputs)?)
    }

    fn call_all(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Vec<Value>> {
        self.settings().call(cx, inputs)
    }
}
