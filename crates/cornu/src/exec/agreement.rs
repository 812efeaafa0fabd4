//! Random computations: what plans compute is what the reference computes, whatever was fused, cut and placed.

use crate::autodiff;
use crate::compile::{Computation, Mode, compile};
use crate::error::Result;
use crate::exec::executable::States;
use crate::exec::interpreter;
use crate::graph::ops::check::{Chance, Fill, assert_close, run_with};
use crate::graph::ops::input::Source;
use crate::graph::ops::{Distribution, Reduction, UnaryKind};
use crate::graph::{Array, Graph, Meta, Op, Value};
use crate::shape::{DType, Shape};
use crate::tensor::{Data, Tensor};

/// A computation in the making: values of floats to go on from, and what feeds and states are filled with.
struct Random {
    chance: Chance,
    g: Graph,
    batch: usize,
    pool: Vec<Value>,
    index: Value,
    rng: Value,
    fills: Vec<Fill>,
    state_shapes: Vec<Shape>,
    /// Whether functions with kinks may appear: gradients may then differ by rounding alone.
    kinks: bool,
}

impl Random {
    fn new(seed: usize, batch: usize, kinks: bool) -> Result<Self> {
        let mut g = Graph::new();
        let mut pool = Vec::new();
        let mut fills = Vec::new();
        for row in [&[3, 4][..], &[4], &[1, 4], &[3, 1], &[]] {
            let shape = [&[batch], row].concat();
            pool.push(g.feed_of(Meta::f32(shape), true)?);
            fills.push(Fill::Mixed);
        }
        for shape in [&[3, 4][..], &[4], &[4, 4], &[], &[batch, 4]] {
            pool.push(g.feed_of(Meta::f32(shape), false)?);
            fills.push(Fill::Mixed);
        }
        let integers = |n| Meta {
            shape: Shape::from(n),
            dtype: DType::I32,
        };
        let index = g.feed_of(integers(batch), true)?;
        let rng = g.feed_of(integers(4), false)?;
        fills.extend([Fill::Whole(0, 4), Fill::Whole(-9, 9)]);
        let state_shapes: Vec<Shape> = [&[4][..], &[3, 4], &[4, 4], &[4], &[batch, 4]]
            .into_iter()
            .map(Shape::from)
            .collect();
        for (i, shape) in state_shapes.iter().enumerate() {
            pool.push(g.state(i, shape.clone())?);
        }
        Ok(Self {
            chance: Chance::of(&format!("{seed} {batch} {kinks}")),
            g,
            batch,
            pool,
            index,
            rng,
            fills,
            state_shapes,
            kinks,
        })
    }

    fn any(&mut self) -> Value {
        // Later values twice as often, so that chains grow long.
        let n = self.pool.len();
        let low = if self.chance.below(2) == 0 { 0 } else { n / 2 };
        self.pool[low + self.chance.below(n - low)]
    }

    fn shaped(&mut self, fits: impl Fn(&Shape) -> bool) -> Option<Value> {
        let fitting: Vec<Value> = self
            .pool
            .iter()
            .copied()
            .filter(|&v| fits(self.g.shape(v)))
            .collect();
        (!fitting.is_empty()).then(|| fitting[self.chance.below(fitting.len())])
    }

