//! Runs a program over slices, a tile at a time.

use super::{Instr, Program, binary_reference, unary_reference};

/// Where the elements of an input come from.
#[derive(Clone, Copy, Debug)]
pub enum Source<'a> {
    /// Floats.
    F32(&'a [f32]),
    /// Bytes, read as 0 to 255.
    U8(&'a [u8]),
    /// Integers, read as the nearest float.
    I32(&'a [i32]),
    /// What the output of this number held before, element by element.
    Output(usize),
}

/// Which element of an input belongs to element `i` of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Indexing {
    /// Element `i − start`: the slice has as many elements as the run.
    Same,
    /// Element 0 always.
    Scalar,
    /// Element `(i / repeat) % period`: the slice has `period` elements.
    Cyclic {
        /// How often each element repeats in a row.
        repeat: usize,
        /// How many elements there are.
        period: usize,
    },
}

/// Where the elements of an output go; each slice has as many elements as the run.
#[derive(Debug)]
pub enum Sink<'a> {
    /// Floats.
    F32(&'a mut [f32]),
    /// Bytes: cut to an integer, clamped to 0..=255, NaN is 0.
    U8(&'a mut [u8]),
    /// Integers: cut to an integer, clamped, NaN is 0.
    I32(&'a mut [i32]),
}

impl Sink<'_> {
    fn len(&self) -> usize {
        match self {
            Sink::F32(s) => s.len(),
            Sink::U8(s) => s.len(),
            Sink::I32(s) => s.len(),
        }
    }
}

fn check(p: &Program, len: usize, inputs: &[(Source, Indexing)], outputs: &[Sink]) {
    assert_eq!(
        inputs.len(),
        p.inputs(),
        "elementwise::run: inputs of the program"
    );
    assert_eq!(
        outputs.len(),
        p.outputs(),
        "elementwise::run: outputs of the program"
    );
    for (number, output) in outputs.iter().enumerate() {
        assert_eq!(
            output.len(),
            len,
            "elementwise::run: elements of output {number}"
        );
    }
    for (number, (source, indexing)) in inputs.iter().enumerate() {
        let have = match source {
            Source::F32(s) => s.len(),
            Source::U8(s) => s.len(),
            Source::I32(s) => s.len(),
            Source::Output(o) => {
                assert!(
                    *o < outputs.len(),
                    "elementwise::run: input {number} reads output {o}"
                );
                assert_eq!(
                    *indexing,
                    Indexing::Same,
                    "elementwise::run: input {number} is in place"
                );
                continue;
            }
        };
        match *indexing {
            Indexing::Same => assert_eq!(have, len, "elementwise::run: elements of input {number}"),
            Indexing::Scalar => assert!(have >= 1, "elementwise::run: input {number} is empty"),
            Indexing::Cyclic { repeat, period } => assert!(
                repeat > 0 && period > 0 && have == period,
                "elementwise::run: input {number} has {have} elements, indexed by {indexing:?}"
            ),
        }
    }
}

/// Runs a program on elements `start .. start + len` of a whole.
///
/// `start` matters to [`Indexing::Cyclic`] only. An output that is also read in place is read, tile by tile, before it
/// is written.
pub fn run(
    p: &Program,
    start: usize,
    len: usize,
    inputs: &[(Source, Indexing)],
    outputs: &mut [Sink],
) {
    check(p, len, inputs, outputs);
    let mut r = vec![0.0_f32; p.registers()];
    let before = |outputs: &[Sink], o: usize, i: usize| match &outputs[o] {
        Sink::F32(s) => s[i],
        Sink::U8(s) => f32::from(s[i]),
        Sink::I32(s) => s[i] as f32,
    };
    let mut read = vec![0.0_f32; inputs.len()];
    for i in 0..len {
        for (read, (source, indexing)) in read.iter_mut().zip(inputs) {
            let at = match *indexing {
                Indexing::Same => i,
                Indexing::Scalar => 0,
                Indexing::Cyclic { repeat, period } => (start + i) / repeat % period,
            };
            *read = match *source {
                Source::F32(s) => s[at],
                Source::U8(s) => f32::from(s[at]),
                Source::I32(s) => s[at] as f32,
                Source::Output(o) => before(outputs, o, at),
            };
        }
        for instr in p.instrs() {
            match *instr {
                Instr::Const { dst, value } => r[usize::from(dst)] = value,
                Instr::Load { dst, input } => r[usize::from(dst)] = read[input],
                Instr::Unary { op, dst, a } => {
                    r[usize::from(dst)] = unary_reference(op, f64::from(r[usize::from(a)])) as f32;
                }
                Instr::Binary { op, dst, a, b } => {
                    let (a, b) = (f64::from(r[usize::from(a)]), f64::from(r[usize::from(b)]));
                    r[usize::from(dst)] = binary_reference(op, a, b) as f32;
                }
                Instr::Fma { dst, a, b, c } => {
                    let [a, b, c] = [a, b, c].map(|x| f64::from(r[usize::from(x)]));
                    r[usize::from(dst)] = (a * b + c) as f32;
                }
                Instr::Select { dst, cond, a, b } => {
                    let from = if r[usize::from(cond)] == 0.0 { b } else { a };
                    r[usize::from(dst)] = r[usize::from(from)];
                }
                Instr::Store { output, src } => {
                    let v = r[usize::from(src)];
                    match &mut outputs[output] {
                        Sink::F32(s) => s[i] = v,
                        Sink::U8(s) => s[i] = v as u8,
                        Sink::I32(s) => s[i] = v as i32,
                    }
                }
            }
        }
    }
}
