//! The gradient of a recurrent cell's projections: all steps, from the last to the first.

use cornu_kernels::recurrent::{Cell, Given, Left, Sequence, backward};

use super::{Array, Call, GradientOf, Operand, Recurrence, Rule, Split};
use crate::error::{Error, Result};
use crate::exec::{parallel, scratch};
use crate::graph::{Meta, Value};

/// Inputs: the gradient of the states, `[batch, steps, units]` or, of the state after the last step alone, `[batch, 1, units]`;
/// the recurrent weights; what [`Recurrence`] gave; its mask. Outputs: the gradient of the projections and, where the reset gate
/// comes after the product, that of the third product.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RecurrenceGrad {
    /// The op whose gradient it is.
    pub of: Recurrence,
    /// Whether the gradient of the inner state after the last step comes as a last input, `[batch, 1, units]`.
    pub inner: bool,
}

/// What stands in for the gradient of a gradient.
pub(super) fn no_second() -> Result<Vec<Option<Value>>> {
    Err(
        Error::config("the gradient of a recurrent sequence has no gradient of its own")
            .help("a recurrent layer with unroll writes its steps one by one, which can be differentiated again"),
    )
}

impl RecurrenceGrad {
    /// How many arrays [`Recurrence`] gives.
    fn given(self) -> usize {
        self.of.outputs()
    }
}

impl Rule for RecurrenceGrad {
    fn infer(&self, inputs: &[&Meta]) -> Result<Vec<Meta>> {
        let (dy, u, h) = (inputs[0], inputs[1], inputs[2]);
        let gates = self.of.cell.gates();
        let others = usize::from(self.of.masked) + usize::from(self.inner);
        let fits = inputs.len() == 2 + self.given() + others
            && (!self.inner
                || inputs[inputs.len() - 1].shape.axes() == [h.shape[0], 1, h.shape[2]])
            && h.shape.rank() == 3
            && dy.shape.rank() == 3
            && dy.shape[0] == h.shape[0]
            && dy.shape[2] == h.shape[2]
            && (dy.shape[1] == h.shape[1] || dy.shape[1] == 1)
            && u.shape.axes() == [h.shape[2], gates * h.shape[2]];
        if !fits {
            return Err(Error::shape(format!(
                "the gradient of {:?} does not fit: received {inputs:?}",
                self.of
            )));
        }
        let mut dp = h.shape.to_vec();
        dp[2] *= gates;
        let mut outputs = vec![Meta::f32(dp)];
        if self.of.cell == Cell::GruResetAfter {
            outputs.push(h.clone());
        }
        Ok(outputs)
    }

    fn grad(&self, _: &mut GradientOf<'_>) -> Result<Vec<Option<Value>>> {
        no_second()
    }

    fn eval(&self, inputs: &[&Array], outputs: &[Meta]) -> Vec<Array> {
        let (dy, u, h) = (inputs[0], inputs[1], inputs[2]);
        let cell = self.of.cell;
        let (rows, steps, n) = (h.shape[0], h.shape[1], h.shape[2]);
        let last_only = dy.shape[1] != steps;
        let mut dp = Array::from_fn(&outputs[0].shape, |_| 0.0);
        let mut dn = Array::from_fn(&h.shape, |_| 0.0);
        for b in 0..rows {
            let (mut dh, mut dc) = (vec![0.0; n], vec![0.0; n]);
            if self.inner {
                let given = inputs[inputs.len() - 1];
                dc = (0..n).map(|j| given.at(&[b, 0, j])).collect();
            }
            for s in (0..steps).rev() {
                let t = self.of.time(s, steps);
                let before = |x: &Array, j: usize| match s {
                    0 => 0.0,
                    _ => x.at(&[b, self.of.time(s - 1, steps), j]),
                };
                for (j, dh) in dh.iter_mut().enumerate() {
                    *dh += match last_only {
                        true if s + 1 == steps => dy.at(&[b, 0, j]),
                        true => 0.0,
                        false => dy.at(&[b, t, j]),
                    };
                }
                if self.of.masked && inputs[2 + self.given()].at(&[b, t]) == 0.0 {
                    continue;
                }
                // The gradients of the gates' sums, as the projections and as the recurrent products see them.
                let mut by = vec![vec![0.0; n]; cell.gates()];
                let mut stays = vec![0.0; n];
                let mut third = vec![0.0; n];
                let gate = |k: usize, j: usize| inputs[3].at(&[b, t, k * n + j]);
                for j in 0..n {
                    let d = dh[j];
                    match cell {
                        Cell::Simple => by[0][j] = d * (1.0 - h.at(&[b, t, j]).powi(2)),
                        Cell::Lstm => {
                            let [i, f, g, o] = [0, 1, 2, 3].map(|k| gate(k, j));
                            let squashed = inputs[4].at(&[b, t, j]).tanh();
                            let inner = dc[j] + d * o * (1.0 - squashed * squashed);
                            by[0][j] = inner * g * i * (1.0 - i);
                            by[1][j] = inner * before(inputs[4], j) * f * (1.0 - f);
                            by[2][j] = inner * i * (1.0 - g * g);
                            by[3][j] = d * squashed * o * (1.0 - o);
                            dc[j] = inner * f;
                        }
                        Cell::Gru | Cell::GruResetAfter => {
                            let [z, r, c, of] = [0, 1, 2, 3].map(|k| gate(k, j));
                            by[0][j] = d * (before(h, j) - c) * z * (1.0 - z);
                            by[2][j] = d * (1.0 - z) * (1.0 - c * c);
                            by[1][j] = by[2][j] * of * r * (1.0 - r);
                            third[j] = by[2][j] * r;
                            stays[j] = d * z;
                        }
                    }
                }
                let back = |by: &[f64], k: usize, gate: usize| -> f64 {
                    (0..n).map(|j| by[j] * u.at(&[k, gate * n + j])).sum()
                };
                if cell == Cell::Gru {
                    for j in 0..n {
                        let d = back(&by[2], j, 2);
                        let r = gate(1, j);
                        by[1][j] = d * before(h, j) * r * (1.0 - r);
                        stays[j] += d * r;
                    }
                }
                for k in 0..n {
                    dh[k] = stays[k]
                        + match cell {
                            Cell::Simple => back(&by[0], k, 0),
                            Cell::Lstm => (0..4).map(|gate| back(&by[gate], k, gate)).sum(),
                            Cell::Gru => back(&by[0], k, 0) + back(&by[1], k, 1),
                            Cell::GruResetAfter => {
                                back(&by[0], k, 0) + back(&by[1], k, 1) + back(&third, k, 2)
                            }
                        };
                }
                for (gate, by) in by.iter().enumerate() {
                    for (j, &x) in by.iter().enumerate() {
                        let o = dp.offset(&[b, t, gate * n + j]);
                        dp.data[o] = x;
                    }
                }
                for (j, &x) in third.iter().enumerate() {
                    let o = dn.offset(&[b, t, j]);
                    dn.data[o] = x;
                }
            }
        }
        match cell {
            Cell::GruResetAfter => vec![dp, dn],
            _ => vec![dp],
        }
    }