    /// One more op on some values; none where they do not fit.
    fn step(&mut self) -> Result<Option<Value>> {
        let x = self.any();
        let shape = self.g.shape(x).clone();
        let rank = shape.rank();
        let y = match self.chance.below(16) {
            0 | 1 => {
                let kinds = [
                    UnaryKind::Neg,
                    UnaryKind::Tanh,
                    UnaryKind::Sigmoid,
                    UnaryKind::Sin,
                    UnaryKind::Erf,
                    UnaryKind::Softplus,
                ];
                let kind = kinds[self.chance.below(kinds.len())];
                self.g.unary(kind, x)?
            }
            2 if self.kinks => {
                let kinds = [UnaryKind::Relu, UnaryKind::Abs];
                let kind = kinds[self.chance.below(2)];
                self.g.unary(kind, x)?
            }
            2..=5 => {
                let other = self.any();
                let Ok(to) = shape.broadcast(self.g.shape(other)) else {
                    return Ok(None);
                };
                if to.elements() > 4000 {
                    return Ok(None);
                }
                match self.chance.below(if self.kinks { 7 } else { 5 }) {
                    0 => self.g.add(x, other)?,
                    1 => self.g.sub(x, other)?,
                    2 => self.g.mul(x, other)?,
                    3 => {
                        let t = self.g.tanh(other)?;
                        let t = self.g.add_scalar(t, 1.6)?;
                        self.g.div(x, t)?
                    }
                    4 => {
                        let given = self.pool[self.chance.below(5)];
                        let c = self.g.greater_scalar(given, 0.0)?;
                        match self.g.select(c, x, other) {
                            Ok(y) if self.g.shape(y).elements() <= 4000 => y,
                            _ => return Ok(None),
                        }
                    }
                    5 => self.g.maximum(x, other)?,
                    _ => self.g.minimum(x, other)?,
                }
            }
            6 | 7 => {
                let axes: Vec<usize> = (0..rank).filter(|_| self.chance.below(2) == 0).collect();
                let kind = match self.chance.below(4) {
                    0 if self.kinks => Reduction::Max,
                    1 if self.kinks => Reduction::Min,
                    _ => Reduction::Sum,
                };
                let keep = self.chance.below(2) == 0;
                self.g.reduce(kind, x, &axes, keep)?
            }
            8 => {
                let axes = match self.chance.below(3) {
                    0 => vec![shape.elements()],
                    1 if rank > 1 => [&[shape[0], shape.row()][..]].concat(),
                    _ => [&shape[..], &[1]].concat(),
                };
                self.g.reshape(x, axes)?
            }
            9 => {
                let mut axes: Vec<usize> = (0..rank).collect();
                for i in (1..rank).rev() {
                    axes.swap(i, self.chance.below(i + 1));
                }
                self.g.transpose(x, &axes)?
            }
            10 if rank > 0 => {
                let k = shape[rank - 1];
                match self.shaped(|s| s.rank() == 2 && s[0] == k) {
                    Some(w) => {
                        let y = self.g.matmul(x, w)?;
                        match self.shaped(|s| s.rank() == 1) {
                            Some(b) if self.chance.below(2) == 0 => self.g.add(y, b).unwrap_or(y),
                            _ => y,
                        }
                    }
                    None => return Ok(None),
                }
            }
            11 if rank > 1 => {
                let lead = shape[..rank - 1].to_vec();
                let fits = move |s: &Shape| s.rank() == rank && s[..rank - 1] == lead[..];
                let other = self.shaped(fits).unwrap_or(x);
                self.g.matmul_tn(x, other)?
            }
            12 if rank > 0 => {
                let axis = self.chance.below(rank);
                match self.chance.below(3) {
                    0 => {
                        let start = self.chance.below(shape[axis]);
                        let len = 1 + self.chance.below(shape[axis] - start);
                        self.g.slice(x, axis, start, len)?
                    }
                    1 => self
                        .g
                        .pad(x, axis, self.chance.below(2), self.chance.below(3))?,
                    _ => {
                        let other = self.any();
                        match self.g.concat(&[x, other, x], axis) {
                            Ok(y) => y,
                            Err(_) => self.g.concat(&[x, x], axis)?,
                        }
                    }
                }
            }
            13 if rank > 0 => {
                if self.chance.below(2) == 0 {
                    self.g.softmax(x)?
                } else {
                    self.g.log_softmax(x)?
                }
            }
            14 if rank == 2 && shape[0] == self.batch && shape[1] >= 4 => {
                self.g.take_last(x, self.index)?
            }
            15 if rank > 0 && rank < 4 && shape.elements() < 500 => {
                if self.chance.below(2) == 0 {
                    let more = [&[self.batch], &shape[..]].concat();
                    self.g.broadcast(x, more)?
                } else {
                    let batched = shape[0] == self.batch && self.chance.below(2) == 0;
                    let threshold = 30000;
                    let mask = Distribution::Bernoulli { threshold };
                    let mask = self.g.random(self.rng, mask, shape, batched)?;
                    let mask = self.g.cast(mask, DType::F32)?;
                    self.g.mul(x, mask)?
                }
            }
            _ => return Ok(None),
        };
        let shape = self.g.shape(y);
        if shape.elements() > 4000 || shape.elements() == 0 || shape.rank() > 4 {
            return Ok(None);
        }
        // What can grow is held between -1 and 1.
        Ok(Some(match self.chance.below(3) {
            0 => y,
            _ => self.g.tanh(y)?,
        }))
    }

