//! Pass: steps with their operands' places, ready to run.

use std::collections::HashMap;

use super::computation::Computation;
use super::in_place;
use super::layout::{Home, Layout};
use super::plan::{Operand, Place, Plan, Segment, Stage, Step, Use, Whole};
use super::schedule::Schedule;
use super::stage::{Stages, is_segment};
use crate::exec::Prepared;
use crate::graph::ops::input::Source;
use crate::graph::{Op, Value};

/// Plans a computation whose ops are fused and staged.
pub(super) fn run(c: Computation, stages: &Stages, keep_all: bool) -> Plan {
    let s = Schedule::new(&c, stages);
    let in_place = in_place::find(&s);
    let layout = Layout::new(&s, &in_place, keep_all);
    let writer = Writer {
        s: &s,
        layout: &layout,
    };
    let mut plan_stages: Vec<Stage> = (0..s.order.len())
        .map(|stage| {
            if is_segment(stage) {
                Stage::Segment(writer.segment(stage))
            } else {
                Stage::Whole(writer.whole(stage))
            }
        })
        .collect();
    let stored = c.updates.iter().filter(|(_, v)| !in_place.contains_key(v));
    if let Some(Stage::Whole(steps)) = plan_stages.get_mut(stages.commit) {
        steps.extend(writer.stores(stored.copied()));
    }
    let wanted = |v: &Value| layout.wanted(s.root(*v));
    let outputs = c.outputs.iter().map(wanted).collect();
    let guards = c.guards.iter().map(wanted).collect();
    let given = |op: &Op| matches!(op, Op::Input(_) | Op::Constant(_));
    let traced = (0..c.graph.nodes().len())
        .filter(|&i| keep_all && !given(&c.graph.nodes()[i].op))
        .map(|i| (i, s.outputs(i).map(|v| wanted(&v)).collect()))
        .collect();
    let (arena_bytes, local_bytes) = (
        layout.arena_bytes,
        layout.local.iter().map(|l| l.1).max().unwrap_or(0),
    );
    let mut plan = Plan {
        stages: plan_stages,
        commit: stages.commit,
        arena_bytes,
        local_bytes,
        divides: false,
        outputs,
        guards,
        numbered: Vec::new(),
        parts: Vec::new(),
        prepared: Prepared::default(),
        traced,
        computation: c,
    };
    plan.divides = plan.has_work_for_several();
    plan
}

struct Writer<'a> {
    s: &'a Schedule<'a>,
    layout: &'a Layout,
}

