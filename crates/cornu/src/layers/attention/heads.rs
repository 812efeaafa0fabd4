//! Heads: projections of features to several views, attention in each, and the way back.

use crate::constraints::Constraint;
use crate::error::{Error, Result};
use crate::graph::ops::{Attending, BinaryKind};
use crate::graph::{Graph, Value};
use crate::initializers::InitializerConfig;
use crate::layers::activation::MASKED;
use crate::layers::regularization::drop;
use crate::layers::{Context, WeightSpec};
use crate::regularizers::Regularizer;
use crate::shape::{DType, Shape};

/// What the projections of an attention share; their weights are numbered in the order of their declaration.
#[derive(Clone, Copy, Debug)]
pub(super) struct Projections<'a> {
    pub(super) use_bias: bool,
    pub(super) kernel: Settings<'a>,
    pub(super) bias: Settings<'a>,
    pub(super) activity_regularizer: Option<&'a Regularizer>,
}

/// How a weight begins, what it costs, what it is brought back to.
pub(super) type Settings<'a> = (
    &'a InitializerConfig,
    &'a Option<Regularizer>,
    &'a Option<Constraint>,
);

impl Projections<'_> {
    /// A kernel and its bias.
    pub(super) fn weights(&self, name: &str, kernel: &[usize], bias: &[usize]) -> Vec<WeightSpec> {
        let made =
            |what: &str, shape: &[usize], (initializer, regularizer, constraint): Settings<'_>| {
                WeightSpec::new(
                    &format!("{name}/{what}"),
                    shape.to_vec(),
                    initializer.clone(),
                )
                .regularized(regularizer.clone())
                .constrained(constraint.clone())
            };
        // Of what a kernel has, the bias tells the outputs.
        let many = |lengths: &[usize]| lengths.iter().fold(1, |p: usize, &n| p.saturating_mul(n));
        let (elements, outputs) = (many(kernel), many(bias));
        let mut weight = made("kernel", kernel, self.kernel);
        weight.initializer = weight
            .initializer
            .with_fans(elements / outputs.max(1), outputs);
        let mut all = vec![weight];
        if self.use_bias {
            all.push(made("bias", bias, self.bias));
        }
        all
    }

    /// `x` times the kernel with this number, over the kernel's first axes (so many, and the last ones of `x`), plus its bias.
    pub(super) fn apply(
        &self,
        cx: &mut Context<'_>,
        number: usize,
        x: Value,
        bound: usize,
    ) -> Result<Value> {
        let step = 1 + usize::from(self.use_bias);
        let w = cx.weight(number * step);
        let bias = self.use_bias.then(|| cx.weight(number * step + 1));
        let g = &mut *cx.graph;
        let kernel = g.shape(w).to_vec();
        let (rows, columns): (usize, usize) = (
            kernel[..bound].iter().product(),
            kernel[bound..].iter().product(),
        );
        let mut axes = g.shape(x).to_vec();
        axes.truncate(axes.len() - bound);
        let mut flat = axes.clone();
        flat.push(rows);
        let x = g.reshape(x, flat)?;
        // Heads are columns of one product.
        let w = g.reshape(w, [rows, columns])?;
        let mut y = g.matmul(x, w)?;
        if let Some(bias) = bias {
            let bias = g.reshape(bias, [columns])?;
            y = g.add(y, bias)?;
        }
        axes.extend(&kernel[bound..]);
        let y = g.reshape(y, axes)?;
        cx.regularize_activity(self.activity_regularizer, y)?;
        Ok(y)
    }
}

/// How heads attend.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attend {
    /// What scores are multiplied by.
    pub(super) scale: f32,
    /// Whether query `i` sees keys up to `i` alone, beside what is allowed.
    pub(super) causal: bool,
    /// 1 where a query may see a key, `[batch, 1 or heads, queries, keys]`.
    pub(super) allowed: Option<Value>,
    /// The share of weights that training drops, and the seed of what is drawn.
    pub(super) dropout: f64,
    pub(super) seed: Option<i64>,
    /// Whether the weights are wanted too.
    pub(super) scores: bool,
    /// Whether a query that may see nothing gathers nothing; otherwise it weighs all alike.
    pub(super) blind_gathers_nothing: bool,
}

