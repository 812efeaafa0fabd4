//! From where to where a random factor is drawn, one for each image.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value as Json;

use crate::error::{Error, Result};
use crate::graph::Value;
use crate::layers::{Context, inputs};

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
        inputs::number("factor", self.0, -1.0, 1.0)?;
        inputs::number("factor", self.1, -1.0, 1.0)
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

/// What pixels are without a word: bytes.
pub(super) fn bytes() -> (f64, f64) {
    (0.0, 255.0)
}

/// One number from `low` to `high` for each image of `x`, `[batch, 1, 1, 1]`.
pub(super) fn draw(cx: &mut Context<'_>, x: Value, (low, high): (f64, f64)) -> Result<Value> {
    let batch = cx.graph.shape(x)[0];
    let unit = cx.uniform(&[batch, 1, 1, 1].into())?;
    let y = cx.graph.scale(unit, (high - low) as f32)?;
    cx.graph.add_scalar(y, low as f32)
}
