//! Whole samples dropped at random, for blocks beside which there is a way round.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::graph::Value;
use crate::layers::{Base, Context, Layer, WeightSpec, inputs};
use crate::shape::Shape;

/// In training, drops each sample with probability `drop_path_rate` and scales the others up, so that a block is skipped by some.
///
/// `y = x · keep / (1 - rate)`, where `keep` is 1 with probability `1 - rate`, else 0, once a sample. In use, `y = x`.
///
/// # Shapes
/// Any; the output has the input's.
///
/// # Errors
/// A rate outside `[0, 1)`.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let x = input([4, 4, 8]);
/// let block = Conv2D::new(8, 3).padding("same").on(&x);
/// let y = Add::new().on([&x, &StochasticDepth::new(0.2).on(&block)]);
/// let model = Model::new([&x], [&y])?;
/// assert_eq!(model.output_shape().axes(), &[4, 4, 8]);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Source
/// Huang, Sun, Liu, Sedra and Weinberger, "Deep Networks with Stochastic Depth", 2016.
///
/// # Keras
/// The layer of `keras.applications.ConvNeXt…`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StochasticDepth {
    #[serde(skip)]
    base: Base,
    drop_path_rate: f64,
}

layer!(StochasticDepth);

impl StochasticDepth {
    /// Drops this share of the samples.
    pub fn new(drop_path_rate: f64) -> Self {
        Self {
            base: Base::default(),
            drop_path_rate,
        }
    }
}

impl Layer for StochasticDepth {
    layer_identity!(StochasticDepth);
    passes_mask!();

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        inputs::single("StochasticDepth", inputs)?;
        if !(0.0..1.0).contains(&self.drop_path_rate) {
            return Err(Error::config(format!(
                "drop_path_rate must be at least 0 and less than 1, received {}",
                self.drop_path_rate
            )));
        }
        Ok(Vec::new())
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let x = inputs[0];
        if !cx.training || self.drop_path_rate == 0.0 {
            return Ok(x);
        }
        let mut shape = cx.graph.shape(x).to_vec();
        shape[1..].fill(1);
        let keep = 1.0 - self.drop_path_rate;
        let kept = cx.bernoulli(&Shape::from(shape), keep as f32)?;
        // The mask is multiplied in by itself, so that the gradient reads back its bytes.
        let kept = cx.graph.mul(x, kept)?;
        cx.graph.scale(kept, (1.0 / keep) as f32)
    }
}
