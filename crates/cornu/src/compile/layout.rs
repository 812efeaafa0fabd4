//! Pass: the place of every value, from when it is written and last read.

use std::collections::{HashMap, HashSet};

use super::memory::{Demand, place};
use super::plan::{Operand, Place};
use super::schedule::Schedule;
use super::stage::is_segment;
use crate::graph::ops::Split;
use crate::graph::ops::input::Source;
use crate::graph::{Op, Value};

/// Bytes of intermediate values that one core should work on at a time: half of a usual second-level cache.
const LOCAL_BUDGET: usize = 1 << 20;

/// Where a value lives.
#[derive(Clone, Copy, Debug)]
pub(super) enum Home {
    Feed(usize),
    State(usize),
    Prepared(usize),
    /// In the arena.
    Shared(Place),
    /// In each thread's arena.
    Local {
        offset: usize,
        row: usize,
    },
}

/// The places of all values.
pub(super) struct Layout {
    homes: HashMap<Value, Home>,
    /// Where the parts of a sum are kept, by node; where there is one task, the sum itself.
    pub(super) parts: HashMap<usize, Place>,
    pub(super) arena_bytes: usize,
    /// For each stage, if a segment: rows that go through it at a time, and bytes of the thread's arena.
    pub(super) local: Vec<(usize, usize)>,
}

impl Layout {
    /// Where a root lives; nowhere if it has no elements or nobody reads it.
    pub(super) fn home(&self, root: Value) -> Option<Home> {
        self.homes.get(&root).copied()
    }

    /// The operand that a wanted root is, outside of any step.
    pub(super) fn wanted(&self, root: Value) -> (Operand, Place) {
        match self.home(root) {
            Some(Home::Feed(i)) => (Operand::Feed(i), (0, 0)),
            Some(Home::State(i)) => (Operand::State(i), (0, 0)),
            Some(Home::Prepared(i)) => (Operand::Prepared(i), (0, 0)),
            Some(Home::Shared(place)) => (Operand::Range(0), place),
            Some(Home::Local { .. }) => unreachable!("a wanted value is shared"),
            None => (Operand::Nothing, (0, 0)),
        }
    }

    /// Places every value; all of them for good if `keep_all`.
    pub(super) fn new(s: &Schedule<'_>, in_place: &HashMap<Value, usize>, keep_all: bool) -> Self {
        let kept: HashSet<Value> = s.c.roots().map(|v| s.root(v)).collect();
        let mut homes: HashMap<Value, Home> = HashMap::new();
        let mut shared: Vec<(Value, Demand)> = Vec::new();
        let mut parts: Vec<(usize, Demand)> = Vec::new();
        let mut single: Vec<(usize, Value)> = Vec::new();
        let mut local: Vec<Vec<Value>> = vec![Vec::new(); s.order.len()];
        for (i, node) in s.c.graph.nodes().iter().enumerate() {
            if matches!(node.op, Op::Reshape(_)) {
                continue;
            }
            let stage = s.stages.of[i];
            for v in s.outputs(i) {
                let given = s.source(v).map(|source| match source {
                    Source::Feed(k) => Home::Feed(k as usize),
                    Source::State(k) => Home::State(k as usize),
                    Source::Prepared(k) => Home::Prepared(k as usize),
                });
                let updated = in_place.get(&v).map(|&state| Home::State(state));
                if let Some(home) = given.or(updated) {
                    homes.insert(v, home);
                    continue;
                }
                let (by, bytes) = (s.readers(v), s.meta(v).bytes());
                let wanted = kept.contains(&v) || keep_all;
                // Kernels always write their first output, read or not.
                if bytes == 0 || (by.is_empty() && !wanted && v.output > 0) {
                    continue;
                }
                let sum = is_segment(stage) && s.stages.split[i] == Split::Sum;
                let inside = by.iter().all(|&r| s.stages.of[r] == stage);
                if is_segment(stage) && !sum && !wanted && inside {
                    local[stage].push(v);
                    continue;
                }
                let mut first = s.tick[i];
                if sum && s.tasks(stage) == 1 {
                    single.push((i, v));
                } else if sum {
                    let demand = Demand {
                        bytes: bytes * s.tasks(stage),
                        first,
                        last: first + 1,
                    };
                    parts.push((i, demand));
                    first += 1;
                }
                let last = if wanted {
                    usize::MAX
                } else {
                    by.iter().map(|&r| s.tick[r]).max().unwrap_or(0).max(first)
                };
                shared.push((v, Demand { bytes, first, last }));
            }
        }
        let all = shared.iter().map(|(_, d)| *d);
        let demands: Vec<Demand> = all.chain(parts.iter().map(|(_, d)| *d)).collect();
        let (offsets, arena_bytes) = place(&demands);
        for ((v, d), &offset) in shared.iter().zip(&offsets) {
            homes.insert(*v, Home::Shared((offset, d.bytes)));
        }
        let mut parts: HashMap<usize, Place> = parts
            .iter()
            .zip(&offsets[shared.len()..])
            .map(|((i, d), &offset)| (*i, (offset, d.bytes)))
            .collect();
        for (i, v) in single {
            if let Home::Shared(place) = homes[&v] {
                parts.insert(i, place);
            }
        }
        let mut layout = Self {
            homes,
            parts,
            arena_bytes,
            local: Vec::with_capacity(s.order.len()),
        };
        for (stage, values) in local.iter().enumerate() {
            let rows = layout.place_local(s, stage, values);
            layout.local.push(rows);
        }
        layout
    }

    /// Places the values that live in one segment alone; returns how many rows go through it at a time, and the bytes.
    fn place_local(&mut self, s: &Schedule<'_>, stage: usize, values: &[Value]) -> (usize, usize) {
        let list = &s.order[stage];
        let position: HashMap<usize, usize> =
            list.iter().enumerate().map(|(p, &i)| (i, p)).collect();
        let demands = |rows: usize| -> Vec<Demand> {
            let demand = |&v: &Value| {
                let first = position[&v.index()];
                let reads = s.readers(v).iter().map(|r| position[r]);
                Demand {
                    bytes: s.row_bytes(v) * rows,
                    first,
                    last: reads.max().unwrap_or(first),
                }
            };
            values.iter().map(demand).collect()
        };
        let (_, one) = place(&demands(1));
        let task = s.task_rows(stage);
        let most = (LOCAL_BUDGET / one.max(1)).clamp(1, task);
        // Even pieces: 4 and 4 rather than 5 and 3.
        let rows = task.div_ceil(task.div_ceil(most));
        let (offsets, bytes) = place(&demands(rows));
        for (&v, &offset) in values.iter().zip(&offsets) {
            let row = s.row_bytes(v);
            self.homes.insert(v, Home::Local { offset, row });
        }
        (rows, bytes)
    }
}
