//! What the attentions without heads share: masks on both sides, dropout, and scores as an output.

use super::heads::{self, Attend};
use super::sight::Sight;
use crate::error::{Error, Result};
use crate::graph::Value;
use crate::layers::Context;
use crate::layers::regularization::drop;
use crate::shape::Shape;

/// Refuses inputs that are not query and value, or query, value and key, all sequences of fitting features.
pub(super) fn check(class: &str, inputs: &[Shape]) -> Result<()> {
    if inputs.len() < 2 {
        return Err(Error::shape(format!(
            "{class} expects query and value, or query, value and key, received {}",
            inputs.len()
        ))
        .help("for self-attention hand the same input in twice"));
    }
    let [query, _, key] = heads::check_sequences(class, inputs)?;
    if query[1] != key[1] {
        return Err(Error::shape(format!(
            "{class} expects queries and keys with the same features, received {query} and {key}"
        )));
    }
    Ok(())
}

/// What the query gathers, `[batch, t, features of the value]`, and if wanted the weights `[batch, t, s]`.
pub(super) struct Gathering {
    pub(super) causal: bool,
    pub(super) dropout: f64,
    pub(super) seed: Option<i64>,
    pub(super) scores: bool,
}

impl Gathering {
    /// By scores that are products of query and key.
    pub(super) fn by_products(
        &self,
        cx: &mut Context<'_>,
        [query, value, key]: [Value; 3],
    ) -> Result<Vec<Value>> {
        let g = &mut *cx.graph;
        let mut of = [query, key, value];
        for x in &mut of {
            let shape = g.shape(*x).clone();
            *x = g.reshape(*x, [shape[0], shape[1], 1, shape[2]])?;
        }
        let table = [g.shape(query)[0], g.shape(query)[1], g.shape(key)[1]];
        let (allowed, causal) = self.sight(cx).allowed(cx.graph, table)?;
        let how = Attend {
            scale: 1.0,
            causal,
            allowed,
            dropout: self.dropout,
            seed: self.seed,
            scores: self.scores,
            blind_gathers_nothing: false,
        };
        let (y, weights) = heads::attend(cx, of, how)?;
        let y = cx
            .graph
            .reshape(y, [table[0], table[1], cx.graph.shape(value)[2]])?;
        let weights = weights.map(|w| cx.graph.reshape(w, table)).transpose()?;
        self.outputs(cx, y, weights)
    }

    /// By scores `[batch, t, s]`.
    pub(super) fn by_scores(
        &self,
        cx: &mut Context<'_>,
        scores: Value,
        value: Value,
    ) -> Result<Vec<Value>> {
        let shape = cx.graph.shape(scores).clone();
        let table = [shape[0], shape[1], shape[2]];
        let (allowed, causal) = self.sight(cx).allowed(cx.graph, table)?;
        let g = &mut *cx.graph;
        let mut seen = None;
        if let Some(allowed) = allowed {
            let axes = g.shape(allowed).to_vec();
            seen = Some(g.reshape(allowed, [axes[0], axes[2], axes[3]])?);
        }
        let weights = heads::weigh(g, scores, seen, causal, false)?;
        let dropped = drop::dropped(cx, self.seed, self.dropout, weights, &shape)?;
        let y = cx.graph.batch_matmul(dropped, value, (false, false))?;
        self.outputs(cx, y, Some(weights))
    }

    /// Keys that do not count are not seen; what queries that do not count gather is 0 afterwards.
    fn sight(&self, cx: &Context<'_>) -> Sight {
        let value = cx.masks.get(1).copied().flatten();
        Sight {
            masks: [None, value, None],
            given: None,
            causal: self.causal,
            window: None,
        }
    }

    fn outputs(
        &self,
        cx: &mut Context<'_>,
        y: Value,
        weights: Option<Value>,
    ) -> Result<Vec<Value>> {
        let mut y = y;
        if let Some(mask) = cx.mask() {
            let g = &mut *cx.graph;
            let steps = g.shape(mask).to_vec();
            let mask = g.reshape(mask, [steps[0], steps[1], 1])?;
            let zero = g.constant(0.0)?;
            y = g.select(mask, y, zero)?;
        }
        let weights = weights.filter(|_| self.scores);
        Ok([Some(y), weights].into_iter().flatten().collect())
    }
}
