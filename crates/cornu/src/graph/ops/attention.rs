//! Scaled dot-product attention: each query's mean of the values, weighed by how well their keys fit it.

use std::cell::RefCell;

use cornu_kernels::attention::{self, FORBIDDEN, Head, Masks, Scratch};

use super::{Array, AttentionGrad, Call, GradientOf, Operand, Rule, Split, ViewMut, no_gradient};
use crate::error::{Error, Result};
use crate::graph::{Graph, Meta, Value};
use crate::shape::DType;

/// How queries attend. Operands: `q [b, t, h, k]`, `k [b, s, h, k]`, `v [b, s, h, v]`, then the masks that there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Attending {
    /// The bits of what scores are multiplied by.
    scale: u32,
    /// Whether query `i` sees keys up to `i` alone.
    pub causal: bool,
    /// An operand uint8 `[b, t, s]` is 0 where a query may not see a key; a query that sees none weighs all alike.
    pub masked: bool,
    /// An operand uint8 `[b, h, t, s]` is 0 where a weight is dropped; the bits of what the others are multiplied by.
    dropout: Option<u32>,
}

impl Attending {
    /// Attention with scores multiplied by a number.
    pub fn new(scale: f32) -> Self {
        Self {
            scale: scale.to_bits(),
            causal: false,
            masked: false,
            dropout: None,
        }
    }

    /// Whether query `i` sees keys up to `i` alone.
    pub fn causal(self, causal: bool) -> Self {
        Self { causal, ..self }
    }

    fn scale(self) -> f32 {
        f32::from_bits(self.scale)
    }

    fn dropout(self) -> Option<f32> {
        self.dropout.map(f32::from_bits)
    }

    /// Operands besides queries, keys and values.
    pub(super) fn masks(self) -> usize {
        usize::from(self.masked) + usize::from(self.dropout.is_some())
    }

    pub(super) fn check(self, inputs: &[&Meta]) -> Result<()> {
        let [q, k, v] = [inputs[0], inputs[1], inputs[2]];
        let floats = inputs[..3].iter().all(|m| m.dtype == DType::F32);
        let rank = inputs[..3].iter().all(|m| m.shape.rank() == 4);
        let fits = floats
            && rank
            && (q.shape[0], q.shape[2], q.shape[3]) == (k.shape[0], k.shape[2], k.shape[3])
            && k.shape[..3] == v.shape[..3]
            && k.shape[1] > 0;
        if !fits {
            return Err(Error::shape(format!(
                "attention needs q [b, t, h, k], k [b, s, h, k] and v [b, s, h, v], received {q:?}, {k:?} and {v:?}"
            )));
        }
        let (b, t, h, s) = (q.shape[0], q.shape[1], q.shape[2], k.shape[1]);
        let mut wanted: Vec<Vec<usize>> = Vec::new();
        if self.masked {
            wanted.push(vec![b, t, s]);
        }
        if self.dropout.is_some() {
            wanted.push(vec![b, h, t, s]);
        }
        for (mask, wanted) in inputs[3..].iter().zip(wanted) {
            if mask.dtype != DType::U8 || mask.shape.axes() != wanted {
                return Err(Error::shape(format!(
                    "a mask of this attention is uint8{wanted:?}, received {mask:?}"
                )));
            }
        }
        Ok(())
    }

    pub(super) fn head(self, q: &Meta, v: &Meta) -> Head {
        let (heads, width) = (q.shape[2], q.shape[3]);
        Head {
            queries: q.shape[1],
            keys: v.shape[1],
            width,
            value_width: v.shape[3],
            stride: heads * width,
            value_stride: heads * v.shape[3],
            scale: self.scale(),
            causal: self.causal,
        }
    }

