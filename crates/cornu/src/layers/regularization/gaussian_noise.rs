//! Noise added to the inputs.

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::graph::Value;
use crate::graph::ops::Distribution;
use crate::layers::{Base, Context, Layer, WeightSpec, inputs};
use crate::shape::Shape;

/// Adds random numbers of mean 0 to the inputs during training; does nothing in use.
///
/// `y = x + n`, `n` drawn from the normal distribution of standard deviation `stddev`
///
/// # Shapes
/// Any; the output has the input's.
///
/// # Errors
/// A standard deviation outside 0 to 1, as in Keras.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let model = Sequential::new().input([64]).add(GaussianNoise::new(0.1)).build()?;
/// assert_eq!(model.output_shape().axes(), &[64]);
/// # Ok::<(), cornu::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GaussianNoise {
    #[serde(skip)]
    base: Base,
    stddev: f64,
    #[serde(default)]
    seed: Option<i64>,
}

layer!(GaussianNoise);

impl GaussianNoise {
    /// Noise of this standard deviation.
    pub fn new(stddev: f64) -> Self {
        Self {
            base: Base::default(),
            stddev,
            seed: None,
        }
    }

    setters! {
        /// A seed of the layer's own, so that its noise does not depend on the run's.
        seed: i64 = Some,
    }
}

impl Layer for GaussianNoise {
    layer_identity!(GaussianNoise);
    keeps_places!();
    passes_mask!();

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        inputs::single("GaussianNoise", inputs)?;
        inputs::number("stddev", self.stddev, 0.0, 1.0)?;
        Ok(Vec::new())
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let x = inputs[0];
        if !cx.training || self.stddev == 0.0 {
            return Ok(x);
        }
        let shape = cx.graph.shape(x).clone();
        let noise = cx.draw(self.seed, Distribution::Normal, &shape)?;
        let noise = cx.graph.scale(noise, self.stddev as f32)?;
        cx.graph.add(x, noise)
    }
}
