//! Which updates overwrite their state as they are computed, so that the new value needs no place of its own.

use std::collections::HashMap;

use cornu_kernels::elementwise::Indexing;

use super::schedule::Schedule;
use crate::graph::ops::input::Source;
use crate::graph::{Op, Value};

/// For each update that is computed in place, its state: elementwise ones whose state nobody reads later.
pub(super) fn find(s: &Schedule<'_>) -> HashMap<Value, usize> {
    let uses = s.c.uses();
    // For each state, the inputs that are it (one, unless two differ in shape) and how many updates take it as it was.
    let mut inputs: HashMap<usize, Vec<Value>> = HashMap::new();
    for (i, node) in s.c.graph.nodes().iter().enumerate() {
        if let Op::Input(input) = &node.op
            && let Source::State(state) = input.source
        {
            let v = Value {
                node: i as u32,
                output: 0,
            };
            inputs.entry(state as usize).or_default().push(v);
        }
    }
    let mut taken: HashMap<usize, usize> = HashMap::new();
    for &(_, v) in &s.c.updates {
        if let Some(Source::State(state)) = s.source(s.root(v)) {
            *taken.entry(state as usize).or_default() += 1;
        }
    }
    let mut found = HashMap::new();
    for &(state, v) in &s.c.updates {
        let node = s.c.graph.node(v);
        let i = v.index();
        let indexing = |input: usize| match &node.op {
            Op::Map(map) => map.indexing.get(input).copied(),
            Op::GradientStep(step) => step.indexing(input),
            _ => None,
        };
        let alone = s.stages.of[i] == s.stages.commit
            && uses[i][v.output as usize] == 1
            && !taken.contains_key(&state);
        // What reads its state there does so element by element.
        let in_step = node.inputs.iter().enumerate().all(|(k, &x)| {
            let own = s.source(s.root(x)) == Some(Source::State(state as u32));
            !own || indexing(k) == Some(Indexing::Same)
        });
        let elementwise = matches!(node.op, Op::Map(_) | Op::GradientStep(_));
        let mut readers = inputs
            .get(&state)
            .into_iter()
            .flatten()
            .flat_map(|&x| s.readers(x));
        if elementwise && alone && in_step && readers.all(|&r| r == i || s.tick[r] < s.tick[i]) {
            found.insert(v, state);
        }
    }
    found
}
