//! The cells of Keras, LSTM, GRU and the plain one: weights, one step, and all steps as one op.

use cornu_kernels::recurrent::Cell;

use super::cell::{Walk, Walked, step_by_step, step_of};
use crate::activations::Activation;
use crate::choice::{Choice, Named};
use crate::constraints::Constraint;
use crate::error::{Error, Result};
use crate::graph::ops::Distribution;
use crate::graph::{Graph, Value};
use crate::initializers::InitializerConfig;
use crate::layers::{Context, Pair, WeightSpec, inputs};
use crate::regularizers::Regularizer;
use crate::shape::{DType, Shape};

/// The settings of a cell with gates, as its struct has them.
#[allow(clippy::struct_field_names)] // Keras's names
pub(super) struct Gates<'a> {
    pub(super) class: &'static str,
    pub(super) cell: Cell,
    pub(super) units: usize,
    pub(super) activation: &'a Choice<Activation>,
    /// That of the gates; a cell without gates has none.
    pub(super) recurrent_activation: Option<&'a Choice<Activation>>,
    pub(super) use_bias: bool,
    /// Kernel, recurrent kernel, bias.
    pub(super) initializers: [&'a InitializerConfig; 3],
    pub(super) regularizers: [&'a Option<Regularizer>; 3],
    pub(super) constraints: [&'a Option<Constraint>; 3],
    /// Whether an LSTM's forget gate begins with a bias of 1.
    pub(super) forget_bias: bool,
    pub(super) dropout: f64,
    pub(super) recurrent_dropout: f64,
    pub(super) seed: Option<i64>,
}

/// Masks of dropout, the same at all steps: one for all gates, one for each, or none.
struct Masks {
    inputs: Vec<Value>,
    states: Vec<Value>,
}

impl Gates<'_> {
    fn columns(&self) -> usize {
        self.cell.gates() * self.units
    }

    /// The shapes of the states.
    pub(super) fn state_shapes(&self, x: &Shape) -> Result<Vec<Shape>> {
        if x.rank() != 1 {
            return Err(Error::shape(format!(
                "{} expects [features] at each step, received {x}",
                self.class
            ))
            .help("a sequence has shape [steps, features]"));
        }
        let states = 1 + usize::from(self.cell == Cell::Lstm);
        Ok(vec![Shape::from([self.units]); states])
    }

    /// The weights; refuses settings and inputs that cannot work. The first input is one step's.
    pub(super) fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        let none = || Error::shape(format!("{} expects an input, received nothing", self.class));
        let (x, states) = inputs.split_first().ok_or_else(none)?;
        let wanted = self.state_shapes(x)?;
        inputs::sizes([("units", Pair::from(self.units))])?;
        inputs::number("dropout", self.dropout, 0.0, 1.0)?;
        inputs::number("recurrent_dropout", self.recurrent_dropout, 0.0, 1.0)?;
        if states != wanted {
            return Err(Error::shape(format!(
                "{} expects the input of a step and the states {wanted:?}, received {inputs:?}",
                self.class
            ))
            .help("RNN(cell) hands states on from step to step"));
        }
        self.activation.get()?;
        self.recurrent_activation.map(Choice::get).transpose()?;
        let columns = self.columns();
        let mut shapes = vec![
            ("kernel", Shape::from([x[0], columns])),
            ("recurrent_kernel", Shape::from([self.units, columns])),
        ];
        if self.use_bias {
            let bias = match self.cell {
                Cell::GruResetAfter => Shape::from([2, columns]),
                _ => Shape::from([columns]),
            };
            shapes.push(("bias", bias));
        }
        let specs = shapes.into_iter().enumerate().map(|(i, (name, shape))| {
            let mut initializer = self.initializers[i].clone();
            if name == "bias" && self.forget_bias {
                initializer = initializer.with_ones(self.units..2 * self.units);
            }
            WeightSpec::new(name, shape, initializer)
                .regularized(self.regularizers[i].clone())
                .constrained(self.constraints[i].clone())
        });
        Ok(specs.collect())
    }

    /// One step: the output, then the states after it.
    pub(super) fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Vec<Value>> {
        let (x, states) = (inputs[0], &inputs[1..]);
        let batch = cx.graph.shape(x)[0];
        let features = cx.graph.shape(x)[1];
        let masks = self.masks(cx, &[batch, features].into(), batch)?;
        let (p, bias) = self.projections(cx, x, &masks)?;
        let kernels = self.kernels(cx)?;
        let mut next = self.step(cx.graph, (p, bias), states, &kernels, &masks)?;
        next.insert(0, next[0]);
        Ok(next)
    }

    /// Walks along a sequence: as one op where the functions are the usual ones and the state begins with zeros.
    pub(super) fn walk(&self, cx: &mut Context<'_>, x: Value, along: &Walk<'_>) -> Result<Walked> {
        let shape = cx.graph.shape(x).clone();
        let masks = self.masks(cx, &[shape[0], 1, shape[2]].into(), shape[0])?;
        let is = |c: &Choice<Activation>, name| c.get().map(|a| a.name() == name);
        let gates_fit = match self.recurrent_activation {
            Some(a) => is(a, "sigmoid")?,
            None => true,
        };
        let at_once = is(self.activation, "tanh")?
            && gates_fit
            && !along.unroll
            && along.initial.is_empty()
            && masks.states.is_empty();
        let (p, bias) = self.projections(cx, x, &masks)?;
        if at_once {
            let u = cx.weight(1);
            let g = &mut *cx.graph;
            let (h, c) = g.recurrence(self.cell, along.go_backwards, p, u, bias, along.mask)?;
            let last = if along.go_backwards { 0 } else { shape[1] - 1 };
            let last = step_of(g, h, last)?;
            let mut states = vec![last];
            if let Some(c) = c {
                states.push(step_of(g, c, 0)?);
            }
            let outputs = if along.go_backwards {
                g.reverse(h, 1)?
            } else {
                h
            };
            return Ok(Walked {
                outputs,
                last,
                states,
            });
        }
        let kernels = self.kernels(cx)?;
        let step = Shape::from([shape[2]]);
        let states = along.begin(cx, self.state_shapes(&step)?, x)?;
        step_by_step(cx, p, along, states, |cx, p, states| {
            let next = self.step(cx.graph, (p, bias), states, &kernels, &masks)?;
            Ok((next[0], next))
        })
    }

    /// The masks of dropout for inputs of a shape; as in Keras, recurrent dropout draws those of the inputs for each gate, and in
    /// cells with gates a rate of 1 drops nothing.
    fn masks(&self, cx: &mut Context<'_>, inputs: &Shape, batch: usize) -> Result<Masks> {
        let plain = self.cell == Cell::Simple;
        let drops = |rate: f64| cx.training && rate > 0.0 && (rate < 1.0 || plain);
        let (of_inputs, of_states) = (drops(self.dropout), drops(self.recurrent_dropout));
        let gates = self.cell.gates();
        let for_inputs = match (of_inputs, self.recurrent_dropout == 0.0) {
            (false, _) => 0,
            (true, true) => 1,
            (true, false) => gates,
        };
        let inputs = (0..for_inputs).map(|_| scaled_mask(cx, self.seed, inputs, self.dropout));
        let inputs = inputs.collect::<Result<_>>()?;
        let states = Shape::from([batch, self.units]);
        let states = (0..if of_states { gates } else { 0 })
            .map(|_| scaled_mask(cx, self.seed, &states, self.recurrent_dropout));
        Ok(Masks {
            inputs,
            states: states.collect::<Result<_>>()?,
        })
    }

    /// The part of all gates' sums that does not depend on the state, and the bias that stays with a GRU's third product.
    fn projections(
        &self,
        cx: &mut Context<'_>,
        x: Value,
        masks: &Masks,
    ) -> Result<(Value, Option<Value>)> {
        let n = self.units;
        let kernel = cx.weight(0);
        let last = cx.graph.shape(x).rank() - 1;
        let g = &mut *cx.graph;
        let mut p = match masks.inputs[..] {
            [] => g.matmul(x, kernel)?,
            [mask] => {
                let x = g.mul(x, mask)?;
                g.matmul(x, kernel)?
            }
            _ => {
                let mut parts = Vec::new();
                for (gate, &mask) in masks.inputs.iter().enumerate() {
                    let x = g.mul(x, mask)?;
                    let kernel = g.slice(kernel, 1, gate * n, n)?;
                    parts.push(g.matmul(x, kernel)?);
                }
                g.concat(&parts, last)?
            }
        };
        if self.cell != Cell::GruResetAfter {
            if self.use_bias {
                p = g.add(p, cx.weights[2])?;
            }
            return Ok((p, None));
        }
        if !self.use_bias {
            let zero = g.constant(0.0)?;
            return Ok((p, Some(g.broadcast(zero, [n])?)));
        }
        let part = |g: &mut Graph, row, from, len| {
            let b = g.slice(cx.weights[2], 0, row, 1)?;
            let b = g.slice(b, 1, from, len)?;
            g.reshape(b, [len])
        };
        let of_inputs = part(g, 0, 0, 3 * n)?;
        let of_gates = part(g, 1, 0, 2 * n)?;
        let of_gates = g.pad(of_gates, 0, 0, n)?;
        let bias = g.add(of_inputs, of_gates)?;
        Ok((g.add(p, bias)?, Some(part(g, 1, 2 * n, n)?)))
    }

    /// The recurrent kernel of each gate.
    fn kernels(&self, cx: &mut Context<'_>) -> Result<Vec<Value>> {
        let (u, n) = (cx.weight(1), self.units);
        (0..self.cell.gates())
            .map(|gate| cx.graph.slice(u, 1, gate * n, n))
            .collect()
    }

    /// The states after a step, of which the first is the output, from the step's projections.
    fn step(
        &self,
        g: &mut Graph,
        (p, bias): (Value, Option<Value>),
        states: &[Value],
        kernels: &[Value],
        masks: &Masks,
    ) -> Result<Vec<Value>> {
        let n = self.units;
        let (activation, gate_activation) = (
            self.activation.get()?,
            self.recurrent_activation.unwrap_or(self.activation).get()?,
        );
        let h = states[0];
        let projected = |g: &mut Graph, gate: usize| g.slice(p, 1, gate * n, n);
        let times = |g: &mut Graph, h: Value, gate: usize| {
            let h = match masks.states.get(gate) {
                Some(&mask) => g.mul(h, mask)?,
                None => h,
            };
            g.matmul(h, kernels[gate])
        };
        let sum = |g: &mut Graph, gate: usize| {
            let (a, b) = (projected(g, gate)?, times(g, h, gate)?);
            g.add(a, b)
        };
        let gate = |g: &mut Graph, k: usize| {
            let x = sum(g, k)?;
            gate_activation.apply(g, x)
        };
        match self.cell {
            Cell::Simple => {
                let x = sum(g, 0)?;
                Ok(vec![activation.apply(g, x)?])
            }
            Cell::Lstm => {
                let (i, f, o) = (gate(g, 0)?, gate(g, 1)?, gate(g, 3)?);
                let x = sum(g, 2)?;
                let x = activation.apply(g, x)?;
                let (old, new) = (g.mul(f, states[1])?, g.mul(i, x)?);
                let c = g.add(old, new)?;
                let squashed = activation.apply(g, c)?;
                Ok(vec![g.mul(o, squashed)?, c])
            }
            Cell::Gru | Cell::GruResetAfter => {
                let (z, r) = (gate(g, 0)?, gate(g, 1)?);
                let added = if let Some(bias) = bias {
                    let x = times(g, h, 2)?;
                    let x = g.add(x, bias)?;
                    g.mul(r, x)?
                } else {
                    let reset = g.mul(r, h)?;
                    times(g, reset, 2)?
                };
                let x = projected(g, 2)?;
                let x = g.add(x, added)?;
                let x = activation.apply(g, x)?;
                let (old, rest) = (g.mul(z, h)?, g.one_minus(z)?);
                let new = g.mul(rest, x)?;
                Ok(vec![g.add(old, new)?])
            }
        }
    }
}

/// Zeros with probability `rate`, else `1 / (1 - rate)`; from a seed of the layer's own, if it has one.
pub(super) fn scaled_mask(
    cx: &mut Context<'_>,
    seed: Option<i64>,
    shape: &Shape,
    rate: f64,
) -> Result<Value> {
    let threshold = ((1.0 - rate) * 65536.0).round() as u32;
    let mask = cx.draw(seed, Distribution::Bernoulli { threshold }, shape)?;
    let mask = cx.graph.cast(mask, DType::F32)?;
    // Where everything is dropped, nothing is scaled.
    let scale = if rate < 1.0 { 1.0 / (1.0 - rate) } else { 0.0 };
    cx.graph.scale(mask, scale as f32)
}
