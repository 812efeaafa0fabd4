//! The number of an axis as Keras counts: the batch is axis 0, and negative numbers count from the end.

use std::fmt;

use serde::de::{self, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::{Error, Result};
use crate::graph::{Graph, Value};

/// One axis, or several for layers that take several.
///
/// # Example
/// ```
/// use cornu::layers::Axes;
/// assert_eq!(Axes::from(-1), Axes::from([-1]));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Axes(Vec<i64>);

impl Axes {
    /// Whether no axis is named.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The axes of a value with `rank` axes, the batch among them, in ascending order.
    pub(crate) fn resolve(&self, rank: usize) -> Result<Vec<usize>> {
        let mut axes = Vec::with_capacity(self.0.len());
        for &axis in &self.0 {
            let counted = if axis < 0 { axis + rank as i64 } else { axis };
            let allowed = 1..rank as i64;
            if !allowed.contains(&counted) {
                let wanted = match rank {
                    0 | 1 => {
                        return Err(Error::shape(format!(
                            "axis {axis} needs an input with an axis besides the batch, received single numbers"
                        )));
                    }
                    2 => "1 or -1".to_owned(),
                    _ => format!("1 to {} or {} to -1", rank - 1, 1 - rank as i64),
                };
                let error = Error::shape(format!("axis must be {wanted}, received {axis}"));
                return Err(if counted == 0 {
                    error.help("axis 0 is the batch: samples do not mix")
                } else {
                    error.help("the batch counts as axis 0")
                });
            }
            axes.push(counted as usize);
        }
        axes.sort_unstable();
        let all = axes.len();
        axes.dedup();
        if axes.is_empty() || axes.len() < all {
            return Err(Error::config(format!(
                "axis must name each axis once, received {:?}",
                self.0
            )));
        }
        Ok(axes)
    }

    /// An axis of each of two values of these ranks: the same of both, or one of each.
    pub(super) fn two(&self, ranks: [usize; 2]) -> Result<[usize; 2]> {
        let pair = match self.0[..] {
            [both] => [both, both],
            [a, b] => [a, b],
            _ => {
                return Err(Error::config(format!(
                    "axes must be one axis or two, received {:?}",
                    self.0
                )));
            }
        };
        Ok([
            Self(vec![pair[0]]).one(ranks[0])?,
            Self(vec![pair[1]]).one(ranks[1])?,
        ])
    }

    /// The one axis of a value with `rank` axes.
    pub(super) fn one(&self, rank: usize) -> Result<usize> {
        match self.resolve(rank)?[..] {
            [axis] => Ok(axis),
            _ => Err(Error::config(format!(
                "axis must be one axis, received {:?}",
                self.0
            ))),
        }
    }
}

/// Applies `f` to `x` with the axes given moved to the end and joined into one, and moves them back.
pub(super) fn over_axes(
    g: &mut Graph,
    x: Value,
    axes: &[usize],
    f: impl FnOnce(&mut Graph, Value) -> Result<Value>,
) -> Result<Value> {
    let shape = g.shape(x).clone();
    let rank = shape.rank();
    let others: Vec<usize> = (0..rank).filter(|a| !axes.contains(a)).collect();
    let order: Vec<usize> = others.iter().chain(axes).copied().collect();
    let turned = g.transpose(x, &order)?;
    let turned_shape = g.shape(turned).clone();
    let mut rows: Vec<usize> = others.iter().map(|&a| shape[a]).collect();
    rows.push(axes.iter().map(|&a| shape[a]).product());
    let joined = g.reshape(turned, rows)?;
    let y = f(g, joined)?;
    let y = g.reshape(y, turned_shape)?;
    let mut back = vec![0; rank];
    for (to, &from) in order.iter().enumerate() {
        back[from] = to;
    }
    g.transpose(y, &back)
}

/// The last axis.
pub(super) fn last() -> Axes {
    Axes(vec![-1])
}

impl From<i64> for Axes {
    fn from(axis: i64) -> Self {
        Self(vec![axis])
    }
}

impl<const N: usize> From<[i64; N]> for Axes {
    fn from(axes: [i64; N]) -> Self {
        Self(axes.to_vec())
    }
}

impl Serialize for Axes {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        match self.0[..] {
            [axis] => s.serialize_i64(axis),
            _ => self.0.serialize(s),
        }
    }
}

impl<'de> Deserialize<'de> for Axes {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct AxesVisitor;
        impl<'de> Visitor<'de> for AxesVisitor {
            type Value = Axes;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the number of an axis, as in -1")
            }
            fn visit_i64<E: de::Error>(self, n: i64) -> Result<Axes, E> {
                // Far from overflow when the rank is added, and still told to be out of range.
                Ok(Axes(vec![n.clamp(-1 << 32, 1 << 32)]))
            }
            fn visit_u64<E: de::Error>(self, n: u64) -> Result<Axes, E> {
                self.visit_i64(i64::try_from(n).unwrap_or(i64::MAX))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Axes, A::Error> {
                let mut all = Vec::new();
                while let Some(n) = seq.next_element::<i64>()? {
                    all.push(n.clamp(-1 << 32, 1 << 32));
                    if all.len() > 16 {
                        return Err(de::Error::invalid_length(all.len(), &self));
                    }
                }
                Ok(Axes(all))
            }
        }
        d.deserialize_any(AxesVisitor)
    }
}
