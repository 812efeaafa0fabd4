//! Pass 7: steps with their operands' places, ready to run.

use std::collections::HashMap;

use super::computation::Computation;
use super::memory::{Demand, place};
use super::stage::{Stages, is_segment};
use crate::error::Result;
use crate::graph::ops::Split;
use crate::graph::ops::input::Source;
use crate::graph::{Graph, Meta, Op, Value};

/// Bytes of intermediate values that one core should work on at a time: half of a usual second-level cache.
const LOCAL_BUDGET: usize = 1 << 20;

/// Into how many tasks a batch is cut at most. It bounds how many cores can help and how many partial sums are kept; it may
/// not depend on the machine, because the order of additions depends on it.
const TASKS: usize = 16;

/// An operand of a step that runs for the whole batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operand {
    /// Handed over for this run.
    Feed(usize),
    /// Kept from run to run.
    State(usize),
    /// The step's range with this number in the arena; in a segment, written by an earlier stage.
    Range(usize),
    /// In a segment: rows of a range that this segment writes.
    Written(usize),
    /// In a segment: the op's range with this number in the thread's own arena.
    Local(usize),
    /// The old content of the output with this number.
    InPlace(usize),
    /// Nobody reads it (outputs only).
    Unused,
}

/// One op with its operands.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) node: usize,
    pub(crate) inputs: Vec<Operand>,
    pub(crate) outputs: Vec<Operand>,
    pub(crate) input_metas: Vec<Meta>,
    pub(crate) batched: Vec<bool>,
    /// Whether the op adds its part of a sum.
    pub(crate) accumulate: bool,
    /// In a segment: the op's ranges in the thread's arena, ascending: (offset, bytes of a row).
    pub(crate) locals: Vec<(usize, usize)>,
}

/// What runs for the whole batch.
#[derive(Clone, Debug)]
pub(crate) enum Whole {
    /// An op on ranges of the arena, (offset, bytes), ascending.
    Op {
        step: Step,
        ranges: Vec<(usize, usize)>,
    },
    /// The parts of a sum, added in order.
    SumParts {
        parts: usize,
        from: (usize, usize),
        to: (usize, usize),
    },
    /// A state's new value, where it could not be computed in place.
    Store {
        from: Operand,
        range: (usize, usize),
        state: usize,
    },
}

/// How a segment uses a range of the arena.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// Written by an earlier stage; `row` bytes a sample, or 0 if it has no batch axis.
    Read { row: usize },
    /// Written here, each row by the task that has it.
    Write { row: usize },
    /// One part of a sum for each task, `stride` bytes apart.
    Parts { stride: usize },
}

/// Ops that follow each other part by part of the batch.
#[derive(Clone, Debug)]
pub(crate) struct Segment {
    pub(crate) steps: Vec<Step>,
    /// Ranges of the arena, ascending: offset, bytes, use.
    pub(crate) ranges: Vec<(usize, usize, Use)>,
    pub(crate) task_rows: usize,
    pub(crate) chunk_rows: usize,
    pub(crate) local_bytes: usize,
}

/// A part of the plan after which everything it computes is there.
#[derive(Clone, Debug)]
pub(crate) enum Stage {
    Whole(Vec<Whole>),
    Segment(Segment),
}

/// A computation ready to run: its steps in order, and a place for every value.
#[derive(Clone, Debug)]
pub struct Plan {
    pub(crate) computation: Computation,
    pub(crate) stages: Vec<Stage>,
    /// The first stage that changes states.
    pub(crate) commit: usize,
    pub(crate) arena_bytes: usize,
    pub(crate) local_bytes: usize,
    pub(crate) outputs: Vec<(Operand, (usize, usize))>,
    pub(crate) guards: Vec<(Operand, (usize, usize))>,
    /// With every value kept: where each node's outputs are.
    pub(crate) traced: Vec<(usize, Vec<(Operand, (usize, usize))>)>,
}

impl Plan {
    /// Bytes of memory that a run needs besides feeds and states, with so many threads.
    pub fn bytes(&self, threads: usize) -> usize {
        self.arena_bytes + threads * self.local_bytes
    }

    /// Floating-point operations of a run.
    pub fn flops(&self) -> u64 {
        let g = &self.computation.graph;
        g.nodes()
            .iter()
            .map(|n| {
                let inputs: Vec<&Meta> = n.inputs.iter().map(|&v| g.meta(v)).collect();
                n.op.flops(&inputs, &n.outputs)
            })
            .sum()
    }
}

