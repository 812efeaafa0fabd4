//! Pass: equal ops on equal operands become one node; what nobody needs is dropped.

use std::collections::HashMap;

use super::computation::{Computation, copy};
use crate::graph::{Op, Value};

/// The computation with each thing computed once.
pub(super) fn run(c: &Computation) -> Computation {
    let needed = c.ancestors(c.roots());
    let mut seen: HashMap<(Op, Vec<Value>), Vec<Value>> = HashMap::new();
    c.rewrite(|g, i, node, inputs| {
        if !needed[i] {
            return Ok(None);
        }
        let key = (node.op.clone(), inputs.clone());
        let outputs = seen
            .entry(key)
            .or_insert_with(|| copy(g, node, inputs))
            .clone();
        Ok(Some(outputs))
    })
    .expect("copying refuses nothing")
}
