//! One step of the plain recurrent network.

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
    /// Takes one step of a [`SimpleRNN`](super::SimpleRNN), its output fed back.
    ///
    /// `h' = activation(x·W + h·U + b)`
    ///
    /// # Shapes
    /// `x, h`: `[batch, features]`, `[batch, units]`; gives `h', h'`. Kernel `[features, units]`, recurrent kernel
    /// `[units, units]`, bias `[units]`.
    ///
    /// # Errors
    /// Inputs of other shapes, no units, a rate outside 0..1, an unknown activation or initialiser.
    ///
    /// # Example
    /// ```
    /// use cornu::prelude::*;
    /// let model = Sequential::new().input([20, 8]).add(RNN::new(SimpleRNNCell::new(16))).build()?;
    /// assert_eq!(model.output_shape().axes(), &[16]);
    /// # Ok::<(), cornu::Error>(())
    /// ```
    ///
    /// # Source
    /// Elman, "Finding Structure in Time", 1990.
    ///
    /// # Keras
    /// The same, but for the numbers that dropout draws.
    cell SimpleRNNCell {
        new(units: usize => usize) "A cell with a state of so many units.";
    }
}

gated!(SimpleRNNCell, |_cell| (Cell::Simple, None, false));
