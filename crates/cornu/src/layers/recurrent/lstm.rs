//! Long short-term memory.

use serde::{Deserialize, Serialize};

use super::{LSTMCell, arguments, arguments::recurrent};
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
    /// Reads a sequence step by step, with an inner state that gates write, forget and show.
    ///
    /// `i, f, o = σ(x·W + h·U + b)`, `c' = f·c + i·tanh(x·W + h·U + b)`, `h' = o·tanh(c')`; the weights' columns are those of
    /// `i, f, c, o`.
    ///
    /// # Shapes
    /// `[batch, steps, features] → [batch, units]`, or with `return_sequences` `[batch, steps, units]`; kernel
    /// `[features, 4·units]`, recurrent kernel `[units, 4·units]`, bias `[4·units]`. Further inputs, `[batch, units]` twice, are the
    /// initial `h` and `c`.
    ///
    /// # Errors
    /// An input that is no sequence, no units, a rate outside 0..1, an unknown activation or initialiser.
    ///
    /// # Example
    /// ```
    /// use cornu::prelude::*;
    /// let model = Sequential::new().input([20, 8]).add(LSTM::new(16)).add(Dense::new(1)).build()?;
    /// assert_eq!(model.count_params(), 4 * 16 * (8 + 16 + 1) + 17);
    /// # Ok::<(), cornu::Error>(())
    /// ```
    ///
    /// # Source
    /// Hochreiter and Schmidhuber, "Long Short-Term Memory", 1997; Gers et al., "Learning to Forget", 1999.
    ///
    /// # Keras
    /// The same, but for the numbers that dropout draws. Initial states, `stateful`, `recurrent_dropout`, `unroll` and other activations than
    /// Keras's defaults are run step by step, which is slower. `use_cudnn` has no meaning here.
    walks LSTM with LSTMCell {
        new(units: usize => usize) "A layer with a state of so many units, which gives the state after the last step.";
        /// The function of the gates; others than the sigmoid are run step by step, which is slower.
        recurrent_activation: Choice<Activation> = "arguments::sigmoid" => arguments::sigmoid(), Choice<Activation>;
        /// Whether the forget gate's bias begins at 1, so that the state is kept at first.
        unit_forget_bias: bool = "yes" => true, bool;
    }
}
