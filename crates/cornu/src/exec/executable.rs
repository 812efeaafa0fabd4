//! Runs a plan: its stages one after another, the updates only once the guards were found finite.

use cornu_kernels::arena::Arena;
use cornu_kernels::denormals::flushed;
use cornu_kernels::reduce::all_finite;

pub use super::states::States;
pub use super::workspace::Workspace;

use super::profile::{StageWatch, Watch, timed};
use super::views::{Given, feed_view, floats, view};
use super::{parallel, segment, whole};
use crate::compile::Plan;
use crate::compile::plan::{Operand, Place, Stage};
use crate::error::{Error, Kind, Result};
use crate::graph::Op;
use crate::graph::ops::View;
use crate::graph::ops::input::Source;
use crate::shape::DType;
use crate::tensor::{Data, Tensor};

/// What came of a run.
#[derive(Debug)]
pub enum Outcome {
    /// The outputs; the states are updated.
    Done(Vec<Tensor>),
    /// The guard with this number was not finite; no state was changed.
    Refused(usize),
}

/// Runs a plan once.
///
/// # Errors
/// [`Kind::Memory`] if the plan's memory cannot be had; [`Kind::Data`] if a feed, and [`Kind::Weights`] if a state, is not what
/// the plan was made for.
pub fn run(
    plan: &Plan,
    workspace: &mut Workspace,
    feeds: &[&Tensor],
    states: &mut States,
) -> Result<Outcome> {
    check(plan, feeds, states)?;
    let prepared = plan.prepared.of(&plan.parts, states)?;
    let given = Given {
        feeds,
        prepared: &prepared,
    };
    let mut arena = workspace.prepare(plan)?;
    if let Some(watch) = &mut workspace.watch {
        watch.begin(plan);
    }
    let shared = &*workspace;
    let outcome = timed(shared.watch.as_ref().map(Watch::nanos), || {
        if plan.divides {
            parallel::with_team(|| run_in(plan, &mut arena, shared, given, states))
        } else {
            run_in(plan, &mut arena, shared, given, states)
        }
    });
    workspace.keep(arena);
    outcome
}

/// Runs a plan, but for its updates, and hands every value it keeps to `look`, in order: (node, output, elements).
///
/// # Errors
/// As [`run`].
pub(crate) fn trace(
    plan: &Plan,
    workspace: &mut Workspace,
    feeds: &[&Tensor],
    states: &mut States,
    mut look: impl FnMut(usize, usize, View<'_>) -> bool,
) -> Result<()> {
    check(plan, feeds, states)?;
    let given = Given {
        feeds,
        prepared: &States::new(),
    };
    let mut arena = workspace.prepare(plan)?;
    for stage in &plan.stages[..plan.commit] {
        run_stage(plan, stage, &mut arena, workspace, given, states, None);
    }
    let bytes = arena.as_bytes();
    'nodes: for (node, outputs) in &plan.traced {
        for (output, (operand, place)) in outputs.iter().enumerate() {
            let meta = &plan.computation.graph.nodes()[*node].outputs[output];
            let computed = *operand == Operand::Range(0);
            if computed && !look(*node, output, view(part(bytes, *place), meta.dtype)) {
                break 'nodes;
            }
        }
    }
    workspace.keep(arena);
    Ok(())
}

fn part(bytes: &[u8], place: Place) -> &[u8] {
    &bytes[place.0..place.0 + place.1]
}

