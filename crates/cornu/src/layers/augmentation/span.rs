//! From where to where a random factor is drawn, one for each image.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value as Json;

use crate::error::{Error, Result};
use crate::graph::ops::{BinaryKind, Distribution};
use crate::graph::{Graph, Value};
use crate::layers::{Context, inputs};
use crate::shape::Shape;

/// A factor's range; one number `f` stands for `-|f|..|f|`, or where `LOW` is 0 for `0..|f|`.
///
/// # Example
/// ```
/// use cornu::layers::Span;
/// assert_eq!(Span::<-1>::from(0.2), Span::from((-0.2, 0.2)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Span<const LOW: i8>(f64, f64);

impl<const LOW: i8> From<f64> for Span<LOW> {
    fn from(f: f64) -> Self {
        Self((-f.abs()).max(f64::from(LOW)), f.abs())
    }
}

impl<const LOW: i8> From<(f64, f64)> for Span<LOW> {
    fn from((a, b): (f64, f64)) -> Self {
        Self(a.min(b), a.max(b))
    }
}

impl<'de, const LOW: i8> Deserialize<'de> for Span<LOW> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let given = Json::deserialize(d)?;
        let pair = match given.as_array().map(Vec::as_slice) {
            Some([a, b]) => a.as_f64().zip(b.as_f64()).map(Self::from),
            Some(_) => None,
            None => given.as_f64().map(Self::from),
        };
        pair.ok_or_else(|| {
            D::Error::custom(format!(
                "invalid value: {given}, expected a number or two, as in 0.2 or [0.1, 0.3]"
            ))
        })
    }
}

impl<const LOW: i8> Span<LOW> {
    /// The lowest and the highest factor.
    pub(super) fn bounds(self) -> (f64, f64) {
        (self.0, self.1)
    }

    /// Refuses factors that are not from -1 to 1.
    pub(super) fn check(self) -> Result<()> {
        self.check_as("factor", -1.0, 1.0)
    }

    /// Refuses factors out of bounds, under the name of their argument.
    pub(super) fn check_as(self, name: &str, low: f64, high: f64) -> Result<()> {
        inputs::number(name, self.0, low, high)?;
        inputs::number(name, self.1, low, high)
    }
}

/// Refuses a range of pixels that is none.
pub(super) fn check_pixels((low, high): (f64, f64)) -> Result<()> {
    inputs::number("value_range", low, f64::MIN, f64::MAX)?;
    inputs::number("value_range", high, f64::MIN, f64::MAX)?;
    if low < high {
        return Ok(());
    }
    Err(Error::config(format!(
        "value_range must be the lowest and the highest pixel, received [{low}, {high}]"
    ))
    .help("images of bytes have [0, 255], images scaled by 1/255 have [0, 1]"))
}

/// No factor but 0.
pub(super) fn zero() -> Span<-1> {
    0.0.into()
}

/// Factors from 0 to 1.
pub(super) fn up_to_one() -> Span<0> {
    1.0.into()
}

pub(super) fn one() -> f64 {
    1.0
}

/// What pixels are without a word: bytes.
pub(super) fn bytes() -> (f64, f64) {
    (0.0, 255.0)
}

/// Draws one number for each image of a batch, from the seed of the run or one of the layer's own.
pub(super) struct Draw {
    seed: Option<i64>,
    batch: usize,
}

impl Draw {
    /// For the images of `x`.
    pub(super) fn new(cx: &Context<'_>, seed: Option<i64>, x: Value) -> Self {
        let batch = cx.graph.shape(x)[0];
        Self { seed, batch }
    }

    /// Numbers from `low` to `high`, `[batch, 1, 1, 1]`.
    pub(super) fn image(&self, cx: &mut Context<'_>, bounds: (f64, f64)) -> Result<Value> {
        self.within(cx, &[self.batch, 1, 1, 1].into(), bounds)
    }

    /// The same as a column, `[batch, 1]`.
    pub(super) fn column(&self, cx: &mut Context<'_>, bounds: (f64, f64)) -> Result<Value> {
        self.within(cx, &[self.batch, 1].into(), bounds)
    }

    fn within(
        &self,
        cx: &mut Context<'_>,
        shape: &Shape,
        (low, high): (f64, f64),
    ) -> Result<Value> {
        if low >= high {
            let low = cx.graph.constant(low as f32)?;
            return cx.graph.broadcast(low, shape.clone());
        }
        let unit = cx.draw(self.seed, Distribution::Uniform, shape)?;
        let y = cx.graph.scale(unit, (high - low) as f32)?;
        cx.graph.add_scalar(y, low as f32)
    }

    /// 1 for images chosen with a probability that is drawn between two bounds itself, else 0, `[batch, 1, 1, 1]`.
    pub(super) fn chosen(&self, cx: &mut Context<'_>, probability: (f64, f64)) -> Result<Value> {
        let probability = self.image(cx, probability)?;
        let unit = self.image(cx, (0.0, 1.0))?;
        cx.graph.binary(BinaryKind::Lt, unit, probability)
    }

    /// 1 or -1 with probability 1/2 each, as a column.
    pub(super) fn sign(&self, cx: &mut Context<'_>) -> Result<Value> {
        let unit = self.column(cx, (-1.0, 1.0))?;
        let negative = cx.graph.greater_scalar(unit, 0.0)?;
        let twice = cx.graph.scale(negative, -2.0)?;
        cx.graph.add_scalar(twice, 1.0)
    }
}

/// One number for all images of a batch.
pub(super) fn draw_once(
    cx: &mut Context<'_>,
    seed: Option<i64>,
    (low, high): (f64, f64),
) -> Result<Value> {
    if low >= high {
        return cx.graph.constant(low as f32);
    }
    let (seed, one) = (seed.map(i64::cast_unsigned), Shape::scalar());
    let unit = cx
        .graph
        .random_of(cx.rng, seed, Distribution::Uniform, one, false)?;
    let y = cx.graph.scale(unit, (high - low) as f32)?;
    cx.graph.add_scalar(y, low as f32)
}

/// A layer with the seed given, if one is.
macro_rules! seeded {
    ($seed:expr, $layer:expr) => {{
        let layer = $layer;
        let layer: Box<dyn $crate::layers::Layer> = match $seed {
            Some(seed) => Box::new(layer.seed(seed)),
            None => Box::new(layer),
        };
        layer
    }};
}

/// `.value_range(low, high)` of a layer whose pixels lie in one.
macro_rules! value_range {
    () => {
        /// The lowest and the highest value of a pixel; without it those of bytes.
        pub fn value_range(mut self, low: f64, high: f64) -> Self {
            self.value_range = (low, high);
            self
        }
    };
}

/// Pixels from one range to another.
pub(super) fn change_range(
    g: &mut Graph,
    x: Value,
    from: (f64, f64),
    to: (f64, f64),
) -> Result<Value> {
    if from == to {
        return Ok(x);
    }
    let x = g.add_scalar(x, -from.0 as f32)?;
    let range = g.constant((from.1 - from.0) as f32)?;
    let x = g.div(x, range)?;
    let x = g.scale(x, (to.1 - to.0) as f32)?;
    g.add_scalar(x, to.0 as f32)
}
