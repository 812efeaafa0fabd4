//! Zeros in random places during training.

use serde::{Deserialize, Serialize};

use super::drop::{self, NoiseShape};
use crate::error::Result;
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
/// Keras allows a rate of 1, which leaves nothing. Masks come from the seed of the run, or from the layer's own `seed`: then they are the
/// same whatever the run's seed and the other layers. They are not Keras's masks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dropout {
    #[serde(skip)]
    base: Base,
    rate: f64,
    #[serde(default)]
    seed: Option<i64>,
    #[serde(default)]
    noise_shape: NoiseShape,
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

    setters! {
        /// A seed of the layer's own, so that its masks do not depend on the run's.
        seed: i64 = Some,
    }

    /// The mask's shape, batch first: `None` for an axis like the input's, 1 for one that is dropped or kept as a whole.
    pub fn noise_shape(mut self, shape: impl Into<Vec<Option<usize>>>) -> Self {
        self.noise_shape = Some(shape.into());
        self
    }
}

impl Layer for Dropout {
    layer_identity!(Dropout);
    keeps_places!();
    passes_mask!();

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        let x = inputs::single("Dropout", inputs)?;
        drop::check_rate(self.rate)?;
        drop::check_noise_shape(&self.noise_shape, x)?;
        Ok(Vec::new())
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let mask = drop::mask_shape(&self.noise_shape, cx.graph.shape(inputs[0]));
        drop::dropped(cx, self.seed, self.rate, inputs[0], &mask)
    }
}
