//! Boxes at random places of images, and what they are painted with.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value as Json;

use super::span::Draw;
use crate::error::{Error, Result};
use crate::graph::ops::BinaryKind;
use crate::graph::{Graph, Value};
use crate::layers::{Context, inputs};

/// A box in each image.
pub(super) struct Inside {
    /// 1 inside, else 0, `[n, h, w, 1]`.
    pub(super) mask: Value,
    /// Its share of the image, `[n, 1, 1, 1]`.
    pub(super) area: Value,
}

/// A box at a random place of each image, its height and width the shares of the image's that `share` gives.
pub(super) fn random(
    cx: &mut Context<'_>,
    draw: &Draw,
    x: Value,
    mut share: impl FnMut(&mut Context<'_>) -> Result<Value>,
) -> Result<Inside> {
    let mut sides = Vec::new();
    for axis in [1, 2] {
        let len = cx.graph.shape(x)[axis];
        let part = share(cx)?;
        let unit = draw.image(cx, (0.0, 1.0))?;
        let g = &mut *cx.graph;
        let size = g.scale(part, len as f32)?;
        let whole = g.constant(len as f32)?;
        let room = g.sub(whole, size)?;
        let start = g.mul(unit, room)?;
        let end = g.add(start, size)?;
        let mut shape = [1, 1, 1, 1];
        shape[axis] = len;
        let pixel = g.iota(shape, axis)?;
        let after = g.binary(BinaryKind::Ge, pixel, start)?;
        let before = g.binary(BinaryKind::Lt, pixel, end)?;
        sides.push((g.mul(after, before)?, part));
    }
    let [(rows, down), (columns, right)] = sides[..] else {
        unreachable!("an image has two sides")
    };
    Ok(Inside {
        mask: cx.graph.mul(rows, columns)?,
        area: cx.graph.mul(down, right)?,
    })
}

/// The colour of a box: one number, or one for each channel.
///
/// # Example
/// ```
/// use cornu::layers::Paint;
/// assert_ne!(Paint::from(0.5), Paint::from([0.5, 0.5, 0.0]));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Paint(Vec<f64>);

impl From<f64> for Paint {
    fn from(value: f64) -> Self {
        Self(vec![value])
    }
}

impl<const N: usize> From<[f64; N]> for Paint {
    fn from(values: [f64; N]) -> Self {
        Self(values.to_vec())
    }
}

impl Serialize for Paint {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        match self.0[..] {
            [value] => s.serialize_f64(value),
            _ => self.0.serialize(s),
        }
    }
}

impl<'de> Deserialize<'de> for Paint {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let given = Json::deserialize(d)?;
        let values = match &given {
            Json::Array(values) if values.len() <= 1 << 16 => {
                values.iter().map(Json::as_f64).collect()
            }
            one => one.as_f64().map(|one| vec![one]),
        };
        values.map(Self).ok_or_else(|| {
            D::Error::custom(format!(
                "invalid value: {given}, expected a number, or one for each channel, as in [0.1, 0.2, 0.3]"
            ))
        })
    }
}

impl Paint {
    /// Refuses numbers that do not go with the channels.
    pub(super) fn check(&self, channels: usize) -> Result<()> {
        for &value in &self.0 {
            inputs::number("fill_value", value, f64::MIN, f64::MAX)?;
        }
        if self.0.len() == 1 || self.0.len() == channels {
            return Ok(());
        }
        Err(Error::config(format!(
            "fill_value must be a number, or one for each of {channels} channels, received {}",
            self.0.len()
        )))
    }

    /// A number, or one for each channel.
    pub(super) fn value(&self, g: &mut Graph) -> Result<Value> {
        let mut paint = g.constant(self.0.first().map_or(0.0, |&v| v as f32))?;
        if self.0.len() > 1 {
            let channel = g.iota([self.0.len()], 0)?;
            for (i, &value) in self.0.iter().enumerate().skip(1) {
                let number = g.constant(i as f32)?;
                let here = g.equal(channel, number)?;
                let value = g.constant(value as f32)?;
                paint = g.select(here, value, paint)?;
            }
        }
        Ok(paint)
    }
}
