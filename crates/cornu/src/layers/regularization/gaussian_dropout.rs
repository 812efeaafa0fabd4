//! Inputs multiplied by noise around 1.

use serde::{Deserialize, Serialize};

use super::drop;
use crate::error::Result;
use crate::graph::Value;
use crate::graph::ops::Distribution;
use crate::layers::{Base, Context, Layer, WeightSpec, inputs};
use crate::shape::Shape;

/// Multiplies the inputs by random numbers of mean 1 during training; does nothing in use.
///
/// `y = x · n`, `n` drawn from the normal distribution of mean 1 and standard deviation `√(rate / (1 - rate))`, the one that dropout's
/// mask has
///
/// # Shapes
/// Any; the output has the input's.
///
/// # Errors
/// A rate below 0, of 1 or more.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let model = Sequential::new().input([64]).add(GaussianDropout::new(0.2)).build()?;
/// assert_eq!(model.output_shape().axes(), &[64]);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Source
/// Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from Overfitting", 2014.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GaussianDropout {
    #[serde(skip)]
    base: Base,
    rate: f64,
    #[serde(default)]
    seed: Option<i64>,
}

layer!(GaussianDropout);

impl GaussianDropout {
    /// Noise as strong as that of a dropout of this share.
    pub fn new(rate: f64) -> Self {
        Self {
            base: Base::default(),
            rate,
            seed: None,
        }
    }

    setters! {
        /// A seed of the layer's own, so that its noise does not depend on the run's.
        seed: i64 = Some,
    }
}

impl Layer for GaussianDropout {
    layer_identity!(GaussianDropout);
    keeps_places!();
    passes_mask!();

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        inputs::single("GaussianDropout", inputs)?;
        drop::check_rate(self.rate)?;
        Ok(Vec::new())
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let x = inputs[0];
        if !cx.training || self.rate == 0.0 {
            return Ok(x);
        }
        let shape = cx.graph.shape(x).clone();
        let noise = cx.draw(self.seed, Distribution::Normal, &shape)?;
        let noise = cx
            .graph
            .scale(noise, (self.rate / (1.0 - self.rate)).sqrt() as f32)?;
        let factor = cx.graph.add_scalar(noise, 1.0)?;
        cx.graph.mul(x, factor)
    }
}
