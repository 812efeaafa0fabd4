//! Zeros in random places during training.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::graph::Value;
use crate::layers::{Base, Context, Layer, WeightSpec, inputs};
use crate::shape::Shape;

/// Sets a share of the inputs to zero during training and scales the others up; does nothing in use.
///
/// `y = x · mask / (1 - rate)`, where `mask` is 0 with probability `rate`, else 1, drawn anew at each step.
///
/// # Shapes
/// Any; the output has the input's. An axis whose length in `noise_shape` is 1 is dropped or kept as a whole.
///
/// # Errors
/// A rate below 0, of 1 or more; a noise shape that does not fit the input.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let model = Sequential::new().input([64]).add(Dropout::new(0.5)).build()?;
/// assert_eq!(model.output_shape().axes(), &[64]);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Source
/// Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from Overfitting", 2014.
///
/// # Keras
/// Keras allows a rate of 1, which leaves nothing. Masks come from the model's seed; a layer's own `seed` is kept in its config
/// but does not change them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dropout {
    #[serde(skip)]
    base: Base,
    rate: f64,
    #[serde(default)]
    seed: Option<i64>,
    #[serde(default)]
    noise_shape: Option<Vec<Option<usize>>>,
}

layer!(Dropout);

impl Dropout {
    /// Drops this share of the inputs.
    pub fn new(rate: f64) -> Self {
        Self {
            base: Base::default(),
            rate,
            seed: None,
            noise_shape: None,
        }
    }

    /// The mask's shape, batch first: `None` for an axis like the input's, 1 for one that is dropped or kept as a whole.
    pub fn noise_shape(mut self, shape: impl Into<Vec<Option<usize>>>) -> Self {
        self.noise_shape = Some(shape.into());
        self
    }

    /// The shape of the mask for an input of this shape (with the batch).
    fn mask_shape(&self, x: &Shape) -> Shape {
        let Some(noise) = &self.noise_shape else {
            return x.clone();
        };
        let axes = x.iter().zip(noise).map(|(&n, given)| given.unwrap_or(n));
        Shape::from(axes.collect::<Vec<_>>())
    }
}

impl Layer for Dropout {
    layer_identity!(Dropout);
    passes_mask!();

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        let x = inputs::single("Dropout", inputs)?;
        if !(0.0..1.0).contains(&self.rate) {
            return Err(Error::config(format!(
                "rate must be at least 0 and below 1, received {}",
                self.rate
            ))
            .help("rate is the share of inputs that is dropped"));
        }
        if let Some(noise) = &self.noise_shape {
            let fits = noise.len() == x.rank() + 1
                && noise[0].is_none()
                && x.iter()
                    .zip(&noise[1..])
                    .all(|(&n, given)| given.is_none_or(|m| m == 1 || m == n));
            if !fits {
                return Err(Error::config(format!(
                    "noise_shape must begin with null for the batch and then have, for each axis of {x}, null, 1 or its length, received {}",
                    serde_json::json!(noise)
                )));
            }
        }
        Ok(Vec::new())
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let x = inputs[0];
        if !cx.training || self.rate == 0.0 {
            return Ok(x);
        }
        let shape = self.mask_shape(cx.graph.shape(x));
        let mask = cx.bernoulli(&shape, (1.0 - self.rate) as f32)?;
        // The mask is multiplied in by itself, so that the gradient reads back its bytes.
        let kept = cx.graph.mul(x, mask)?;
        cx.graph.scale(kept, (1.0 / (1.0 - self.rate)) as f32)
    }
}
