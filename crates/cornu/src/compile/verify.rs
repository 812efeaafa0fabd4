//! The check between passes: every node's operands come before it, and its shapes are what its rule says.

use super::computation::Computation;
use crate::graph::Meta;

/// Panics, naming the op, if a pass broke the graph. Does nothing in release builds.
pub(super) fn run(c: &Computation) {
    if !cfg!(debug_assertions) {
        return;
    }
    for (i, node) in c.graph.nodes().iter().enumerate() {
        let metas: Vec<&Meta> = node
            .inputs
            .iter()
            .map(|&v| {
                assert!(v.index() < i, "%{i} {:?} reads {v:?}", node.op);
                c.graph.meta(v)
            })
            .collect();
        match node.op.infer(&metas) {
            Ok(outputs) => assert_eq!(outputs, node.outputs, "%{i} {:?}", node.op),
            Err(e) => panic!("%{i} {:?}: {e}", node.op),
        }
    }
}
