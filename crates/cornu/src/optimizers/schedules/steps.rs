//! A number of steps: written whole where it is whole, as Keras's configs have it.

use serde::{Deserialize, Serialize, Serializer};

/// A number of steps, which a config may hold as a real number.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Deserialize)]
#[serde(transparent)]
pub(super) struct Steps(pub(super) f64);

impl From<usize> for Steps {
    fn from(steps: usize) -> Self {
        Self(steps as f64)
    }
}

impl Serialize for Steps {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        // Above 2⁵³ not every whole number is a double.
        if self.0.fract() == 0.0 && self.0.abs() <= 9_007_199_254_740_992.0 {
            s.serialize_i64(self.0 as i64)
        } else {
            s.serialize_f64(self.0)
        }
    }
}