impl Writer<'_> {
    /// The step of a node, its operands still to be written; none if there is nothing to compute.
    fn step(&self, i: usize) -> Option<Step> {
        let node = &self.s.c.graph.nodes()[i];
        if node.outputs.iter().all(|m| m.shape.elements() == 0) {
            return None;
        }
        let batched = node.inputs.iter();
        Some(Step {
            node: i,
            inputs: Vec::new(),
            outputs: Vec::new(),
            input_metas: node
                .inputs
                .iter()
                .map(|&v| self.s.meta(v).clone())
                .collect(),
            batched: batched.map(|v| self.s.stages.batched[v.index()]).collect(),
            accumulate: false,
            locals: Vec::new(),
        })
    }

    /// The roots a node reads.
    fn reads(&self, i: usize) -> impl Iterator<Item = Value> {
        let inputs = self.s.c.graph.nodes()[i].inputs.iter();
        inputs.map(|&v| self.s.root(v))
    }

    fn shared(&self, v: Value) -> Option<Place> {
        match self.layout.home(v) {
            Some(Home::Shared(place)) => Some(place),
            _ => None,
        }
    }

    fn segment(&self, stage: usize) -> Segment {
        let list = &self.s.order[stage];
        let mut uses: HashMap<Place, Use> = HashMap::new();
        for &i in list {
            for place in self.reads(i).filter_map(|v| self.shared(v)) {
                uses.insert(place, Use::Read);
            }
        }
        for &i in list {
            if let Some(&place) = self.layout.parts.get(&i) {
                let stride = place.1 / self.s.tasks(stage).max(1);
                uses.insert(place, Use::Parts { stride });
                continue;
            }
            for v in self.s.outputs(i) {
                if let Some(place) = self.shared(v) {
                    let row = self.s.row_bytes(v);
                    uses.insert(place, Use::Write { row });
                }
            }
        }
        let mut ranges: Vec<(Place, Use)> = uses.into_iter().filter(|(p, _)| p.1 > 0).collect();
        ranges.sort_unstable_by_key(|r| r.0);
        let number: HashMap<Place, usize> =
            ranges.iter().enumerate().map(|(k, r)| (r.0, k)).collect();
        let at = |place: Place| match number.get(&place) {
            Some(&k) if ranges[k].1 == Use::Read => Operand::Range(k),
            Some(&k) => Operand::Written(k),
            None => Operand::Nothing,
        };
        let steps = list.iter().filter_map(|&i| {
            let mut step = self.step(i)?;
            let locals = self.reads(i).chain(self.s.outputs(i));
            step.locals = locals
                .filter_map(|v| match self.layout.home(v) {
                    Some(Home::Local { offset, row }) => Some((offset, row)),
                    _ => None,
                })
                .collect();
            step.locals.sort_unstable();
            step.locals.dedup();
            let operand = |v: Value| match self.layout.home(v) {
                Some(Home::Feed(k)) => Operand::Feed(k),
                Some(Home::State(k)) => Operand::State(k),
                Some(Home::Prepared(k)) => Operand::Prepared(k),
                Some(Home::Shared(place)) => at(place),
                Some(Home::Local { offset, row }) => {
                    let number = step.locals.binary_search(&(offset, row));
                    Operand::Local(number.expect("just collected"))
                }
                None => Operand::Nothing,
            };
            let inputs = self.reads(i).map(operand).collect();
            let outputs = match self.layout.parts.get(&i) {
                Some(&place) => vec![at(place)],
                None => self.s.outputs(i).map(operand).collect(),
            };
            step.accumulate = self.layout.parts.contains_key(&i);
            (step.inputs, step.outputs) = (inputs, outputs);
            Some(step)
        });
        let (chunk_rows, local_bytes) = self.layout.local[stage];
        Segment {
            steps: steps.collect(),
            ranges: ranges.clone(),
            task_rows: self.s.task_rows(stage),
            chunk_rows,
            local_bytes,
        }
    }

    fn whole(&self, stage: usize) -> Vec<Whole> {
        let before = stage.checked_sub(1).map_or(&[][..], |p| &self.s.order[p]);
        let sums = before.iter().filter_map(|&i| {
            let from = *self.layout.parts.get(&i)?;
            let to = self.shared(self.s.outputs(i).next()?)?;
            // With one task the part is the sum.
            (from != to).then_some(Whole::SumParts {
                node: i,
                parts: self.s.tasks(stage - 1),
                from,
                to,
            })
        });
        let ops = self.s.order[stage].iter().filter_map(|&i| self.whole_op(i));
        sums.chain(ops).collect()
    }

    fn whole_op(&self, i: usize) -> Option<Whole> {
        let mut step = self.step(i)?;
        let places = self.reads(i).chain(self.s.outputs(i));
        let mut ranges: Vec<Place> = places.filter_map(|v| self.shared(v)).collect();
        ranges.sort_unstable();
        ranges.dedup();
        let operand = |v: Value| match self.layout.home(v) {
            Some(Home::Feed(k)) => Operand::Feed(k),
            Some(Home::State(k)) => Operand::State(k),
            Some(Home::Prepared(k)) => Operand::Prepared(k),
            Some(Home::Shared(place)) => {
                Operand::Range(ranges.binary_search(&place).expect("just collected"))
            }
            Some(Home::Local { .. }) => unreachable!("a local value is read in its segment"),
            None => Operand::Nothing,
        };
        step.outputs = self.s.outputs(i).map(operand).collect();
        step.inputs = self
            .reads(i)
            .map(operand)
            .map(|x| match step.outputs.iter().position(|&y| y == x) {
                Some(k) if matches!(x, Operand::State(_)) => Operand::InPlace(k),
                _ => x,
            })
            .collect();
        Some(Whole::Op { step, ranges })
    }

    /// The updates that were not computed in place.
    fn stores(&self, updates: impl Iterator<Item = (usize, Value)>) -> Vec<Whole> {
        let mut exchanged = Vec::new();
        let mut stores = Vec::new();
        for (state, v) in updates {
            let root = self.s.root(v);
            match self.s.source(root) {
                Some(Source::State(from)) if from as usize == state => {}
                Some(Source::State(from)) => exchanged.push((from as usize, state)),
                _ => {
                    let (from, range) = self.layout.wanted(root);
                    stores.push(Whole::Store { from, range, state });
                }
            }
        }
        if !exchanged.is_empty() {
            stores.insert(0, Whole::Exchange(exchanged));
        }
        stores
    }
}