    /// The masks of one head of one sample, from the operands of a call that begin with number `first`.
    pub(super) fn masks_of<'a>(
        self,
        call: &Call<'a, '_>,
        first: usize,
        (sample, head): (usize, usize),
        heads: usize,
        table: usize,
    ) -> Masks<'a> {
        let part = |i: usize, number: usize| &call.u8(i)[number * table..][..table];
        let allowed = self.masked.then(|| part(first, sample));
        let kept = self.dropout().map(|by| {
            let i = first + usize::from(self.masked);
            (part(i, sample * heads + head), by)
        });
        Masks { allowed, kept }
    }

    /// Weights of each query (as the masks leave them), of one head of one sample, in double precision: (largest score, weights, dropped weights).
    pub(super) fn weights(
        self,
        inputs: &[&Array],
        masks: &[&Array],
        (b, h): (usize, usize),
        t: usize,
    ) -> (f64, Vec<f64>, Vec<f64>) {
        let (q, k) = (inputs[0], inputs[1]);
        let (keys, width) = (k.shape[1], q.shape[3]);
        let seen = if self.causal { (t + 1).min(keys) } else { keys };
        let score = |s: usize| -> f64 {
            if self.masked && masks[0].at(&[b, t, s]) == 0.0 {
                return f64::from(FORBIDDEN);
            }
            let dot: f64 = (0..width)
                .map(|i| q.at(&[b, t, h, i]) * k.at(&[b, s, h, i]))
                .sum();
            dot * f64::from(self.scale())
        };
        let scores: Vec<f64> = (0..seen).map(score).collect();
        let most = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = scores.iter().map(|s| (s - most).exp()).sum();
        let weight = |s: usize| match scores.get(s) {
            Some(score) => (score - most).exp() / sum,
            None => 0.0,
        };
        let weights: Vec<f64> = (0..keys).map(weight).collect();
        let dropped = match self.dropout() {
            None => weights.clone(),
            Some(by) => {
                let kept = |s| masks[usize::from(self.masked)].at(&[b, h, t, s]) != 0.0;
                let by = |s| if kept(s) { f64::from(by) } else { 0.0 };
                (0..keys).map(|s| weights[s] * by(s)).collect()
            }
        };
        (most, weights, dropped)
    }

    /// The same written with simpler ops, of `[q, k, v]`.
    pub(super) fn written_out(self, g: &mut Graph, of: &[Value], masks: &[Value]) -> Result<Value> {
        let heads_first = [0, 2, 1, 3];
        let q = g.transpose(of[0], &heads_first)?;
        let k = g.transpose(of[1], &heads_first)?;
        let v = g.transpose(of[2], &heads_first)?;
        let scores = g.batch_matmul(q, k, (false, true))?;
        let mut scores = g.scale(scores, self.scale())?;
        let shape = g.shape(scores).to_vec();
        let (b, t, s) = (shape[0], shape[2], shape[3]);
        if self.masked {
            let allowed = g.cast(masks[0], DType::F32)?;
            let allowed = g.reshape(allowed, [b, 1, t, s])?;
            let forbidden = g.constant(FORBIDDEN)?;
            scores = g.select(allowed, scores, forbidden)?;
        }
        if self.causal {
            let (row, column) = (g.iota([t, s], 0)?, g.iota([t, s], 1)?);
            let seen = g.binary(super::BinaryKind::Ge, row, column)?;
            let never = g.constant(f32::MIN)?;
            scores = g.select(seen, scores, never)?;
        }
        let mut weights = g.softmax(scores)?;
        if let Some(by) = self.dropout() {
            let kept = g.cast(masks[usize::from(self.masked)], DType::F32)?;
            let kept = g.scale(kept, by)?;
            weights = g.mul(weights, kept)?;
        }
        let y = g.batch_matmul(weights, v, (false, false))?;
        g.transpose(y, &heads_first)
    }
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::new(Scratch::default());
}

/// Lends this thread's working memory for attention.
pub(super) fn with_scratch<R>(f: impl FnOnce(&mut Scratch) -> R) -> R {
    SCRATCH.with_borrow_mut(f)
}

/// `y [b, t, h, v]`, and of each row its largest score and the inverse of its sum of exponentials, `[b, h, t, 2]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Attention {
    /// How queries attend.
    pub how: Attending,
}

impl Rule for Attention {
    fn infer(&self, inputs: &[&Meta]) -> Result<Vec<Meta>> {
        self.how.check(inputs)?;
        let (q, v) = (&inputs[0].shape, &inputs[2].shape);
        Ok(vec![
            Meta::f32([q[0], q[1], q[2], v[3]]),
            Meta::f32([q[0], q[2], q[1], 2]),
        ])
    }

