//! Runs a plan: stages one after another, each on all threads.
//!
//! A segment's tasks take fixed parts of the batch, whoever runs them; partial sums are kept for each task and added in
//! order. So the result is the same to the last bit for any number of threads.

use std::ops::Range;
use std::sync::Mutex;

use cornu_kernels::arena::{self, Arena};
use cornu_kernels::reduce;
use rayon::prelude::*;
use smallvec::SmallVec;

use crate::compile::Plan;
use crate::compile::plan::{Operand, Segment, Stage, Step, Use, Whole};
use crate::error::{Error, Kind, Result};
use crate::graph::Meta;
use crate::graph::ops::{Call, View, ViewMut};
use crate::shape::{DType, Shape};
use crate::tensor::{Data, Tensor};

type Few<T> = SmallVec<[T; 8]>;

/// Weights and other tensors that stay from run to run, aligned for the kernels.
#[derive(Debug, Default)]
pub struct States {
    shapes: Vec<Shape>,
    buffers: Vec<Arena>,
}

impl States {
    /// No states.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a state and returns its number.
    pub fn push(&mut self, value: &Tensor) -> Result<usize> {
        let x = value.f32s()?;
        let mut buffer = allocate(x.len() * 4)?;
        floats_mut(buffer.as_mut_bytes()).copy_from_slice(x);
        self.shapes.push(value.shape().clone());
        self.buffers.push(buffer);
        Ok(self.buffers.len() - 1)
    }

    /// The elements of a state.
    pub fn get(&self, state: usize) -> &[f32] {
        floats(self.buffers[state].as_bytes())
    }

    /// The elements of a state, to write.
    pub fn get_mut(&mut self, state: usize) -> &mut [f32] {
        floats_mut(self.buffers[state].as_mut_bytes())
    }

    /// Shape of a state.
    pub fn shape(&self, state: usize) -> &Shape {
        &self.shapes[state]
    }

    /// A copy of a state.
    pub fn tensor(&self, state: usize) -> Tensor {
        Tensor::new(self.shapes[state].clone(), self.get(state).to_vec())
            .expect("a state has its shape")
    }

    /// Number of states.
    pub fn len(&self) -> usize {
        self.buffers.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.buffers.is_empty()
    }

    /// Drops the states from number `len` on.
    pub fn truncate(&mut self, len: usize) {
        self.shapes.truncate(len);
        self.buffers.truncate(len);
    }

    /// Bytes of all states.
    pub fn bytes(&self) -> usize {
        self.buffers.iter().map(Arena::len).sum()
    }
}

/// The memory in which plans run, kept between runs so that it is never asked for twice.
#[derive(Debug, Default)]
pub struct Workspace {
    arena: Option<Arena>,
    locals: Vec<Mutex<Option<Arena>>>,
}

fn allocate(bytes: usize) -> Result<Arena> {
    Arena::new(bytes).map_err(|e| {
        Error::new(Kind::Memory, format!("{e}")).help("use a smaller batch, or a smaller model")
    })
}

fn grown(arena: Option<Arena>, bytes: usize) -> Result<Arena> {
    match arena {
        Some(a) if a.len() >= bytes => Ok(a),
        // The old one is freed before the larger is asked for.
        old => {
            drop(old);
            allocate(bytes)
        }
    }
}

impl Workspace {
    /// Memory is asked for at the first run.
    pub fn new() -> Self {
        Self::default()
    }

    fn prepare(&mut self, plan: &Plan) -> Result<Arena> {
        let threads = rayon::current_num_threads();
        while self.locals.len() < threads {
            self.locals.push(Mutex::new(None));
        }
        for local in &mut self.locals[..threads] {
            let slot = local
                .get_mut()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            *slot = Some(grown(slot.take(), plan.local_bytes)?);
        }
        grown(self.arena.take(), plan.arena_bytes)
    }
}

/// What came of a run.
#[derive(Debug)]
pub enum Outcome {
    /// The outputs; the states are updated.
    Done(Vec<Tensor>),
    /// The guard with this number was not finite; no state was changed.
    Refused(usize),
}

