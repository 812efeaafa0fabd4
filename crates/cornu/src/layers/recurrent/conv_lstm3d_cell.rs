//! One step of long short-term memory over volumes.

use serde::{Deserialize, Serialize};

use super::arguments::{self, recurrent};
use super::cell::{RnnCell, Walk, Walked};
use super::conv_gates::{ConvGates, conv_cell};
use crate::activations::Activation;
use crate::choice::Choice;
use crate::constraints::Constraint;
use crate::error::Result;
use crate::graph::Value;
use crate::initializers::InitializerConfig;
use crate::layers::defaults::{glorot_uniform, yes, zeros};
use crate::layers::{Base, Context, DataFormat, Layer, Padding, Sizes, WeightSpec};
use crate::regularizers::Regularizer;
use crate::shape::Shape;

conv_cell! {
    /// Takes one step of a [`ConvLSTM3D`](super::ConvLSTM3D): gates write, forget and show an inner state, by convolutions.
    ///
    /// `i, f, o = σ(x ∗ W + h ∗ U + b)`, `c' = f·c + i·tanh(x ∗ W + h ∗ U + b)`, `h' = o·tanh(c')`
    ///
    /// # Shapes
    /// `x`: `[batch, depth, height, width, channels]`, `h, c`: `[batch, new depth, height, width, filters]`; gives `h', h', c'`. Kernel
    /// `[depth, height, width, channels, 4·filters]`, recurrent kernel `[depth, height, width, filters, 4·filters]`, bias `[4·filters]`.
    ///
    /// # Errors
    /// Inputs of other axes, a kernel that does not fit, no filters, a rate outside 0..1, unknown names.
    ///
    /// # Example
    /// ```
    /// use cornu::prelude::*;
    /// let cells = StackedRNNCells::new([4, 2].map(|n| ConvLSTM3DCell::new(n, 3).padding("same")));
    /// let model = Sequential::new().input([3, 5, 5, 5, 1]).add(RNN::new(cells)).build()?;
    /// assert_eq!(model.output_shape().axes(), &[5, 5, 5, 2]);
    /// # Ok::<(), cornu::Error>(())
    /// ```
    ///
    /// # Source
    /// Shi et al., "Convolutional LSTM Network: A Machine Learning Approach for Precipitation Nowcasting", 2015.
    ///
    /// # Keras
    /// Keras has one `ConvLSTMCell` of any rank, within its layers.
    ConvLSTM3DCell, 3
}
