//! Pass: chains of elementwise ops of one shape become one pass over memory.
//!
//! [`groups`] grow from op to op as long as nothing outside them stands between two of their members; [`sink`] moves what only a
//! later group reads into that group; [`emit`] writes each group as one [`Map`](crate::graph::ops::Map) with its [`code`].
//! Casts from integers, repetitions and constants cost nothing where they are read, so they belong to no group: each reader
//! loads them anew.

mod code;
mod emit;
mod groups;
mod sink;

use cornu_kernels::elementwise::Indexing;

use super::computation::Computation;
use super::stage;
use crate::graph::ops::Op;
use crate::shape::{DType, Shape};

/// The computation with every elementwise op inside a map; each alone in its own unless `grow`.
pub(super) fn run(c: &Computation, grow: bool) -> Computation {
    let groups = if grow {
        let stages = stage::run(c);
        let mut groups = groups::Groups::find(c, &stages);
        sink::run(c, &stages, &mut groups);
        groups
    } else {
        groups::Groups::single(c)
    };
    emit::run(c, &groups)
}

/// Whether the op runs inside a map.
fn is_elementwise(op: &Op) -> bool {
    matches!(
        op,
        Op::Unary(_) | Op::Binary(_) | Op::Select(_) | Op::Cast(_)
    )
}

/// Whether a reader can load the node's operand instead of the node.
fn is_loaded(c: &Computation, node: usize) -> bool {
    let n = &c.graph.nodes()[node];
    match &n.op {
        Op::Cast(cast) => cast.dtype == DType::F32,
        Op::Broadcast(b) => indexing(c.graph.shape(n.inputs[0]), &b.shape).is_some(),
        _ => false,
    }
}

/// Whether two nodes of one group can be: ops of one shape that run at the same time, the first read by the second.
fn fits(c: &Computation, stages: &stage::Stages, reader: usize, read: usize) -> bool {
    let nodes = c.graph.nodes();
    let (a, b) = (&nodes[reader].outputs[0], &nodes[read].outputs[0]);
    is_elementwise(&nodes[read].op)
        && !is_loaded(c, read)
        && a.shape == b.shape
        && b.dtype == DType::F32
        && stages.of[reader] == stages.of[read]
        && stages.batched[reader] == stages.batched[read]
}

/// How an operand's elements are found from the index of an element of the shape it broadcasts to.
fn indexing(operand: &Shape, to: &Shape) -> Option<Indexing> {
    if operand.elements() == to.elements() {
        return Some(Indexing::Same);
    }
    if operand.elements() == 1 {
        return Some(Indexing::Scalar);
    }
    let skip = to.rank() - operand.rank();
    let varies = |i: usize| i >= skip && operand[i - skip] != 1;
    let first = (0..to.rank()).find(|&i| varies(i))?;
    let last = (0..to.rank()).rfind(|&i| varies(i))?;
    let dense = (first..=last).all(|i| varies(i) || to[i] == 1);
    dense.then(|| Indexing::Cyclic {
        repeat: to[last + 1..].iter().product(),
        period: to[first..=last].iter().product(),
    })
}