fn floats(bytes: &[u8]) -> &[f32] {
    if bytes.is_empty() {
        &[]
    } else {
        arena::as_f32(bytes)
    }
}

fn floats_mut(bytes: &mut [u8]) -> &mut [f32] {
    if bytes.is_empty() {
        &mut []
    } else {
        arena::as_f32_mut(bytes)
    }
}

fn view(bytes: &[u8], dtype: DType) -> View<'_> {
    match dtype {
        DType::F32 => View::F32(floats(bytes)),
        DType::I32 if bytes.is_empty() => View::I32(&[]),
        DType::I32 => View::I32(arena::as_i32(bytes)),
        DType::U8 => View::U8(bytes),
    }
}

fn view_mut(bytes: &mut [u8], dtype: DType) -> ViewMut<'_> {
    match dtype {
        DType::F32 => ViewMut::F32(floats_mut(bytes)),
        DType::I32 if bytes.is_empty() => ViewMut::I32(&mut []),
        DType::I32 => ViewMut::I32(arena::as_i32_mut(bytes)),
        DType::U8 => ViewMut::U8(bytes),
    }
}

/// A feed, or rows of it.
fn feed_view<'a>(feed: &'a Tensor, rows: Option<&Range<usize>>) -> View<'a> {
    let row = feed.shape().row();
    let cut = rows.map_or(0..feed.data().len(), |r| r.start * row..r.end * row);
    match feed.data() {
        Data::F32(x) => View::F32(&x[cut]),
        Data::I32(x) => View::I32(&x[cut]),
        Data::U8(x) => View::U8(&x[cut]),
    }
}

/// Splits disjoint ascending ranges out of a buffer.
fn carve<'a>(
    mut rest: &'a mut [u8],
    ranges: impl Iterator<Item = (usize, usize)>,
) -> Few<&'a mut [u8]> {
    let mut at = 0;
    ranges
        .map(|(offset, len)| {
            let (_, tail) = std::mem::take(&mut rest).split_at_mut(offset - at);
            let (piece, tail) = tail.split_at_mut(len);
            rest = tail;
            at = offset + len;
            piece
        })
        .collect()
}

/// Runs a plan once.
///
/// # Errors
/// [`Kind::Memory`] if the plan's memory cannot be had.
pub fn run(
    plan: &Plan,
    workspace: &mut Workspace,
    feeds: &[&Tensor],
    states: &mut States,
) -> Result<Outcome> {
    let mut arena = workspace.prepare(plan)?;
    let outcome = run_in(plan, arena.as_mut_bytes(), &workspace.locals, feeds, states);
    workspace.arena = Some(arena);
    outcome
}

/// Runs a plan and hands every value it keeps to `look`, in order: (node, output, elements).
pub(crate) fn trace(
    plan: &Plan,
    workspace: &mut Workspace,
    feeds: &[&Tensor],
    states: &mut States,
    mut look: impl FnMut(usize, usize, View<'_>) -> bool,
) -> Result<()> {
    let mut arena = workspace.prepare(plan)?;
    let bytes = arena.as_mut_bytes();
    for stage in &plan.stages[..plan.commit] {
        run_stage(plan, stage, bytes, &workspace.locals, feeds, states);
    }
    'nodes: for (node, outputs) in &plan.traced {
        for (output, (operand, range)) in outputs.iter().enumerate() {
            let meta = &plan.computation.graph.nodes()[*node].outputs[output];
            let computed = *operand == Operand::Range(0);
            if computed
                && !look(
                    *node,
                    output,
                    view(&bytes[range.0..][..range.1], meta.dtype),
                )
            {
                break 'nodes;
            }
        }
    }
    workspace.arena = Some(arena);
    Ok(())
}

