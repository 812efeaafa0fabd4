//! What a plan is made of: stages, steps, and the place of every operand.

use std::sync::Arc;

use super::computation::Computation;
use crate::error::{Error, Result};
use crate::exec::Prepared;
use crate::graph::ops::input::{Input, Source};
use crate::graph::{Meta, Op};
use crate::tensor::{Data, Tensor};

/// Offset and bytes of a place in an arena.
pub(crate) type Place = (usize, usize);

/// Where a step finds or leaves a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operand {
    /// Handed over for this run.
    Feed(usize),
    /// Kept from run to run.
    State(usize),
    /// Computed from states alone, when they changed.
    Prepared(usize),
    /// The place with this number in the step's or segment's list; in a segment, written by an earlier stage.
    Range(usize),
    /// In a segment: the place with this number in its list, which the segment itself writes.
    Written(usize),
    /// In a segment: the step's place with this number in the thread's own arena.
    Local(usize),
    /// The old content of the output with this number.
    InPlace(usize),
    /// A value without elements, or an output that nobody reads.
    Nothing,
}

/// One op with its operands.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) node: usize,
    pub(crate) inputs: Vec<Operand>,
    pub(crate) outputs: Vec<Operand>,
    pub(crate) input_metas: Vec<Meta>,
    /// Which inputs have the batch in front.
    pub(crate) batched: Vec<bool>,
    /// Whether the op adds its part of a sum.
    pub(crate) accumulate: bool,
    /// In a segment: the step's places in the thread's arena, ascending: (offset, bytes of a row).
    pub(crate) locals: Vec<(usize, usize)>,
}

/// What runs for the whole batch.
#[derive(Clone, Debug)]
pub(crate) enum Whole {
    /// An op on places of the arena, ascending.
    Op { step: Step, ranges: Vec<Place> },
    /// The parts of a sum, added in order.
    SumParts {
        node: usize,
        parts: usize,
        from: Place,
        to: Place,
    },
    /// States that take other states' old values, all read before any is written: (from, to).
    Exchange(Vec<(usize, usize)>),
    /// A state's new value, where it could not be computed in place.
    Store {
        from: Operand,
        range: Place,
        state: usize,
    },
}

/// How a segment uses a place of the arena.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// Written by an earlier stage.
    Read,
    /// Written here, each row of so many bytes by the task that has it.
    Write { row: usize },
    /// One part of a sum for each task, so many bytes each.
    Parts { stride: usize },
}

/// Ops that follow each other part by part of the batch.
#[derive(Clone, Debug)]
pub(crate) struct Segment {
    pub(crate) steps: Vec<Step>,
    /// Places of the arena, ascending.
    pub(crate) ranges: Vec<(Place, Use)>,
    /// Rows of the batch that make a task; how many it has may not depend on the number of threads.
    pub(crate) task_rows: usize,
    /// Rows that go through all steps together.
    pub(crate) chunk_rows: usize,
    pub(crate) local_bytes: usize,
}

/// A part of the plan after which everything it computes is there.
#[derive(Clone, Debug)]
pub(crate) enum Stage {
    Whole(Vec<Whole>),
    Segment(Segment),
}

/// A feed that numbers the rows of a table.
#[derive(Clone, Debug)]
pub(crate) struct Numbered {
    pub(crate) feed: usize,
    pub(crate) rows: usize,
    pub(crate) path: Arc<str>,
}

impl Numbered {
    /// The feeds that a computation uses to pick rows with, as they are or as another shape or type.
    pub(super) fn of(c: &Computation) -> Vec<Self> {
        let nodes = c.graph.nodes().iter();
        let picks = nodes.filter(|n| matches!(n.op, Op::Gather(_)));
        let mut all: Vec<Self> = picks
            .filter_map(|n| {
                let mut index = n.inputs[1];
                while let Op::Cast(_) | Op::Reshape(_) = c.graph.node(index).op {
                    index = c.graph.node(index).inputs[0];
                }
                let Op::Input(Input {
                    source: Source::Feed(feed),
                    ..
                }) = c.graph.node(index).op
                else {
                    return None;
                };
                Some(Self {
                    feed: feed as usize,
                    rows: c.graph.shape(n.inputs[0])[0],
                    path: n.path.clone(),
                })
            })
            .collect();
        all.dedup_by(|a, b| (a.feed, a.rows) == (b.feed, b.rows));
        all
    }

