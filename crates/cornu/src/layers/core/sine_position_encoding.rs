//! A vector of waves for each place of a sequence.

use serde::{Deserialize, Serialize};

use super::places::{self, Place};
use crate::error::{Error, Result};
use crate::graph::Value;
use crate::graph::ops::UnaryKind;
use crate::layers::{Base, Context, Layer, WeightSpec, inputs};
use crate::shape::Shape;

/// Gives each place of a sequence sines and cosines of it, of wavelengths that grow from feature to feature.
///
/// `y[b, t, 2i] = sin(t / w^(2i/features))`, `y[b, t, 2i+1] = cos(t / w^(2i/features))`, `w` the `max_wavelength`. Add it to the vectors
/// of what stands at the places.
///
/// # Shapes
/// `[batch, places, features] → [batch, places, features]`.
///
/// # Errors
/// An input that is no sequence of features; a wavelength that is not positive.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let words = input_of(DType::I32, [12]);
/// let x = Embedding::new(100, 8).on(&words);
/// let y = Add::new().on([&x, &SinePositionEncoding::new().on(&x)]);
/// assert_eq!(Model::new([&words], [&y])?.output_shape().axes(), &[12, 8]);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Source
/// Vaswani et al., "Attention Is All You Need", 2017.
///
/// # Keras
/// The layer of this name in KerasHub.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SinePositionEncoding {
    #[serde(skip)]
    base: Base,
    #[serde(default = "wavelength")]
    max_wavelength: f64,
    #[serde(skip)]
    place: Place,
}

fn wavelength() -> f64 {
    10_000.0
}

layer!(SinePositionEncoding);

impl SinePositionEncoding {
    /// With wavelengths up to 10,000.
    pub fn new() -> Self {
        Self {
            base: Base::default(),
            max_wavelength: wavelength(),
            place: Place::default(),
        }
    }

    setters! {
        /// The longest wavelength, over 2π.
        max_wavelength: f64,
    }
}

impl Default for SinePositionEncoding {
    fn default() -> Self {
        Self::new()
    }
}

impl Layer for SinePositionEncoding {
    layer_identity!(SinePositionEncoding);
    passes_mask!();

    fn place_by_place(&self, places: usize, _: &[bool]) -> Option<Box<dyn Layer>> {
        let mut layer = self.clone();
        layer.place = Place::of(places);
        Some(Box::new(layer))
    }

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        let x = inputs::single("SinePositionEncoding", inputs)?;
        if x.rank() != 2 {
            return Err(Error::shape(format!(
                "SinePositionEncoding expects sequences [places, features], received {x}"
            )));
        }
        inputs::number(
            "max_wavelength",
            self.max_wavelength,
            f64::MIN_POSITIVE,
            f64::MAX,
        )?;
        Ok(self.place.weights())
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let shape = cx.graph.shape(inputs[0]).clone();
        let (t, f) = (shape[1], shape[2]);
        let at = self.place.numbers(cx, 0, t)?;
        let g = &mut *cx.graph;
        // Pairs of features share a wavelength.
        let pair = places::floor_half(g, f)?;
        let rate = g.scale(pair, (-2.0 * self.max_wavelength.ln() / f as f64) as f32)?;
        let rate = g.exp(rate)?;
        let rate = g.reshape(rate, [1, f])?;
        let at = g.reshape(at, [t, 1])?;
        let angles = g.mul(at, rate)?;
        let odd = places::is_odd(g, f)?;
        let (sine, cosine) = (
            g.unary(UnaryKind::Sin, angles)?,
            g.unary(UnaryKind::Cos, angles)?,
        );
        let y = g.select(odd, cosine, sine)?;
        g.broadcast(y, shape)
    }
}
