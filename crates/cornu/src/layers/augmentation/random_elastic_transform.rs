//! Images bent like rubber at random during training.

use serde::{Deserialize, Serialize};

use super::span::{self, Draw, Span};
use super::{blur, warp};
use crate::choice::Choice;
use crate::error::Result;
use crate::graph::Value;
use crate::graph::ops::{Distribution, Interpolation, Outside, UnaryKind};
use crate::layers::DataFormat;
use crate::layers::images::{ChannelsLast, images};
use crate::layers::{Base, Context, WeightSpec, inputs};
use crate::shape::Shape;

/// Moves each pixel of an image by a random way that is much like its neighbours', drawn anew for each image at each step of training; does
/// nothing in use.
///
/// The ways, down and to the right, are normally distributed numbers of standard deviation `σ`, blurred with a Gaussian of that width and
/// multiplied with `α`, where `α = 0.1 · s · max(height, width)` and `σ = 0.05 · s · min(height, width)` with `s` from the range of
/// `scale`. An image is changed with a probability from the factor's range; what comes from outside follows from the `fill_mode`.
///
/// # Shapes
/// `[height, width, channels]`; the output has the input's.
///
/// # Errors
/// A factor or a scale that is not from 0 to 1; a fill mode or interpolation of another name; a `value_range` that is none; an input that
/// is no image.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let layer = RandomElasticTransform::new().scale((0.5, 0.5)).value_range(0.0, 1.0);
/// let model = Sequential::new().input([32, 32, 3]).add(layer).build()?;
/// assert_eq!(model.output_shape().axes(), &[32, 32, 3]);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Source
/// Simard, Steinkraus, Platt, "Best Practices for Convolutional Neural Networks Applied to Visual Document Analysis", ICDAR 2003.
///
/// # Keras
/// What is drawn comes from the run's seed or from the layer's own; it is not Keras's. The ways down and to the right are independent,
/// where Keras's are equal; `s` is drawn once for a batch. What lies outside is decided for places, as for the other layers, where Keras
/// decides for the pixels around a place. One number `f` as the factor or scale means a range from 0 to `f`, as Keras has it: `(f, f)` is
/// always `f`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RandomElasticTransform {
    #[serde(skip)]
    base: Base,
    #[serde(default = "span::up_to_one")]
    factor: Span<0>,
    #[serde(default = "span::up_to_one")]
    scale: Span<0>,
    #[serde(default = "warp::bilinear")]
    interpolation: Choice<Interpolation>,
    #[serde(default = "warp::reflect")]
    fill_mode: Choice<Outside>,
    #[serde(default)]
    fill_value: f64,
    #[serde(default = "span::bytes")]
    value_range: (f64, f64),
    #[serde(default)]
    seed: Option<i64>,
    #[serde(default)]
    data_format: DataFormat,
}

layer!(RandomElasticTransform);

impl Default for RandomElasticTransform {
    fn default() -> Self {
        Self::new()
    }
}

impl RandomElasticTransform {
    /// Bends images with a probability from 0 to 1.
    pub fn new() -> Self {
        Self {
            base: Base::default(),
            factor: span::up_to_one(),
            scale: span::up_to_one(),
            interpolation: warp::bilinear(),
            fill_mode: warp::reflect(),
            fill_value: 0.0,
            value_range: span::bytes(),
            seed: None,
            data_format: DataFormat::ChannelsLast,
        }
    }

    edges!();

    value_range!();

    setters! {
        /// The probability; two numbers give the range of probabilities.
        factor: Span<0>,
        /// How far pixels move; two numbers give the range.
        scale: Span<0>,
        /// A seed of the layer's own, so that what it draws does not depend on the run's.
        seed: i64 = Some,
    }
}

images!(RandomElasticTransform);

impl ChannelsLast for RandomElasticTransform {
    fn build_last(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        inputs::image("RandomElasticTransform", inputs)?;
        self.factor.check_as("factor", 0.0, 1.0)?;
        self.scale.check_as("scale", 0.0, 1.0)?;
        warp::sampler(&self.interpolation, &self.fill_mode, self.fill_value)?;
        span::check_pixels(self.value_range)?;
        Ok(Vec::new())
    }

    fn call_last(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let x = inputs[0];
        if !cx.training {
            return Ok(x);
        }
        if self.factor.bounds().1 == 0.0 || self.scale.bounds().1 == 0.0 {
            return Ok(x);
        }
        let (low, high) = self.value_range;
        let [batch, height, width] = [0, 1, 2].map(|axis| cx.graph.shape(x)[axis]);
        let chosen = Draw::new(cx, self.seed, x).chosen(cx, self.factor.bounds())?;
        let scale = span::draw_once(cx, self.seed, self.scale.bounds())?;
        let noise = [batch, height, width, 2].into();
        let noise = cx.draw(self.seed, Distribution::Normal, &noise)?;
        let sampler = warp::sampler(&self.interpolation, &self.fill_mode, self.fill_value)?;
        let g = &mut *cx.graph;
        let (long, short) = (height.max(width) as f64, height.min(width) as f64);
        let sigma = g.scale(scale, (0.05 * short) as f32)?;
        let alpha = g.scale(scale, (0.1 * long) as f32)?;
        // Three standard deviations to each side, rounded down as a whole number of pixels, as Keras has them.
        let pixels = g.unary(UnaryKind::Floor, sigma)?;
        let reach = g.scale(pixels, 3.0)?;
        let most = 3 * (0.05 * short * self.scale.bounds().1).floor() as usize;
        let weights = blur::normal(g, 2 * most + 1, sigma, Some(reach))?;
        let ways = blur::separable(g, noise, [weights; 2])?;
        let size = g.mul(alpha, sigma)?;
        let ways = g.mul(ways, size)?;
        let grid = [0, 1].map(|axis| g.iota([height, width, 1], axis));
        let [rows, columns] = grid;
        let grid = g.concat(&[rows?, columns?], 2)?;
        let places = g.add(ways, grid)?;
        let y = g.sample(x, places, sampler, [height, width])?;
        let y = g.select(chosen, y, x)?;
        g.clip(y, low as f32, high as f32)
    }
}
