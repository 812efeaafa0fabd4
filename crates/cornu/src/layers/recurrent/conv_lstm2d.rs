//! Long short-term memory over sequences of images.

use serde::{Deserialize, Serialize};

use super::ConvLSTM2DCell;
use super::arguments::{self, recurrent};
use super::conv_gates::conv_lstm;
use crate::activations::Activation;
use crate::choice::Choice;
use crate::constraints::Constraint;
use crate::error::Result;
use crate::graph::Value;
use crate::initializers::InitializerConfig;
use crate::layers::defaults::{glorot_uniform, yes, zeros};
use crate::layers::{Base, Context, DataFormat, Layer, Padding, Sizes, WeightSpec, only};
use crate::regularizers::Regularizer;
use crate::shape::Shape;

conv_lstm! {
    /// Reads a sequence of images step by step, with an inner state that gates write, forget and show, all by convolutions.
    ///
    /// `i, f, o = σ(x ∗ W + h ∗ U + b)`, `c' = f·c + i·tanh(x ∗ W + h ∗ U + b)`, `h' = o·tanh(c')`; the weights' last axis has those of
    /// `i, f, c, o`.
    ///
    /// # Shapes
    /// `[batch, steps, height, width, channels] → [batch, new height, new width, filters]`, or with `return_sequences`
    /// `[batch, steps, new height, new width, filters]`; kernel `[height, width, channels, 4·filters]`, recurrent kernel
    /// `[height, width, filters, 4·filters]`, bias `[4·filters]`. Further inputs of the state's shape, twice, are the initial `h` and `c`.
    ///
    /// # Errors
    /// An input of other axes, a kernel that does not fit, no filters, a rate outside 0..1, unknown names.
    ///
    /// # Example
    /// ```
    /// use cornu::prelude::*;
    /// let model = Sequential::new().input([4, 8, 8, 3]).add(ConvLSTM2D::new(8, 3).padding("same")).build()?;
    /// assert_eq!(model.output_shape().axes(), &[8, 8, 8]);
    /// # Ok::<(), cornu::Error>(())
    /// ```
    ///
    /// # Source
    /// Shi et al., "Convolutional LSTM Network: A Machine Learning Approach for Precipitation Nowcasting", 2015.
    ///
    /// # Keras
    /// The same, but for the numbers that dropout draws.
    ConvLSTM2D with ConvLSTM2DCell, 2
}
