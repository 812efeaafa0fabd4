//! When each node runs, and who reads what: the time axis on which memory is planned.

use std::collections::HashMap;

use super::computation::Computation;
use super::stage::{Stages, is_segment};
use crate::graph::ops::input::Source;
use crate::graph::{Meta, Op, Value};

/// Into how many tasks a batch is cut at most. It bounds how many cores can help and how many partial sums are kept; it may
/// not depend on the machine, because the order of additions depends on it.
const TASKS: usize = 16;

/// A task does at least this much, counted as arithmetic and bytes written: some 10 µs, of which handing it over and calling
/// its kernels are a small part. Tests cut small batches too.
const TASK_WORK: u64 = if cfg!(test) { 1 } else { 1 << 19 };

/// The order of all steps.
pub(super) struct Schedule<'a> {
    pub(super) c: &'a Computation,
    pub(super) stages: &'a Stages,
    /// The nodes of each stage that run, in order.
    pub(super) order: Vec<Vec<usize>>,
    /// The tick at which each node runs. All of a segment has one tick; the sums behind it are added up in the next.
    pub(super) tick: Vec<usize>,
    /// For each node and output, the value whose buffer it shares (through reshapes).
    roots: Vec<Vec<Value>>,
    /// For each root, the running nodes that read it.
    readers: HashMap<Value, Vec<usize>>,
    /// For each stage, the rows of the batch that make a task.
    task_rows: Vec<usize>,
}

impl<'a> Schedule<'a> {
    pub(super) fn new(c: &'a Computation, stages: &'a Stages) -> Self {
        let nodes = c.graph.nodes();
        let mut roots: Vec<Vec<Value>> = Vec::with_capacity(nodes.len());
        for (i, n) in nodes.iter().enumerate() {
            roots.push(match n.op {
                Op::Reshape(_) => {
                    let v = n.inputs[0];
                    vec![roots[v.index()][v.output as usize]]
                }
                _ => outputs_of(i, n.outputs.len()).collect(),
            });
        }
        let mut order = vec![Vec::new(); stages.commit + 1];
        let mut readers: HashMap<Value, Vec<usize>> = HashMap::new();
        for (i, n) in nodes.iter().enumerate() {
            if matches!(n.op, Op::Input(_) | Op::Reshape(_)) {
                continue;
            }
            order[stages.of[i]].push(i);
            for &v in &n.inputs {
                readers
                    .entry(roots[v.index()][v.output as usize])
                    .or_default()
                    .push(i);
            }
        }
        let mut tick = vec![0; nodes.len()];
        let mut now = 1;
        for (s, list) in order.iter().enumerate() {
            if is_segment(s) {
                for &i in list {
                    tick[i] = now;
                }
                now += 1;
            } else {
                // The first tick adds up the parts of the sums of the segment before.
                now += 1;
                for &i in list {
                    tick[i] = now;
                    now += 1;
                }
            }
        }
        let task_rows = order.iter().map(|list| task_rows(c, list)).collect();
        Self {
            c,
            stages,
            order,
            tick,
            roots,
            readers,
            task_rows,
        }
    }

    /// The value whose buffer holds `v`.
    pub(super) fn root(&self, v: Value) -> Value {
        self.roots[v.index()][v.output as usize]
    }

    /// The running nodes that read a root.
    pub(super) fn readers(&self, root: Value) -> &[usize] {
        self.readers.get(&root).map_or(&[], Vec::as_slice)
    }

    /// The outputs of a node.
    pub(super) fn outputs(&self, node: usize) -> impl Iterator<Item = Value> + use<> {
        outputs_of(node, self.c.graph.nodes()[node].outputs.len())
    }

    pub(super) fn meta(&self, v: Value) -> &'a Meta {
        self.c.graph.meta(v)
    }

    /// The feed or state that a value is.
    pub(super) fn source(&self, v: Value) -> Option<Source> {
        match &self.c.graph.node(v).op {
            Op::Input(input) => Some(input.source),
            _ => None,
        }
    }

    /// Rows of the batch that make a task of a segment.
    pub(super) fn task_rows(&self, stage: usize) -> usize {
        self.task_rows[stage]
    }

    /// Tasks of a segment: none if the batch is empty.
    pub(super) fn tasks(&self, stage: usize) -> usize {
        self.c.batch.div_ceil(self.task_rows[stage])
    }

    /// Bytes of one row of a batched value.
    pub(super) fn row_bytes(&self, v: Value) -> usize {
        self.meta(v).bytes() / self.c.batch.max(1)
    }
}

/// Rows of the batch that make a task, for a segment of these nodes.
fn task_rows(c: &Computation, nodes: &[usize]) -> usize {
    let work = |&i: &usize| {
        let node = &c.graph.nodes()[i];
        let written: usize = node.outputs.iter().map(Meta::bytes).sum();
        c.graph.flops(node).saturating_add(written as u64)
    };
    let work = nodes.iter().map(work).fold(0, u64::saturating_add);
    let tasks = (work / TASK_WORK).clamp(1, TASKS as u64);
    c.batch.div_ceil(tasks as usize).max(1)
}

fn outputs_of(node: usize, count: usize) -> impl Iterator<Item = Value> {
    (0..count as u32).map(move |output| Value {
        node: node as u32,
        output,
    })
}
