//! Writing a graph whose elementwise ops are maps: group by group, each after the groups it reads.

use cornu_kernels::elementwise::Indexing;

use super::super::computation::{Computation, copy};
use super::super::stage;
use super::code::Code;
use super::groups::Groups;
use super::{indexing, is_elementwise, is_loaded};
use crate::graph::ops::{BinaryKind, Broadcast, Map, Op, UnaryKind};
use crate::graph::{Graph, Meta, Value};
use crate::shape::{DType, Shape};

/// Writes the new graph, group by group, each after the groups it reads.
pub(super) fn run(c: &Computation, groups: &Groups) -> Computation {
    let nodes = c.graph.nodes();
    let (_, batched) = stage::splits(c);
    let mut writer = Writer {
        c,
        groups,
        batched: &batched,
        graph: Graph::new(),
        map: vec![None; nodes.len()],
        wanted: wanted_outside(c, groups),
        masks: masks(c),
    };
    let mut done = vec![false; nodes.len()];
    let mut stack: Vec<usize> = Vec::new();
    for i in 0..nodes.len() {
        stack.push(groups.of[i]);
        while let Some(&g) = stack.last() {
            if done[g] {
                stack.pop();
                continue;
            }
            let before = stack.len();
            for v in groups.members[g].iter().flat_map(|&m| &nodes[m].inputs) {
                let h = groups.of[v.index()];
                if h != g && !done[h] {
                    stack.push(h);
                }
            }
            if stack.len() == before {
                writer.group(g);
                done[g] = true;
                stack.pop();
            }
        }
    }
    let new = |v: Value| {
        writer.map[v.index()]
            .as_ref()
            .expect("wanted values are kept")[v.output as usize]
    };
    Computation {
        batch: c.batch,
        outputs: c.outputs.iter().map(|&v| new(v)).collect(),
        updates: c.updates.iter().map(|&(s, v)| (s, new(v))).collect(),
        guards: c.guards.iter().map(|&v| new(v)).collect(),
        graph: writer.graph,
    }
}

/// Which nodes' values must exist in memory: read by another group, or wanted. Loads look through casts and repetitions.
fn wanted_outside(c: &Computation, groups: &Groups) -> Vec<bool> {
    let nodes = c.graph.nodes();
    let mut wanted = vec![false; nodes.len()];
    for v in c.roots() {
        wanted[v.index()] = true;
    }
    for i in (0..nodes.len()).rev() {
        let mapped = is_elementwise(&nodes[i].op) && !is_loaded(c, i);
        if is_loaded(c, i) && !wanted[i] {
            continue;
        }
        for &v in &nodes[i].inputs {
            if mapped {
                let source = load_source(c, v);
                if groups.of[source.index()] != groups.of[i] || source != v {
                    wanted[source.index()] = true;
                }
            } else {
                wanted[v.index()] = true;
            }
        }
    }
    wanted
}

/// Which nodes' values are 0 or 1 and read by maps alone: bytes hold them, in a quarter of the memory.
fn masks(c: &Computation) -> Vec<bool> {
    let nodes = c.graph.nodes();
    let truth = |op: &Op| match op {
        Op::Unary(u) => matches!(u.kind, UnaryKind::Not | UnaryKind::IsFinite),
        Op::Binary(b) => !matches!(
            b.kind,
            BinaryKind::Add
                | BinaryKind::Sub
                | BinaryKind::Mul
                | BinaryKind::Div
                | BinaryKind::Max
                | BinaryKind::Min
                | BinaryKind::Pow
                | BinaryKind::Atan2
        ),
        _ => false,
    };
    let mut masks: Vec<bool> = nodes.iter().map(|n| truth(&n.op)).collect();
    for v in c.roots() {
        masks[v.index()] = false;
    }
    for (i, node) in nodes.iter().enumerate() {
        let loads = is_elementwise(&node.op) && !is_loaded(c, i);
        for &v in &node.inputs {
            // Where no simple indexing exists the operand is repeated in memory, as floats.
            if !loads || indexing(c.graph.shape(v), &node.outputs[0].shape).is_none() {
                masks[v.index()] = false;
            }
        }
    }
    masks
}

