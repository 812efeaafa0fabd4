//! Programs that every training runs on all weights, each compiled into one loop whose values never leave the vector registers.
//!
//! A program is recognised by the formulas of its outputs, so that the order of its instructions and the names of its registers do
//! not matter; anything else runs instruction by instruction (`run.rs`), to the same bits. Floor of Adam where weights, moments
//! and gradient (28 bytes a weight to and fro) lie in the third cache, on one core of a Zen 5 server: 150 GB/s, or 74 µs for
//! 401,408 weights. Reached: 75 µs; instruction by instruction 340.

use super::{Indexing, Instr, Sink, Source};
use crate::simd::{Simd, dispatch};

/// The widest vectors; what is left over after whole ones runs instruction by instruction.
const WIDEST: usize = 16;

/// A compiled program.
#[derive(Debug)]
struct Chain {
    /// Of each output: `x` are inputs and `c` constants in the order in which they appear, `y` outputs before it.
    formulas: &'static [&'static str],
    /// Which inputs are one number for all elements.
    scalars: &'static [usize],
    run: fn(usize, &[*const f32], &[f32], &[*mut f32]),
}

/// A program that is compiled, and which of its inputs and constants are the chain's.
#[derive(Clone, Debug)]
pub(super) struct Compiled {
    chain: &'static Chain,
    /// For each input of the chain, the program's.
    inputs: Vec<usize>,
    constants: Vec<f32>,
    /// For each input and output of the program, the instruction that loads or stores it.
    loaded: Vec<usize>,
    stored: Vec<usize>,
}

/// One loop for a formula of several inputs and outputs.
macro_rules! chain {
    ($name:ident: $inputs:literal inputs, scalars $scalars:expr, $constants:literal constants, $formulas:expr,
     |$x:ident, $c:ident, $s:ident| $results:expr) => {
        fn $name(n: usize, x: &[*const f32], c: &[f32], y: &[*mut f32]) {
            #[inline(always)]
            unsafe fn body<$s: Simd>(n: usize, x: &[*const f32], c: &[f32], y: &[*mut f32]) {
                const SCALARS: &[usize] = &$scalars;
                let from: [*const f32; $inputs] = std::array::from_fn(|k| x[k]);
                let to: [*mut f32; $formulas.len()] = std::array::from_fn(|k| y[k]);
                // SAFETY: the caller has the level, and vouches for `n` elements, whole vectors, behind each pointer but those of
                // scalars, which have one.
                unsafe {
                    let $c: [$s::F; $constants] = std::array::from_fn(|k| $s::splat(c[k]));
                    let mut $x: [$s::F; $inputs] = std::array::from_fn(|k| $s::splat(*from[k]));
                    for i in (0..n).step_by($s::LANES) {
                        for k in 0..$inputs {
                            if !SCALARS.contains(&k) {
                                $x[k] = $s::load(from[k].add(i));
                            }
                        }
                        let results = $results;
                        for (to, result) in to.iter().zip(results) {
                            $s::store(to.add(i), result);
                        }
                    }
                }
            }
            dispatch!(body(n: usize, x: &[*const f32], c: &[f32], y: &[*mut f32]));
        }
    };
}

const ADAM: [&str; 3] = [
    "Add(x0, Mul(Sub(x1, x0), c0))",
    "Add(x2, Mul(Sub(Square(x1), x2), c1))",
    "Sub(x3, Div(Mul(y0, x4), Add(Sqrt(y1), c2)))",
];
chain!(adam: 5 inputs, scalars [4], 3 constants, ADAM, |x, c, S| {
    let m = S::add(x[0], S::mul(S::sub(x[1], x[0]), c[0]));
    let v = S::add(x[2], S::mul(S::sub(S::mul(x[1], x[1]), x[2]), c[1]));
    let d = S::div(S::mul(m, x[4]), S::add(S::sqrt(v), c[2]));
    [m, v, S::sub(x[3], d)]
});

const ADAM_W: [&str; 3] = [
    ADAM[0],
    ADAM[1],
    "Sub(Sub(x3, Mul(x3, x4)), Div(Mul(y0, x5), Add(Sqrt(y1), c2)))",
];
chain!(adam_w: 6 inputs, scalars [4, 5], 3 constants, ADAM_W, |x, c, S| {
    let m = S::add(x[0], S::mul(S::sub(x[1], x[0]), c[0]));
    let v = S::add(x[2], S::mul(S::sub(S::mul(x[1], x[1]), x[2]), c[1]));
    let d = S::div(S::mul(m, x[5]), S::add(S::sqrt(v), c[2]));
    [m, v, S::sub(S::sub(x[3], S::mul(x[3], x[4])), d)]
});

const MOMENTUM: [&str; 2] = ["Sub(Mul(x0, c0), Mul(x1, x2))", "Add(x3, y0)"];
chain!(momentum: 4 inputs, scalars [2], 1 constants, MOMENTUM, |x, c, S| {
    let v = S::sub(S::mul(x[0], c[0]), S::mul(x[1], x[2]));
    [v, S::add(x[3], v)]
});

