//! The gradients of attention for queries, keys and values.

use cornu_kernels::attention;

use super::attention::{Attending, places, table_flops, with_scratch};
use super::{Array, Call, GradientOf, Operand, Rule, Split, ViewMut, no_gradient};
use crate::autodiff;
use crate::error::{Error, Result};
use crate::graph::{Meta, Value};

/// `(dq, dk, dv)` from `q`, `k`, `v`, what [`Attention`](super::Attention) kept of each row, `dy`, and the masks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AttentionGrad {
    /// How queries attended.
    pub how: Attending,
}

impl Rule for AttentionGrad {
    fn infer(&self, inputs: &[&Meta]) -> Result<Vec<Meta>> {
        let mut of = inputs[..3].to_vec();
        of.extend(&inputs[5..]);
        self.how.check(&of)?;
        let (q, v, dy) = (&inputs[0].shape, &inputs[2].shape, inputs[4]);
        if *dy != Meta::f32([q[0], q[1], q[2], v[3]]) || inputs.len() != 5 + self.how.masks() {
            return Err(Error::shape(format!(
                "the gradient {dy:?} does not belong to queries {q} and values {v}"
            )));
        }
        Ok(inputs[..3].iter().map(|&m| m.clone()).collect())
    }

    fn grad(&self, at: &mut GradientOf<'_>) -> Result<Vec<Option<Value>>> {
        let how = self.how;
        let masks = at.inputs[5..].to_vec();
        let of = [at.inputs[0], at.inputs[1], at.inputs[2], at.inputs[4]];
        let upstream = at.dy.to_vec();
        let made = autodiff::through(at.graph, &of, |g, of| {
            let y = how.written_out(g, &of[..3], &masks)?;
            let grads = autodiff::gradients_from(g, &[(y, of[3])], &of[..3])?;
            let pairs = grads.into_iter().zip(upstream);
            Ok(pairs.filter_map(|(dx, ddx)| Some((dx, ddx?))).collect())
        })?;
        let mut all = no_gradient(at.inputs.len())?;
        for (to, from) in [0, 1, 2, 4].into_iter().zip(made) {
            all[to] = Some(from);
        }
        Ok(all)
    }

    fn eval(&self, inputs: &[&Array], outputs: &[Meta]) -> Vec<Array> {
        let (q, k, v, dy) = (inputs[0], inputs[1], inputs[2], inputs[4]);
        let mut grads: Vec<Array> = outputs
            .iter()
            .map(|m| Array::from_fn(&m.shape, |_| 0.0))
            .collect();
        let (keys, scale) = (
            k.shape[1],
            f64::from(self.how.head(&outputs[0], &outputs[2]).scale),
        );
        for (b, h, t) in places(q.shape[0], q.shape[2], q.shape[1]) {
            let (_, weights, dropped) = self.how.weights(inputs, &inputs[5..], (b, h), t);
            let slope = |s: usize| -> f64 {
                (0..v.shape[3])
                    .map(|i| dy.at(&[b, t, h, i]) * v.at(&[b, s, h, i]))
                    .sum()
            };
            // Of a weight after dropout, times what dropout made of the weight.
            let along: f64 = (0..keys).map(|s| slope(s) * dropped[s]).sum();
            for s in 0..keys {
                let forbidden = self.how.masked && inputs[5].at(&[b, t, s]) == 0.0;
                let d = slope(s) * dropped[s] - weights[s] * along;
                let d = if forbidden { 0.0 } else { d * scale };
                for i in 0..q.shape[3] {
                    let o = grads[0].offset(&[b, t, h, i]);
                    grads[0].data[o] += d * k.at(&[b, s, h, i]);
                    let o = grads[1].offset(&[b, s, h, i]);
                    grads[1].data[o] += d * q.at(&[b, t, h, i]);
                }
                for i in 0..v.shape[3] {
                    let o = grads[2].offset(&[b, s, h, i]);
                    grads[2].data[o] += dropped[s] * dy.at(&[b, t, h, i]);
                }
            }
        }
        grads
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
        let samples = call.input_rows(0);
        let [q, k, v, stats, dy] = [0, 1, 2, 3, 4].map(|i| call.f32(i));
        let rows = |stride: usize, n: usize| stride * n;
        let own = [
            rows(head.stride, head.queries),
            rows(head.stride, head.keys),
            rows(head.value_stride, head.keys),
        ];
        // A gradient that nobody reads is computed all the same, one sample over the other.
        let mut unread = own.map(|_| Vec::new());
        let mut outputs = [0, 1, 2].map(|i| call.take_out(i));
        for ((output, unread), own) in outputs.iter().zip(&mut unread).zip(own) {
            if let ViewMut::Unused = output {
                unread.resize(own, 0.0);
            }
        }
        for b in 0..samples {
            let mut parts = outputs.iter_mut().zip(&mut unread).zip(own).map(
                |((output, unread), own)| -> &mut [f32] {
                    match output {
                        ViewMut::F32(x) => &mut x[b * own..][..own],
                        _ => unread,
                    }
                },
            );
            let (Some(dq), Some(dk), Some(dv)) = (parts.next(), parts.next(), parts.next()) else {
                unreachable!("three gradients")
            };
            let (q, k, v) = (&q[b * own[0]..], &k[b * own[1]..], &v[b * own[2]..]);
            let dy = &dy[b * head.queries * head.value_stride..];
            for h in 0..heads {
                let masks = self
                    .how
                    .masks_of(call, 5, (b, h), heads, head.queries * head.keys);
                let stats = &stats[(b * heads + h) * 2 * head.queries..][..2 * head.queries];
                let (at, value_at) = (h * head.width, h * head.value_width);
                let of = (&q[at..], &k[at..], &v[value_at..]);
                let grads = (&mut dq[at..], &mut dk[at..], &mut dv[value_at..]);
                with_scratch(|s| {
                    attention::backward(&head, &masks, of, (stats, &dy[value_at..]), grads, s);
                });
            }
        }
    }

    fn flops(&self, inputs: &[&Meta], _: &[Meta]) -> u64 {
        table_flops(self.how, inputs[0], inputs[2], 3, 2)
    }
}

#[cfg(test)]
pub(crate) fn cases() -> Vec<super::check::Case> {
    use super::Attention;
    use super::check::{Fill::*, case};
    let uses = super::attention::uses().into_iter();
    let cases = uses.map(|(name, attend)| {
        case(name, move |s| {
            let y = attend(s)?;
            let row = s.g.shape(y)[1..].to_vec();
            let dy = s.batched(&row, Mixed)?;
            let node = s.g.node(y).clone();
            let super::Op::Attention(Attention { how }) = node.op else {
                unreachable!("it attends")
            };
            let stats = Value { output: 1, ..y };
            let mut of = node.inputs[..3].to_vec();
            of.extend([stats, dy]);
            of.extend(&node.inputs[3..]);
            let dq = s.g.push(AttentionGrad { how }.into(), of)?;
            // All three, as one number a sample.
            let mut sum = None;
            for output in 0..3 {
                let dx = Value { output, ..dq };
                let dx = s.g.square(dx)?;
                let x = s.g.sum(dx, &[1, 2, 3], false)?;
                sum = Some(match sum {
                    None => x,
                    Some(sum) => s.g.add(sum, x)?,
                });
            }
            Ok(sum.unwrap_or(dq))
        })
    });
    cases.collect()
}