/// What heads gather, `[batch, queries, heads, width]`, and if wanted their weights, `[batch, heads, queries, keys]`.
pub(super) fn attend(
    cx: &mut Context<'_>,
    [q, k, v]: [Value; 3],
    how: Attend,
) -> Result<(Value, Option<Value>)> {
    let (t, s) = (cx.graph.shape(q).clone(), cx.graph.shape(k)[1]);
    let table = [t[0], t[1], s];
    // What differs from head to head, and weights that are wanted, are more than the op gives.
    let one_for_all = how.allowed.is_none_or(|a| cx.graph.shape(a)[1] == 1);
    if how.scores || !one_for_all {
        let order = [0, 2, 1, 3];
        let mut of = [q; 3];
        for (of, x) in of.iter_mut().zip([q, k, v]) {
            *of = cx.graph.transpose(x, &order)?;
        }
        let (y, weights) = written(cx, of, how)?;
        return Ok((cx.graph.transpose(y, &order)?, Some(weights)));
    }
    let mut kept = None;
    if cx.training && how.dropout > 0.0 {
        let table = Shape::from([t[0], t[2], t[1], s]);
        let mask = drop::kept_bytes(cx, how.seed, how.dropout, &table)?;
        kept = Some((mask, (1.0 / (1.0 - how.dropout)) as f32));
    }
    let g = &mut *cx.graph;
    let mut allowed = None;
    if let Some(mask) = how.allowed {
        let lengths = g.shape(mask).to_vec();
        let mask = g.reshape(mask, [lengths[0], lengths[2], lengths[3]])?;
        let mask = g.broadcast(mask, table)?;
        allowed = Some((mask, g.cast(mask, DType::U8)?));
    }
    let attending = Attending::new(how.scale).causal(how.causal);
    let mut y = g.attention([q, k, v], attending, allowed.map(|a| a.1), kept)?;
    if let Some((mask, _)) = allowed.filter(|_| how.blind_gathers_nothing) {
        let sees = g.max(mask, &[2], false)?;
        let sees = g.reshape(sees, [t[0], t[1], 1, 1])?;
        y = g.mul(y, sees)?;
    }
    Ok((y, None))
}

/// Attention of `[.., places, width]` written with simple ops: what is gathered, and the weights before dropout.
pub(super) fn written(
    cx: &mut Context<'_>,
    [q, k, v]: [Value; 3],
    how: Attend,
) -> Result<(Value, Value)> {
    let g = &mut *cx.graph;
    let scores = g.batch_matmul(q, k, (false, true))?;
    let scores = g.scale(scores, how.scale)?;
    let weights = weigh(
        g,
        scores,
        how.allowed,
        how.causal,
        how.blind_gathers_nothing,
    )?;
    let shape = g.shape(weights).clone();
    let dropped = drop::dropped(cx, how.seed, how.dropout, weights, &shape)?;
    let y = cx.graph.batch_matmul(dropped, v, (false, false))?;
    Ok((y, weights))
}

/// Weights from scores `[.., queries, keys]`.
pub(super) fn weigh(
    g: &mut Graph,
    mut scores: Value,
    allowed: Option<Value>,
    causal: bool,
    blind_gathers_nothing: bool,
) -> Result<Value> {
    let shape = g.shape(scores).clone();
    let rank = shape.rank();
    let (t, s) = (shape[rank - 2], shape[rank - 1]);
    let masked = g.constant(MASKED)?;
    let mut seen = allowed;
    if causal {
        let (row, column) = (g.iota([t, s], 0)?, g.iota([t, s], 1)?);
        let before = g.binary(BinaryKind::Ge, row, column)?;
        seen = Some(match seen {
            Some(others) => g.mul(others, before)?,
            None => before,
        });
    }
    if let Some(seen) = seen {
        scores = g.select(seen, scores, masked)?;
    }
    let weights = g.softmax(scores)?;
    match seen.filter(|_| blind_gathers_nothing) {
        Some(seen) => {
            let zero = g.constant(0.0)?;
            g.select(seen, weights, zero)
        }
        None => Ok(weights),
    }
}

/// What is kept of the places before: keys, values, and the number of the next place.
pub(super) fn kept_weights(
    batch: Option<usize>,
    places: usize,
    [heads, key, value]: [usize; 3],
) -> Result<Vec<WeightSpec>> {
    let batch = batch.ok_or_else(|| {
        Error::config("attention that keeps keys and values needs batches of a fixed size")
    })?;
    let table = |name: &str, width: usize| {
        WeightSpec::new(name, [batch, places, heads, width], "zeros").state()
    };
    Ok(vec![
        table("kept_keys", key),
        table("kept_values", value),
        WeightSpec::new("place", [1], "zeros").state(),
    ])
}