fn run_in(
    plan: &Plan,
    arena: &mut [u8],
    locals: &[Mutex<Option<Arena>>],
    feeds: &[&Tensor],
    states: &mut States,
) -> Result<Outcome> {
    for stage in &plan.stages[..plan.commit] {
        run_stage(plan, stage, arena, locals, feeds, states);
    }
    for (i, (_, (offset, bytes))) in plan.guards.iter().enumerate() {
        let finite = floats(&arena[*offset..][..*bytes])
            .iter()
            .all(|x| x.is_finite());
        if !finite {
            return Ok(Outcome::Refused(i));
        }
    }
    for stage in &plan.stages[plan.commit..] {
        run_stage(plan, stage, arena, locals, feeds, states);
    }
    let outputs = plan.outputs.iter().zip(&plan.computation.outputs);
    let outputs = outputs.map(|((operand, (offset, bytes)), &v)| {
        let meta = plan.computation.graph.meta(v);
        let shown = match operand {
            Operand::Feed(i) => feed_view(feeds[*i], None),
            Operand::State(i) => View::F32(states.get(*i)),
            _ => view(&arena[*offset..][..*bytes], meta.dtype),
        };
        let data = match shown {
            View::F32(x) => Data::F32(x.to_vec()),
            View::I32(x) => Data::I32(x.to_vec()),
            View::U8(x) => Data::U8(x.to_vec()),
            View::InPlace(_) => unreachable!("an output is a place"),
        };
        Tensor::new(meta.shape.clone(), data)
    });
    Ok(Outcome::Done(outputs.collect::<Result<_>>()?))
}

fn run_stage(
    plan: &Plan,
    stage: &Stage,
    arena: &mut [u8],
    locals: &[Mutex<Option<Arena>>],
    feeds: &[&Tensor],
    states: &mut States,
) {
    match stage {
        Stage::Segment(s) if s.steps.is_empty() => {}
        Stage::Segment(s) => run_segment(plan, s, arena, locals, feeds, states),
        Stage::Whole(steps) => {
            for step in steps {
                run_whole(plan, step, arena, feeds, states);
            }
        }
    }
}

fn run_whole(plan: &Plan, whole: &Whole, arena: &mut [u8], feeds: &[&Tensor], states: &mut States) {
    match whole {
        Whole::Op { step, ranges } => run_op(plan, step, ranges, arena, feeds, states),
        Whole::SumParts { parts, from, to } => {
            let from_first = from.0 < to.0;
            let (low, high) = if from_first { (from, to) } else { (to, from) };
            let mut pieces = carve(arena, [*low, *high].into_iter());
            let (a, b) = pieces.split_at_mut(1);
            let (x, y) = if from_first {
                (&a[0], &mut b[0])
            } else {
                (&b[0], &mut a[0])
            };
            reduce::sum_parts(*parts, to.1 / 4, floats(x), floats_mut(y));
        }
        Whole::Store { from, range, state } => match from {
            Operand::State(source) if source == state => {}
            Operand::State(source) => {
                let value = states.get(*source).to_vec();
                states.get_mut(*state).copy_from_slice(&value);
            }
            Operand::Feed(i) => {
                if let View::F32(x) = feed_view(feeds[*i], None) {
                    states.get_mut(*state).copy_from_slice(x);
                }
            }
            _ => {
                let value = floats(&arena[range.0..][..range.1]);
                states.get_mut(*state).copy_from_slice(value);
            }
        },
    }
}

