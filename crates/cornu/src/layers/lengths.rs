//! Lengths of axes as an argument: one number or a list, where null leaves a length to what it follows from.

use std::fmt;

use serde::de::{self, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The lengths of some axes; `None` where a length follows from the inputs.
///
/// # Example
/// ```
/// use cornu::layers::Lengths;
/// assert_eq!(Lengths::from(64), Lengths::from([64]));
/// let steps_as_they_are = Lengths::from([None, Some(64)]);
/// # let _ = steps_as_they_are;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lengths(pub(super) Vec<Option<usize>>);

impl From<usize> for Lengths {
    fn from(n: usize) -> Self {
        Self(vec![Some(n)])
    }
}

impl<const N: usize> From<[usize; N]> for Lengths {
    fn from(all: [usize; N]) -> Self {
        Self(all.into_iter().map(Some).collect())
    }
}

impl<const N: usize> From<[Option<usize>; N]> for Lengths {
    fn from(all: [Option<usize>; N]) -> Self {
        Self(all.into())
    }
}

impl Serialize for Lengths {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(s)
    }
}

impl<'de> Deserialize<'de> for Lengths {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct LengthsVisitor;
        impl<'de> Visitor<'de> for LengthsVisitor {
            type Value = Lengths;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a length or a list of them, as in 64 or [null, 64]")
            }
            fn visit_u64<E: de::Error>(self, n: u64) -> Result<Lengths, E> {
                usize::try_from(n).map(Lengths::from).map_err(E::custom)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Lengths, A::Error> {
                let mut all = Vec::new();
                while let Some(n) = seq.next_element::<Option<usize>>()? {
                    all.push(n);
                    if all.len() > 16 {
                        return Err(de::Error::invalid_length(all.len(), &self));
                    }
                }
                Ok(Lengths(all))
            }
        }
        d.deserialize_any(LengthsVisitor)
    }
}
