//! A recurrent cell over whole sequences, from the projections of its inputs.

use cornu_kernels::recurrent::{Cell, Given, Sequence, forward};

use super::{Array, Call, GradientOf, Op, Operand, Pad, RecurrenceGrad, Rule, Split, StepProduct};
use crate::error::{Error, Result};
use crate::exec::{parallel, scratch};
use crate::graph::{Graph, Meta, Value};
use crate::shape::DType;

/// Inputs: projections `[batch, steps, gates·units]`; recurrent weights `[units, gates·units]`; with the reset gate after the
/// product, its bias `[units]`; if masked, a mask `[batch, steps]`, 0 where a step changes nothing. Outputs: the state after
/// each step, `[batch, steps, units]`; what the cell keeps for its gradient; an LSTM's inner state.
///
/// The state begins with zeros. Places in the arrays are those of the time, in whichever direction the steps are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Recurrence {
    /// What a step computes.
    pub cell: Cell,
    /// Whether the last step is taken first.
    pub reverse: bool,
    /// Whether there is a mask.
    pub masked: bool,
}

impl Recurrence {
    /// How many arrays it gives.
    pub(super) fn outputs(self) -> usize {
        match self.cell {
            Cell::Simple => 1,
            Cell::Lstm => 3,
            Cell::Gru | Cell::GruResetAfter => 2,
        }
    }

    /// The time of a step.
    pub(super) fn time(self, step: usize, steps: usize) -> usize {
        if self.reverse { steps - 1 - step } else { step }
    }

    /// Rows are independent, but want the weights of a step together.
    pub(super) fn rows_at_once(inputs: &[Operand<'_>]) -> Split {
        if inputs[0].batched && !inputs[1].batched {
            Split::RowsAtOnce
        } else {
            Split::Whole
        }
    }

    /// How many rows one thread takes.
    pub(super) fn block(self, parallel: bool, rows: usize, steps: usize, units: usize) -> usize {
        parallel::many_rows(parallel, rows, steps * units * units * self.cell.gates())
    }

    /// The gradient of the recurrent weights.
    fn weights(self, g: &mut Graph, h: Value, kept: Value, d: [Value; 2]) -> Result<Value> {
        let n = g.shape(h)[2];
        let shift = if self.reverse { 1 } else { -1 };
        let product = |g: &mut Graph, shift, x, first, d, from, len| {
            let op = StepProduct {
                shift,
                a: (first, n),
                d: (from, len),
            };
            g.push(op.into(), vec![x, d])
        };
        let [dp, dn] = d;
        match self.cell {
            Cell::Simple | Cell::Lstm => product(g, shift, h, 0, dp, 0, self.cell.gates() * n),
            Cell::Gru | Cell::GruResetAfter => {
                let gates = product(g, shift, h, 0, dp, 0, 2 * n)?;
                let third = match self.cell {
                    Cell::Gru => product(g, 0, kept, 3 * n, dp, 2 * n, n)?,
                    _ => product(g, shift, h, 0, dn, 0, n)?,
                };
                g.concat(&[gates, third], 1)
            }
        }
    }
}

impl Rule for Recurrence {
    fn infer(&self, inputs: &[&Meta]) -> Result<Vec<Meta>> {
        let (p, u) = (inputs[0], inputs[1]);
        let gates = self.cell.gates();
        let biased = usize::from(self.cell == Cell::GruResetAfter);
        let n = u.shape.first().copied().unwrap_or(0);
        let columns = n.checked_mul(gates);
        let fits = inputs.len() == 2 + biased + usize::from(self.masked)
            && inputs.iter().all(|m| m.dtype == DType::F32)
            && p.shape.rank() == 3
            && u.shape.rank() == 2
            && p.shape.last() == u.shape.last()
            && columns.as_ref() == u.shape.last()
            && (biased == 0 || inputs[2].shape.axes() == [n])
            && (!self.masked || inputs[2 + biased].shape.axes() == &p.shape[..2]);
        if !fits {
            return Err(Error::shape(format!(
                "{self:?} needs [batch, steps, {gates}·units] and [units, {gates}·units], received {inputs:?}"
            )));
        }
        let of = |columns: usize| Meta::f32([p.shape[0], p.shape[1], columns]);
        let mut outputs = vec![of(n)];
        if self.cell.kept() > 0 {
            outputs.push(of(self.cell.kept() * n));
        }
        if self.cell == Cell::Lstm {
            outputs.push(of(n));
        }
        Ok(outputs)
    }