/// Refuses feeds and states other than those the plan was made for.
fn check(plan: &Plan, feeds: &[&Tensor], states: &States) -> Result<()> {
    let computation = &plan.computation;
    for node in computation.graph.nodes() {
        let Op::Input(input) = &node.op else {
            continue;
        };
        let (kind, what, number, given) = match input.source {
            Source::Feed(i) => {
                let feed = feeds.get(i as usize).map(|f| (f.shape(), f.dtype()));
                (Kind::Data, "feed", i, feed)
            }
            // Of its own part's shape by construction.
            Source::Prepared(_) => continue,
            Source::State(i) => {
                let held = (i as usize) < states.len();
                let state = held.then(|| (states.shape(i as usize), DType::F32));
                (Kind::Weights, "state", i, state)
            }
        };
        let received = match given {
            Some((shape, dtype)) if *shape == input.meta.shape && dtype == input.meta.dtype => {
                continue;
            }
            Some((shape, dtype)) => format!("{dtype}{shape}"),
            None => "none".to_owned(),
        };
        return Err(Error::new(
            kind,
            format!(
                "{what} {number} should be {:?}, received {received}",
                input.meta
            ),
        ));
    }
    for numbered in &plan.numbered {
        numbered.check(feeds[numbered.feed])?;
    }
    for &(state, v) in &computation.updates {
        let shape = computation.graph.shape(v);
        if state >= states.len() || states.shape(state) != shape {
            return Err(Error::new(
                Kind::Weights,
                format!("the new value {shape} of state {state} does not fit it"),
            ));
        }
    }
    Ok(())
}

fn run_in(
    plan: &Plan,
    arena: &mut Arena,
    workspace: &Workspace,
    given: Given<'_>,
    states: &mut States,
) -> Result<Outcome> {
    let watched = |number| workspace.watch.as_ref().map(|w| w.stage(number));
    let stages = || plan.stages.iter().enumerate();
    for (number, stage) in stages().take(plan.commit) {
        let watch = watched(number);
        run_stage(plan, stage, arena, workspace, given, states, watch);
    }
    let bytes = arena.as_bytes();
    for (i, (operand, place)) in plan.guards.iter().enumerate() {
        let values = match operand {
            Operand::Feed(k) => feed_view(given.feeds[*k], None),
            Operand::State(k) => View::F32(states.get(*k)),
            Operand::Prepared(k) => View::F32(given.prepared.get(*k)),
            _ => {
                let v = plan.computation.guards[i];
                view(part(bytes, *place), plan.computation.graph.dtype(v))
            }
        };
        let finite = match values {
            View::F32(x) => parallel::map(true, x, parallel::BLOCK, all_finite),
            _ => Vec::new(),
        };
        if finite.contains(&false) {
            return Ok(Outcome::Refused(i));
        }
    }
    // Before the updates: an output that is a state is what the state was.
    let outputs = plan.outputs.iter().zip(&plan.computation.outputs);
    let outputs = outputs.map(|((operand, place), &v)| {
        let meta = plan.computation.graph.meta(v);
        let data = match operand {
            Operand::Feed(i) => given.feeds[*i].data().clone(),
            Operand::State(i) => Data::F32(states.get(*i).to_vec()),
            Operand::Prepared(i) => Data::F32(given.prepared.get(*i).to_vec()),
            _ => match view(part(bytes, *place), meta.dtype) {
                View::I32(x) => Data::I32(x.to_vec()),
                View::U8(x) => Data::U8(x.to_vec()),
                _ => Data::F32(floats(part(bytes, *place)).to_vec()),
            },
        };
        Tensor::new(meta.shape.clone(), data)
    });
    let outputs = outputs.collect::<Result<_>>()?;
    for (number, stage) in stages().skip(plan.commit) {
        let watch = watched(number);
        run_stage(plan, stage, arena, workspace, given, states, watch);
    }
    Ok(Outcome::Done(outputs))
}

fn run_stage(
    plan: &Plan,
    stage: &Stage,
    arena: &mut Arena,
    workspace: &Workspace,
    given: Given<'_>,
    states: &mut States,
    watch: Option<&StageWatch>,
) {
    let bytes = arena.as_mut_bytes();
    timed(watch.map(StageWatch::nanos), || match stage {
        Stage::Segment(s) if s.steps.is_empty() => {}
        Stage::Segment(s) => segment::run(plan, s, bytes, &workspace.locals, given, states, watch),
        Stage::Whole(steps) => {
            for (i, step) in steps.iter().enumerate() {
                timed(watch.map(|w| w.step(i)), || {
                    flushed(|| whole::run(plan, step, bytes, given, states));
                });
            }
        }
    });
}
