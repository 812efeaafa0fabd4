//! The checks between passes: the graph stays what it was, and no step of a plan reads what another has overwritten.

use super::computation::Computation;
use super::plan::{Operand, Place, Plan, Segment, Stage, Step, Use, Whole};
use crate::graph::{Graph, Meta, Op, Value};

/// Panics, naming the op, if a pass broke the graph. Does nothing in release builds.
pub(super) fn graph(c: &Computation, pass: &str) {
    if !cfg!(debug_assertions) {
        return;
    }
    for (i, node) in c.graph.nodes().iter().enumerate() {
        let metas: Vec<&Meta> = node
            .inputs
            .iter()
            .map(|&v| {
                assert!(v.index() < i, "{pass}: %{i} {:?} reads {v:?}", node.op);
                c.graph.meta(v)
            })
            .collect();
        match node.op.infer(&metas) {
            Ok(outputs) => assert_eq!(outputs, node.outputs, "{pass}: %{i} {:?}", node.op),
            Err(e) => panic!("{pass}: %{i} {:?}: {e}", node.op),
        }
    }
}

/// Panics, naming the op, if a step reads a place that does not hold the value it should. Does nothing in release builds.
///
/// It runs the plan with names instead of numbers: each step writes its values' names where it would write their elements,
/// and finds the names of what it reads or panics.
pub(super) fn plan(plan: &Plan) {
    if cfg!(debug_assertions) {
        Simulation::new(plan).run();
    }
}

/// What is known to lie in an arena: names and the ranges they fill.
#[derive(Default)]
struct Names {
    held: Vec<(Place, Value)>,
}

impl Names {
    fn write(&mut self, place: Place, name: Value) {
        let (start, end) = (place.0, place.0 + place.1);
        self.held
            .retain(|&((at, len), _)| at + len <= start || end <= at);
        self.held.push((place, name));
    }

    fn holds(&self, place: Place, name: Value) -> bool {
        self.held.contains(&(place, name))
    }
}

struct Simulation<'a> {
    plan: &'a Plan,
    roots: Vec<Vec<Value>>,
    arena: Names,
}

fn roots(g: &Graph) -> Vec<Vec<Value>> {
    let mut roots: Vec<Vec<Value>> = Vec::with_capacity(g.nodes().len());
    for (i, n) in g.nodes().iter().enumerate() {
        roots.push(match n.op {
            Op::Reshape(_) => vec![roots[n.inputs[0].index()][n.inputs[0].output as usize]],
            _ => (0..n.outputs.len() as u32)
                .map(|output| Value {
                    node: i as u32,
                    output,
                })
                .collect(),
        });
    }
    roots
}

impl<'a> Simulation<'a> {
    fn new(plan: &'a Plan) -> Self {
        Self {
            plan,
            roots: roots(&plan.computation.graph),
            arena: Names::default(),
        }
    }

    fn root(&self, v: Value) -> Value {
        self.roots[v.index()][v.output as usize]
    }

    fn run(&mut self) {
        for stage in &self.plan.stages {
            match stage {
                Stage::Whole(steps) => steps.iter().for_each(|s| self.whole(s)),
                Stage::Segment(segment) => self.segment(segment),
            }
        }
        // Outputs and guards are read before the commit and must outlive every stage until then; here, until the end.
        let g = &self.plan.computation;
        let wanted = g.outputs.iter().zip(&self.plan.outputs);
        for (&v, (operand, place)) in wanted.chain(g.guards.iter().zip(&self.plan.guards)) {
            if *operand == Operand::Range(0) {
                let held = self.arena.holds(*place, self.root(v));
                assert!(held, "the wanted value {v:?} was overwritten");
            }
        }
    }

    fn disjoint(&self, places: &[Place], what: &str) {
        for pair in places.windows(2) {
            assert!(
                pair[0].0 + pair[0].1 <= pair[1].0,
                "{what}: {pair:?} overlap"
            );
        }
        if let Some(last) = places.last() {
            assert!(
                last.0 + last.1 <= self.plan.arena_bytes,
                "{what}: {last:?} ends behind the arena"
            );
        }
    }

    fn whole(&mut self, whole: &Whole) {
        match whole {
            Whole::Op { step, ranges } => {
                let node = &self.plan.computation.graph.nodes()[step.node];
                self.disjoint(ranges, node.op.name());
                for (operand, &v) in step.inputs.iter().zip(&node.inputs) {
                    if let Operand::Range(k) = operand {
                        self.expect(ranges[*k], v, step);
                    }
                }
                for (output, operand) in step.outputs.iter().enumerate() {
                    if let Operand::Range(k) = operand {
                        let name = value(step.node, output);
                        assert_eq!(ranges[*k].1, node.outputs[output].bytes());
                        self.arena.write(ranges[*k], name);
                    }
                }
            }
            Whole::SumParts { node, from, to, .. } => {
                let name = value(*node, 0);
                if from.1 > 0 {
                    self.disjoint(&[*from.min(to), *from.max(to)], "a sum of parts");
                    let held = self.arena.holds(*from, name);
                    assert!(held, "the parts of {name:?} are gone");
                }
                self.arena.write(*to, name);
            }
            Whole::Store { from, range, state } => {
                let updates = &self.plan.computation.updates;
                let (_, v) = updates.iter().find(|(s, _)| s == state).expect("an update");
                if *from == Operand::Range(0) {
                    let held = self.arena.holds(*range, self.root(*v));
                    assert!(held, "the new value of state {state} was overwritten");
                }
            }
            Whole::Exchange(_) => {}
        }
    }

    fn expect(&self, place: Place, v: Value, step: &Step) {
        let node = &self.plan.computation.graph.nodes()[step.node];
        assert!(
            self.arena.holds(place, self.root(v)),
            "%{} {} reads {v:?} at {place:?}, which does not hold it",
            step.node,
            node.op.name()
        );
    }

    fn segment(&mut self, segment: &Segment) {
        let places: Vec<Place> = segment.ranges.iter().map(|r| r.0).collect();
        self.disjoint(&places, "a segment");
        let mut local = Names::default();
        for step in &segment.steps {
            let node = &self.plan.computation.graph.nodes()[step.node];
            // In the thread's arena, places are as long as the rows that go through together.
            let in_local = |k: usize| (step.locals[k].0, step.locals[k].1 * segment.chunk_rows);
            for (operand, &v) in step.inputs.iter().zip(&node.inputs) {
                match operand {
                    Operand::Range(k) => {
                        assert_eq!(segment.ranges[*k].1, Use::Read);
                        self.expect(segment.ranges[*k].0, v, step);
                    }
                    Operand::Written(k) => {
                        assert!(matches!(segment.ranges[*k].1, Use::Write { .. }));
                        self.expect(segment.ranges[*k].0, v, step);
                    }
                    Operand::Local(k) => assert!(
                        local.holds(in_local(*k), self.root(v)),
                        "%{} {} reads {v:?}, which its thread no longer holds",
                        step.node,
                        node.op.name()
                    ),
                    _ => {}
                }
            }
            for (output, operand) in step.outputs.iter().enumerate() {
                let name = value(step.node, output);
                match operand {
                    Operand::Written(k) => {
                        self.arena.write(segment.ranges[*k].0, name);
                    }
                    Operand::Local(k) => {
                        let (offset, bytes) = in_local(*k);
                        assert!(offset + bytes <= segment.local_bytes);
                        local.write((offset, bytes), name);
                    }
                    _ => {}
                }
            }
        }
    }
}

fn value(node: usize, output: usize) -> Value {
    Value {
        node: node as u32,
        output: output as u32,
    }
}
