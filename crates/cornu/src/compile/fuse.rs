//! Pass 4: chains of elementwise ops of one shape become one pass over memory.
//!
//! A group grows from op to op as long as nothing outside it stands between two of its members. Casts from integers,
//! repetitions and constants cost nothing where they are read, so they belong to no group: each reader loads them anew.

use std::sync::Arc;

use cornu_kernels::elementwise::{Indexing, Instr, Program};

use super::computation::{Computation, copy};
use super::stage;
use crate::graph::ops::{Broadcast, Map, Op};
use crate::graph::{Graph, Meta, Value};
use crate::shape::{DType, Shape};

/// More members than this gain nothing: their intermediate values would leave the innermost cache.
const MAX_MEMBERS: usize = 48;

/// The computation with every elementwise op inside a [`Map`]; each alone in its own unless `grow`.
pub(super) fn run(c: &Computation, grow: bool) -> Computation {
    let groups = Groups::find(c, grow);
    emit(c, &groups)
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
    let dense = (first..=last).all(|i| operand[i - skip] == to[i]);
    dense.then(|| Indexing::Cyclic {
        repeat: to[last + 1..].iter().product(),
        period: to[first..=last].iter().product(),
    })
}

/// The partition of the nodes: each node's group, each group's nodes in order.
struct Groups {
    of: Vec<usize>,
    members: Vec<Vec<usize>>,
}

