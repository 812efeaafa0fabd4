//! Segments: a batch goes through many steps a few rows at a time, on all threads.
//!
//! Tasks take fixed parts of the batch, whoever runs them; partial sums are kept for each task and added in order. So the
//! result is the same to the last bit for any number of threads.

use std::ops::Range;
use std::sync::Mutex;

use cornu_kernels::arena::Arena;
use cornu_kernels::denormals::flushed;
use smallvec::SmallVec;

use super::parallel;
use super::profile::{StageWatch, timed};
use super::states::States;
use super::views::{Few, Given, carve, feed_view, view, view_mut};
use crate::compile::Plan;
use crate::compile::plan::{Operand, Segment, Step, Use};
use crate::graph::ops::{Call, View, ViewMut};

/// One task's view of a segment's places.
struct Task<'a> {
    rows: Range<usize>,
    /// For each place of the segment: the task's own part of what the segment writes, or nothing.
    written: Few<&'a mut [u8]>,
}

/// What all tasks read.
struct Shared<'a> {
    plan: &'a Plan,
    segment: &'a Segment,
    /// For each place of the segment: what an earlier stage wrote, or nothing.
    read: Few<&'a [u8]>,
    given: Given<'a>,
    states: &'a States,
    watch: Option<&'a StageWatch>,
}

/// Runs a segment.
pub(super) fn run(
    plan: &Plan,
    segment: &Segment,
    arena: &mut [u8],
    locals: &[Mutex<Option<Arena>>],
    given: Given<'_>,
    states: &States,
    watch: Option<&StageWatch>,
) {
    let batch = plan.computation.batch;
    let count = batch.div_ceil(segment.task_rows);
    let mut tasks: Vec<Task<'_>> = (0..count)
        .map(|t| Task {
            rows: t * segment.task_rows..((t + 1) * segment.task_rows).min(batch),
            written: SmallVec::new(),
        })
        .collect();
    let pieces = carve(arena, segment.ranges.iter().map(|r| r.0));
    let mut read: Few<&[u8]> = SmallVec::new();
    for (piece, (_, how)) in pieces.into_iter().zip(&segment.ranges) {
        match how {
            Use::Read => {
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
    let shared = Shared {
        plan,
        segment,
        read,
        given,
        states,
        watch,
    };
    if count == 1 {
        // Not worth waking other threads, or starting them.
        for task in &mut tasks {
            flushed(|| shared.run(task, &locals[0]));
        }
    } else {
        parallel::on_threads(tasks, |_, thread, mut task| {
            shared.run(&mut task, &locals[thread]);
        });
    }
}

impl Shared<'_> {
    fn run(&self, task: &mut Task<'_>, local: &Mutex<Option<Arena>>) {
        let mut guard = local
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let local = guard.as_mut().map(Arena::as_mut_bytes).unwrap_or_default();
        for (written, (_, how)) in task.written.iter_mut().zip(&self.segment.ranges) {
            if let Use::Parts { .. } = how {
                written.fill(0);
            }
        }
        let mut start = task.rows.start;
        while start < task.rows.end {
            let rows = start..(start + self.segment.chunk_rows).min(task.rows.end);
            for (i, step) in self.segment.steps.iter().enumerate() {
                timed(self.watch.map(|w| w.step(i)), || {
                    self.step(step, &rows, task, local);
                });
            }
            start = rows.end;
        }
    }

    fn step(&self, step: &Step, rows: &Range<usize>, task: &mut Task<'_>, local: &mut [u8]) {
        let node = &self.plan.computation.graph.nodes()[step.node];
        let batch = self.plan.computation.batch;
        let within = rows.start - task.rows.start..rows.end - task.rows.start;
        let of_chunk = |&(offset, row): &(usize, usize)| (offset, row * rows.len());
        let mut locals = carve(local, step.locals.iter().map(of_chunk));
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
                        let (k, piece) = written_outputs.next().expect("one for each output");
                        let piece = match self.segment.ranges[*k].1 {
                            Use::Write { row } => &mut piece[within.start * row..within.end * row],
                            _ => piece,
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
            let metas = step.input_metas.iter().zip(&step.batched);
            let inputs: Few<View<'_>> = step
                .inputs
                .iter()
                .zip(metas)
                .map(|(input, (meta, &batched))| {
                    let row = meta.bytes() / batch;
                    match input {
                        Operand::Feed(i) => {
                            feed_view(self.given.feeds[*i], batched.then_some(rows))
                        }
                        Operand::State(i) => View::F32(self.states.get(*i)),
                        Operand::Prepared(i) => View::F32(self.given.prepared.get(*i)),
                        Operand::Range(k) if batched => {
                            view(&self.read[*k][rows.start * row..rows.end * row], meta.dtype)
                        }
                        Operand::Range(k) => view(self.read[*k], meta.dtype),
                        Operand::Written(k) => view(
                            &task.written[*k][within.start * row..within.end * row],
                            meta.dtype,
                        ),
                        Operand::Local(k) => view(&*locals[*k], meta.dtype),
                        Operand::InPlace(_) | Operand::Nothing => view(&[], meta.dtype),
                    }
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
}
