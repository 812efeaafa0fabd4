//! An activation function as a layer of its own.

use serde::{Deserialize, Serialize};

use crate::activations;
use crate::choice::Choice;
use crate::error::Result;
use crate::graph::Value;
use crate::layers::{Base, Context, Layer, WeightSpec, inputs};
use crate::shape::Shape;

/// Applies an activation function.
///
/// `y = activation(x)`
///
/// # Shapes
/// Any; the output has the input's. The softmaxes normalise the last axis.
///
/// # Errors
/// An unknown activation.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let model = Sequential::new().input([8]).add(Dense::new(3)).add(Activation::new("relu")).build()?;
/// assert_eq!(model.output_shape().axes(), &[3]);
/// # Ok::<(), cornu::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Activation {
    #[serde(skip)]
    base: Base,
    activation: Choice<activations::Activation>,
}

layer!(Activation);

impl Activation {
    /// The activation of this name.
    pub fn new(activation: impl Into<Choice<activations::Activation>>) -> Self {
        Self {
            base: Base::default(),
            activation: activation.into(),
        }
    }
}

impl Layer for Activation {
    layer_identity!(Activation);
    keeps_places!();
    passes_mask!();

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        inputs::single("Activation", inputs)?;
        self.activation.get()?;
        Ok(Vec::new())
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        self.activation.get()?.apply(cx.graph, inputs[0])
    }
}
