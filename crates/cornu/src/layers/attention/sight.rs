//! Which keys each query may see.

use crate::error::{Error, Result};
use crate::graph::ops::BinaryKind;
use crate::graph::{Graph, Value};
use crate::shape::DType;

/// All that can hide keys from queries.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sight {
    /// Which steps of query, value and key count, `[batch, steps]`.
    pub(super) masks: [Option<Value>; 3],
    /// What the caller says, `[batch, queries, keys]`, or `[batch, heads, queries, keys]`; axes may have length 1.
    pub(super) given: Option<Value>,
    /// Whether each query sees keys up to its own place alone.
    pub(super) causal: bool,
    /// How many places away the first key is that is hidden.
    pub(super) window: Option<usize>,
}

impl Sight {
    /// What is left to say beside being causal: 1 where a query may see a key, else 0, `[batch, 1 or heads, queries, keys]`, axes of
    /// length 1 among them; and whether being causal is still to be said.
    pub(super) fn allowed(
        self,
        g: &mut Graph,
        [batch, queries, keys]: [usize; 3],
    ) -> Result<(Option<Value>, bool)> {
        let [query, value, key] = self.masks;
        let mut seen: Option<Value> = None;
        let mut both = |g: &mut Graph, mask: Value| -> Result<()> {
            seen = Some(match seen {
                Some(others) => g.mul(others, mask)?,
                None => mask,
            });
            Ok(())
        };
        for (mask, shape) in [
            (query, [batch, 1, queries, 1]),
            (value, [batch, 1, 1, keys]),
            (key.filter(|_| key != value), [batch, 1, 1, keys]),
        ] {
            if let Some(mask) = mask {
                let mask = g.reshape(mask, shape)?;
                both(g, mask)?;
            }
        }
        if let Some(given) = self.given {
            let mask = given_mask(g, given, [batch, queries, keys])?;
            both(g, mask)?;
        }
        if let Some(window) = self.window {
            let (row, column) = places(g, queries, keys)?;
            let away = g.sub(row, column)?;
            let away = g.abs(away)?;
            let end = g.constant(window as f32)?;
            let near = g.binary(BinaryKind::Lt, away, end)?;
            let near = g.reshape(near, [1, 1, queries, keys])?;
            both(g, near)?;
        }
        let Some(others) = seen else {
            return Ok((None, self.causal));
        };
        if !self.causal {
            return Ok((Some(others), false));
        }
        // Part of the mask, so that a query that sees no key weighs all alike, those after it too, as in Keras.
        let (row, column) = places(g, queries, keys)?;
        let before = g.binary(BinaryKind::Ge, row, column)?;
        let before = g.reshape(before, [1, 1, queries, keys])?;
        Ok((Some(g.mul(others, before)?), false))
    }
}

/// The places of queries and of keys, each `[queries, keys]`.
fn places(g: &mut Graph, queries: usize, keys: usize) -> Result<(Value, Value)> {
    Ok((g.iota([queries, keys], 0)?, g.iota([queries, keys], 1)?))
}

/// A mask from outside as 1 and 0 with four axes.
fn given_mask(g: &mut Graph, mask: Value, [batch, queries, keys]: [usize; 3]) -> Result<Value> {
    let shape = g.shape(mask).to_vec();
    let axes = match shape[..] {
        [b, t, s] => [b, 1, t, s],
        [b, h, t, s] => [b, h, t, s],
        _ => [0; 4],
    };
    let fits = |n: usize, all: usize| n == all || n == 1;
    if axes[0] != batch || !fits(axes[2], queries) || !fits(axes[3], keys) {
        return Err(Error::shape(format!(
            "attention_mask must be [queries, keys] or [heads, queries, keys] for each sample, here [{queries}, {keys}], received {}",
            g.shape(mask).without_batch()
        )));
    }
    let mask = g.cast(mask, DType::F32)?;
    let zero = g.constant(0.0)?;
    let mask = g.not_equal(mask, zero)?;
    g.reshape(mask, axes)
}
