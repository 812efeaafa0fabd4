//! A program over registers that each hold one tile of numbers.

use super::chains::Compiled;

/// An operation on one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unary {
    /// `−x`
    Neg,
    /// `|x|`
    Abs,
    /// −1, 0 or 1; keeps NaN and the sign of zero.
    Sign,
    /// `x²`
    Square,
    /// `√x`
    Sqrt,
    /// `1/√x`
    Rsqrt,
    /// `1/x`
    Reciprocal,
    /// `eˣ`
    Exp,
    /// `eˣ − 1`
    Expm1,
    /// `ln x`
    Log,
    /// `ln(1 + x)`
    Log1p,
    /// Hyperbolic tangent.
    Tanh,
    /// `1 / (1 + e⁻ˣ)`
    Sigmoid,
    /// `max(x, 0)`; NaN stays NaN.
    Relu,
    /// `ln(1 + eˣ)`
    Softplus,
    /// The next integer below.
    Floor,
    /// The next integer above.
    Ceil,
    /// The nearest integer, half to even.
    Round,
    /// Sine of radians.
    Sin,
    /// Cosine of radians.
    Cos,
    /// The error function.
    Erf,
    /// 1 for a number, 0 for infinities and NaN.
    IsFinite,
    /// 1 for 0, else 0.
    Not,
}

impl Unary {
    /// All unary operations.
    pub const ALL: [Unary; 23] = [
        Unary::Neg,
        Unary::Abs,
        Unary::Sign,
        Unary::Square,
        Unary::Sqrt,
        Unary::Rsqrt,
        Unary::Reciprocal,
        Unary::Exp,
        Unary::Expm1,
        Unary::Log,
        Unary::Log1p,
        Unary::Tanh,
        Unary::Sigmoid,
        Unary::Relu,
        Unary::Softplus,
        Unary::Floor,
        Unary::Ceil,
        Unary::Round,
        Unary::Sin,
        Unary::Cos,
        Unary::Erf,
        Unary::IsFinite,
        Unary::Not,
    ];
}

/// An operation on two numbers. Comparisons give 1 or 0; any number but 0 counts as true.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Binary {
    /// `a + b`
    Add,
    /// `a − b`
    Sub,
    /// `a · b`
    Mul,
    /// `a / b`
    Div,
    /// The larger, NaN if either is.
    Max,
    /// The smaller, NaN if either is.
    Min,
    /// `aᵇ`
    Pow,
    /// The angle of the point `(b, a)`, from -π to π.
    Atan2,
    /// `a = b`
    Eq,
    /// `a ≠ b`
    Ne,
    /// `a < b`
    Lt,
    /// `a ≤ b`
    Le,
    /// `a > b`
    Gt,
    /// `a ≥ b`
    Ge,
    /// Both true.
    And,
    /// One or both true.
    Or,
}

impl Binary {
    /// All binary operations.
    pub const ALL: [Binary; 16] = [
        Binary::Add,
        Binary::Sub,
        Binary::Mul,
        Binary::Div,
        Binary::Max,
        Binary::Min,
        Binary::Pow,
        Binary::Atan2,
        Binary::Eq,
        Binary::Ne,
        Binary::Lt,
        Binary::Le,
        Binary::Gt,
        Binary::Ge,
        Binary::And,
        Binary::Or,
    ];
}

/// One step of a [`Program`]; `dst`, `a`, `b`, `c`, `cond` and `src` name registers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Instr {
    /// `dst = value`
    Const {
        /// Written.
        dst: u8,
        /// The constant.
        value: f32,
    },
    /// `dst = input`
    Load {
        /// Written.
        dst: u8,
        /// Which input.
        input: usize,
    },
    /// `dst = op(a)`
    Unary {
        /// The operation.
        op: Unary,
        /// Written.
        dst: u8,
        /// Read.
        a: u8,
    },
    /// `dst = op(a, b)`
    Binary {
        /// The operation.
        op: Binary,
        /// Written.
        dst: u8,
        /// Left operand.
        a: u8,
        /// Right operand.
        b: u8,
    },
    /// `dst = a · b + c`, rounded once where the level can.
    Fma {
        /// Written.
        dst: u8,
        /// Factor.
        a: u8,
        /// Factor.
        b: u8,
        /// Addend.
        c: u8,
    },
    /// `dst = a` where `cond` is not 0, else `b`.
    Select {
        /// Written.
        dst: u8,
        /// The condition.
        cond: u8,
        /// Taken where true.
        a: u8,
        /// Taken where false.
        b: u8,
    },
    /// `output = src`
    Store {
        /// Which output.
        output: usize,
        /// Read.
        src: u8,
    },
}

impl Instr {
    /// The register written and those read.
    pub(super) fn registers(self) -> (Option<u8>, [Option<u8>; 3]) {
        match self {
            Instr::Const { dst, .. } | Instr::Load { dst, .. } => (Some(dst), [None; 3]),
            Instr::Unary { dst, a, .. } => (Some(dst), [Some(a), None, None]),
            Instr::Binary { dst, a, b, .. } => (Some(dst), [Some(a), Some(b), None]),
            Instr::Fma { dst, a, b, c } => (Some(dst), [Some(a), Some(b), Some(c)]),
            Instr::Select { dst, cond, a, b } => (Some(dst), [Some(cond), Some(a), Some(b)]),
            Instr::Store { src, .. } => (None, [Some(src), None, None]),
        }
    }
}

