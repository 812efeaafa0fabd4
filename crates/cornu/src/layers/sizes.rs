//! One size for each axis of an image: a single number stands for all of them.

use std::fmt;

use serde::de::{self, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Sizes along `N` axes: of a sequence (1), an image (2) or a volume (3), outermost first.
///
/// # Example
/// ```
/// use cornu::layers::Sizes;
/// assert_eq!(Sizes::<3>::from(2), Sizes::from([2, 2, 2]));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes<const N: usize>(pub [usize; N]);

/// Two sizes, (vertical, horizontal); one number stands for both.
pub type Pair = Sizes<2>;

impl<const N: usize> Sizes<N> {
    /// All sizes.
    pub fn array(self) -> [usize; N] {
        self.0
    }
}

/// As a person writes them: one number where all are the same.
impl<const N: usize> fmt::Display for Sizes<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.first() {
            Some(n) if self.0.iter().all(|m| m == n) => write!(f, "{n}"),
            _ => {
                let all: Vec<String> = self.0.iter().map(usize::to_string).collect();
                write!(f, "({})", all.join(", "))
            }
        }
    }
}

impl<const N: usize> From<usize> for Sizes<N> {
    fn from(n: usize) -> Self {
        Self([n; N])
    }
}

impl<const N: usize> From<[usize; N]> for Sizes<N> {
    fn from(sizes: [usize; N]) -> Self {
        Self(sizes)
    }
}

impl From<(usize, usize)> for Sizes<2> {
    fn from((a, b): (usize, usize)) -> Self {
        Self([a, b])
    }
}

impl From<(usize, usize, usize)> for Sizes<3> {
    fn from((a, b, c): (usize, usize, usize)) -> Self {
        Self([a, b, c])
    }
}

impl<const N: usize> Serialize for Sizes<N> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_seq(self.0)
    }
}

impl<'de, const N: usize> Deserialize<'de> for Sizes<N> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct SizesVisitor<const N: usize>;
        impl<'de, const N: usize> Visitor<'de> for SizesVisitor<N> {
            type Value = Sizes<N>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match N {
                    1 => "a positive integer, as in 3",
                    2 => "a positive integer or a pair of them, as in 3 or [3, 3]",
                    _ => "a positive integer or three of them, as in 3 or [3, 3, 3]",
                })
            }
            fn visit_u64<E: de::Error>(self, n: u64) -> Result<Sizes<N>, E> {
                usize::try_from(n).map(Sizes::from).map_err(E::custom)
            }
            fn visit_i64<E: de::Error>(self, n: i64) -> Result<Sizes<N>, E> {
                usize::try_from(n)
                    .map(Sizes::from)
                    .map_err(|_| E::invalid_value(de::Unexpected::Signed(n), &self))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Sizes<N>, A::Error> {
                let mut all = Vec::new();
                while let Some(n) = seq.next_element::<usize>()? {
                    all.push(n);
                }
                match all[..] {
                    [n] => Ok(Sizes::from(n)),
                    _ => match <[usize; N]>::try_from(all) {
                        Ok(sizes) => Ok(Sizes(sizes)),
                        Err(all) => Err(de::Error::invalid_length(all.len(), &self)),
                    },
                }
            }
        }
        d.deserialize_any(SizesVisitor::<N>)
    }
}
