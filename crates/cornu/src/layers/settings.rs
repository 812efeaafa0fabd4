//! Settings that layers share: names, pairs of sizes, paddings.

use std::fmt;

use serde::de::{self, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::choice::Named;

/// What every layer has besides its own arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Base {
    /// The name given, if any.
    pub name: Option<String>,
    /// Whether training changes the layer's weights.
    pub trainable: bool,
}

impl Default for Base {
    fn default() -> Self {
        Self {
            name: None,
            trainable: true,
        }
    }
}

/// Two sizes, (vertical, horizontal); one number stands for both.
///
/// # Example
/// ```
/// use cornu::layers::Pair;
/// assert_eq!(Pair::from(3), Pair::from((3, 3)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Pair(pub usize, pub usize);

impl Pair {
    /// Both sizes.
    pub fn array(self) -> [usize; 2] {
        [self.0, self.1]
    }
}

impl From<usize> for Pair {
    fn from(n: usize) -> Self {
        Self(n, n)
    }
}

impl From<(usize, usize)> for Pair {
    fn from((a, b): (usize, usize)) -> Self {
        Self(a, b)
    }
}

impl From<[usize; 2]> for Pair {
    fn from([a, b]: [usize; 2]) -> Self {
        Self(a, b)
    }
}

impl<'de> Deserialize<'de> for Pair {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct PairVisitor;
        impl<'de> Visitor<'de> for PairVisitor {
            type Value = Pair;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a positive integer or a pair of them, as in 3 or [3, 3]")
            }
            fn visit_u64<E: de::Error>(self, n: u64) -> Result<Pair, E> {
                usize::try_from(n).map(Pair::from).map_err(E::custom)
            }
            fn visit_i64<E: de::Error>(self, n: i64) -> Result<Pair, E> {
                usize::try_from(n)
                    .map(Pair::from)
                    .map_err(|_| E::invalid_value(de::Unexpected::Signed(n), &self))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Pair, A::Error> {
                let mut all = Vec::new();
                while let Some(n) = seq.next_element::<usize>()? {
                    all.push(n);
                }
                match all[..] {
                    [n] => Ok(Pair(n, n)),
                    [a, b] => Ok(Pair(a, b)),
                    _ => Err(de::Error::invalid_length(all.len(), &self)),
                }
            }
        }
        d.deserialize_any(PairVisitor)
    }
}

/// What happens at an image's edges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Padding {
    /// Windows stay inside the image.
    Valid,
    /// So many zeros around the image that a stride of 1 keeps its size; the odd one comes last.
    Same,
}

impl Named for Padding {
    const WHAT: &'static str = "padding";
    fn from_name(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "valid" => Some(Self::Valid),
            "same" => Some(Self::Same),
            _ => None,
        }
    }
    fn name(&self) -> &str {
        match self {
            Self::Valid => "valid",
            Self::Same => "same",
        }
    }
    fn names() -> Vec<&'static str> {
        vec!["valid", "same"]
    }
}

impl Padding {
    /// (before, after) along one axis of the length given, for a window that spans `span` pixels.
    pub(super) fn amounts(self, input: usize, span: usize, stride: usize) -> (usize, usize) {
        match self {
            Self::Valid => (0, 0),
            Self::Same => {
                let out = input.div_ceil(stride.max(1));
                let total = (out.saturating_sub(1) * stride + span).saturating_sub(input);
                (total / 2, total - total / 2)
            }
        }
    }
}

/// The order of an image's axes; there is one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DataFormat {
    /// `[batch, height, width, channels]`.
    #[default]
    ChannelsLast,
}