/// What a map loads to read `v`: its operand, where `v` is a cast or a repetition.
fn load_source(c: &Computation, mut v: Value) -> Value {
    while is_loaded(c, v.index()) {
        let operand = c.graph.node(v).inputs[0];
        // A repetition of a repetition is not in general a simple indexing of the first.
        let through = match c.graph.node(v).op {
            Op::Broadcast(_) => operand,
            _ if c.graph.shape(operand) == c.graph.shape(v) => operand,
            _ => break,
        };
        v = through;
        if matches!(c.graph.node(v).op, Op::Broadcast(_)) {
            break;
        }
    }
    v
}

struct Writer<'a> {
    c: &'a Computation,
    groups: &'a Groups,
    batched: &'a [bool],
    graph: Graph,
    map: Vec<Option<Vec<Value>>>,
    wanted: Vec<bool>,
    masks: Vec<bool>,
}

impl Writer<'_> {
    fn new_value(&self, v: Value) -> Value {
        self.map[v.index()].as_ref().expect("operands come first")[v.output as usize]
    }

    fn group(&mut self, g: usize) {
        let members = &self.groups.members[g];
        let first = members[0];
        let node = &self.c.graph.nodes()[first];
        let loaded = is_loaded(self.c, first);
        if members.len() == 1 && !is_elementwise(&node.op) && !loaded {
            let inputs = node.inputs.iter().map(|&v| self.new_value(v)).collect();
            self.graph.set_path(Some(node.path.clone()));
            self.map[first] = Some(copy(&mut self.graph, node, inputs));
        } else if self.wanted[first] || !loaded {
            self.map_of(g);
        }
    }

    /// Writes a group as one [`Map`].
    fn map_of(&mut self, g: usize) {
        let members = &self.groups.members[g];
        let nodes = self.c.graph.nodes();
        let first = &nodes[members[0]];
        let shape = first.outputs[0].shape.clone();
        self.graph.set_path(Some(first.path.clone()));
        let stored: Vec<usize> = members
            .iter()
            .copied()
            .filter(|&m| self.wanted[m])
            .collect();
        let mut code = Code::default();
        for &m in members {
            let node = &nodes[m];
            let mut registers = Vec::with_capacity(node.inputs.len());
            for &v in &node.inputs {
                registers.push(match code.computed(v.index()) {
                    Some(register) => register,
                    None => self.load(&mut code, v, &shape),
                });
            }
            code.compute(m, &node.op, &registers);
            if let Some(output) = stored.iter().position(|&s| s == m) {
                code.store(output, m);
            }
        }
        let stored_as = |&m: &usize| Meta {
            dtype: if self.masks[m] {
                DType::U8
            } else {
                nodes[m].outputs[0].dtype
            },
            shape: shape.clone(),
        };
        let outputs: Vec<Meta> = stored.iter().map(stored_as).collect();
        let map = Map {
            program: code.program(outputs.len()),
            indexing: code.inputs.iter().map(|(_, i)| *i).collect(),
            outputs: outputs.clone().into(),
            operations: code.operations(),
            batched: self.batched[members[0]],
        };
        let inputs = code.inputs.iter().map(|(v, _)| *v).collect();
        let v = self
            .graph
            .push_checked(map.into(), inputs, outputs, first.path.clone());
        for (output, m) in stored.into_iter().enumerate() {
            let output = output as u32;
            self.map[m] = Some(vec![Value { output, ..v }]);
        }
    }

    /// The register that holds operand `v` for each element of `shape`.
    fn load(&mut self, code: &mut Code, v: Value, shape: &Shape) -> usize {
        if let Op::Constant(c) = self.c.graph.node(v).op {
            return code.constant(c.value());
        }
        let source = load_source(self.c, v);
        if let Op::Constant(c) = self.c.graph.node(source).op {
            return code.constant(c.value());
        }
        let x = self.new_value(source);
        if let Some(indexing) = indexing(self.c.graph.shape(source), shape) {
            return code.load(x, indexing);
        }
        // Where no simple indexing exists the operand is repeated in memory.
        let op = Broadcast {
            shape: shape.clone(),
        };
        let meta = Meta {
            shape: shape.clone(),
            dtype: self.graph.dtype(x),
        };
        let path = self.c.graph.node(v).path.clone();
        let full = self
            .graph
            .push_checked(op.into(), vec![x], vec![meta], path);
        code.load(full, Indexing::Same)
    }
}