fn run_op(
    plan: &Plan,
    step: &Step,
    ranges: &[(usize, usize)],
    arena: &mut [u8],
    feeds: &[&Tensor],
    states: &mut States,
) {
    let node = &plan.computation.graph.nodes()[step.node];
    let mut pieces = carve(arena, ranges.iter().copied());
    // Outputs are taken out of their tables, so that what stays can be read beside them.
    let mut taken: Few<(usize, Arena)> = SmallVec::new();
    let mut out_pieces: Few<&mut [u8]> = SmallVec::new();
    for output in &step.outputs {
        match output {
            Operand::State(i) => {
                let empty = Arena::new(0).expect("no memory is asked for");
                taken.push((*i, std::mem::replace(&mut states.buffers[*i], empty)));
            }
            Operand::Range(k) => out_pieces.push(std::mem::take(&mut pieces[*k])),
            _ => {}
        }
    }
    {
        let mut state_outputs = taken.iter_mut();
        let mut range_outputs = out_pieces.into_iter();
        let mut outputs: Few<ViewMut<'_>> = SmallVec::new();
        for (output, meta) in step.outputs.iter().zip(&node.outputs) {
            outputs.push(match output {
                Operand::State(_) => {
                    let (_, buffer) = state_outputs.next().expect("one for each state output");
                    view_mut(buffer.as_mut_bytes(), meta.dtype)
                }
                Operand::Range(_) => {
                    let piece = range_outputs.next().expect("one for each range output");
                    view_mut(piece, meta.dtype)
                }
                _ => ViewMut::Unused,
            });
        }
        let inputs: Few<View<'_>> = step
            .inputs
            .iter()
            .zip(&step.input_metas)
            .map(|(input, meta)| match input {
                Operand::Feed(i) => feed_view(feeds[*i], None),
                Operand::State(i) => View::F32(states.get(*i)),
                Operand::Range(k) => view(&*pieces[*k], meta.dtype),
                Operand::InPlace(k) => View::InPlace(*k),
                _ => view(&[], meta.dtype),
            })
            .collect();
        node.op.run(&mut Call {
            input_metas: &step.input_metas,
            output_metas: &node.outputs,
            batched: &step.batched,
            inputs: &inputs,
            outputs: &mut outputs,
            rows: None,
            accumulate: false,
            parallel: true,
        });
    }
    for (i, buffer) in taken {
        states.buffers[i] = buffer;
    }
}

/// One task's view of a segment's ranges.
struct Task<'a> {
    rows: Range<usize>,
    /// For each range of the segment: the task's own part of what the segment writes, or nothing.
    written: Few<&'a mut [u8]>,
}

fn run_segment(
    plan: &Plan,
    segment: &Segment,
    arena: &mut [u8],
    locals: &[Mutex<Option<Arena>>],
    feeds: &[&Tensor],
    states: &States,
) {
    let batch = plan.computation.batch;
    let count = batch.div_ceil(segment.task_rows);
    let mut tasks: Vec<Task<'_>> = (0..count)
        .map(|t| Task {
            rows: t * segment.task_rows..((t + 1) * segment.task_rows).min(batch),
            written: SmallVec::new(),
        })
        .collect();
    let pieces = carve(arena, segment.ranges.iter().map(|r| (r.0, r.1)));
    let mut read: Few<&[u8]> = SmallVec::new();
    for (piece, (_, _, how)) in pieces.into_iter().zip(&segment.ranges) {
        match how {
            Use::Read { .. } => {
                read.push(piece);
                for task in &mut tasks {
                    task.written.push(&mut []);
                }
            }
            Use::Write { row } => {
                let mut rest = piece;
                for task in &mut tasks {
                    let (mine, tail) = rest.split_at_mut(task.rows.len() * row);
                    task.written.push(mine);
                    rest = tail;
                }
                read.push(&[]);
            }
            Use::Parts { stride } => {
                for (task, part) in tasks.iter_mut().zip(piece.chunks_mut(*stride)) {
                    task.written.push(part);
                }
                read.push(&[]);
            }
        }
    }
    tasks.into_par_iter().for_each(|mut task| {
        let thread = rayon::current_thread_index().unwrap_or(0);
        let mut guard = locals[thread]
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let local = guard.as_mut().map(Arena::as_mut_bytes).unwrap_or_default();
        run_task(plan, segment, &mut task, &read, local, feeds, states);
    });
}

fn run_task(
    plan: &Plan,
    segment: &Segment,
    task: &mut Task<'_>,
    read: &[&[u8]],
    local: &mut [u8],
    feeds: &[&Tensor],
    states: &States,
) {
    for (written, (_, _, how)) in task.written.iter_mut().zip(&segment.ranges) {
        if let Use::Parts { .. } = how {
            written.fill(0);
        }
    }
    let mut start = task.rows.start;
    while start < task.rows.end {
        let rows = start..(start + segment.chunk_rows).min(task.rows.end);
        for step in &segment.steps {
            run_rows(plan, segment, step, &rows, task, read, local, feeds, states);
        }
        start = rows.end;
    }
}