/// A checked list of instructions: every register is written before it is read.
///
/// # Example
///
/// ```
/// use cornu_kernels::elementwise::*;
/// // y = relu(x + bias), the bias repeating every 2 elements.
/// let p = Program::new(
///     vec![
///         Instr::Load { dst: 0, input: 0 },
///         Instr::Load { dst: 1, input: 1 },
///         Instr::Binary { op: Binary::Add, dst: 0, a: 0, b: 1 },
///         Instr::Unary { op: Unary::Relu, dst: 0, a: 0 },
///         Instr::Store { output: 0, src: 0 },
///     ],
///     2,
///     2,
///     1,
/// );
/// let mut y = [0.0; 4];
/// let bias = Indexing::Cyclic { repeat: 1, period: 2 };
/// run(
///     &p,
///     0,
///     4,
///     &[(Source::F32(&[1.0, 2.0, 3.0, 4.0]), Indexing::Same), (Source::F32(&[10.0, -3.0]), bias)],
///     &mut [Sink::F32(&mut y)],
/// );
/// assert_eq!(y, [11.0, 0.0, 13.0, 1.0]);
/// ```
#[derive(Clone, Debug)]
pub struct Program {
    instrs: Vec<Instr>,
    registers: usize,
    inputs: usize,
    outputs: usize,
    /// For each output the one instruction that computes what is stored in it, where there is one.
    computed: Vec<Option<usize>>,
    /// For each input the last instruction that reads it.
    read: Vec<usize>,
    /// The constants whose registers hold nothing else: written once for all tiles.
    kept: Vec<usize>,
    compiled: Option<Compiled>,
}

impl PartialEq for Program {
    fn eq(&self, other: &Self) -> bool {
        let sizes = |p: &Self| [p.registers, p.inputs, p.outputs];
        self.instrs == other.instrs && sizes(self) == sizes(other)
    }
}

impl Program {
    /// Checks the instructions.
    ///
    /// # Panics
    ///
    /// When an instruction names a register, input or output beyond the counts, or reads a register never written.
    pub fn new(instrs: Vec<Instr>, registers: usize, inputs: usize, outputs: usize) -> Program {
        let mut written = vec![false; registers];
        for (at, instr) in instrs.iter().enumerate() {
            match *instr {
                Instr::Load { input, .. } => assert!(
                    input < inputs,
                    "Program: instruction {at} {instr:?} of {inputs} inputs"
                ),
                Instr::Store { output, .. } => assert!(
                    output < outputs,
                    "Program: instruction {at} {instr:?} of {outputs} outputs"
                ),
                _ => {}
            }
            let (dst, read) = instr.registers();
            for register in read.into_iter().flatten() {
                let ready = written.get(usize::from(register)).copied().unwrap_or(false);
                assert!(
                    ready,
                    "Program: instruction {at} {instr:?} reads register {register} before it is written"
                );
            }
            if let Some(dst) = dst {
                assert!(
                    usize::from(dst) < registers,
                    "Program: instruction {at} {instr:?} of {registers} registers"
                );
                written[usize::from(dst)] = true;
            }
        }
        let (computed, read) = uses(&instrs, registers, inputs, outputs);
        let writes = |dst| {
            instrs
                .iter()
                .filter(|i| i.registers().0 == Some(dst))
                .count()
        };
        let kept = |&at: &usize| matches!(instrs[at], Instr::Const { dst, .. } if writes(dst) == 1);
        Program {
            kept: (0..instrs.len()).filter(kept).collect(),
            compiled: Compiled::find(&instrs, registers, inputs, outputs),
            instrs,
            registers,
            inputs,
            outputs,
            computed,
            read,
        }
    }

    /// Whether the program runs as one compiled loop.
    pub fn is_compiled(&self) -> bool {
        self.compiled.is_some()
    }

    /// The compiled loop.
    pub(super) fn compiled(&self) -> Option<&Compiled> {
        self.compiled.as_ref()
    }

    /// The constants whose registers hold nothing else.
    pub(super) fn kept(&self) -> &[usize] {
        &self.kept
    }

    /// The instructions, in order.
    pub fn instrs(&self) -> &[Instr] {
        &self.instrs
    }

    /// The instruction whose result is what `output` holds in the end, where one alone stores it and computes it.
    pub(super) fn computed(&self, output: usize) -> Option<usize> {
        self.computed[output]
    }

    /// The last instruction that reads an element of `input`.
    pub(super) fn read(&self, input: usize) -> usize {
        self.read[input]
    }

    /// The number of registers.
    pub fn registers(&self) -> usize {
        self.registers
    }

    /// The number of inputs.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// The number of outputs.
    pub fn outputs(&self) -> usize {
        self.outputs
    }
}

/// What [`Program::computed`] and [`Program::read`] tell.
fn uses(
    instrs: &[Instr],
    registers: usize,
    inputs: usize,
    outputs: usize,
) -> (Vec<Option<usize>>, Vec<usize>) {
    let mut computed = vec![None; outputs];
    let mut stored = vec![false; outputs];
    let mut read = vec![0; inputs];
    // For each register the instruction that wrote it last.
    let mut written = vec![0; registers];
    for (at, &instr) in instrs.iter().enumerate() {
        let (dst, reads) = instr.registers();
        for register in reads.into_iter().flatten() {
            if let Instr::Load { input, .. } = instrs[written[usize::from(register)]] {
                read[input] = at;
            }
        }
        match instr {
            Instr::Load { input, .. } => read[input] = at,
            Instr::Store { output, src } => {
                let by = written[usize::from(src)];
                let once = !std::mem::replace(&mut stored[output], true);
                let alone = once && !computed.contains(&Some(by));
                let computes = !matches!(instrs[by], Instr::Load { .. });
                computed[output] = (alone && computes).then_some(by);
            }
            _ => {}
        }
        if let Some(dst) = dst {
            written[usize::from(dst)] = at;
        }
    }
    (computed, read)
}