    fn grad(&self, at: &mut GradientOf<'_>) -> Result<Vec<Option<Value>>> {
        // What is kept is read by gradients alone.
        if at.dy.get(1).is_some_and(Option::is_some) {
            return super::recurrence_grad::no_second();
        }
        let (dy, dc) = (at.dy[0], at.dy.get(2).copied().flatten());
        let g = &mut *at.graph;
        let h = at.outputs[0];
        let shape = g.shape(h).clone();
        let steps = shape[1];
        // Where only the last state was used, its gradient comes padded with zeros for all other times.
        let end = self.time(steps.saturating_sub(1), steps);
        let alone = Op::Pad(Pad {
            axis: 1,
            before: end,
            after: steps.saturating_sub(1) - end,
        });
        let of_last = |g: &Graph, dy: Value| {
            if g.node(dy).op == alone {
                g.node(dy).inputs[0]
            } else {
                dy
            }
        };
        let dy = if let Some(dy) = dy {
            of_last(g, dy)
        } else {
            let zero = g.constant(0.0)?;
            g.broadcast(zero, [shape[0], 1, shape[2]])?
        };
        let mut inputs = vec![dy, at.inputs[1]];
        inputs.extend(at.outputs);
        inputs.extend(at.inputs.last().filter(|_| self.masked));
        let dc = dc.map(|dc| of_last(g, dc));
        if let Some(dc) = dc {
            // Graph::recurrence hands out the inner state after the last step alone.
            if g.shape(dc)[1] != 1 {
                return Err(Error::shape(
                    "only the last inner state of a recurrence has a gradient",
                ));
            }
            inputs.push(dc);
        }
        let op = RecurrenceGrad {
            of: *self,
            inner: dc.is_some(),
        };
        let dp = g.push(op.into(), inputs)?;
        let kept = Value {
            output: (self.outputs() > 1).into(),
            ..h
        };
        let dn = Value {
            output: (self.cell == Cell::GruResetAfter).into(),
            ..dp
        };
        let mut grads = vec![Some(dp), Some(self.weights(g, h, kept, [dp, dn])?)];
        if self.cell == Cell::GruResetAfter {
            grads.push(Some(g.sum(dn, &[0, 1], false)?));
        }
        grads.resize(at.inputs.len(), None);
        Ok(grads)
    }

    fn eval(&self, inputs: &[&Array], outputs: &[Meta]) -> Vec<Array> {
        let (p, u) = (inputs[0], inputs[1]);
        let (rows, steps, n) = (p.shape[0], p.shape[1], u.shape[0]);
        let mut given: Vec<Array> = outputs
            .iter()
            .map(|m| Array::from_fn(&m.shape, |_| 0.0))
            .collect();
        let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
        for b in 0..rows {
            let (mut h, mut c) = (vec![0.0; n], vec![0.0; n]);
            for s in 0..steps {
                let t = self.time(s, steps);
                let times = |h: &[f64], gate: usize, j: usize| -> f64 {
                    (0..n).map(|k| h[k] * u.at(&[k, gate * n + j])).sum()
                };
                let projected = |gate: usize, j: usize| p.at(&[b, t, gate * n + j]);
                let sum = |gate: usize, j: usize| projected(gate, j) + times(&h, gate, j);
                let reset: Vec<f64> = match self.cell {
                    Cell::Gru => (0..n).map(|j| sigmoid(sum(1, j)) * h[j]).collect(),
                    _ => vec![],
                };
                let (mut next, mut inner) = (h.clone(), c.clone());
                for j in 0..n {
                    let kept = match self.cell {
                        Cell::Simple => {
                            next[j] = sum(0, j).tanh();
                            vec![]
                        }
                        Cell::Lstm => {
                            let [i, f, o] = [0, 1, 3].map(|gate| sigmoid(sum(gate, j)));
                            let g = sum(2, j).tanh();
                            inner[j] = f * c[j] + i * g;
                            next[j] = o * inner[j].tanh();
                            vec![i, f, g, o]
                        }
                        Cell::Gru | Cell::GruResetAfter => {
                            let [z, r] = [0, 1].map(|gate| sigmoid(sum(gate, j)));
                            let (of, added) = if self.cell == Cell::Gru {
                                (reset[j], times(&reset, 2, j))
                            } else {
                                let of = times(&h, 2, j) + inputs[2].data[j];
                                (of, r * of)
                            };
                            let candidate = (projected(2, j) + added).tanh();
                            next[j] = z * h[j] + (1.0 - z) * candidate;
                            vec![z, r, candidate, of]
                        }
                    };
                    for (k, x) in kept.into_iter().enumerate() {
                        let o = given[1].offset(&[b, t, k * n + j]);
                        given[1].data[o] = x;
                    }
                }
                let masked = self.masked && inputs[inputs.len() - 1].at(&[b, t]) == 0.0;
                if !masked {
                    (h, c) = (next, inner);
                }
                for j in 0..n {
                    let o = given[0].offset(&[b, t, j]);
                    given[0].data[o] = h[j];
                    if let Some(inner) = given.get_mut(2) {
                        inner.data[o] = c[j];
                    }
                }
            }
        }
        given
    }

