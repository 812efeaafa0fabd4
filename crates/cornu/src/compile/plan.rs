//! What a plan is made of: stages, steps, and the place of every operand.

use super::computation::Computation;
use crate::graph::Meta;

/// Offset and bytes of a place in an arena.
pub(crate) type Place = (usize, usize);

/// Where a step finds or leaves a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operand {
    /// Handed over for this run.
    Feed(usize),
    /// Kept from run to run.
    State(usize),
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

/// A computation ready to run: its steps in order, and a place for every value.
#[derive(Clone, Debug)]
pub struct Plan {
    pub(crate) computation: Computation,
    pub(crate) stages: Vec<Stage>,
    /// The first stage that changes states.
    pub(crate) commit: usize,
    pub(crate) arena_bytes: usize,
    pub(crate) local_bytes: usize,
    pub(crate) outputs: Vec<(Operand, Place)>,
    pub(crate) guards: Vec<(Operand, Place)>,
    /// With every value kept: where each node's outputs are.
    pub(crate) traced: Vec<(usize, Vec<(Operand, Place)>)>,
}

impl Plan {
    /// Bytes of memory that a run needs besides feeds and states, with so many threads.
    pub fn bytes(&self, threads: usize) -> usize {
        self.arena_bytes
            .saturating_add(threads.saturating_mul(self.local_bytes))
    }

    /// Floating-point operations of a run.
    pub fn flops(&self) -> u64 {
        let g = &self.computation.graph;
        let of_node = |n: &crate::graph::Node| {
            let inputs: Vec<&Meta> = n.inputs.iter().map(|&v| g.meta(v)).collect();
            n.op.flops(&inputs, &n.outputs)
        };
        g.nodes().iter().map(of_node).fold(0, u64::saturating_add)
    }

    /// Whether some segment has work for several threads.
    pub(crate) fn divides(&self) -> bool {
        let batch = self.computation.batch;
        self.stages.iter().any(|s| match s {
            Stage::Segment(s) => !s.steps.is_empty() && s.task_rows < batch,
            Stage::Whole(_) => false,
        })
    }
}
