//! Pass: what follows from states alone is computed once for their values, not once a run.
//!
//! A network that is only used asks for the same transformed kernels and folded normalisations at every run. Each such value
//! becomes an input of the plan, with a small plan of its own that runs when a state has changed.

use super::computation::{Computation, copy};
use super::{cse, fuse, stage};
use crate::error::Result;
use crate::graph::ops::input::{Input, Source};
use crate::graph::{Graph, Op, Value};
use crate::shape::DType;

/// Which nodes follow from states and constants alone.
#[derive(Default)]
pub(super) struct Fixed(Vec<bool>);

impl Fixed {
    /// Looks at the nodes that were added since it last did.
    pub(super) fn follow(&mut self, g: &Graph) {
        for node in &g.nodes()[self.0.len()..] {
            let fixed = match &node.op {
                Op::Input(input) => matches!(input.source, Source::State(_)),
                Op::Random(_) => false,
                _ => node.inputs.iter().all(|v| self.0[v.index()]),
            };
            self.0.push(fixed);
        }
    }

    pub(super) fn is(&self, v: Value) -> bool {
        self.0[v.index()]
    }
}

/// Whether an op is left where it is read: it costs nothing, or would need more memory than time.
fn stays(op: &Op) -> bool {
    matches!(
        op,
        Op::Input(_) | Op::Constant(_) | Op::Reshape(_) | Op::Broadcast(_) | Op::Iota(_)
    )
}

/// The computation without what follows from states alone, and a computation for each value of that which it needs.
pub(super) fn run(c: &Computation) -> Result<(Computation, Vec<Computation>)> {
    let nodes = c.graph.nodes();
    let mut fixed = Fixed::default();
    fixed.follow(&c.graph);
    // States hold floats, and so does what is prepared.
    let leaves =
        |v: Value| fixed.is(v) && !stays(&nodes[v.index()].op) && c.graph.dtype(v) == DType::F32;
    // The nodes that run each time, and what they read of the others.
    let mut runs = vec![false; nodes.len()];
    for v in c.roots().filter(|&v| !leaves(v)) {
        runs[v.index()] = true;
    }
    let mut wanted: Vec<Value> = c.roots().filter(|&v| leaves(v)).collect();
    for i in (0..nodes.len()).rev().collect::<Vec<_>>() {
        if !runs[i] {
            continue;
        }
        for &v in &nodes[i].inputs {
            if leaves(v) {
                wanted.push(v);
            } else {
                runs[v.index()] = true;
            }
        }
    }
    wanted.sort_unstable_by_key(|v| (v.node, v.output));
    wanted.dedup();
    let part = |&v: &Value| Computation {
        graph: c.graph.clone(),
        batch: 1,
        outputs: vec![v],
        ..Computation::default()
    };
    let parts = wanted.iter().map(|v| cse::run(&part(v))).collect();
    let rest = c.rewrite(|g, i, node, inputs| {
        let number = |output: usize| {
            let v = (i as u32, output as u32);
            wanted.iter().position(|w| (w.node, w.output) == v)
        };
        // What only prepared values need goes with the next pass.
        let mut outputs = copy(g, node, inputs);
        for (output, meta) in node.outputs.iter().enumerate() {
            if let Some(number) = number(output) {
                let input = Input {
                    source: Source::Prepared(number as u32),
                    meta: meta.clone(),
                    batched: false,
                };
                outputs[output] = g.push(input.into(), vec![])?;
            }
        }
        Ok(Some(outputs))
    })?;
    Ok((cse::run(&rest), parts))
}

/// Plans such a part: all of it whole, on all threads.
pub(super) fn plan(part: &Computation) -> super::Plan {
    let part = cse::run(&fuse::run(part, true));
    let stages = stage::run(&part);
    super::lower::run(part, &stages, false)
}