const CHAINS: [Chain; 3] = [
    Chain {
        formulas: &ADAM,
        scalars: &[4],
        run: adam,
    },
    Chain {
        formulas: &ADAM_W,
        scalars: &[4, 5],
        run: adam_w,
    },
    Chain {
        formulas: &MOMENTUM,
        scalars: &[2],
        run: momentum,
    },
];

/// A program's outputs as formulas, and what its inputs and constants are called in them.
#[derive(Default)]
struct Formulas {
    texts: Vec<String>,
    inputs: Vec<usize>,
    constants: Vec<f32>,
}

impl Formulas {
    /// None where an output is not stored just once.
    fn of(instrs: &[Instr], registers: usize, outputs: usize) -> Option<Formulas> {
        let mut all = Formulas::default();
        // For each instruction, those that made what it reads.
        let mut made = vec![0; registers];
        let mut operands: Vec<Vec<usize>> = Vec::with_capacity(instrs.len());
        let mut stores: Vec<Option<usize>> = vec![None; outputs];
        for (at, instr) in instrs.iter().enumerate() {
            let (dst, read) = instr.registers();
            let from = read.into_iter().flatten().map(|r| made[usize::from(r)]);
            operands.push(from.collect());
            if let Instr::Store { output, .. } = *instr
                && stores[output].replace(at).is_some()
            {
                return None;
            }
            if let Some(dst) = dst {
                made[usize::from(dst)] = at;
            }
        }
        let mut named: Vec<usize> = Vec::new();
        for store in stores {
            let value = operands[store?][0];
            let text = all.formula(instrs, &operands, &named, value);
            all.texts.push(text);
            named.push(value);
        }
        Some(all)
    }

    /// The formula of what an instruction makes, given those that are outputs before.
    fn formula(
        &mut self,
        instrs: &[Instr],
        operands: &[Vec<usize>],
        outputs: &[usize],
        at: usize,
    ) -> String {
        if let Some(y) = outputs.iter().position(|&o| o == at) {
            return format!("y{y}");
        }
        let name = match instrs[at] {
            Instr::Load { input, .. } => {
                let known = self.inputs.iter().position(|&x| x == input);
                let x = known.unwrap_or_else(|| {
                    self.inputs.push(input);
                    self.inputs.len() - 1
                });
                return format!("x{x}");
            }
            Instr::Const { value, .. } => {
                self.constants.push(value);
                return format!("c{}", self.constants.len() - 1);
            }
            Instr::Unary { op, .. } => format!("{op:?}"),
            Instr::Binary { op, .. } => format!("{op:?}"),
            Instr::Fma { .. } => "Fma".to_owned(),
            Instr::Select { .. } => "Select".to_owned(),
            Instr::Store { .. } => unreachable!("a store makes nothing"),
        };
        let parts = operands[at].iter();
        let parts: Vec<String> = parts
            .map(|&from| self.formula(instrs, operands, outputs, from))
            .collect();
        format!("{name}({})", parts.join(", "))
    }
}

impl Compiled {
    /// The chain that computes what these instructions compute.
    pub(super) fn find(
        instrs: &[Instr],
        registers: usize,
        inputs: usize,
        outputs: usize,
    ) -> Option<Compiled> {
        // Formulas of long programs could grow large; none of these is a chain.
        if instrs.len() > 32 {
            return None;
        }
        let mut loads = vec![None; inputs];
        let mut stores = vec![None; outputs];
        for (at, instr) in instrs.iter().enumerate() {
            let seen = match *instr {
                Instr::Load { input, .. } => loads[input].replace(at),
                Instr::Store { output, .. } => stores[output].replace(at),
                _ => None,
            };
            if seen.is_some() {
                return None;
            }
        }
        let formulas = Formulas::of(instrs, registers, outputs)?;
        let chain = CHAINS.iter().find(|c| formulas.texts == c.formulas)?;
        (formulas.inputs.len() == inputs).then_some(())?;
        Some(Compiled {
            chain,
            inputs: formulas.inputs,
            constants: formulas.constants,
            loaded: loads.into_iter().collect::<Option<_>>()?,
            stored: stores.into_iter().collect::<Option<_>>()?,
        })
    }

    /// Computes the first elements and tells how many: none where inputs or outputs are not floats side by side.
    pub(super) fn run(
        &self,
        len: usize,
        inputs: &[(Source, Indexing)],
        outputs: &mut [Sink],
    ) -> usize {
        let n = len - len % WIDEST;
        let mut to = Vec::with_capacity(outputs.len());
        for output in outputs {
            match output {
                Sink::F32(y) => to.push(y.as_mut_ptr()),
                _ => return 0,
            }
        }
        let mut from = Vec::with_capacity(inputs.len());
        for (k, &input) in self.inputs.iter().enumerate() {
            let expected = if self.chain.scalars.contains(&k) {
                Indexing::Scalar
            } else {
                Indexing::Same
            };
            match inputs[input] {
                (_, indexing) if indexing != expected => return 0,
                (Source::F32(x), _) => from.push(x.as_ptr()),
                // What the output held before it was stored.
                (Source::Output(o), _) if self.loaded[input] < self.stored[o] => {
                    from.push(to[o].cast_const());
                }
                _ => return 0,
            }
        }
        if n > 0 {
            (self.chain.run)(n, &from, &self.constants, &to);
        }
        n
    }
}
