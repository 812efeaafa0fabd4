//! The key of a hash as Keras takes it: one whole number or two.

use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::Value as Json;

/// One number for both halves of the key, or one for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Salt([i64; 2]);

impl Salt {
    /// The key.
    pub(super) fn key(self) -> [u64; 2] {
        self.0.map(i64::cast_unsigned)
    }
}

impl From<i64> for Salt {
    fn from(salt: i64) -> Self {
        Self([salt, salt])
    }
}

impl From<[i64; 2]> for Salt {
    fn from(salt: [i64; 2]) -> Self {
        Self(salt)
    }
}

impl<'de> Deserialize<'de> for Salt {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let json = Json::deserialize(d)?;
        let given: Option<Vec<i64>> = match &json {
            Json::Array(list) => list.iter().map(Json::as_i64).collect(),
            one => one.as_i64().map(|n| vec![n, n]),
        };
        match given.as_deref() {
            Some(&[a, b]) => Ok(Self([a, b])),
            _ => Err(de::Error::custom(format!(
                "salt must be a whole number or a pair of them, received {json}"
            ))),
        }
    }
}
