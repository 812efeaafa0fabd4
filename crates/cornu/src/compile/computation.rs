//! What is to be computed: a graph, and which of its values are wanted.

use crate::error::{Error, Result};
use crate::graph::{Graph, Node, Op, Value};
use crate::shape::DType;

/// A graph with the values that are wanted from it.
#[derive(Clone, Debug, Default)]
pub struct Computation {
    /// The nodes.
    pub graph: Graph,
    /// Length of the batch axis.
    pub batch: usize,
    /// The values handed back from each run.
    pub outputs: Vec<Value>,
    /// New values of states, (state, value), written at the end of a run.
    pub updates: Vec<(usize, Value)>,
    /// Values that must be finite for the updates to be made.
    pub guards: Vec<Value>,
}

impl Computation {
    /// Refuses what no pass could make sense of.
    pub(super) fn check(&self) -> Result<()> {
        for node in self.graph.nodes() {
            if let Op::Input(input) = &node.op
                && input.batched
                && input.meta.shape.first() != Some(&self.batch)
            {
                return Err(Error::shape(format!(
                    "a batched feed needs the batch of {} in front, received {}",
                    self.batch, input.meta.shape
                )));
            }
        }
        let mut updated = vec![];
        for &(state, v) in &self.updates {
            if self.graph.dtype(v) != DType::F32 {
                return Err(Error::dtype(format!(
                    "state {state} is float32, its new value {}",
                    self.graph.dtype(v)
                )));
            }
            updated.push(state);
        }
        updated.sort_unstable();
        match updated.windows(2).find(|w| w[0] == w[1]) {
            Some(twice) => Err(Error::config(format!(
                "state {} has two new values",
                twice[0]
            ))),
            None => Ok(()),
        }
    }

    /// All wanted values.
    pub(super) fn roots(&self) -> impl Iterator<Item = Value> + '_ {
        let updates = self.updates.iter().map(|&(_, v)| v);
        self.outputs
            .iter()
            .copied()
            .chain(updates)
            .chain(self.guards.iter().copied())
    }

    /// Which nodes are needed for the values given.
    pub(super) fn ancestors(&self, of: impl Iterator<Item = Value>) -> Vec<bool> {
        let mut needed = vec![false; self.graph.nodes().len()];
        for v in of {
            needed[v.index()] = true;
        }
        for i in (0..needed.len()).rev() {
            if needed[i] {
                for v in &self.graph.nodes()[i].inputs {
                    needed[v.index()] = true;
                }
            }
        }
        needed
    }

    /// How many nodes and wanted lists read each value: `uses[node][output]`.
    pub(super) fn uses(&self) -> Vec<Vec<usize>> {
        let nodes = self.graph.nodes();
        let mut uses: Vec<Vec<usize>> = nodes.iter().map(|n| vec![0; n.outputs.len()]).collect();
        let read = nodes.iter().flat_map(|n| n.inputs.iter().copied());
        for v in read.chain(self.roots()) {
            uses[v.index()][v.output as usize] += 1;
        }
        uses
    }

    /// A new computation, node by node: `f` sees the new graph, an old node's index, the node, and its inputs' new values, and
    /// returns the new values of its outputs, or `None` to leave the node out (nobody may then need it).
    pub(super) fn rewrite(
        &self,
        mut f: impl FnMut(&mut Graph, usize, &Node, Vec<Value>) -> Result<Option<Vec<Value>>>,
    ) -> Result<Self> {
        let mut graph = Graph::new();
        let mut map: Vec<Option<Vec<Value>>> = Vec::with_capacity(self.graph.nodes().len());
        let new = |map: &[Option<Vec<Value>>], v: Value| -> Option<Value> {
            map[v.index()].as_ref().map(|outs| outs[v.output as usize])
        };
        for (i, node) in self.graph.nodes().iter().enumerate() {
            let inputs: Option<Vec<Value>> = node.inputs.iter().map(|&v| new(&map, v)).collect();
            let outputs = match inputs {
                Some(inputs) => {
                    graph.set_path(Some(node.path.clone()));
                    f(&mut graph, i, node, inputs)?
                }
                None => None,
            };
            map.push(outputs);
        }
        let wanted = |v: Value| new(&map, v).expect("a wanted value is kept");
        Ok(Self {
            batch: self.batch,
            outputs: self.outputs.iter().map(|&v| wanted(v)).collect(),
            updates: self.updates.iter().map(|&(s, v)| (s, wanted(v))).collect(),
            guards: self.guards.iter().map(|&v| wanted(v)).collect(),
            graph,
        })
    }
}

/// The node as it is, on its inputs' new values.
pub(super) fn copy(graph: &mut Graph, node: &Node, inputs: Vec<Value>) -> Vec<Value> {
    let first = graph.push_checked(
        node.op.clone(),
        inputs,
        node.outputs.clone(),
        node.path.clone(),
    );
    (0..node.outputs.len() as u32)
        .map(|output| Value { output, ..first })
        .collect()
}