    fn split(&self, inputs: &[Operand<'_>], _: &[Meta]) -> Split {
        Recurrence::rows_at_once(inputs)
    }

    fn run(&self, call: &mut Call<'_, '_>) {
        let h = call.f32(2);
        let shape = call.input_metas[2].shape.clone();
        let (rows, steps, units) = (shape[0], shape[1], shape[2]);
        if h.is_empty() {
            return;
        }
        let (dy, u) = (call.f32(0), call.f32(1));
        let cell = self.of.cell;
        let kept = if cell.kept() > 0 { call.f32(3) } else { &[] };
        let c = if cell == Cell::Lstm { call.f32(4) } else { &[] };
        let mask = self.of.masked.then(|| call.f32(2 + self.given()));
        let dc = if self.inner {
            call.f32(call.inputs.len() - 1)
        } else {
            &[]
        };
        let (dp, dn) = (call.take_f32(0), call.take_f32(1));
        // Kernels write all that a cell has; a bias that nothing is wanted of leaves its part unread.
        let mut unread = Vec::new();
        let dn = if cell == Cell::GruResetAfter && dn.is_empty() {
            unread.resize(h.len(), 0.0);
            &mut unread[..]
        } else {
            dn
        };
        let block = self.of.block(call.parallel, rows, steps, units);
        let (row, row_dy) = (steps * units, dy.len() / rows);
        let outputs = [(dp, row * cell.gates()), (dn, row)];
        parallel::pieces(block, outputs, |i, [dp, dn]| {
            let some = dp.len() / (row * cell.gates());
            let first = i * block;
            // What is not there stays empty.
            let cut = |x: &[f32], row: usize| {
                (first * row).min(x.len())..((first + some) * row).min(x.len())
            };
            let given = Given {
                u,
                bias: &[],
                mask: mask.map_or(&[], |m| &m[cut(m, steps)]),
            };
            let left = Left {
                h: &h[cut(h, row)],
                kept: &kept[cut(kept, row * cell.kept())],
                c: &c[cut(c, row)],
                dc: &dc[cut(dc, units)],
            };
            let seq = Sequence {
                rows: some,
                steps,
                units,
                reverse: self.of.reverse,
            };
            let dy = &dy[cut(dy, row_dy)];
            scratch::with(|s| backward(cell, seq, given, left, dy, dp, dn, s));
        });
    }

    fn flops(&self, inputs: &[&Meta], outputs: &[Meta]) -> u64 {
        (outputs[0].shape.elements() as u64).saturating_mul(2 * inputs[2].shape[2] as u64)
    }
}

#[cfg(test)]
pub(crate) fn cases() -> Vec<super::check::Case> {
    let of = Recurrence::of;
    super::recurrence::recurrent_cases(&[
        (of(Cell::Lstm).reversed(), 3, 17),
        (of(Cell::GruResetAfter).reversed(), 3, 5),
        (of(Cell::Gru).reversed(), 3, 6),
        (of(Cell::Simple).reversed(), 3, 17),
    ])
}
