//! The plain recurrent network.

use serde::{Deserialize, Serialize};

use super::{SimpleRNNCell, arguments, arguments::recurrent};
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
    /// The same, but for the numbers that dropout draws. Initial states, `stateful`, `recurrent_dropout`, `unroll` and other activations than
    /// tanh are run step by step, which is slower.
    walks SimpleRNN with SimpleRNNCell {
        new(units: usize => usize) "A layer with a state of so many units, which gives the state after the last step.";}
}