/// Where a value lives.
#[derive(Clone, Copy, Debug)]
enum Home {
    Feed(usize),
    State(usize),
    /// In the arena.
    Shared {
        offset: usize,
        bytes: usize,
    },
    /// In each thread's arena.
    Local {
        offset: usize,
        row: usize,
    },
}

struct Planner<'a> {
    c: &'a Computation,
    stages: &'a Stages,
    order: Vec<Vec<usize>>,
    /// For each node and output, the value whose buffer it shares (through reshapes).
    roots: Vec<Vec<Value>>,
    /// The tick at which each node runs.
    tick: Vec<usize>,
    in_place: HashMap<Value, usize>,
}

/// Plans a computation whose ops are fused and staged.
pub(super) fn build(c: Computation, stages: &Stages, keep_all: bool) -> Result<Plan> {
    let mut planner = Planner::new(&c, stages);
    planner.find_in_place();
    let (plan_stages, homes, arena_bytes) = planner.layout(keep_all);
    let locate = |v: &Value| located(planner.root(*v), &homes);
    let outputs = c.outputs.iter().map(locate).collect();
    let guards = c.guards.iter().map(locate).collect();
    let traced = if keep_all {
        let given = |op: &Op| matches!(op, Op::Input(_) | Op::Constant(_));
        (0..c.graph.nodes().len())
            .filter(|&i| !given(&c.graph.nodes()[i].op))
            .map(|i| {
                let outs = 0..c.graph.nodes()[i].outputs.len() as u32;
                let at = outs.filter_map(|output| {
                    let root = planner.root(Value {
                        node: i as u32,
                        output,
                    });
                    homes.contains_key(&root).then(|| located(root, &homes))
                });
                (i, at.collect())
            })
            .collect()
    } else {
        Vec::new()
    };
    let local_bytes = plan_stages
        .iter()
        .map(|s| match s {
            Stage::Segment(s) => s.local_bytes,
            Stage::Whole(_) => 0,
        })
        .max()
        .unwrap_or(0);
    let commit = stages.commit.min(plan_stages.len());
    Ok(Plan {
        stages: plan_stages,
        commit,
        arena_bytes,
        local_bytes,
        outputs,
        guards,
        traced,
        computation: c,
    })
}

fn located(root: Value, homes: &HashMap<Value, Home>) -> (Operand, (usize, usize)) {
    match homes[&root] {
        Home::Feed(i) => (Operand::Feed(i), (0, 0)),
        Home::State(i) => (Operand::State(i), (0, 0)),
        Home::Shared { offset, bytes } => (Operand::Range(0), (offset, bytes)),
        Home::Local { .. } => unreachable!("a wanted value is shared"),
    }
}

impl<'a> Planner<'a> {
    fn new(c: &'a Computation, stages: &'a Stages) -> Self {
        let nodes = c.graph.nodes();
        let mut roots: Vec<Vec<Value>> = Vec::with_capacity(nodes.len());
        for (i, n) in nodes.iter().enumerate() {
            roots.push(if let Op::Reshape(_) = n.op {
                let v = n.inputs[0];
                vec![roots[v.index()][v.output as usize]]
            } else {
                (0..n.outputs.len() as u32)
                    .map(|output| Value {
                        node: i as u32,
                        output,
                    })
                    .collect()
            });
        }
        let count = stages
            .of
            .iter()
            .max()
            .map_or(0, |m| m + 1)
            .max(stages.commit + 1);
        let mut order = vec![Vec::new(); count];
        for (i, n) in nodes.iter().enumerate() {
            if !matches!(n.op, Op::Input(_) | Op::Reshape(_)) {
                order[stages.of[i]].push(i);
            }
        }
        // A whole stage begins by adding up the parts of the sums before it (one tick each, counted as one).
        let mut tick = vec![0; nodes.len()];
        let mut now = 1;
        for (s, list) in order.iter().enumerate() {
            if is_segment(s) {
                for &i in list {
                    tick[i] = now;
                }
                now += 1;
            } else {
                now += 1;
                for &i in list {
                    tick[i] = now;
                    now += 1;
                }
            }
        }
        Self {
            c,
            stages,
            order,
            roots,
            tick,
            in_place: HashMap::new(),
        }
    }

