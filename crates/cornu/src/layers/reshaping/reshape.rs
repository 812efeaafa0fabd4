//! The elements of a sample under another shape.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::graph::Value;
use crate::layers::{Base, Context, Layer, WeightSpec, inputs};
use crate::shape::Shape;

/// Gives the elements of each sample another shape; costs nothing.
///
/// # Shapes
/// `[batch, ..] → [batch, target shape]`; one axis of the target may be -1: the length that uses up all elements.
///
/// # Errors
/// A target of more or fewer elements; more than one -1; other numbers below 1.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let model = Sequential::new().input([28, 28]).add(Reshape::new([28, 28, -1])).build()?;
/// assert_eq!(model.output_shape().axes(), &[28, 28, 1]);
/// # Ok::<(), cornu::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reshape {
    #[serde(skip)]
    base: Base,
    target_shape: Vec<i64>,
}

layer!(Reshape);

impl Reshape {
    /// The new shape, without the batch axis.
    pub fn new(target_shape: impl Into<Vec<i64>>) -> Self {
        Self {
            base: Base::default(),
            target_shape: target_shape.into(),
        }
    }

    /// The new shape of samples of the shape given.
    fn target(&self, x: &Shape) -> Result<Shape> {
        let free = self.target_shape.iter().filter(|&&n| n == -1).count();
        if free > 1 || self.target_shape.iter().any(|&n| n < 1 && n != -1) {
            return Err(Error::config(format!(
                "target_shape must have positive lengths and at most one -1, received {:?}",
                self.target_shape
            )));
        }
        let elements = x.elements();
        let known = self
            .target_shape
            .iter()
            .filter(|&&n| n != -1)
            .try_fold(1usize, |p, &n| p.checked_mul(usize::try_from(n).ok()?));
        let fits = |known: usize| match free {
            0 => known == elements,
            _ => elements.is_multiple_of(known),
        };
        match known.filter(|&k| fits(k)) {
            Some(known) => {
                let axis = |&n: &i64| usize::try_from(n).unwrap_or(elements / known);
                Ok(Shape::from(
                    self.target_shape.iter().map(axis).collect::<Vec<_>>(),
                ))
            }
            None => Err(Error::shape(format!(
                "cannot reshape samples of shape {x} ({elements} elements) to {:?}",
                self.target_shape
            ))),
        }
    }
}

impl Layer for Reshape {
    layer_identity!(Reshape);

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        self.target(inputs::single("Reshape", inputs)?)?;
        Ok(Vec::new())
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let x = cx.graph.shape(inputs[0]).clone();
        let target = self.target(&x.without_batch())?;
        cx.graph.reshape(inputs[0], target.with_batch(x[0]))
    }
}
