//! Several chains of changes, mixed at random during training.

use serde::{Deserialize, Serialize};

use super::mixture;
use super::repertoire;
use super::span::{self, Draw, Span};
use super::{channels, warp};
use crate::choice::Choice;
use crate::error::{Error, Result};
use crate::graph::Value;
use crate::graph::ops::Interpolation;
use crate::layers::DataFormat;
use crate::layers::defaults;
use crate::layers::images::{ChannelsLast, images};
use crate::layers::{Base, Context, WeightSpec};
use crate::shape::Shape;

/// Mixes an image with what chains of random changes make of it, drawn anew for each image at each step of training; does nothing in use.
///
/// `y = clip(m · x + (1 - m) · Σ wₖ cₖ(x))` over `num_chains` chains `c` of `chain_depth` changes each, with weights `w` from Dirichlet's
/// distribution and `m` from the beta distribution, both of parameter `alpha`. Changes are those of RandAugment, or none; without `all_ops`
/// those of brightness, colour, contrast and sharpness are left out.
///
/// # Shapes
/// `[height, width, channels]`, 3 channels or 1; the output has the input's.
///
/// # Errors
/// A factor that is not from 0 to 1; an `alpha` of 0; more than 64 chains or changes; an interpolation of another name; a `value_range`
/// that is none; an input that is no image, or of other channels.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let layer = AugMix::new().num_chains(2).chain_depth(1).value_range(0.0, 1.0);
/// let model = Sequential::new().input([32, 32, 3]).add(layer).build()?;
/// assert_eq!(model.output_shape().axes(), &[32, 32, 3]);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Source
/// Hendrycks, Mu, Cubuk, Zoph, Gilmer, Lakshminarayanan, "AugMix: A Simple Data Processing Method to Improve Robustness and Uncertainty",
/// ICLR 2020.
///
/// # Keras
/// What is drawn comes from the run's seed or from the layer's own; it is not Keras's. Each image has chains and weights of its own, where
/// Keras draws them once for a batch, and the changes once for a program. One number `f` as the factor means from 0 to `f`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AugMix {
    #[serde(skip)]
    base: Base,
    #[serde(default = "span::bytes")]
    value_range: (f64, f64),
    #[serde(default = "three")]
    num_chains: usize,
    #[serde(default = "three")]
    chain_depth: usize,
    #[serde(default = "strength")]
    factor: Span<0>,
    #[serde(default = "span::one")]
    alpha: f64,
    #[serde(default = "defaults::yes")]
    all_ops: bool,
    #[serde(default = "warp::bilinear")]
    interpolation: Choice<Interpolation>,
    #[serde(default)]
    seed: Option<i64>,
    #[serde(default)]
    data_format: DataFormat,
}

layer!(AugMix);

impl Default for AugMix {
    fn default() -> Self {
        Self::new()
    }
}

impl AugMix {
    /// Three chains of three changes of images of bytes.
    pub fn new() -> Self {
        Self {
            base: Base::default(),
            value_range: span::bytes(),
            num_chains: 3,
            chain_depth: 3,
            factor: 0.3.into(),
            alpha: 1.0,
            all_ops: true,
            interpolation: warp::bilinear(),
            seed: None,
            data_format: DataFormat::ChannelsLast,
        }
    }

    /// How many chains are mixed.
    pub fn num_chains(mut self, num_chains: usize) -> Self {
        self.num_chains = num_chains;
        self
    }

    /// How many changes follow each other in a chain.
    pub fn chain_depth(mut self, chain_depth: usize) -> Self {
        self.chain_depth = chain_depth;
        self
    }

    value_range!();

    setters! {
        /// How strong the changes are; two numbers give the range.
        factor: Span<0>,
        /// How even the mixtures are.
        alpha: f64,
        /// Whether brightness, colour, contrast and sharpness change too.
        all_ops: bool,
        /// What a place between pixels is made of: "nearest" or "bilinear".
        interpolation: Choice<Interpolation>,
        /// A seed of the layer's own, so that what it draws does not depend on the run's.
        seed: i64 = Some,
    }
}

images!(AugMix);

impl ChannelsLast for AugMix {
    fn build_last(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        channels::grey_or_coloured("AugMix", inputs)?;
        self.factor.check_as("factor", 0.0, 1.0)?;
        repertoire::check("num_chains", self.num_chains)?;
        repertoire::check("chain_depth", self.chain_depth)?;
        if self.num_chains == 0 {
            return Err(Error::config("num_chains must be at least 1, received 0"));
        }
        mixture::check("alpha", self.alpha)?;
        self.interpolation.get()?;
        span::check_pixels(self.value_range)?;
        Ok(Vec::new())
    }

    fn call_last(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let x = inputs[0];
        if !cx.training {
            return Ok(x);
        }
        let (low, high) = self.value_range;
        let draw = Draw::new(cx, self.seed, x);
        let ways = repertoire::Repertoire {
            factor: self.factor,
            value_range: self.value_range,
            interpolation: self.interpolation.clone(),
            seed: self.seed,
            colours: self.all_ops,
        };
        let batch = cx.graph.shape(x)[0];
        let alpha = cx.graph.constant(self.alpha as f32)?;
        let shape = [batch, self.num_chains];
        let weights = mixture::log_gamma(cx, self.seed, alpha, &shape)?;
        let weights = cx.graph.softmax(weights)?;
        let share = mixture::beta(cx, self.seed, alpha, &[batch, 1, 1, 1])?;
        let mut sum = None;
        for chain in 0..self.num_chains {
            let mut y = x;
            for _ in 0..self.chain_depth {
                y = ways.one(cx, &draw, y, 1)?;
            }
            let g = &mut *cx.graph;
            let weight = g.slice(weights, 1, chain, 1)?;
            let weight = g.reshape(weight, [batch, 1, 1, 1])?;
            let part = g.mul(y, weight)?;
            sum = Some(match sum {
                Some(sum) => g.add(sum, part)?,
                None => part,
            });
        }
        let g = &mut *cx.graph;
        let mixed = mixture::mix(g, x, sum.unwrap_or(x), share)?;
        g.clip(mixed, low as f32, high as f32)
    }
}

fn three() -> usize {
    3
}

fn strength() -> Span<0> {
    0.3.into()
}
