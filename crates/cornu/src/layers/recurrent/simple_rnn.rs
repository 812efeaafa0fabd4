//! The plain recurrent network.

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
    /// Reads a sequence step by step, its output fed back.
    ///
    /// `h' = activation(x·W + h·U + b)`
    ///
    /// # Shapes
    /// `[batch, steps, features] → [batch, units]`, or with `return_sequences` `[batch, steps, units]`; kernel
    /// `[features, units]`, recurrent kernel `[units, units]`, bias `[units]`. A further input `[batch, units]` is the initial state.
    ///
    /// # Errors
    /// An input that is no sequence, no units, a rate outside 0..1, an unknown activation or initialiser.
    ///
    /// # Example
    /// ```
    /// use cornu::prelude::*;
    /// let model = Sequential::new().input([20, 8]).add(SimpleRNN::new(16)).build()?;
    /// assert_eq!(model.output_shape().axes(), &[16]);
    /// # Ok::<(), cornu::Error>(())
    /// ```
    ///
    /// # Source
    /// Elman, "Finding Structure in Time", 1990.
    ///
    /// # Keras
    /// No `stateful`: states are handed on by `return_state` and further inputs. Dropout masks come from the model's seed.
    SimpleRNN {}
}

impl SimpleRNN {
    fn settings(&self) -> sequence::Recurrent<'_> {
        settings!(self, Cell::Simple, None, false)
    }
}

impl Layer for SimpleRNN {
    layer_identity!(SimpleRNN);
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
