//! Einstein's sums over an input and a kernel: "abc,cd->abd", "...x,xy->...y", "ab...,bc->ac...".

use std::fmt;

use crate::error::{Error, Result};
use crate::graph::{Graph, Value};

/// An axis: a letter of the equation, or one that the ellipsis stands for, by its place.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Axis {
    Letter(char),
    Elided(usize),
}

impl fmt::Debug for Axis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Letter(letter) => write!(f, "\"{letter}\""),
            Self::Elided(i) => write!(f, "axis {i} of the ellipsis"),
        }
    }
}

/// An equation for an input with a number of axes.
#[derive(Clone, Debug)]
pub(super) struct Equation {
    input: Vec<Axis>,
    kernel: Vec<Axis>,
    output: Vec<Axis>,
}

fn invalid(text: &str, why: &str) -> Error {
    Error::config(format!("the equation \"{text}\" {why}"))
        .help("equations are like \"abc,cd->abd\", \"...x,xy->...y\" or \"ab...,bc->ac...\"")
}

/// The letters of an operand with the axes of its ellipsis, at its beginning or end, in their place.
fn axes(text: &str, part: &str, elided: usize) -> Result<Vec<Axis>> {
    let (left, rest) = match part.strip_prefix("...") {
        Some(rest) => (true, rest),
        None => (false, part),
    };
    let (right, letters) = match rest.strip_suffix("...") {
        Some(letters) => (true, letters),
        None => (false, rest),
    };
    let all: Vec<char> = letters.chars().collect();
    let repeated = all.iter().enumerate().any(|(i, c)| all[..i].contains(c));
    if (left && right) || repeated || !all.iter().all(char::is_ascii_alphabetic) {
        return Err(invalid(
            text,
            &format!(
                "has the operand \"{part}\", which must be letters, each once, with at most one ellipsis at an end"
            ),
        ));
    }
    let letters = all.into_iter().map(Axis::Letter);
    let dots = (0..elided).map(Axis::Elided);
    Ok(match (left, right) {
        (true, _) => dots.chain(letters).collect(),
        (_, true) => letters.chain(dots).collect(),
        _ => letters.collect(),
    })
}

impl Equation {
    /// Reads an equation for an input with so many axes, the batch among them.
    pub(super) fn read(text: &str, rank: usize) -> Result<Self> {
        let plain: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        let parts = plain.split_once("->").and_then(|(operands, output)| {
            let (input, kernel) = operands.split_once(',')?;
            Some([input, kernel, output])
        });
        let Some([input, kernel, output]) = parts else {
            return Err(invalid(text, "has not the form input,kernel->output"));
        };
        let side = |part: &str| (part.starts_with("..."), part.ends_with("..."));
        if side(input) != side(output) || kernel.contains('.') {
            return Err(invalid(
                text,
                "must have its ellipsis at the same end of input and output, and none in the kernel",
            ));
        }
        let named = input.trim_matches('.').chars().count();
        let has_dots = side(input) != (false, false);
        let fits = if has_dots {
            rank >= named
        } else {
            rank == named
        };
        if !fits {
            return Err(Error::shape(format!(
                "the equation \"{text}\" is for inputs of {}{named} axes (the batch is one), received {rank}",
                if has_dots { "at least " } else { "" }
            )));
        }
        let elided = rank - named;
        let e = Self {
            input: axes(text, input, elided)?,
            kernel: axes(text, kernel, 0)?,
            output: axes(text, output, elided)?,
        };
        if e.input.is_empty()
            || e.output.first() != e.input.first()
            || e.kernel.contains(&e.input[0])
        {
            return Err(invalid(
                text,
                "must begin input and output with the batch, which the kernel has not",
            ));
        }
        for axis in &e.kernel {
            if !e.input.contains(axis) && !e.output.contains(axis) {
                return Err(invalid(
                    text,
                    &format!("has the axis {axis:?} in the kernel alone"),
                ));
            }
        }
        for axis in &e.output {
            if !e.input.contains(axis) && !e.kernel.contains(axis) {
                return Err(invalid(
                    text,
                    &format!("has the axis {axis:?} in the output alone"),
                ));
            }
        }
        Ok(e)
    }

    /// The lengths of the output's axes, the batch (which counts as 1) among them, for an input of these lengths; `given` are those of
    /// the letters of the output, without the batch where it has one.
    pub(super) fn output(&self, input: &[usize], given: &[Option<usize>]) -> Result<Vec<usize>> {
        let mut given = given.iter();
        let mut lengths = Vec::with_capacity(self.output.len());
        for (i, axis) in self.output.iter().enumerate() {
            let from = self.input.iter().position(|a| a == axis).map(|i| input[i]);
            let own = match axis {
                Axis::Letter(_) if i > 0 => *given.next().unwrap_or(&None),
                _ => None,
            };
            match (own, from) {
                (Some(own), Some(from)) if own != from => {
                    return Err(Error::shape(format!(
                        "output_shape says {own} for an axis that is {from} long in the input"
                    )));
                }
                (Some(own), _) => lengths.push(own),
                (None, Some(from)) => lengths.push(from),
                (None, None) => {
                    return Err(Error::config(
                        "output_shape must have a length for each axis of the kernel's own",
                    ));
                }
            }
        }
        if given.next().is_some() {
            return Err(Error::config(format!(
                "output_shape has more lengths than the output has letters besides the batch ({})",
                self.letters()
            )));
        }
        Ok(lengths)
    }

    /// How many axes of the output `output_shape` tells.
    fn letters(&self) -> usize {
        let letter = |a: &&Axis| matches!(a, Axis::Letter(_));
        self.output[1..].iter().filter(letter).count()
    }

    /// The kernel's lengths, and how many inputs and outputs those stand for.
    pub(super) fn kernel(&self, input: &[usize], output: &[usize]) -> (Vec<usize>, [usize; 2]) {
        let mut fans = [1, 1];
        let mut lengths = Vec::with_capacity(self.kernel.len());
        for axis in &self.kernel {
            let at = |axes: &[Axis]| axes.iter().position(|a| a == axis);
            let (n, side) = match (at(&self.output), at(&self.input)) {
                (Some(o), _) => (output[o], 1),
                (None, Some(i)) => (input[i], 0),
                (None, None) => unreachable!("refused when it was read"),
            };
            // Too large a kernel is refused later.
            fans[side] = usize::saturating_mul(fans[side], n);
            lengths.push(n);
        }
        (lengths, fans)
    }

    /// The lengths of a bias along the axes of the letters given: 1 along others, none before the first.
    pub(super) fn bias(&self, letters: &str, output: &[usize]) -> Result<Vec<usize>> {
        let wanted: Vec<Axis> = letters.chars().map(Axis::Letter).collect();
        if let Some(bad) = wanted.iter().find(|a| !self.output[1..].contains(a)) {
            return Err(Error::config(format!(
                "bias_axes must be letters of the output besides the batch, received {bad:?}"
            )));
        }
        let first = self.output.iter().position(|a| wanted.contains(a));
        let Some(first) = first else {
            return Err(Error::config("bias_axes must name an axis, received none"));
        };
        let lengths = self.output.iter().zip(output).skip(first);
        Ok(lengths
            .map(|(a, &n)| if wanted.contains(a) { n } else { 1 })
            .collect())
    }

    /// The sum: of products for each axis of the output, over all others.
    pub(super) fn apply(&self, g: &mut Graph, x: Value, w: Value) -> Result<Value> {
        g.contract((x, &self.input), (w, &self.kernel), &self.output)
    }
}