impl Groups {
    fn find(c: &Computation, grow: bool) -> Self {
        let nodes = c.graph.nodes();
        let mut groups = Self {
            of: (0..nodes.len()).collect(),
            members: (0..nodes.len()).map(|i| vec![i]).collect(),
        };
        if !grow {
            return groups;
        }
        let stages = stage::run(c);
        let fits = |i: usize, j: usize| {
            let (a, b) = (&nodes[i].outputs[0], &nodes[j].outputs[0]);
            is_elementwise(&nodes[j].op)
                && !is_loaded(c, j)
                && a.shape == b.shape
                && b.dtype == DType::F32
                && stages.of[i] == stages.of[j]
                && stages.batched[i] == stages.batched[j]
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
                    && fits(i, v.index())
                    && !groups.divided(c, mine, other)
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

    /// Whether something outside both groups depends on one and is needed by the other.
    fn divided(&self, c: &Computation, a: usize, b: usize) -> bool {
        self.reached_through(c, a, b) || self.reached_through(c, b, a)
    }

    /// Whether a path leads from group `from` through others to group `to`.
    fn reached_through(&self, c: &Computation, from: usize, to: usize) -> bool {
        let first = self.members[from][0];
        let mut seen = vec![false; self.members.len()];
        seen[to] = true;
        let mut stack: Vec<usize> = Vec::new();
        let push = |group: usize, seen: &mut Vec<bool>, stack: &mut Vec<usize>, direct: bool| {
            for &m in &self.members[group] {
                for v in &c.graph.nodes()[m].inputs {
                    let g = self.of[v.index()];
                    if g == from && !direct {
                        return true;
                    }
                    let late = self.members[g].last().is_some_and(|&l| l > first);
                    if g != from && late && !seen[g] {
                        seen[g] = true;
                        stack.push(g);
                    }
                }
            }
            false
        };
        push(to, &mut seen, &mut stack, true);
        while let Some(g) = stack.pop() {
            if push(g, &mut seen, &mut stack, false) {
                return true;
            }
        }
        false
    }
}

/// Writes the new graph, group by group, each after the groups it reads.
fn emit(c: &Computation, groups: &Groups) -> Computation {
    let nodes = c.graph.nodes();
    let (_, batched) = stage::splits(c);
    let mut writer = Writer {
        c,
        groups,
        batched: &batched,
        graph: Graph::new(),
        map: vec![None; nodes.len()],
        wanted: wanted_outside(c, groups),
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
        let mut code = Code::new(members, nodes.len());
        for &m in members {
            let node = &nodes[m];
            let mut registers = Vec::with_capacity(node.inputs.len());
            for &v in &node.inputs {
                let register =
                    if self.groups.of[v.index()] == g && code.register[v.index()].is_some() {
                        code.register[v.index()].expect("just seen")
                    } else {
                        self.load(&mut code, v, &shape)
                    };
                registers.push(register);
            }
            code.compute(m, &node.op, &registers);
            if let Some(output) = stored.iter().position(|&s| s == m) {
                let src = code.register[m].expect("just computed");
                code.instrs.push(Virtual::Store { output, src });
            }
        }
        let outputs: Vec<Meta> = stored
            .iter()
            .map(|&m| nodes[m].outputs[0].clone())
            .collect();
        let (instrs, registers) = allocate(&code.instrs);
        let operations = instrs
            .iter()
            .filter(|i| {
                !matches!(
                    i,
                    Instr::Load { .. } | Instr::Store { .. } | Instr::Const { .. }
                )
            })
            .count() as u32;
        let map = Map {
            program: Arc::new(Program::new(
                instrs,
                registers,
                code.inputs.len(),
                outputs.len(),
            )),
            indexing: code.inputs.iter().map(|(_, i)| *i).collect(),
            outputs: outputs.clone().into(),
            operations,
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
        let (value, indexing) = match indexing(self.c.graph.shape(source), shape) {
            Some(i) => (x, i),
            // Where no simple indexing exists the operand is repeated in memory.
            None => {
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
                (full, Indexing::Same)
            }
        };
        code.load(value, indexing)
    }
}

/// Instructions over as many registers as there are values.
enum Virtual {
    Const {
        dst: usize,
        value: f32,
    },
    Load {
        dst: usize,
        input: usize,
    },
    Unary {
        op: cornu_kernels::elementwise::Unary,
        dst: usize,
        a: usize,
    },
    Binary {
        op: cornu_kernels::elementwise::Binary,
        dst: usize,
        a: usize,
        b: usize,
    },
    Select {
        dst: usize,
        cond: usize,
        a: usize,
        b: usize,
    },
    Store {
        output: usize,
        src: usize,
    },
}

struct Code {
    instrs: Vec<Virtual>,
    inputs: Vec<(Value, Indexing)>,
    loads: Vec<usize>,
    constants: Vec<(u32, usize)>,
    register: Vec<Option<usize>>,
    registers: usize,
}

impl Code {
    fn new(_members: &[usize], nodes: usize) -> Self {
        Self {
            instrs: Vec::new(),
            inputs: Vec::new(),
            loads: Vec::new(),
            constants: Vec::new(),
            register: vec![None; nodes],
            registers: 0,
        }
    }

    fn fresh(&mut self) -> usize {
        self.registers += 1;
        self.registers - 1
    }

    fn constant(&mut self, value: f32) -> usize {
        let bits = value.to_bits();
        if let Some(&(_, r)) = self.constants.iter().find(|(b, _)| *b == bits) {
            return r;
        }
        let dst = self.fresh();
        self.instrs.push(Virtual::Const { dst, value });
        self.constants.push((bits, dst));
        dst
    }

    fn load(&mut self, v: Value, indexing: Indexing) -> usize {
        if let Some(i) = self
            .inputs
            .iter()
            .position(|&(x, i)| x == v && i == indexing)
        {
            return self.loads[i];
        }
        let dst = self.fresh();
        let input = self.inputs.len();
        self.instrs.push(Virtual::Load { dst, input });
        self.inputs.push((v, indexing));
        self.loads.push(dst);
        dst
    }

    fn compute(&mut self, node: usize, op: &Op, r: &[usize]) {
        let register = match op {
            // A store into integers cuts; a cast from integers is done by its load.
            Op::Cast(_) | Op::Broadcast(_) => r[0],
            Op::Unary(u) => {
                let dst = self.fresh();
                self.instrs.push(Virtual::Unary {
                    op: u.kind,
                    dst,
                    a: r[0],
                });
                dst
            }
            Op::Binary(b) => {
                let dst = self.fresh();
                self.instrs.push(Virtual::Binary {
                    op: b.kind,
                    dst,
                    a: r[0],
                    b: r[1],
                });
                dst
            }
            Op::Select(_) => {
                let dst = self.fresh();
                self.instrs.push(Virtual::Select {
                    dst,
                    cond: r[0],
                    a: r[1],
                    b: r[2],
                });
                dst
            }
            other => unreachable!("{other:?} is not elementwise"),
        };
        self.register[node] = Some(register);
    }
}

impl Virtual {
    fn reads(&self) -> Vec<usize> {
        match *self {
            Self::Const { .. } | Self::Load { .. } => vec![],
            Self::Unary { a, .. } => vec![a],
            Self::Binary { a, b, .. } => vec![a, b],
            Self::Select { cond, a, b, .. } => vec![cond, a, b],
            Self::Store { src, .. } => vec![src],
        }
    }

    fn writes(&self) -> Option<usize> {
        match *self {
            Self::Const { dst, .. }
            | Self::Load { dst, .. }
            | Self::Unary { dst, .. }
            | Self::Binary { dst, .. }
            | Self::Select { dst, .. } => Some(dst),
            Self::Store { .. } => None,
        }
    }
}

/// The same instructions over few registers, each used again once its value has been read for the last time.
fn allocate(code: &[Virtual]) -> (Vec<Instr>, usize) {
    let count = code
        .iter()
        .filter_map(Virtual::writes)
        .max()
        .map_or(0, |m| m + 1);
    let mut last = vec![0; count];
    for (i, instr) in code.iter().enumerate() {
        for r in instr.reads() {
            last[r] = i;
        }
    }
    let mut real = vec![0u8; count];
    let mut free: Vec<u8> = Vec::new();
    let mut registers = 0u8;
    let mut out = Vec::with_capacity(code.len());
    for (i, instr) in code.iter().enumerate() {
        let reads = instr.reads();
        let old: Vec<u8> = reads.iter().map(|&r| real[r]).collect();
        if let Some(dst) = instr.writes() {
            real[dst] = free.pop().unwrap_or_else(|| {
                registers += 1;
                registers - 1
            });
        }
        out.push(match *instr {
            Virtual::Const { dst, value } => Instr::Const {
                dst: real[dst],
                value,
            },
            Virtual::Load { dst, input } => Instr::Load {
                dst: real[dst],
                input,
            },
            Virtual::Unary { op, dst, .. } => Instr::Unary {
                op,
                dst: real[dst],
                a: old[0],
            },
            Virtual::Binary { op, dst, .. } => Instr::Binary {
                op,
                dst: real[dst],
                a: old[0],
                b: old[1],
            },
            Virtual::Select { dst, .. } => Instr::Select {
                dst: real[dst],
                cond: old[0],
                a: old[1],
                b: old[2],
            },
            Virtual::Store { output, .. } => Instr::Store {
                output,
                src: old[0],
            },
        });
        for (k, &r) in reads.iter().enumerate() {
            if last[r] == i && !reads[..k].contains(&r) {
                free.push(real[r]);
            }
        }
    }
    (out, usize::from(registers))
}
