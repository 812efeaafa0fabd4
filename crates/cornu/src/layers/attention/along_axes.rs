//! Heads that attend along some of several axes of places.

use super::MultiHeadAttention;
use super::heads::{self, Attend};
use crate::error::{Error, Result};
use crate::graph::{Graph, Value};
use crate::layers::Context;
use crate::shape::{DType, Shape};

impl MultiHeadAttention {
    /// Refuses inputs with more axes of places that do not fit each other, or what only one such axis allows.
    pub(super) fn check_axes(
        &self,
        [query, value, key]: &[Shape; 3],
        mask: Option<&Shape>,
    ) -> Result<()> {
        let rank = query.rank() + 1;
        let axes = self.axes(rank)?;
        let fit = (1..rank - 1).all(|a| axes.contains(&a) || query[a - 1] == value[a - 1]);
        let same = value.rank() == query.rank()
            && key.rank() == query.rank()
            && value[..rank - 2] == key[..rank - 2];
        if !same || !fit {
            return Err(Error::shape(format!(
                "MultiHeadAttention expects query, value and key that differ in the places looked at (axes {axes:?}) and in their features alone, received {query}, {value} and {key}"
            )));
        }
        if self.use_causal_mask || self.sliding_window.is_some() {
            return Err(Error::config(
                "causal masks and sliding windows need sequences [places, features]",
            ));
        }
        let places = |x: &Shape| axes.iter().map(|&a| x[a - 1]).collect::<Vec<_>>();
        let wanted = [places(query), places(value)].concat();
        if let Some(mask) = mask.filter(|m| m.axes() != wanted) {
            return Err(Error::shape(format!(
                "attention_mask must be {wanted:?} for each sample (queries, then keys), received {mask}"
            )));
        }
        Ok(())
    }

    /// Attention over some of several axes of places: `[batch, .., heads, width]` each.
    pub(super) fn along(
        &self,
        cx: &mut Context<'_>,
        of: [Value; 3],
        mask: Option<Value>,
        mut how: Attend,
    ) -> Result<(Value, Value)> {
        if cx.masks.iter().any(Option::is_some) {
            return Err(Error::config(
                "masks of padding need sequences [places, features]",
            ));
        }
        let g = &mut *cx.graph;
        let rank = g.shape(of[0]).rank() - 1;
        let axes = self.axes(rank)?;
        let others: Vec<usize> = (0..rank - 1).filter(|a| !axes.contains(a)).collect();
        let order: Vec<usize> = others
            .iter()
            .copied()
            .chain([rank - 1])
            .chain(axes.iter().copied())
            .chain([rank])
            .collect();
        let lengths = |g: &Graph, x: Value, of: &[usize]| -> Vec<usize> {
            of.iter().map(|&a| g.shape(x)[a]).collect()
        };
        let (queries, keys) = (lengths(g, of[0], &axes), lengths(g, of[1], &axes));
        let mut lead = lengths(g, of[0], &others);
        lead.push(self.num_heads);
        let (t, s): (usize, usize) = (queries.iter().product(), keys.iter().product());
        let mut flat = of;
        for x in &mut flat {
            let turned = g.transpose(*x, &order)?;
            let width = *g.shape(turned).last().unwrap_or(&1);
            let places = g.shape(turned)[lead.len()..].iter().product::<usize>() / width.max(1);
            let shape = [&lead[..], &[places, width]].concat();
            *x = g.reshape(turned, shape)?;
        }
        if let Some(mask) = mask {
            let mask = g.cast(mask, DType::F32)?;
            let zero = g.constant(0.0)?;
            let mask = g.not_equal(mask, zero)?;
            let mut shape = vec![1; lead.len()];
            shape[0] = lead[0];
            shape.extend([t, s]);
            how.allowed = Some(g.reshape(mask, shape)?);
        }
        let (y, weights) = heads::written(cx, flat, how)?;
        let g = &mut *cx.graph;
        let parted = [&lead[..], &queries, &[self.value_width()]].concat();
        let y = g.reshape(y, parted)?;
        let mut back = vec![0; order.len()];
        for (to, &from) in order.iter().enumerate() {
            back[from] = to;
        }
        let y = g.transpose(y, &back)?;
        let weights = g.reshape(weights, [&lead[..], &queries, &keys].concat())?;
        Ok((y, weights))
    }
}