    fn grad(&self, at: &mut GradientOf<'_>) -> Result<Vec<Option<Value>>> {
        let count = at.inputs.len();
        let Some(dy) = at.dy0() else {
            return no_gradient(count);
        };
        let mut of = vec![at.inputs[0], at.inputs[1], at.inputs[2], at.outputs[1], dy];
        of.extend(&at.inputs[3..]);
        let dq = at.graph.push(AttentionGrad { how: self.how }.into(), of)?;
        let mut all = vec![None; count];
        for (output, dx) in (0..).zip(&mut all[..3]) {
            *dx = Some(Value { output, ..dq });
        }
        Ok(all)
    }

    fn eval(&self, inputs: &[&Array], outputs: &[Meta]) -> Vec<Array> {
        let v = inputs[2];
        let mut y = Array::from_fn(&outputs[0].shape, |_| 0.0);
        let mut stats = Array::from_fn(&outputs[1].shape, |_| 0.0);
        let [b, h, t, _] = outputs[1].shape[..] else {
            unreachable!("four axes")
        };
        for (b, h, t) in places(b, h, t) {
            let (most, weights, dropped) = self.how.weights(inputs, &inputs[3..], (b, h), t);
            for i in 0..v.shape[3] {
                let o = y.offset(&[b, t, h, i]);
                y.data[o] = dropped
                    .iter()
                    .enumerate()
                    .map(|(s, w)| w * v.at(&[b, s, h, i]))
                    .sum();
            }
            // Of the largest score the weight is the inverse of the sum.
            let inverse = weights.iter().copied().fold(0.0, f64::max);
            let o = stats.offset(&[b, h, t, 0]);
            stats.data[o..o + 2].copy_from_slice(&[most, inverse]);
        }
        vec![y, stats]
    }

