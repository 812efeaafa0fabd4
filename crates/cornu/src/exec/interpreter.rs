//! The naive interpreter: every node in double precision, in order, with no passes. Slow, simple, and right.

use crate::graph::ops::input::Source;
use crate::graph::{Array, Graph, Op};

/// The outputs of every node of a graph, from its feeds and states.
pub fn run(graph: &Graph, feeds: &[Array], states: &[Array]) -> Vec<Vec<Array>> {
    let mut values: Vec<Vec<Array>> = Vec::with_capacity(graph.nodes().len());
    for node in graph.nodes() {
        let outputs = if let Op::Input(input) = &node.op {
            let given = match input.source {
                Source::Feed(i) => &feeds[i as usize],
                Source::State(i) => &states[i as usize],
                Source::Prepared(_) => unreachable!("values are prepared in plans alone"),
            };
            vec![given.clone()]
        } else {
            let inputs: Vec<&Array> = node
                .inputs
                .iter()
                .map(|v| &values[v.index()][v.output as usize])
                .collect();
            node.op.eval(&inputs, &node.outputs)
        };
        debug_assert!(
            outputs
                .iter()
                .zip(&node.outputs)
                .all(|(a, m)| a.shape == m.shape),
            "{:?}: shape rule {:?}",
            node.op,
            node.outputs
        );
        values.push(outputs);
    }
    values
}