    fn graph(&self) -> &'a Graph {
        &self.c.graph
    }

    fn root(&self, v: Value) -> Value {
        self.roots[v.index()][v.output as usize]
    }

    /// Reading nodes that run (reshapes pass a value on), with the value each reads.
    fn readers(&self) -> HashMap<Value, Vec<usize>> {
        let mut readers: HashMap<Value, Vec<usize>> = HashMap::new();
        for (i, n) in self.graph().nodes().iter().enumerate() {
            if matches!(n.op, Op::Reshape(_)) {
                continue;
            }
            for &v in &n.inputs {
                readers.entry(self.root(v)).or_default().push(i);
            }
        }
        readers
    }

    fn state_of(&self, v: Value) -> Option<usize> {
        match &self.graph().node(v).op {
            Op::Input(input) => match input.source {
                Source::State(i) => Some(i as usize),
                Source::Feed(_) => None,
            },
            _ => None,
        }
    }

    /// Which updates can overwrite their state as they are computed: elementwise ones whose state nobody reads later.
    fn find_in_place(&mut self) {
        let uses = self.c.uses();
        let readers = self.readers();
        let mut found = HashMap::new();
        for &(state, v) in &self.c.updates {
            let node = self.graph().node(v);
            let (i, Op::Map(map)) = (v.index(), &node.op) else {
                continue;
            };
            if self.stages.of[i] != self.stages.commit || uses[i][v.output as usize] != 1 {
                continue;
            }
            let own_reads_in_step = node.inputs.iter().zip(map.indexing.iter()).all(|(&x, k)| {
                self.state_of(self.root(x)) != Some(state)
                    || *k == cornu_kernels::elementwise::Indexing::Same
            });
            let others_before = readers.iter().all(|(&x, by)| {
                self.state_of(x) != Some(state)
                    || by.iter().all(|&r| r == i || self.tick[r] < self.tick[i])
            });
            let sources_elsewhere = self
                .c
                .updates
                .iter()
                .all(|&(s, u)| s == state || self.state_of(self.root(u)) != Some(state));
            if own_reads_in_step && others_before && sources_elsewhere {
                found.insert(v, state);
            }
        }
        self.in_place = found;
    }

    /// Places every value and writes the stages.
    fn layout(&self, keep_all: bool) -> (Vec<Stage>, HashMap<Value, Home>, usize) {
        let nodes = self.graph().nodes();
        let readers = self.readers();
        let forever = usize::MAX;
        let mut homes: HashMap<Value, Home> = HashMap::new();
        let mut shared: Vec<(Value, Demand)> = Vec::new();
        let mut local: Vec<Vec<Value>> = vec![Vec::new(); self.order.len()];
        let mut parts: Vec<(usize, Demand)> = Vec::new();
        let kept: std::collections::HashSet<Value> = self.c.roots().map(|v| self.root(v)).collect();
        let tasks = self.tasks();
        for (i, n) in nodes.iter().enumerate() {
            match &n.op {
                Op::Input(input) => {
                    let v = Value {
                        node: i as u32,
                        output: 0,
                    };
                    let home = match input.source {
                        Source::Feed(k) => Home::Feed(k as usize),
                        Source::State(k) => Home::State(k as usize),
                    };
                    homes.insert(v, home);
                    continue;
                }
                Op::Reshape(_) => continue,
                _ => {}
            }
            let stage = self.stages.of[i];
            for (output, meta) in n.outputs.iter().enumerate() {
                let v = Value {
                    node: i as u32,
                    output: output as u32,
                };
                if let Some(&state) = self.in_place.get(&v) {
                    homes.insert(v, Home::State(state));
                    continue;
                }
                let by = readers.get(&v).map_or(&[][..], |r| r.as_slice());
                let wanted = kept.contains(&v) || keep_all;
                if by.is_empty() && !wanted {
                    continue;
                }
                let sum = is_segment(stage) && self.stages.split[i] == Split::Sum;
                let inside = is_segment(stage)
                    && !sum
                    && !wanted
                    && by.iter().all(|&r| self.stages.of[r] == stage);
                if inside {
                    local[stage].push(v);
                    continue;
                }
                let mut first = self.tick[i];
                if sum {
                    let demand = Demand {
                        bytes: meta.bytes() * tasks,
                        first,
                        last: first + 1,
                    };
                    parts.push((i, demand));
                    first += 1;
                }
                let last = if wanted {
                    forever
                } else {
                    by.iter().map(|&r| self.tick[r]).max().unwrap_or(first)
                };
                let demand = Demand {
                    bytes: meta.bytes(),
                    first,
                    last,
                };
                shared.push((v, demand));
            }
        }
        let demands: Vec<Demand> = shared
            .iter()
            .map(|(_, d)| *d)
            .chain(parts.iter().map(|(_, d)| *d))
            .collect();
        let (offsets, arena_bytes) = place(&demands);
        for ((v, d), &offset) in shared.iter().zip(&offsets) {
            homes.insert(
                *v,
                Home::Shared {
                    offset,
                    bytes: d.bytes,
                },
            );
        }
        let parts: HashMap<usize, (usize, usize)> = parts
            .iter()
            .zip(&offsets[shared.len()..])
            .map(|((i, d), &offset)| (*i, (offset, d.bytes)))
            .collect();
        let mut stages = Vec::with_capacity(self.order.len());
        for (s, list) in self.order.iter().enumerate() {
            stages.push(if is_segment(s) {
                let (chunk_rows, local_bytes) =
                    self.place_local(list, &local[s], &readers, &mut homes);
                self.segment(list, &homes, &parts, chunk_rows, local_bytes)
            } else {
                let sums = s.checked_sub(1).map_or(&[][..], |p| &self.order[p]);
                self.whole(list, sums, &homes, &parts, s == self.stages.commit)
            });
        }
        (stages, homes, arena_bytes)
    }

    fn task_rows(&self) -> usize {
        self.c.batch.div_ceil(TASKS).max(1)
    }

    fn tasks(&self) -> usize {
        self.c.batch.div_ceil(self.task_rows()).max(1)
    }

    /// Places the values that live in one segment alone; returns how many rows go through it at a time, and the bytes.
    fn place_local(
        &self,
        list: &[usize],
        values: &[Value],
        readers: &HashMap<Value, Vec<usize>>,
        homes: &mut HashMap<Value, Home>,
    ) -> (usize, usize) {
        let position: HashMap<usize, usize> =
            list.iter().enumerate().map(|(p, &i)| (i, p)).collect();
        let row_bytes = |v: Value| {
            let meta = self.graph().meta(v);
            meta.bytes() / self.c.batch.max(1)
        };
        let demands = |rows: usize| -> Vec<Demand> {
            values
                .iter()
                .map(|&v| Demand {
                    bytes: row_bytes(v) * rows,
                    first: position[&v.index()],
                    last: readers[&v]
                        .iter()
                        .map(|r| position[r])
                        .max()
                        .expect("read inside"),
                })
                .collect()
        };
        let (_, one) = place(&demands(1));
        let rows = (LOCAL_BUDGET / one.max(1)).clamp(1, self.task_rows());
        let (offsets, bytes) = place(&demands(rows));
        for (&v, &offset) in values.iter().zip(&offsets) {
            let row = row_bytes(v);
            homes.insert(v, Home::Local { offset, row });
        }
        (rows, bytes)
    }

    fn step(&self, i: usize) -> Step {
        let node = &self.graph().nodes()[i];
        let metas = node.inputs.iter().map(|&v| self.graph().meta(v).clone());
        Step {
            node: i,
            inputs: Vec::with_capacity(node.inputs.len()),
            outputs: Vec::with_capacity(node.outputs.len()),
            input_metas: metas.collect(),
            batched: node
                .inputs
                .iter()
                .map(|v| self.stages.batched[v.index()])
                .collect(),
            accumulate: false,
            locals: Vec::new(),
        }
    }

    fn outputs_of(&self, i: usize) -> impl Iterator<Item = Value> + use<> {
        let count = self.graph().nodes()[i].outputs.len() as u32;
        (0..count).map(move |output| Value {
            node: i as u32,
            output,
        })
    }

    fn segment(
        &self,
        list: &[usize],
        homes: &HashMap<Value, Home>,
        parts: &HashMap<usize, (usize, usize)>,
        chunk_rows: usize,
        local_bytes: usize,
    ) -> Stage {
        let batch = self.c.batch.max(1);
        let mut ranges: Vec<(usize, usize, Use)> = Vec::new();
        let mut add = |range: (usize, usize, Use)| {
            if !ranges.iter().any(|r| r.0 == range.0 && r.1 == range.1) {
                ranges.push(range);
            }
        };
        for &i in list {
            if let Some(&(offset, bytes)) = parts.get(&i) {
                let stride = bytes / self.tasks();
                add((offset, bytes, Use::Parts { stride }));
            } else {
                for v in self.outputs_of(i) {
                    if let Some(&Home::Shared { offset, bytes }) = homes.get(&v) {
                        let row = bytes / batch;
                        add((offset, bytes, Use::Write { row }));
                    }
                }
            }
        }
        for &i in list {
            for &v in &self.graph().nodes()[i].inputs {
                let root = self.root(v);
                if let Home::Shared { offset, bytes } = homes[&root] {
                    let batched = self.stages.batched[v.index()];
                    let row = if batched { bytes / batch } else { 0 };
                    add((offset, bytes, Use::Read { row }));
                }
            }
        }
        ranges.retain(|r| r.1 > 0);
        ranges.sort_unstable_by_key(|r| r.0);
        let find = |offset: usize, bytes: usize| {
            ranges
                .iter()
                .position(|r| r.0 == offset && r.1 == bytes)
                .map(|k| match ranges[k].2 {
                    Use::Read { .. } => Operand::Range(k),
                    Use::Write { .. } | Use::Parts { .. } => Operand::Written(k),
                })
        };
        let steps = list
            .iter()
            .map(|&i| {
                let mut step = self.step(i);
                let node = &self.graph().nodes()[i];
                let values: Vec<Value> = node.inputs.iter().map(|&v| self.root(v)).collect();
                for v in values.iter().copied().chain(self.outputs_of(i)) {
                    if let Some(&Home::Local { offset, row }) = homes.get(&v) {
                        if !step.locals.contains(&(offset, row)) {
                            step.locals.push((offset, row));
                        }
                    }
                }
                step.locals.sort_unstable();
                let operand = |v: Value| match homes.get(&v) {
                    Some(&Home::Feed(k)) => Operand::Feed(k),
                    Some(&Home::State(k)) => Operand::State(k),
                    Some(&Home::Shared { offset, bytes }) => {
                        find(offset, bytes).unwrap_or(Operand::Unused)
                    }
                    Some(&Home::Local { offset, row }) => {
                        let at = step.locals.iter().position(|l| *l == (offset, row));
                        Operand::Local(at.expect("just added"))
                    }
                    None => Operand::Unused,
                };
                let inputs = values.iter().map(|&v| operand(v)).collect();
                let outputs = if let Some(&(offset, bytes)) = parts.get(&i) {
                    vec![find(offset, bytes).unwrap_or(Operand::Unused)]
                } else {
                    self.outputs_of(i).map(operand).collect()
                };
                step.accumulate = parts.contains_key(&i);
                step.inputs = inputs;
                step.outputs = outputs;
                step
            })
            .collect();
        Stage::Segment(Segment {
            steps,
            ranges,
            task_rows: self.task_rows(),
            chunk_rows,
            local_bytes,
        })
    }

    fn whole(
        &self,
        list: &[usize],
        segment_before: &[usize],
        homes: &HashMap<Value, Home>,
        parts: &HashMap<usize, (usize, usize)>,
        commit: bool,
    ) -> Stage {
        let mut steps = Vec::new();
        for &i in segment_before {
            if let Some(&(offset, bytes)) = parts.get(&i) {
                let v = Value {
                    node: i as u32,
                    output: 0,
                };
                if let Some(&Home::Shared {
                    offset: to,
                    bytes: len,
                }) = homes.get(&v)
                {
                    steps.push(Whole::SumParts {
                        parts: self.tasks(),
                        from: (offset, bytes),
                        to: (to, len),
                    });
                }
            }
        }
        for &i in list {
            let mut step = self.step(i);
            let node = &self.graph().nodes()[i];
            let values: Vec<Value> = node.inputs.iter().map(|&v| self.root(v)).collect();
            let mut ranges: Vec<(usize, usize)> = Vec::new();
            for v in values.iter().copied().chain(self.outputs_of(i)) {
                if let Some(&Home::Shared { offset, bytes }) = homes.get(&v) {
                    if bytes > 0 && !ranges.contains(&(offset, bytes)) {
                        ranges.push((offset, bytes));
                    }
                }
            }
            ranges.sort_unstable();
            let operand = |v: Value| match homes.get(&v) {
                Some(&Home::Feed(k)) => Operand::Feed(k),
                Some(&Home::State(k)) => Operand::State(k),
                Some(&Home::Shared { offset, bytes }) => ranges
                    .iter()
                    .position(|r| *r == (offset, bytes))
                    .map_or(Operand::Unused, Operand::Range),
                Some(Home::Local { .. }) => unreachable!("a local value is read in its segment"),
                None => Operand::Unused,
            };
            step.outputs = self.outputs_of(i).map(operand).collect();
            step.inputs = values
                .iter()
                .map(|&v| {
                    let x = operand(v);
                    match step.outputs.iter().position(|&y| y == x) {
                        Some(k) if matches!(x, Operand::State(_)) => Operand::InPlace(k),
                        _ => x,
                    }
                })
                .collect();
            steps.push(Whole::Op { step, ranges });
        }
        if commit {
            for &(state, v) in &self.c.updates {
                if !self.in_place.contains_key(&v) {
                    let (from, range) = located(self.root(v), homes);
                    steps.push(Whole::Store { from, range, state });
                }
            }
        }
        Stage::Whole(steps)
    }
}
