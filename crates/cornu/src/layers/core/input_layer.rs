//! The place where samples of a given shape come in.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::graph::Value;
use crate::layers::{Base, Context, Layer, WeightSpec, inputs};
use crate::shape::Shape;

/// Hands samples on whose shape it knows: `y = x`.
///
/// # Shapes
/// The one given; the output has the input's.
///
/// # Errors
/// Samples of another shape; sparse or ragged ones; axes without a length.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// use cornu::layers::{InputLayer, Layer};
/// let layer = InputLayer::new([32, 32, 3]);
/// assert_eq!(layer.shape()?.axes(), &[32, 32, 3]);
/// assert!(layer.build(&[[28, 28].into()]).is_err());
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Keras
/// Every axis needs a length but the batch, whose length may be given and is not asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputLayer {
    #[serde(skip)]
    base: Base,
    #[serde(alias = "batch_input_shape")]
    batch_shape: Vec<Option<usize>>,
    #[serde(default)]
    sparse: bool,
    #[serde(default)]
    ragged: bool,
    #[serde(default)]
    optional: bool,
}

layer!(InputLayer);

impl InputLayer {
    /// For samples of this shape, without the batch axis.
    pub fn new(shape: impl Into<Shape>) -> Self {
        let mut batch_shape = vec![None];
        batch_shape.extend(shape.into().iter().map(|&n| Some(n)));
        Self {
            base: Base::default(),
            batch_shape,
            sparse: false,
            ragged: false,
            optional: false,
        }
    }

    /// The shape of a sample.
    ///
    /// # Errors
    /// An axis without a length or of length 0.
    pub fn shape(&self) -> Result<Shape> {
        let axes = self
            .batch_shape
            .iter()
            .skip(1)
            .map(|n| n.filter(|&n| n > 0));
        match axes.collect::<Option<Vec<usize>>>() {
            Some(axes) if !self.batch_shape.is_empty() => Shape::new(axes),
            _ => Err(Error::config(format!(
                "batch_shape must be null for the batch and then a positive length for each axis, received {}",
                serde_json::json!(self.batch_shape)
            ))),
        }
    }
}

impl Layer for InputLayer {
    layer_identity!(InputLayer);

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        let x = inputs::single("InputLayer", inputs)?;
        if self.sparse || self.ragged {
            return Err(Error::config(
                "inputs must be dense arrays, received sparse or ragged",
            ));
        }
        let shape = self.shape()?;
        if *x != shape {
            return Err(Error::shape(format!(
                "the input was declared for samples of shape {shape}, received {x}"
            )));
        }
        Ok(Vec::new())
    }

    fn call(&self, _: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        Ok(inputs[0])
    }
}
