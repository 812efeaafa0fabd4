//! The one intermediate representation: an append-only list of nodes.
//!
//! A node applies an [op](ops) to earlier values and remembers the path of the layer that asked for it, so that every later
//! message (a shape mistake, the first NaN, a line of the plan) can name that layer. Nodes are appended in an order in which
//! they can be computed; passes build new graphs rather than change one.

mod array;
mod build;
pub mod check;
mod convolve;
mod custom_gradient;
pub mod ops;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

pub use array::Array;
use custom_gradient::CustomGradient;
pub use ops::Op;

use cornu_kernels::copy::MAX_RANK;

use crate::error::{Error, Result};
use crate::shape::{DType, Shape};

/// An edge of a [`Graph`]: one output of one node.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Value {
    pub(crate) node: u32,
    pub(crate) output: u32,
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.output == 0 {
            write!(f, "%{}", self.node)
        } else {
            write!(f, "%{}.{}", self.node, self.output)
        }
    }
}

impl Value {
    pub(crate) fn index(self) -> usize {
        self.node as usize
    }
}

/// Shape and element type of a value.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Meta {
    /// The lengths of the axes.
    pub shape: Shape,
    /// The type of the elements.
    pub dtype: DType,
}

impl Meta {
    pub(crate) fn f32(shape: impl Into<Shape>) -> Self {
        Self {
            shape: shape.into(),
            dtype: DType::F32,
        }
    }

    pub(crate) fn bytes(&self) -> usize {
        self.shape.elements() * self.dtype.size()
    }
}

impl fmt::Debug for Meta {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.dtype, self.shape)
    }
}

/// One application of an op.
#[derive(Clone, Debug)]
pub struct Node {
    /// What is computed.
    pub op: Op,
    /// From which values.
    pub inputs: Vec<Value>,
    /// What comes out.
    pub outputs: Vec<Meta>,
    /// The path of the layer that asked for it.
    pub path: Arc<str>,
}

/// A list of nodes, each using only earlier ones.
///
/// # Example
/// ```
/// use cornu::graph::Graph;
/// let mut g = Graph::new();
/// let x = g.feed("x", [2, 3], true)?;
/// let y = g.mul(x, x)?;
/// let dx = cornu::autodiff::gradients(&mut g, y, &[x])?;
/// assert_eq!(g.shape(dx[0]).axes(), &[2, 3]);
/// # Ok::<(), cornu::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Graph {
    nodes: Vec<Node>,
    feeds: u32,
    /// How many streams of random numbers were drawn from each seed; from the run's own under none.
    streams: BTreeMap<Option<u64>, u32>,
    path: Option<Arc<str>>,
    /// Gradient rules of single nodes, by their numbers.
    custom: BTreeMap<usize, CustomGradient>,
}

impl Graph {
    /// A graph without nodes.
    pub fn new() -> Self {
        Self::default()
    }

    /// The nodes in the order of their making.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    pub(crate) fn node(&self, value: Value) -> &Node {
        &self.nodes[value.index()]
    }

    /// Shape and element type of a value.
    pub fn meta(&self, value: Value) -> &Meta {
        &self.nodes[value.index()].outputs[value.output as usize]
    }

    /// The gradient rule of a node's own, if it has one.
    pub(crate) fn custom(&self, node: usize) -> Option<&CustomGradient> {
        self.custom.get(&node)
    }

    /// How many feeds there are.
    pub(crate) fn feeds(&self) -> usize {
        self.feeds as usize
    }

    /// Floating-point operations of a node.
    pub(crate) fn flops(&self, node: &Node) -> u64 {
        let inputs: Vec<&Meta> = node.inputs.iter().map(|&v| self.meta(v)).collect();
        node.op.flops(&inputs, &node.outputs)
    }

    /// Shape of a value.
    pub fn shape(&self, value: Value) -> &Shape {
        &self.meta(value).shape
    }

    /// Element type of a value.
    pub fn dtype(&self, value: Value) -> DType {
        self.meta(value).dtype
    }

    /// Names the layer whose nodes follow, until the name is set anew; returns the former.
    pub(crate) fn set_path(&mut self, path: Option<Arc<str>>) -> Option<Arc<str>> {
        std::mem::replace(&mut self.path, path)
    }

    /// The path of the layer whose nodes follow.
    pub(crate) fn path(&self) -> Option<Arc<str>> {
        self.path.clone()
    }

    /// Appends a node after checking its operands by the op's shape rule.
    pub(crate) fn push(&mut self, op: Op, inputs: Vec<Value>) -> Result<Value> {
        let metas: Vec<&Meta> = inputs.iter().map(|&v| self.meta(v)).collect();
        let path = self.path.clone().unwrap_or_else(|| Arc::from(""));
        let outputs = op.infer(&metas).map_err(|e| {
            if path.is_empty() {
                e
            } else {
                e.at(path.to_string())
            }
        })?;
        for meta in &outputs {
            Shape::new(meta.shape.to_vec())?;
            if meta.shape.rank() > MAX_RANK {
                return Err(Error::shape(format!(
                    "arrays have at most {MAX_RANK} axes, received {}",
                    meta.shape
                )));
            }
        }
        Ok(self.push_checked(op, inputs, outputs, path))
    }

    /// Appends a node whose outputs are already known.
    pub(crate) fn push_checked(
        &mut self,
        op: Op,
        inputs: Vec<Value>,
        outputs: Vec<Meta>,
        path: Arc<str>,
    ) -> Value {
        debug_assert!(inputs.iter().all(|v| v.index() < self.nodes.len()));
        let node = self.nodes.len() as u32;
        self.nodes.push(Node {
            op,
            inputs,
            outputs,
            path,
        });
        Value { node, output: 0 }
    }
}

impl fmt::Display for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, n) in self.nodes.iter().enumerate() {
            writeln!(
                f,
                "%{i} = {:?} {:?} -> {:?}  {}",
                n.op, n.inputs, n.outputs, n.path
            )?;
        }
        Ok(())
    }
}