    /// Refuses numbers that are not those of rows.
    ///
    /// # Errors
    /// [`Kind::Data`](crate::error::Kind::Data), with the number, its sample and the range.
    pub(crate) fn check(&self, feed: &Tensor) -> Result<()> {
        let rows = self.rows;
        let bad = match feed.data() {
            Data::I32(x) => x
                .iter()
                .position(|&i| usize::try_from(i).map_or(true, |i| i >= rows))
                .map(|at| (at, x[at].to_string())),
            // A cast cuts off what follows the point.
            Data::F32(x) => x
                .iter()
                .position(|&i| !(i > -1.0 && i < rows as f32))
                .map(|at| (at, x[at].to_string())),
            Data::U8(x) => x
                .iter()
                .position(|&i| usize::from(i) >= rows)
                .map(|at| (at, x[at].to_string())),
        };
        let Some((at, value)) = bad else {
            return Ok(());
        };
        let row = feed.shape().row().max(1);
        Err(Error::data(format!(
            "numbers must be between 0 and {} to pick one of {rows} rows, received {value} in sample {}, element {}",
            rows.saturating_sub(1),
            at / row,
            at % row
        ))
        .at(self.path.to_string())
        .help("an Embedding needs an input_dim of the largest number plus 1"))
    }
}

/// From so many operations on a stage that runs for the whole batch asks for other threads: some 15 µs of one.
const WHOLE_WORK: u64 = if cfg!(test) { 1 } else { 1 << 22 };

/// A computation ready to run: its steps in order, and a place for every value.
#[derive(Clone, Debug)]
pub struct Plan {
    pub(crate) computation: Computation,
    pub(crate) stages: Vec<Stage>,
    /// The first stage that changes states.
    pub(crate) commit: usize,
    pub(crate) arena_bytes: usize,
    pub(crate) local_bytes: usize,
    /// Whether there is work for several threads.
    pub(crate) divides: bool,
    pub(crate) outputs: Vec<(Operand, Place)>,
    pub(crate) guards: Vec<(Operand, Place)>,
    /// Feeds whose elements are rows of a table, to be looked at before a run.
    pub(crate) numbered: Vec<Numbered>,
    /// For each prepared value, the plan that computes it.
    pub(crate) parts: Vec<Plan>,
    pub(crate) prepared: Prepared,
    /// With every value kept: where each node's outputs are.
    pub(crate) traced: Vec<(usize, Vec<(Operand, Place)>)>,
}

impl Plan {
    /// Bytes of memory that a run needs besides feeds and states, with so many threads.
    pub fn bytes(&self, threads: usize) -> usize {
        let prepared: usize = self.parts.iter().map(Plan::output_bytes).sum();
        self.arena_bytes
            .saturating_add(prepared)
            .saturating_add(threads.saturating_mul(self.local_bytes))
    }

    /// Floating-point operations of a run.
    pub fn flops(&self) -> u64 {
        let g = &self.computation.graph;
        let flops = g.nodes().iter().map(|node| g.flops(node));
        flops.fold(0, u64::saturating_add)
    }

    fn output_bytes(&self) -> usize {
        let c = &self.computation;
        c.outputs.iter().map(|&v| c.graph.meta(v).bytes()).sum()
    }

    /// Whether there is work for several threads: a segment of several tasks, or much that runs for the whole batch at once.
    pub(super) fn has_work_for_several(&self) -> bool {
        let batch = self.computation.batch;
        let of_whole = |steps: &[Whole]| {
            let nodes = self.computation.graph.nodes();
            let work = |step: &Whole| match step {
                Whole::Op { step, .. } => self.computation.graph.flops(&nodes[step.node]),
                _ => 0,
            };
            steps.iter().map(work).fold(0, u64::saturating_add)
        };
        self.stages.iter().any(|s| match s {
            Stage::Segment(s) => !s.steps.is_empty() && s.task_rows < batch,
            Stage::Whole(steps) => of_whole(steps) >= WHOLE_WORK,
        })
    }
}
