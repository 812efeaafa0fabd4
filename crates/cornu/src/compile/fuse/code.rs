//! The program of a fused group: instructions over few registers.

use std::collections::HashMap;
use std::sync::Arc;

use cornu_kernels::elementwise::{Binary, Indexing, Instr, Program, Unary};

use crate::graph::Value;
use crate::graph::ops::Op;

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
        op: Unary,
        dst: usize,
        a: usize,
    },
    Binary {
        op: Binary,
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

/// The instructions of a group as they are written.
#[derive(Default)]
pub(super) struct Code {
    instrs: Vec<Virtual>,
    /// What is loaded, and how its elements are found.
    pub(super) inputs: Vec<(Value, Indexing)>,
    loads: Vec<usize>,
    constants: HashMap<u32, usize>,
    /// The register of each node computed here.
    register: HashMap<usize, usize>,
    registers: usize,
}

impl Code {
    /// The register of a node, if it was computed here.
    pub(super) fn computed(&self, node: usize) -> Option<usize> {
        self.register.get(&node).copied()
    }

    /// Leaves a node's value in an output.
    pub(super) fn store(&mut self, output: usize, node: usize) {
        let src = self.register[&node];
        self.instrs.push(Virtual::Store { output, src });
    }

    /// Floating-point operations an element.
    pub(super) fn operations(&self) -> u32 {
        let computes = |i: &&Virtual| {
            matches!(
                i,
                Virtual::Unary { .. } | Virtual::Binary { .. } | Virtual::Select { .. }
            )
        };
        self.instrs.iter().filter(computes).count() as u32
    }

    /// The instructions over as few registers as they need.
    pub(super) fn program(&self, outputs: usize) -> Arc<Program> {
        let (instrs, registers) = allocate(&self.instrs);
        Arc::new(Program::new(instrs, registers, self.inputs.len(), outputs))
    }

    fn fresh(&mut self) -> usize {
        self.registers += 1;
        self.registers - 1
    }

    /// The register that holds a number.
    pub(super) fn constant(&mut self, value: f32) -> usize {
        let bits = value.to_bits();
        if let Some(&r) = self.constants.get(&bits) {
            return r;
        }
        let dst = self.fresh();
        self.instrs.push(Virtual::Const { dst, value });
        self.constants.insert(bits, dst);
        dst
    }

    /// The register that holds a value's elements.
    pub(super) fn load(&mut self, v: Value, indexing: Indexing) -> usize {
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

    /// Computes a node from its operands' registers.
    pub(super) fn compute(&mut self, node: usize, op: &Op, r: &[usize]) {
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
        self.register.insert(node, register);
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

/// The same instructions over few registers, each used again once its value has been read for the last time; constants keep
/// theirs, so that they are written once for all tiles.
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
    let mut constants: Vec<usize> = Vec::new();
    let mut out = Vec::with_capacity(code.len());
    for (i, instr) in code.iter().enumerate() {
        let reads = instr.reads();
        let old: Vec<u8> = reads.iter().map(|&r| real[r]).collect();
        let constant = matches!(instr, Virtual::Const { .. });
        constants.extend(instr.writes().filter(|_| constant));
        if let Some(dst) = instr.writes() {
            let again = if constant { None } else { free.pop() };
            real[dst] = again.unwrap_or_else(|| {
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
            if last[r] == i && !reads[..k].contains(&r) && !constants.contains(&r) {
                free.push(real[r]);
            }
        }
    }
    (out, usize::from(registers))
}
