//! The numbers of an array's axes, as a config has them: `-1` or `[0, 1]`.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value as Json;

use crate::error::{Error, Result};
use crate::shape::Shape;

/// Axes of an array, all of which may be named: one number or a list, negative ones counting from the end.
///
/// # Example
/// ```
/// use cornu::axes::AxisList;
/// assert_eq!(AxisList::from(-1), AxisList::from([-1]));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AxisList(Vec<i64>);

impl From<i64> for AxisList {
    fn from(axis: i64) -> Self {
        Self(vec![axis])
    }
}

impl<const N: usize> From<[i64; N]> for AxisList {
    fn from(axes: [i64; N]) -> Self {
        Self(axes.to_vec())
    }
}

impl Serialize for AxisList {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        match self.0[..] {
            [axis] => s.serialize_i64(axis),
            _ => self.0.serialize(s),
        }
    }
}

impl<'de> Deserialize<'de> for AxisList {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        use serde::de::Error as _;
        let axis = |json: &Json| {
            json.as_i64().ok_or_else(|| {
                D::Error::custom(format!(
                    "an axis is a whole number or a list of them, received {json}"
                ))
            })
        };
        match Json::deserialize(d)? {
            Json::Array(list) => list.iter().map(axis).collect::<Result<_, _>>().map(Self),
            one => Ok(Self(vec![axis(&one)?])),
        }
    }
}

impl AxisList {
    /// The axes as they were given.
    pub fn list(&self) -> &[i64] {
        &self.0
    }

    pub(crate) fn resolve(&self, class: &str, shape: &Shape) -> Result<Vec<usize>> {
        let rank = shape.rank() as i64;
        let mut axes = Vec::with_capacity(self.0.len());
        for &axis in &self.0 {
            if !(-rank..rank).contains(&axis) {
                return Err(Error::config(format!(
                    "{class}: axis must be from {} to {} for the shape {shape}, received {axis}",
                    -rank,
                    rank - 1
                )));
            }
            axes.push(axis.rem_euclid(rank) as usize);
        }
        axes.sort_unstable();
        axes.dedup();
        if axes.is_empty() || axes.len() < self.0.len() {
            return Err(Error::config(format!(
                "{class}: axis must name each axis once, received {:?}",
                self.0
            )));
        }
        Ok(axes)
    }
}
