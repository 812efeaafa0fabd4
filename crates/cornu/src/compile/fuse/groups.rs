//! Which elementwise ops run together: a partition of the nodes in which no group waits for another and that one for it.

use super::super::computation::Computation;
use super::super::stage::Stages;
use super::{fits, is_elementwise, is_loaded};

/// More members than this gain nothing: their intermediate values would leave the innermost cache.
pub(super) const MAX_MEMBERS: usize = 48;

/// Each node's group, and each group's nodes in order.
pub(super) struct Groups {
    pub(super) of: Vec<usize>,
    pub(super) members: Vec<Vec<usize>>,
}

impl Groups {
    /// Each node alone.
    pub(super) fn single(c: &Computation) -> Self {
        let count = c.graph.nodes().len();
        Self {
            of: (0..count).collect(),
            members: (0..count).map(|i| vec![i]).collect(),
        }
    }

    /// Groups as large as they may be.
    pub(super) fn find(c: &Computation, stages: &Stages) -> Self {
        let nodes = c.graph.nodes();
        let mut groups = Self::single(c);
        let mut search = Search {
            seen: vec![0; nodes.len()],
            now: 0,
            stack: Vec::new(),
        };
        for i in 0..nodes.len() {
            if !is_elementwise(&nodes[i].op) || is_loaded(c, i) {
                continue;
            }
            for v in &nodes[i].inputs {
                let (mine, other) = (groups.of[i], groups.of[v.index()]);
                let size = groups.members[mine].len() + groups.members[other].len();
                if mine != other
                    && size <= MAX_MEMBERS
                    && fits(c, stages, i, v.index())
                    && !search.divided(c, &groups, mine, other)
                {
                    groups.join(mine, other);
                }
            }
        }
        groups
    }

    fn join(&mut self, a: usize, b: usize) {
        let moved = std::mem::take(&mut self.members[b]);
        for &m in &moved {
            self.of[m] = a;
        }
        self.members[a].extend(moved);
        self.members[a].sort_unstable();
    }
}

/// A walk through groups against the direction of the data; it remembers where it was without being cleared each time.
struct Search {
    seen: Vec<usize>,
    now: usize,
    stack: Vec<usize>,
}

impl Search {
    /// Whether something outside both groups depends on one and is needed by the other.
    fn divided(&mut self, c: &Computation, groups: &Groups, a: usize, b: usize) -> bool {
        self.reached_through(c, groups, a, b) || self.reached_through(c, groups, b, a)
    }

    /// Whether a path leads from group `from` through others to group `to`.
    fn reached_through(
        &mut self,
        c: &Computation,
        groups: &Groups,
        from: usize,
        to: usize,
    ) -> bool {
        let first = groups.members[from][0];
        self.now += 1;
        self.seen[to] = self.now;
        self.stack.clear();
        self.stack.push(to);
        while let Some(group) = self.stack.pop() {
            for &m in &groups.members[group] {
                for v in &c.graph.nodes()[m].inputs {
                    let g = groups.of[v.index()];
                    if g == from {
                        if group != to {
                            return true;
                        }
                        continue;
                    }
                    // Nodes before the first of `from` cannot depend on it.
                    let late = groups.members[g].last().is_some_and(|&l| l > first);
                    if late && self.seen[g] != self.now {
                        self.seen[g] = self.now;
                        self.stack.push(g);
                    }
                }
            }
        }
        false
    }
}
