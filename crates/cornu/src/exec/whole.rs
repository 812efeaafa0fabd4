//! Steps that run for the whole batch at once, each on all threads.

use cornu_kernels::arena::Arena;
use cornu_kernels::reduce;
use smallvec::SmallVec;

use super::states::States;
use super::views::{Few, Given, carve, feed_view, floats, floats_mut, view, view_mut};
use crate::compile::Plan;
use crate::compile::plan::{Operand, Place, Step, Whole};
use crate::graph::ops::{Call, View, ViewMut};
use crate::shape::DType;

/// Runs one step.
pub(super) fn run(
    plan: &Plan,
    whole: &Whole,
    arena: &mut [u8],
    given: Given<'_>,
    states: &mut States,
) {
    match whole {
        Whole::Op { step, ranges } => run_op(plan, step, ranges, arena, given, states),
        Whole::SumParts { parts: 0, to, .. } => arena[to.0..to.0 + to.1].fill(0),
        Whole::SumParts {
            parts, from, to, ..
        } => {
            let mut pieces = carve(arena, [*from.min(to), *from.max(to)].into_iter());
            let (a, b) = pieces.split_at_mut(1);
            let (x, y) = if from < to {
                (&a[0], &mut b[0])
            } else {
                (&b[0], &mut a[0])
            };
            reduce::sum_parts(*parts, to.1 / 4, floats(x), floats_mut(y));
        }
        Whole::Exchange(pairs) => {
            let old: Vec<Vec<f32>> = pairs.iter().map(|p| states.get(p.0).to_vec()).collect();
            for ((_, to), value) in pairs.iter().zip(old) {
                states.get_mut(*to).copy_from_slice(&value);
            }
        }
        Whole::Store { from, range, state } => {
            let value = match from {
                Operand::Feed(i) => feed_view(given.feeds[*i], None),
                _ => view(&arena[range.0..range.0 + range.1], DType::F32),
            };
            if let View::F32(x) = value {
                states.get_mut(*state).copy_from_slice(x);
            }
        }
    }
}

fn run_op(
    plan: &Plan,
    step: &Step,
    ranges: &[Place],
    arena: &mut [u8],
    given: Given<'_>,
    states: &mut States,
) {
    let node = &plan.computation.graph.nodes()[step.node];
    let mut pieces = carve(arena, ranges.iter().copied());
    // Outputs are taken out of their tables, so that what stays can be read beside them.
    let mut taken: Few<(usize, Arena)> = SmallVec::new();
    let mut out_pieces: Few<&mut [u8]> = SmallVec::new();
    for output in &step.outputs {
        match output {
            Operand::State(i) => taken.push((*i, states.take(*i))),
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
                Operand::Feed(i) => feed_view(given.feeds[*i], None),
                Operand::State(i) => View::F32(states.get(*i)),
                Operand::Prepared(i) => View::F32(given.prepared.get(*i)),
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
        states.put(i, buffer);
    }
}