fn run_rows(
    plan: &Plan,
    segment: &Segment,
    step: &Step,
    rows: &Range<usize>,
    task: &mut Task<'_>,
    read: &[&[u8]],
    local: &mut [u8],
    feeds: &[&Tensor],
    states: &States,
) {
    let node = &plan.computation.graph.nodes()[step.node];
    let within = rows.start - task.rows.start..rows.end - task.rows.start;
    let mut locals = carve(
        local,
        step.locals
            .iter()
            .map(|&(offset, row)| (offset, row * rows.len())),
    );
    let mut taken: Few<(usize, &mut [u8])> = SmallVec::new();
    let mut local_outputs: Few<&mut [u8]> = SmallVec::new();
    for output in &step.outputs {
        match output {
            Operand::Written(k) => taken.push((*k, std::mem::take(&mut task.written[*k]))),
            Operand::Local(k) => local_outputs.push(std::mem::take(&mut locals[*k])),
            _ => {}
        }
    }
    {
        let mut written_outputs = taken.iter_mut();
        let mut local_outputs = local_outputs.into_iter();
        let mut outputs: Few<ViewMut<'_>> = SmallVec::new();
        for (output, meta) in step.outputs.iter().zip(&node.outputs) {
            outputs.push(match output {
                Operand::Written(_) => {
                    let (k, piece) = written_outputs.next().expect("one for each written output");
                    let piece = match segment.ranges[*k].2 {
                        Use::Write { row } => &mut piece[within.start * row..within.end * row],
                        _ => &mut piece[..meta.bytes()],
                    };
                    view_mut(piece, meta.dtype)
                }
                Operand::Local(_) => {
                    let piece = local_outputs.next().expect("one for each local output");
                    view_mut(piece, meta.dtype)
                }
                _ => ViewMut::Unused,
            });
        }
        let batched = step.batched.iter();
        let inputs: Few<View<'_>> = step
            .inputs
            .iter()
            .zip(&step.input_metas)
            .zip(batched)
            .map(|((input, meta), &batched)| match input {
                Operand::Feed(i) => feed_view(feeds[*i], batched.then_some(rows)),
                Operand::State(i) => View::F32(states.get(*i)),
                Operand::Range(k) => match segment.ranges[*k].2 {
                    Use::Read { row } if row > 0 => {
                        view(&read[*k][rows.start * row..rows.end * row], meta.dtype)
                    }
                    _ => view(read[*k], meta.dtype),
                },
                Operand::Written(k) => match segment.ranges[*k].2 {
                    Use::Write { row } => view(
                        &task.written[*k][within.start * row..within.end * row],
                        meta.dtype,
                    ),
                    _ => unreachable!("a sum is read after its segment"),
                },
                Operand::Local(k) => view(&*locals[*k], meta.dtype),
                Operand::InPlace(_) | Operand::Unused => view(&[], meta.dtype),
            })
            .collect();
        node.op.run(&mut Call {
            input_metas: &step.input_metas,
            output_metas: &node.outputs,
            batched: &step.batched,
            inputs: &inputs,
            outputs: &mut outputs,
            rows: Some(rows.clone()),
            accumulate: step.accumulate,
            parallel: false,
        });
    }
    for (k, piece) in taken {
        task.written[k] = piece;
    }
}

/// The type and shape that a run expects of each feed, for messages.
pub(crate) fn feed_metas(plan: &Plan) -> Vec<Meta> {
    plan.computation
        .graph
        .nodes()
        .iter()
        .filter_map(|n| match &n.op {
            crate::graph::Op::Input(i) => match i.source {
                crate::graph::ops::input::Source::Feed(_) => Some(i.meta.clone()),
                crate::graph::ops::input::Source::State(_) => None,
            },
            _ => None,
        })
        .collect()
}