/// The query of one more place, with the keys and values of all places so far, `[batch, places, heads, width]`, and which of them are
/// there (and near enough), `[batch, 1, 1, places]`; what is kept begins with weight `number`.
pub(super) fn kept(
    cx: &mut Context<'_>,
    number: usize,
    [q, k, v]: [Value; 3],
    places: usize,
    window: Option<usize>,
) -> Result<([Value; 3], Value)> {
    let (batch, now) = (cx.graph.shape(q)[0], cx.graph.shape(q)[1]);
    if now != 1 || cx.graph.shape(k)[1] != 1 {
        return Err(Error::shape(format!(
            "attention that keeps keys and values takes one place at a time, received {now}"
        )));
    }
    let place = cx.weight(number + 2);
    let (keys, values) = (cx.weight(number), cx.weight(number + 1));
    let g = &mut *cx.graph;
    let all = g.iota([places], 0)?;
    let here = g.equal(all, place)?;
    let here = g.reshape(here, [1, places, 1, 1])?;
    let keys = g.select(here, k, keys)?;
    let values = g.select(here, v, values)?;
    let mut seen = g.binary(BinaryKind::Ge, place, all)?;
    if let Some(window) = window {
        let away = g.sub(place, all)?;
        let end = g.constant(window as f32)?;
        let near = g.binary(BinaryKind::Lt, away, end)?;
        seen = g.mul(seen, near)?;
    }
    let seen = g.reshape(seen, [1, 1, 1, places])?;
    let seen = g.broadcast(seen, [batch, 1, 1, places])?;
    let after = g.add_scalar(place, 1.0)?;
    for (i, value) in [keys, values, after].into_iter().enumerate() {
        cx.update(number + i, value);
    }
    Ok(([q, keys, values], seen))
}

/// Query, value and key of the one to three inputs of an attention.
pub(super) fn roles<T: Clone>(class: &str, inputs: &[T]) -> Result<[T; 3]> {
    match inputs {
        [x] => Ok([x.clone(), x.clone(), x.clone()]),
        [query, value] => Ok([query.clone(), value.clone(), value.clone()]),
        [query, value, key] => Ok([query.clone(), value.clone(), key.clone()]),
        _ => Err(Error::shape(format!(
            "{class} expects one input, or query and value, or query, value and key, received {}",
            inputs.len()
        ))),
    }
}

/// The inputs without the mask that comes last, where one is to come.
pub(super) fn without_mask<'a, T>(
    class: &str,
    inputs: &'a [T],
    masked: bool,
) -> Result<(&'a [T], Option<&'a T>)> {
    if !masked {
        return Ok((inputs, None));
    }
    match inputs.split_last() {
        Some((mask, others)) if !others.is_empty() => Ok((others, Some(mask))),
        _ => Err(Error::shape(format!(
            "{class} with attention_mask expects the mask as its last input, received {} input",
            inputs.len()
        ))),
    }
}

/// Refuses what is no sequence of features, and keys and values that do not belong together.
pub(super) fn check_sequences(class: &str, inputs: &[Shape]) -> Result<[Shape; 3]> {
    let all = roles(class, inputs)?;
    if let Some(bad) = all.iter().find(|s| s.rank() != 2) {
        return Err(Error::shape(format!(
            "{class} expects sequences [places, features], received {bad}"
        )));
    }
    if all[1][0] != all[2][0] {
        return Err(Error::shape(format!(
            "{class} expects a key for each value, received values {} and keys {}",
            all[1], all[2]
        )));
    }
    Ok(all)
}

/// Refuses a mask from outside that does not fit `[queries, keys]`, once for all heads or once for each.
pub(super) fn check_mask(mask: Option<&Shape>, heads: usize, [t, s]: [usize; 2]) -> Result<()> {
    let Some(mask) = mask else { return Ok(()) };
    let fits = |n: usize, all: usize| n == all || n == 1;
    let ok = match **mask {
        [a, b] => fits(a, t) && fits(b, s),
        [h, a, b] => fits(h, heads) && fits(a, t) && fits(b, s),
        _ => false,
    };
    if ok {
        return Ok(());
    }
    Err(Error::shape(format!(
        "attention_mask must be [{t}, {s}] or [{heads}, {t}, {s}] for each sample (queries, keys), received {mask}"
    )))
}

/// Refuses a share of dropped weights outside 0 to 1, and what flash attention cannot do in Keras.
pub(super) fn check_dropout(dropout: f64, flash: Option<bool>, scores: bool) -> Result<()> {
    if !(0.0..1.0).contains(&dropout) {
        return Err(Error::config(format!(
            "dropout must be at least 0 and below 1, received {dropout}"
        )));
    }
    if flash == Some(true) && (dropout > 0.0 || scores) {
        return Err(Error::config(
            "flash_attention has neither dropout nor return_attention_scores, as in Keras",
        )
        .help("leave flash_attention out: attention never holds the whole table of scores unless it has to give it"));
    }
    Ok(())
}