    fn split(&self, inputs: &[Operand<'_>], _: &[Meta]) -> Split {
        Self::rows_at_once(inputs)
    }

    fn run(&self, call: &mut Call<'_, '_>) {
        let (p, u) = (call.f32(0), call.f32(1));
        let (rows, steps) = (call.input_metas[0].shape[0], call.input_metas[0].shape[1]);
        let units = call.input_metas[1].shape[0];
        if p.is_empty() {
            return;
        }
        let cell = self.cell;
        let biased = cell == Cell::GruResetAfter;
        let bias = if biased { call.f32(2) } else { &[] };
        let mask = self.masked.then(|| call.f32(2 + usize::from(biased)));
        let block = self.block(call.parallel, rows, steps, units);
        let row = steps * units;
        let outputs = [
            (call.take_f32(0), row),
            (call.take_f32(1), row * cell.kept()),
            (call.take_f32(2), row),
        ];
        parallel::pieces(block, outputs, |i, [h, kept, c]| {
            let some = h.len() / row;
            let times = i * block * steps..(i * block + some) * steps;
            let columns = cell.gates() * units;
            let given = Given {
                u,
                bias,
                mask: mask.map_or(&[], |m| &m[times.clone()]),
            };
            let seq = Sequence {
                rows: some,
                steps,
                units,
                reverse: self.reverse,
            };
            let p = &p[times.start * columns..times.end * columns];
            scratch::with(|s| forward(cell, seq, given, p, h, kept, c, s));
        });
    }

    fn flops(&self, inputs: &[&Meta], outputs: &[Meta]) -> u64 {
        (outputs[0].shape.elements() as u64).saturating_mul(2 * inputs[1].shape[1] as u64)
    }
}

#[cfg(test)]
impl Recurrence {
    pub(super) fn of(cell: Cell) -> Self {
        Self {
            cell,
            reverse: false,
            masked: false,
        }
    }

    pub(super) fn reversed(mut self) -> Self {
        self.reverse = true;
        self
    }
}

/// Recurrences of so many steps and units: all states, and the last one alone, with and without a mask.
#[cfg(test)]
pub(super) fn recurrent_cases(of: &[(Recurrence, usize, usize)]) -> Vec<super::check::Case> {
    use super::check::{Fill::*, case};
    let mut cases = Vec::new();
    for &(op, steps, n) in of {
        for (masked, last) in [(false, false), (false, true), (true, false), (true, true)] {
            let name = format!("{op:?} {steps} steps, {n} units, masked {masked}, last {last}");
            let build = move |s: &mut super::check::Scene| {
                let columns = op.cell.gates() * n;
                let p = s.batched(&[steps, columns], Mixed)?;
                let u = s.fixed(&[n, columns], Between(-0.4, 0.4))?;
                let bias = match op.cell {
                    Cell::GruResetAfter => Some(s.fixed(&[n], Mixed)?),
                    _ => None,
                };
                let mask = if masked {
                    let mask = s.batched(&[steps], Whole(0, 2))?;
                    Some(s.g.cast(mask, DType::F32)?)
                } else {
                    None
                };
                let (h, c) = s.g.recurrence(op.cell, op.reverse, p, u, bias, mask)?;
                let h = if last {
                    s.g.slice(h, 1, op.time(steps - 1, steps), 1)?
                } else {
                    h
                };
                // The inner state too, in half of the cases.
                match c {
                    Some(c) if masked == last => s.g.add(h, c),
                    _ => Ok(h),
                }
            };
            cases.push(case(name, build).once());
        }
    }
    cases
}

#[cfg(test)]
pub(crate) fn cases() -> Vec<super::check::Case> {
    let of = Recurrence::of;
    recurrent_cases(&[
        (of(Cell::Lstm), 4, 5),
        (of(Cell::GruResetAfter), 3, 17),
        (of(Cell::Gru), 3, 5),
        (of(Cell::Simple), 4, 5),
    ])
}
