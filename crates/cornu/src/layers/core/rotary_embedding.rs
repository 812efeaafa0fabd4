//! Features turned by angles that grow with the place.

use serde::{Deserialize, Serialize};

use super::places::Place;
use crate::error::{Error, Result};
use crate::graph::Value;
use crate::graph::ops::UnaryKind;
use crate::layers::{Axes, Base, Context, Layer, WeightSpec, inputs};
use crate::shape::{DType, Shape};

/// Turns pairs of features by angles that grow with the place, so that products of two vectors tell how far apart they stand.
///
/// With `x = [x₁, x₂]`, the halves of the features: `y = [x₁ · cos - x₂ · sin, x₂ · cos + x₁ · sin]`, angles
/// `t / scaling_factor · max_wavelength^(-2i/features)` for feature `i` of a half at place `t`, counted from `start_index`
///
/// # Shapes
/// Any with an axis of places and one of features; the output has the input's. A second input, `[batch, places]`, numbers the places of each
/// sequence instead of `start_index`, where several were packed into one or begin with padding.
///
/// # Errors
/// Numbers for other than all places; an odd number of features; axes that the input lacks, or the batch axis; a wavelength or factor that is not positive.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let model = Sequential::new().input([16, 4, 8]).add(RotaryEmbedding::new()).build()?;
/// assert_eq!(model.output_shape().axes(), &[16, 4, 8]);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Source
/// Su et al., "`RoFormer`: Enhanced Transformer with Rotary Position Embedding", 2021.
///
/// # Keras
/// The layer of this name in KerasHub, without the arguments for Llama 3.1's stretched wavelengths; `start_index` and `positions` are
/// arguments of its call, here the layer's and the second input.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RotaryEmbedding {
    #[serde(skip)]
    base: Base,
    #[serde(default = "wavelength")]
    max_wavelength: f64,
    #[serde(default = "one")]
    scaling_factor: f64,
    #[serde(default = "first")]
    sequence_axis: Axes,
    #[serde(default = "last")]
    feature_axis: Axes,
    #[serde(default)]
    start_index: usize,
    #[serde(skip)]
    place: Place,
}

fn wavelength() -> f64 {
    10_000.0
}

fn one() -> f64 {
    1.0
}

fn first() -> Axes {
    Axes::from(1)
}

fn last() -> Axes {
    Axes::from(-1)
}

layer!(RotaryEmbedding);

impl RotaryEmbedding {
    /// Places along the axis behind the batch, features along the last one, wavelengths up to 10,000.
    pub fn new() -> Self {
        Self {
            base: Base::default(),
            max_wavelength: wavelength(),
            scaling_factor: one(),
            sequence_axis: first(),
            feature_axis: last(),
            start_index: 0,
            place: Place::default(),
        }
    }

    setters! {
        /// The longest wavelength, over 2π.
        max_wavelength: f64,
        /// What places are divided by.
        scaling_factor: f64,
        /// The axis of the places; the batch counts as axis 0.
        sequence_axis: Axes,
        /// The axis of the features.
        feature_axis: Axes,
        /// The number of the first place: of a sequence that goes on where another one ended.
        start_index: usize,
    }
}

impl Default for RotaryEmbedding {
    fn default() -> Self {
        Self::new()
    }
}

impl Layer for RotaryEmbedding {
    layer_identity!(RotaryEmbedding);
    passes_mask!();

    fn place_by_place(&self, places: usize, comes: &[bool]) -> Option<Box<dyn Layer>> {
        let mut layer = self.clone();
        match comes {
            [_] => layer.place = Place::of(places),
            // Each place brings its number.
            _ if comes.iter().all(|&c| c) => {}
            _ => return None,
        }
        Some(Box::new(layer))
    }

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        let x = match inputs {
            [x, _] => x,
            _ => inputs::single("RotaryEmbedding", inputs)?,
        };
        let places = self.sequence_axis.one(x.rank() + 1)?;
        let features = self.feature_axis.one(x.rank() + 1)?;
        if places == features {
            return Err(Error::config(
                "sequence_axis and feature_axis must be two axes, received one",
            ));
        }
        if let [_, numbers] = inputs
            && numbers.axes() != [x[places - 1]]
        {
            return Err(Error::shape(format!(
                "RotaryEmbedding expects a number for each of {} places as its second input, received {numbers}",
                x[places - 1]
            )));
        }
        if !x[features - 1].is_multiple_of(2) {
            return Err(Error::shape(format!(
                "RotaryEmbedding expects an even number of features, received {}",
                x[features - 1]
            )));
        }
        inputs::number(
            "max_wavelength",
            self.max_wavelength,
            f64::MIN_POSITIVE,
            f64::MAX,
        )?;
        inputs::number(
            "scaling_factor",
            self.scaling_factor,
            f64::MIN_POSITIVE,
            f64::MAX,
        )?;
        Ok(self.place.weights())
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let x = inputs[0];
        let shape = cx.graph.shape(x).clone();
        let (places, features) = (
            self.sequence_axis.one(shape.rank())?,
            self.feature_axis.one(shape.rank())?,
        );
        let (t, half) = (shape[places], shape[features] / 2);
        let given = inputs.get(1).copied();
        let (at, sequences) = match given {
            Some(numbers) => (cx.graph.cast(numbers, DType::F32)?, shape[0]),
            None => {
                let at = self.place.numbers(cx, 0, t)?;
                (cx.graph.add_scalar(at, self.start_index as f32)?, 1)
            }
        };
        let g = &mut *cx.graph;
        let along = |axis: usize, n: usize| {
            let mut lengths = vec![1; shape.rank()];
            lengths[axis] = n;
            lengths
        };
        let rate = g.iota([half], 0)?;
        let rate = g.scale(
            rate,
            (-self.max_wavelength.ln() / half.max(1) as f64) as f32,
        )?;
        let rate = g.exp(rate)?;
        let rate = g.reshape(rate, along(features, half))?;
        let at = g.scale(at, (1.0 / self.scaling_factor) as f32)?;
        let mut lengths = along(places, t);
        lengths[0] = sequences;
        let at = g.reshape(at, lengths)?;
        let angles = g.mul(at, rate)?;
        let (sine, cosine) = (
            g.unary(UnaryKind::Sin, angles)?,
            g.unary(UnaryKind::Cos, angles)?,
        );
        let x1 = g.slice(x, features, 0, half)?;
        let x2 = g.slice(x, features, half, half)?;
        let turned = |g: &mut crate::graph::Graph, a: Value, b: Value| -> Result<[Value; 2]> {
            Ok([g.mul(a, cosine)?, g.mul(b, sine)?])
        };
        let [a, b] = turned(g, x1, x2)?;
        let y1 = g.sub(a, b)?;
        let [a, b] = turned(g, x2, x1)?;
        let y2 = g.add(a, b)?;
        g.concat(&[y1, y2], features)
    }
}
