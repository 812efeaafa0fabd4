//! Numbers of a config of which one may speak for all: `0.5` or `[0.3, 0.7]`.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value as Json;

/// One number, several, or none where the default will do.
///
/// # Example
/// ```
/// use cornu::metrics::Precision;
/// use cornu::numbers::Numbers;
/// let precision = Precision::default().thresholds([0.3, 0.7]);
/// assert_eq!(Numbers::from(0.5), Numbers::from([0.5]));
/// # let _ = precision;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Numbers(Vec<f64>);

impl Numbers {
    /// The numbers, in order.
    pub fn list(&self) -> &[f64] {
        &self.0
    }
}

impl From<f64> for Numbers {
    fn from(one: f64) -> Self {
        Self(vec![one])
    }
}

impl<const N: usize> From<[f64; N]> for Numbers {
    fn from(several: [f64; N]) -> Self {
        Self(several.to_vec())
    }
}

impl From<Vec<f64>> for Numbers {
    fn from(several: Vec<f64>) -> Self {
        Self(several)
    }
}

impl Serialize for Numbers {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        match self.0[..] {
            [] => s.serialize_none(),
            [one] => s.serialize_f64(one),
            _ => self.0.serialize(s),
        }
    }
}

impl<'de> Deserialize<'de> for Numbers {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        use serde::de::Error as _;
        let number = |json: &Json| {
            json.as_f64().ok_or_else(|| {
                D::Error::custom(format!(
                    "a number or a list of numbers is wanted, received {json}"
                ))
            })
        };
        match Json::deserialize(d)? {
            Json::Null => Ok(Self::default()),
            Json::Array(list) => list.iter().map(number).collect::<Result<_, _>>().map(Self),
            one => Ok(Self(vec![number(&one)?])),
        }
    }
}
