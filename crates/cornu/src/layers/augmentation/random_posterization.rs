//! Images with fewer shades at random during training.

use serde::{Deserialize, Serialize};

use super::span::{self, Draw, Span};
use crate::error::Result;
use crate::graph::Value;
use crate::graph::ops::UnaryKind;
use crate::layers::DataFormat;
use crate::layers::images::{ChannelsLast, images};
use crate::layers::{Base, Context, WeightSpec, inputs};
use crate::shape::Shape;

/// Keeps a number of bits of each pixel, drawn anew for each image at each step of training; does nothing in use.
///
/// `y = ⌊x / 2ᵏ⌋ · 2ᵏ` of pixels brought to bytes, with `8 - k` bits from the factor's range, its end left out where it has two numbers.
///
/// # Shapes
/// `[height, width, channels]`; the output has the input's.
///
/// # Errors
/// A factor that is not from 1 to 8; a `value_range` that is none; an input that is no image.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let layer = RandomPosterization::new((2.0, 5.0)).value_range(0.0, 1.0);
/// let model = Sequential::new().input([32, 32, 3]).add(layer).build()?;
/// assert_eq!(model.output_shape().axes(), &[32, 32, 3]);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Keras
/// What is drawn comes from the run's seed or from the layer's own; it is not Keras's. One number `f` as the factor means from 1 to `f - 1`
/// bits, as Keras has it: `(f, f)` is always `f`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RandomPosterization {
    #[serde(skip)]
    base: Base,
    factor: Span<1>,
    #[serde(default = "span::bytes")]
    value_range: (f64, f64),
    #[serde(default)]
    seed: Option<i64>,
    #[serde(default)]
    data_format: DataFormat,
}

layer!(RandomPosterization);

impl RandomPosterization {
    /// Keeps so many bits of 8; two numbers give the range.
    pub fn new(factor: impl Into<Span<1>>) -> Self {
        Self {
            base: Base::default(),
            factor: factor.into(),
            value_range: span::bytes(),
            seed: None,
            data_format: DataFormat::ChannelsLast,
        }
    }

    value_range!();

    setters! {
        /// A seed of the layer's own, so that what it draws does not depend on the run's.
        seed: i64 = Some,
    }
}

images!(RandomPosterization);

impl ChannelsLast for RandomPosterization {
    fn build_last(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        inputs::image("RandomPosterization", inputs)?;
        self.factor.check_as("factor", 1.0, 8.0)?;
        span::check_pixels(self.value_range)?;
        Ok(Vec::new())
    }

    fn call_last(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let x = inputs[0];
        if !cx.training {
            return Ok(x);
        }

        let (least, most) = self.factor.bounds();
        let (least, most) = (least.trunc(), most.trunc());
        // Just below the end, so that rounding does not reach it.
        let bits = Draw::new(cx, self.seed, x).image(cx, (least, (most - 1e-3).max(least)))?;
        let g = &mut *cx.graph;
        let bits = g.unary(UnaryKind::Floor, bits)?;
        // 2^(8 - bits) from a table: no power is rounded.
        let mut step = g.constant(1.0)?;
        for kept in 1..8 {
            let more = g.constant((1 << (8 - kept)) as f32)?;
            let here = g.constant(kept as f32)?;
            let here = g.equal(bits, here)?;
            step = g.select(here, more, step)?;
        }
        let x = span::change_range(g, x, self.value_range, (0.0, 255.0))?;
        let x = g.unary(UnaryKind::Floor, x)?;
        let x = g.clip(x, 0.0, 255.0)?;
        let x = g.div(x, step)?;
        let x = g.unary(UnaryKind::Floor, x)?;
        let y = g.mul(x, step)?;
        span::change_range(g, y, (0.0, 255.0), self.value_range)
    }
}
