//! Dropout for networks that normalise themselves.

use serde::{Deserialize, Serialize};

use super::drop::{self, NoiseShape};
use crate::error::Result;
use crate::graph::Value;
use crate::layers::{Base, Context, Layer, WeightSpec, inputs};
use crate::shape::Shape;

/// Sets a share of the inputs to what SELU saturates at during training, and keeps mean and variance; does nothing in use.
///
/// `y = a · (x · mask + α' · (1 - mask)) + b`, where `mask` is 0 with probability `rate`, else 1, `α' = -1.758`,
/// `a = ((1 - rate) · (1 + rate · α'²))^-½` and `b = -a · α' · rate`
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
/// let model = Sequential::new().input([64]).add(Dense::new(64).activation("selu")).add(AlphaDropout::new(0.1)).build()?;
/// assert_eq!(model.output_shape().axes(), &[64]);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Source
/// Klambauer et al., "Self-Normalizing Neural Networks", 2017.
///
/// # Keras
/// Keras allows a rate of 1, which leaves nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlphaDropout {
    #[serde(skip)]
    base: Base,
    rate: f64,
    #[serde(default)]
    seed: Option<i64>,
    #[serde(default)]
    noise_shape: NoiseShape,
}

layer!(AlphaDropout);

impl AlphaDropout {
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
        /// The mask's shape, batch first: `None` for an axis like the input's, 1 for one that is dropped or kept as a whole.
        noise_shape: Vec<Option<usize>> = Some,
    }
}

/// What SELU gives for inputs far below 0: `-α · λ`.
const SATURATION: f64 = -1.673_263_242_354_377_2 * 1.050_700_987_355_480_5;

impl Layer for AlphaDropout {
    layer_identity!(AlphaDropout);
    keeps_places!();
    passes_mask!();

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        let x = inputs::single("AlphaDropout", inputs)?;
        drop::check_rate(self.rate)?;
        drop::check_noise_shape(&self.noise_shape, x)?;
        Ok(Vec::new())
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let (x, rate) = (inputs[0], self.rate);
        if !cx.training || rate == 0.0 {
            return Ok(x);
        }
        let shape = drop::mask_shape(&self.noise_shape, cx.graph.shape(x));
        let mask = drop::kept(cx, self.seed, rate, &shape)?;
        let a = ((1.0 - rate) * (1.0 + rate * SATURATION * SATURATION)).powf(-0.5);
        let b = -a * SATURATION * rate;
        let g = &mut *cx.graph;
        let kept = g.mul(x, mask)?;
        let dropped = g.one_minus(mask)?;
        let dropped = g.scale(dropped, SATURATION as f32)?;
        let y = g.add(kept, dropped)?;
        let y = g.scale(y, a as f32)?;
        g.add_scalar(y, b as f32)
    }
}
