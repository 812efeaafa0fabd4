//! What is added or taken away before and after each axis of an image.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value as Json;

/// (before, after) for each of `N` axes; of an image ((top, bottom), (left, right)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Margins<const N: usize>(pub(super) [(usize, usize); N]);

impl<const N: usize> From<usize> for Margins<N> {
    fn from(n: usize) -> Self {
        Self([(n, n); N])
    }
}

impl From<(usize, usize)> for Margins<1> {
    fn from(both: (usize, usize)) -> Self {
        Self([both])
    }
}

impl From<(usize, usize)> for Margins<2> {
    fn from((v, h): (usize, usize)) -> Self {
        Self([(v, v), (h, h)])
    }
}

impl From<(usize, usize, usize)> for Margins<3> {
    fn from((a, b, c): (usize, usize, usize)) -> Self {
        Self([(a, a), (b, b), (c, c)])
    }
}

impl<const N: usize> From<[(usize, usize); N]> for Margins<N> {
    fn from(margins: [(usize, usize); N]) -> Self {
        Self(margins)
    }
}

impl<const N: usize> Serialize for Margins<N> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        match self.0[..] {
            [both] => both.serialize(s),
            _ => s.collect_seq(self.0),
        }
    }
}

/// What of an axis was given: a number for both ends, or two.
fn ends(given: &Json) -> Option<(usize, usize)> {
    let number = |v: &Json| v.as_u64().and_then(|n| usize::try_from(n).ok());
    match given.as_array().map(Vec::as_slice) {
        Some([a, b]) => Some((number(a)?, number(b)?)),
        Some(_) => None,
        None => number(given).map(|n| (n, n)),
    }
}

impl<'de, const N: usize> Deserialize<'de> for Margins<N> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let given = Json::deserialize(d)?;
        let margins = match given.as_array() {
            Some(axes) if N > 1 => {
                let axes: Option<Vec<_>> = axes.iter().map(ends).collect();
                axes.and_then(|axes| <[_; N]>::try_from(axes).ok())
            }
            _ => ends(&given).map(|both| [both; N]),
        };
        margins.map(Self).ok_or_else(|| {
            D::Error::custom(format!(
                "invalid value: {given}, expected {}",
                match N {
                    1 => "a number or two, as in 1 or [1, 0]",
                    2 => "a number, two, or two pairs, as in 1, [1, 2] or [[1, 0], [2, 3]]",
                    _ => "a number, three, or three pairs, as in 1, [1, 2, 0] or [[1, 0], [2, 3], [0, 0]]",
                }
            ))
        })
    }
}