    fn split(&self, inputs: &[Operand<'_>], _: &[Meta]) -> Split {
        if inputs.iter().all(|o| o.batched) {
            Split::Rows
        } else {
            Split::Whole
        }
    }

    fn run(&self, call: &mut Call<'_, '_>) {
        let head = self.how.head(&call.input_metas[0], &call.input_metas[2]);
        let heads = call.input_metas[0].shape[2];
        let (q, k, v) = (call.f32(0), call.f32(1), call.f32(2));
        let (mut y, mut kept) = (call.take_out(0), call.take_out(1));
        let ViewMut::F32(y) = &mut y else {
            panic!("output 0 should be float32: {y:?}")
        };
        let mut unread = vec![0.0; 2 * head.queries];
        for (b, y) in y
            .chunks_mut((head.queries * head.value_stride).max(1))
            .enumerate()
        {
            let q = &q[b * head.queries * head.stride..];
            let k = &k[b * head.keys * head.stride..];
            let v = &v[b * head.keys * head.value_stride..];
            for h in 0..heads {
                let masks = self
                    .how
                    .masks_of(call, 3, (b, h), heads, head.queries * head.keys);
                let own = 2 * head.queries;
                let stats: &mut [f32] = match &mut kept {
                    ViewMut::F32(stats) => &mut stats[(b * heads + h) * own..][..own],
                    _ => &mut unread,
                };
                let (at, value_at) = (h * head.width, h * head.value_width);
                let of = (&q[at..], &k[at..], &v[value_at..]);
                with_scratch(|s| {
                    attention::forward(&head, &masks, of, &mut y[value_at..], stats, s);
                });
            }
        }
    }

    fn flops(&self, inputs: &[&Meta], _: &[Meta]) -> u64 {
        table_flops(self.how, inputs[0], inputs[2], 1, 1)
    }
}

/// Operations of so many products of scores with keys, and with values; half of the table where half of it is seen.
pub(super) fn table_flops(how: Attending, q: &Meta, v: &Meta, keys: u64, values: u64) -> u64 {
    let table = (q.shape[0] * q.shape[2] * q.shape[1]) as u64 * v.shape[1] as u64;
    let each = keys * q.shape[3] as u64 + values * v.shape[3] as u64;
    let all = table.saturating_mul(2 * each);
    if how.causal { all / 2 } else { all }
}

/// All places of three axes.
pub(super) fn places(b: usize, h: usize, t: usize) -> impl Iterator<Item = (usize, usize, usize)> {
    (0..b * h * t).map(move |i| (i / (h * t), i / t % h, i % t))
}

impl Graph {
    /// Attention of `q [b, t, h, k]` to `k [b, s, h, k]` and `v [b, s, h, v]`: `[b, t, h, v]`.
    ///
    /// `allowed` is uint8 `[b, t, s]`, 0 where a query may not see a key; `kept` uint8 `[b, h, t, s]`, 0 where dropout drops a
    /// weight, with what the others are multiplied by.
    pub fn attention(
        &mut self,
        [q, k, v]: [Value; 3],
        how: Attending,
        allowed: Option<Value>,
        kept: Option<(Value, f32)>,
    ) -> Result<Value> {
        let how = Attending {
            masked: allowed.is_some(),
            dropout: kept.map(|(_, by)| by.to_bits()),
            ..how
        };
        let mut of = vec![q, k, v];
        of.extend(allowed);
        of.extend(kept.map(|(mask, _)| mask));
        self.push(Attention { how }.into(), of)
    }
}

#[cfg(test)]
/// A use of attention with a name.
type Use = (String, fn(&mut super::check::Scene) -> Result<Value>);

#[cfg(test)]
pub(super) fn uses() -> Vec<Use> {
    use super::check::Fill::*;
    use super::check::Scene;
    fn mask(s: &mut Scene, row: &[usize]) -> Result<Value> {
        let x = s.batched(row, Whole(0, 2))?;
        s.g.cast(x, DType::U8)
    }
    fn operands(s: &mut Scene, t: usize, n: usize) -> Result<[Value; 3]> {
        Ok([
            s.batched(&[t, 2, 3], Mixed)?,
            s.batched(&[n, 2, 3], Mixed)?,
            s.batched(&[n, 2, 5], Mixed)?,
        ])
    }
    vec![
        ("of everything".into(), |s| {
            let of = operands(s, 3, 4)?;
            s.g.attention(of, Attending::new(0.5), None, None)
        }),
        ("causal".into(), |s| {
            let of = operands(s, 5, 5)?;
            s.g.attention(of, Attending::new(0.5).causal(true), None, None)
        }),
        ("causal, of more queries than keys".into(), |s| {
            let of = operands(s, 4, 2)?;
            s.g.attention(of, Attending::new(0.5).causal(true), None, None)
        }),
        ("masked".into(), |s| {
            let of = operands(s, 2, 3)?;
            let allowed = mask(s, &[2, 3])?;
            s.g.attention(of, Attending::new(0.7), Some(allowed), None)
        }),
        ("causal, with dropout".into(), |s| {
            let of = operands(s, 3, 3)?;
            let kept = mask(s, &[2, 3, 3])?;
            let how = Attending::new(0.7).causal(true);
            s.g.attention(of, how, None, Some((kept, 2.0)))
        }),
        ("masked, with dropout".into(), |s| {
            let of = operands(s, 2, 3)?;
            let (allowed, kept) = (mask(s, &[2, 3])?, mask(s, &[2, 2, 3])?);
            s.g.attention(of, Attending::new(1.0), Some(allowed), Some((kept, 1.25)))
        }),
    ]
}

#[cfg(test)]
pub(crate) fn cases() -> Vec<super::check::Case> {
    use super::check::{Fill::*, case};
    let mut cases: Vec<_> = uses().into_iter().map(|(name, f)| case(name, f)).collect();
    cases.push(
        case("of more rows than a block, causal", |s| {
            let of = [
                s.batched(&[66, 1, 2], Mixed)?,
                s.batched(&[66, 1, 2], Mixed)?,
                s.batched(&[66, 1, 1], Mixed)?,
            ];
            s.g.attention(of, Attending::new(0.2).causal(true), None, None)
        })
        .not_smooth(),
    );
    cases
}