    fn finish(mut self) -> Result<(Computation, Vec<Fill>, Vec<Shape>)> {
        let steps = 4 + self.chance.below(40);
        for _ in 0..steps {
            if let Some(y) = self.step()? {
                self.pool.push(y);
            }
        }
        let mut outputs: Vec<Value> = (0..self.chance.below(4)).map(|_| self.any()).collect();
        if !self.kinks {
            let y = self.any();
            let y = self.g.tanh(y)?;
            let y = self.g.mean_all(y)?;
            let wrt = [
                self.pool[0],
                self.pool[1],
                self.pool[10],
                self.pool[11],
                self.pool[12],
            ];
            let grads = autodiff::gradients(&mut self.g, y, &wrt)?;
            outputs.push(y);
            self.pool.extend(&grads);
            for grad in grads {
                if self.chance.below(2) == 0 {
                    outputs.push(grad);
                }
            }
        }
        let mut updates = Vec::new();
        for state in 0..self.state_shapes.len() {
            let shape = self.state_shapes[state].clone();
            let Some(v) = self.shaped(|s| *s == shape) else {
                continue;
            };
            let old = self.pool[10 + state];
            match self.chance.below(4) {
                0 => updates.push((state, v)),
                1 => {
                    let step = self.g.scale(v, -0.1)?;
                    updates.push((state, self.g.add(old, step)?));
                }
                2 => {
                    let t = self.g.mul(old, v)?;
                    let t = self.g.tanh(t)?;
                    updates.push((state, t));
                    self.pool.push(t);
                }
                _ => {}
            }
        }
        let guards = (0..self.chance.below(3)).map(|_| self.any()).collect();
        let computation = Computation {
            graph: self.g,
            batch: self.batch,
            outputs,
            updates,
            guards,
        };
        Ok((computation, self.fills, self.state_shapes))
    }
}

fn bits(tensors: &[Tensor]) -> Vec<Vec<u32>> {
    let bits = |t: &Tensor| match t.data() {
        Data::F32(x) => x.iter().map(|x| x.to_bits()).collect(),
        _ => Vec::new(),
    };
    tensors.iter().map(bits).collect()
}

/// Runs three steps both ways.
fn agree(name: &str, computation: &Computation, fills: &[Fill], shapes: &[Shape]) {
    let mut chance = Chance::of(name);
    let metas: Vec<Shape> = computation
        .graph
        .nodes()
        .iter()
        .filter_map(|n| match &n.op {
            Op::Input(i) if matches!(i.source, Source::Feed(_)) => Some(i.meta.shape.clone()),
            _ => None,
        })
        .collect();
    let start: Vec<Tensor> = shapes
        .iter()
        .map(|s| chance.tensor(s, Fill::Mixed))
        .collect();
    let steps: Vec<Vec<Tensor>> = (0..3)
        .map(|_| {
            metas
                .iter()
                .zip(fills)
                .map(|(s, &f)| chance.tensor(s, f))
                .collect()
        })
        .collect();
    let mut first = None;
    for (mode, threads) in [
        (Mode::Fast, 1),
        (Mode::Fast, 2),
        (Mode::Fast, 3),
        (Mode::Traced, 2),
    ] {
        let plan = compile(computation, mode).unwrap_or_else(|e| panic!("{name}: {e}"));
        let mut states = States::new();
        for t in &start {
            states.push(t).expect("memory can be had");
        }
        let mut all = Vec::new();
        for (step, feeds) in steps.iter().enumerate() {
            let arrays: Vec<Array> = feeds.iter().map(Array::from).collect();
            let before: Vec<Array> = (0..states.len())
                .map(|i| Array::from(&states.tensor(i)))
                .collect();
            let values = interpreter::run(&computation.graph, &arrays, &before);
            let value = |v: Value| &values[v.index()][v.output as usize];
            let feeds: Vec<&Tensor> = feeds.iter().collect();
            let got = run_with(threads, None, &plan, &feeds, &mut states);
            for (i, (got, &v)) in got.iter().zip(&computation.outputs).enumerate() {
                let what = format!(
                    "{name}, {mode:?}, step {step}, output {i}: {v:?}\n{}",
                    computation.graph
                );
                assert_close(&what, got, value(v), 2e-5);
            }
            let after: Vec<Tensor> = (0..states.len()).map(|i| states.tensor(i)).collect();
            for (i, after) in after.iter().enumerate() {
                let want = computation.updates.iter().find(|u| u.0 == i);
                let want = want.map_or(&before[i], |&(_, v)| value(v));
                let what = format!(
                    "{name}, {mode:?}, step {step}, state {i}\n{}",
                    computation.graph
                );
                assert_close(&what, after, want, 2e-5);
            }
            all.extend(bits(&got));
            all.extend(bits(&after));
        }
        if mode == Mode::Fast {
            let first = first.get_or_insert_with(|| all.clone());
            assert!(*first == all, "{name}: {threads} threads give other bits");
        }
    }
}

#[test]
fn random_computations_agree_with_the_reference() -> Result<()> {
    let seeds = std::env::var("CORNU_SEEDS")
        .ok()
        .and_then(|s| s.parse().ok());
    for seed in 0..seeds.unwrap_or(60) {
        for (batch, kinks) in [(1, false), (2, true), (5, false), (17, false), (33, true)] {
            let (computation, fills, shapes) = Random::new(seed, batch, kinks)?.finish()?;
            let name = format!("seed {seed}, batch {batch}, kinks {kinks}");
            agree(&name, &computation, &fills, &shapes);
        }
    }
    Ok(())
}
