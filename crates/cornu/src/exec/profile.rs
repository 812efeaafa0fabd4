//! How long the steps of a plan take: a watch that runs along, and what it read.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use serde::Serialize;

use crate::compile::plan::{Stage, Step, Whole};
use crate::compile::{Plan, StageListing};
use crate::threads::threads;

/// Runs something, and adds the nanoseconds it takes to a sum, if there is one.
pub(super) fn timed<R>(sum: Option<&AtomicU64>, run: impl FnOnce() -> R) -> R {
    let Some(sum) = sum else {
        return run();
    };
    let start = Instant::now();
    let made = run();
    let nanos = u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
    sum.fetch_add(nanos, Ordering::Relaxed);
    made
}

fn seconds(nanos: &AtomicU64) -> f64 {
    nanos.load(Ordering::Relaxed) as f64 * 1e-9
}

/// What the steps of the plan that ran last have taken.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    runs: u64,
    /// Nanoseconds of the runs.
    nanos: AtomicU64,
    flops: u64,
    stages: Vec<StageWatch>,
}

/// What a stage has taken.
#[derive(Debug)]
pub(crate) struct StageWatch {
    /// Nanoseconds of each step on all threads, and what it is.
    steps: Vec<(AtomicU64, StepTime)>,
    /// Nanoseconds from the first step to the last.
    nanos: AtomicU64,
    /// Threads that go through the steps each for itself; one where all work on each step together.
    threads: usize,
}

impl StageWatch {
    /// Of a stage, listed unless it is empty.
    fn new(plan: &Plan, number: usize, listing: Option<&StageListing>) -> Self {
        let mut listed = listing.into_iter().flat_map(|l| &l.steps);
        let mut steps = Vec::new();
        let mut add = |bytes: usize, lines: usize| {
            let Some(step) = listed.by_ref().take(lines).next() else {
                return;
            };
            let time = StepTime {
                layer: step.layer.clone(),
                op: step.op.clone(),
                fused: step.fused.clone(),
                stage: number,
                seconds: 0.0,
                flops: step.flops,
                bytes,
            };
            steps.push((AtomicU64::new(0), time));
        };
        match &plan.stages[number] {
            Stage::Segment(segment) => {
                segment.steps.iter().for_each(|s| add(moved(plan, s), 1));
            }
            Stage::Whole(whole) => whole.iter().for_each(|step| match step {
                Whole::Op { step, .. } => add(moved(plan, step), 1),
                Whole::SumParts { from, to, .. } => add(from.1 + to.1, 1),
                Whole::Store { range, .. } => add(2 * range.1, 1),
                Whole::Exchange(pairs) => add(0, pairs.len()),
            }),
        }
        let cut = listing.and_then(|l| l.cut);
        let tasks = cut.map_or(1, |cut| cut.tasks);
        Self {
            steps,
            nanos: AtomicU64::new(0),
            threads: tasks.clamp(1, threads()),
        }
    }

    /// The nanoseconds of a step.
    pub(super) fn step(&self, number: usize) -> &AtomicU64 {
        &self.steps[number].0
    }

    /// The nanoseconds of the stage.
    pub(super) fn nanos(&self) -> &AtomicU64 {
        &self.nanos
    }
}

impl Watch {
    /// Another run begins; of another plan than before, from nothing.
    pub(crate) fn begin(&mut self, plan: &Plan) {
        let steps = |stage: &Stage| match stage {
            Stage::Segment(segment) => segment.steps.len(),
            Stage::Whole(steps) => steps.len(),
        };
        let known = self.stages.iter().map(|watch| watch.steps.len());
        let flops = plan.flops();
        if self.flops == flops && known.eq(plan.stages.iter().map(steps)) {
            self.runs += 1;
            return;
        }
        let listing = plan.listing();
        let stages = (0..plan.stages.len()).map(|number| {
            let listed = listing.stages.iter().find(|s| s.number == number);
            StageWatch::new(plan, number, listed)
        });
        *self = Self {
            runs: 1,
            flops,
            stages: stages.collect(),
            ..Self::default()
        };
    }

    /// The watch of a stage.
    pub(super) fn stage(&self, number: usize) -> &StageWatch {
        &self.stages[number]
    }

    /// The nanoseconds of the runs.
    pub(super) fn nanos(&self) -> &AtomicU64 {
        &self.nanos
    }

    /// The mean of all runs; nothing before the first.
    pub(crate) fn profile(&self) -> Option<Profile> {
        if self.runs == 0 {
            return None;
        }
        let runs = self.runs as f64;
        let idle = |op: &str, stage: usize, seconds: f64| StepTime {
            layer: String::new(),
            op: op.into(),
            fused: Vec::new(),
            stage,
            seconds: seconds.max(0.0),
            flops: 0,
            bytes: 0,
        };
        let mut steps = Vec::new();
        let mut staged = 0.0;
        let stages = self.stages.iter().enumerate();
        // The time of an empty stage is among what is not a stage's.
        for (number, stage) in stages.filter(|(_, stage)| !stage.steps.is_empty()) {
            let wall = seconds(&stage.nanos) / runs;
            staged += wall;
            let mut busy = 0.0;
            for (nanos, step) in &stage.steps {
                let seconds = seconds(nanos) / stage.threads as f64 / runs;
                busy += seconds;
                steps.push(StepTime {
                    seconds,
                    ..step.clone()
                });
            }
            steps.push(idle("handing over and waiting", number, wall - busy));
        }
        let seconds = seconds(&self.nanos) / runs;
        let last = self.stages.len();
        steps.push(idle("guards and outputs", last, seconds - staged));
        Some(Profile {
            runs: self.runs,
            threads: threads(),
            seconds,
            steps,
        })
    }
}

/// Bytes of a step's operands.
fn moved(plan: &Plan, step: &Step) -> usize {
    let node = &plan.computation.graph.nodes()[step.node];
    let metas = step.input_metas.iter().chain(&node.outputs);
    metas.map(|meta| meta.bytes()).sum()
}

/// Where the time of a plan's runs went, in the mean of all runs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Profile {
    /// Runs that were timed.
    pub runs: u64,
    /// Threads that ran them.
    pub threads: usize,
    /// Seconds of a run.
    pub seconds: f64,
    /// Its steps in order; they add up to the run.
    pub steps: Vec<StepTime>,
}

/// What one step took.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StepTime {
    /// The path of the layer that asked for it.
    pub layer: String,
    /// What runs.
    pub op: String,
    /// What was fused into it.
    pub fused: Vec<String>,
    /// The stage's number, as in the plan's listing.
    pub stage: usize,
    /// Seconds of a run; of a stage that threads go through each for itself, their mean.
    pub seconds: f64,
    /// Floating-point operations for the whole batch.
    pub flops: u64,
    /// Bytes of all operands for the whole batch, wherever they lie.
    pub bytes: usize,
}
