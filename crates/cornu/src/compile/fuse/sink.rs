//! Moving what only one later group reads into that group.
//!
//! The derivative of an activation is computed from its result alone, so it grows onto the forward group, which then has to
//! store it until the backward group reads it: `y` and `1 - y²` instead of `y`. Where what it is made of is stored anyhow, it
//! is moved to its reader, which saves the store, the memory, and the load.

use super::super::computation::Computation;
use super::super::stage::Stages;
use super::groups::{Groups, MAX_MEMBERS};
use super::{fits, is_elementwise, is_loaded};
use crate::graph::Op;

/// Moves all that can be moved.
pub(super) fn run(c: &Computation, stages: &Stages, groups: &mut Groups) {
    let nodes = c.graph.nodes();
    let mut readers: Vec<Vec<usize>> = vec![Vec::new(); nodes.len()];
    for (i, node) in nodes.iter().enumerate() {
        for v in &node.inputs {
            if readers[v.index()].last() != Some(&i) {
                readers[v.index()].push(i);
            }
        }
    }
    let mut wanted = vec![false; nodes.len()];
    for v in c.roots() {
        wanted[v.index()] = true;
    }
    for i in (0..nodes.len()).rev() {
        let Some(&reader) = readers[i].first() else {
            continue;
        };
        let (home, new) = (groups.of[i], groups.of[reader]);
        let movable = home != new
            && !wanted[i]
            && groups.members[home].len() > 1
            && is_elementwise(&nodes[reader].op)
            && !is_loaded(c, reader)
            && readers[i]
                .iter()
                .all(|&r| groups.of[r] == new && fits(c, stages, r, i));
        if !movable {
            continue;
        }
        let cone = cone(c, groups, &readers, &wanted, i);
        let stored = |j: usize| wanted[j] || readers[j].iter().any(|&r| groups.of[r] != home);
        let mut edge: Vec<usize> = Vec::new();
        let mut outside: Vec<usize> = Vec::new();
        for &m in &cone {
            for v in &nodes[m].inputs {
                let j = v.index();
                if groups.of[j] != home && !matches!(nodes[j].op, Op::Constant(_)) {
                    outside.push(j);
                } else if groups.of[j] == home && !cone.contains(&j) {
                    edge.push(j);
                }
            }
        }
        // One load is saved; more than one in its place would be more traffic.
        let reads = |j: &usize| readers[*j].iter().any(|&r| groups.of[r] == new);
        edge.sort_unstable();
        edge.dedup();
        let loads = edge.iter().filter(|j| !reads(j)).count();
        let room = groups.members[new].len() + cone.len() <= MAX_MEMBERS;
        if room && loads <= 1 && edge.iter().all(|&j| stored(j)) && outside.iter().all(reads) {
            groups.members[home].retain(|m| !cone.contains(m));
            for &m in &cone {
                groups.of[m] = new;
            }
            groups.members[new].extend(cone);
            groups.members[new].sort_unstable();
        }
    }
}

/// A node and all of its group that nothing but the node needs.
fn cone(
    c: &Computation,
    groups: &Groups,
    readers: &[Vec<usize>],
    wanted: &[bool],
    top: usize,
) -> Vec<usize> {
    let mut cone = vec![top];
    let mut at = 0;
    while at < cone.len() {
        for v in &c.graph.nodes()[cone[at]].inputs {
            let j = v.index();
            let inner = groups.of[j] == groups.of[top]
                && !wanted[j]
                && !cone.contains(&j)
                && readers[j].iter().all(|r| cone.contains(r));
            if inner {
                cone.push(j);
            }
        }
        at += 1;
    }
    cone
}

#[cfg(test)]
mod tests {
    use super::super::super::{Computation, Mode, compile};
    use crate::autodiff;
    use crate::error::Result;
    use crate::graph::Graph;
    use crate::graph::ops::{Op, UnaryKind};

    #[test]
    fn activations_store_their_result_alone() -> Result<()> {
        for kind in [
            UnaryKind::Tanh,
            UnaryKind::Sigmoid,
            UnaryKind::Relu,
            UnaryKind::Exp,
        ] {
            let mut g = Graph::new();
            let (x, shift) = (g.feed("x", [6, 4], true)?, g.feed("b", [4], false)?);
            let weights = [g.feed("v", [4, 4], false)?, g.feed("w", [4, 4], false)?];
            let mut y = x;
            for w in weights {
                y = g.matmul(y, w)?;
                // Keeps the product's own epilogue from taking the activation.
                y = g.mul(y, shift)?;
                y = g.unary(kind, y)?;
            }
            let loss = g.mean_all(y)?;
            let outputs = autodiff::gradients(&mut g, loss, &weights)?;
            let computation = Computation {
                graph: g,
                batch: 6,
                outputs,
                ..Computation::default()
            };
            let plan = compile(&computation, Mode::Fast)?;
            let maps = plan
                .computation
                .graph
                .nodes()
                .iter()
                .filter_map(|n| match &n.op {
                    Op::Map(map) => Some(map.outputs.len()),
                    _ => None,
                });
            let most = maps.max();
            assert_eq!(most, Some(1), "{kind:?}\n{}", plan.computation.graph);
        }
        Ok(())
    }
}
