//! A chain of elementwise ops made into one pass over memory by the fusing pass.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use cornu_kernels::elementwise::{self, Indexing, Program, Sink, Source};

use super::{Array, Call, GradientOf, Operand, Rule, Split, View, ViewMut, no_gradient};
use crate::error::Result;
use crate::exec::parallel;
use crate::graph::{Meta, Value};

/// A small program run tile by tile: every intermediate value stays in the innermost cache.
#[derive(Clone, Debug)]
pub struct Map {
    /// The instructions.
    pub program: Arc<Program>,
    /// How each input is indexed by the output's elements.
    pub indexing: Arc<[Indexing]>,
    /// Shapes and types of the outputs.
    pub outputs: Arc<[Meta]>,
    /// Floating-point operations an element.
    pub operations: u32,
    /// Whether axis 0 of the outputs is the batch.
    pub batched: bool,
}

impl PartialEq for Map {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.program, &other.program)
    }
}

impl Eq for Map {}

impl Hash for Map {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.program).hash(state);
    }
}

/// The part `at..at + len` of what an input holds for each output element.
pub(super) fn part(view: View<'_>, indexing: Indexing, at: usize, len: usize) -> Source<'_> {
    let whole = indexing != Indexing::Same;
    match view {
        View::F32(x) => Source::F32(if whole { x } else { &x[at..at + len] }),
        View::I32(x) => Source::I32(if whole { x } else { &x[at..at + len] }),
        View::U8(x) => Source::U8(if whole { x } else { &x[at..at + len] }),
        View::InPlace(output) => Source::Output(output),
    }
}

/// An operand that varies along the batch alone comes with the rows of this call, not of the whole batch.
fn local(indexing: Indexing, source: &Source<'_>) -> Indexing {
    match indexing {
        Indexing::Cyclic { repeat, .. } => Indexing::Cyclic {
            repeat,
            period: match source {
                Source::F32(x) => x.len(),
                Source::I32(x) => x.len(),
                Source::U8(x) => x.len(),
                Source::Output(_) => unreachable!("only elements in step are read in place"),
            },
        },
        other => other,
    }
}

/// Outputs cut into pieces of so many elements, one behind the other.
pub(super) fn pieces(
    mut outputs: Vec<ViewMut<'_>>,
    len: usize,
    piece: usize,
) -> Vec<Vec<ViewMut<'_>>> {
    let mut pieces = Vec::with_capacity(len.div_ceil(piece));
    for at in (0..len).step_by(piece) {
        let n = piece.min(len - at);
        let (now, rest) = outputs.drain(..).map(|y| split_at(y, n)).unzip();
        outputs = rest;
        pieces.push(now);
    }
    pieces
}

/// Splits a view into its first `len` elements and the rest.
fn split_at(view: ViewMut<'_>, len: usize) -> (ViewMut<'_>, ViewMut<'_>) {
    match view {
        ViewMut::F32(y) => {
            let (a, b) = y.split_at_mut(len);
            (ViewMut::F32(a), ViewMut::F32(b))
        }
        ViewMut::I32(y) => {
            let (a, b) = y.split_at_mut(len);
            (ViewMut::I32(a), ViewMut::I32(b))
        }
        ViewMut::U8(y) => {
            let (a, b) = y.split_at_mut(len);
            (ViewMut::U8(a), ViewMut::U8(b))
        }
        ViewMut::Unused => (ViewMut::Unused, ViewMut::Unused),
    }
}

impl Map {
    /// Computes the elements from `at` on that the outputs have room for; `sources` are the inputs' parts that belong to them.
    pub(super) fn run_part<'a>(
        &self,
        sources: impl Iterator<Item = Source<'a>>,
        outputs: Vec<ViewMut<'_>>,
        at: usize,
        len: usize,
    ) {
        let sources: Vec<(Source<'_>, Indexing)> = sources
            .zip(self.indexing.iter())
            .map(|(source, &indexing)| (source, local(indexing, &source)))
            .collect();
        let mut sinks: Vec<Sink<'_>> = outputs
            .into_iter()
            .map(|y| match y {
                ViewMut::F32(y) => Sink::F32(y),
                ViewMut::I32(y) => Sink::I32(y),
                ViewMut::U8(y) => Sink::U8(y),
                ViewMut::Unused => unreachable!("the fusing pass stores only what is read"),
            })
            .collect();
        elementwise::run(&self.program, at, len, &sources, &mut sinks);
    }

    /// The inputs' parts for the elements `at..at + len`.
    fn parts<'a>(
        &self,
        inputs: &[View<'a>],
        at: usize,
        len: usize,
    ) -> impl Iterator<Item = Source<'a>> {
        let inputs = inputs.iter().zip(self.indexing.iter());
        inputs.map(move |(&view, &indexing)| part(view, indexing, at, len))
    }
}

impl Rule for Map {
    fn infer(&self, _: &[&Meta]) -> Result<Vec<Meta>> {
        Ok(self.outputs.to_vec())
    }

    fn grad(&self, at: &mut GradientOf<'_>) -> Result<Vec<Option<Value>>> {
        debug_assert!(false, "differentiation comes before fusing");
        no_gradient(at.inputs.len())
    }

    fn eval(&self, _: &[&Array], _: &[Meta]) -> Vec<Array> {
        unreachable!("the reference runs graphs before fusing")
    }

    fn split(&self, _: &[Operand<'_>], _: &[Meta]) -> Split {
        if self.batched {
            Split::Rows
        } else {
            Split::Whole
        }
    }

    fn run(&self, call: &mut Call<'_, '_>) {
        let len: usize = call.output_shape(0).iter().product();
        let outputs: Vec<ViewMut<'_>> = (0..call.outputs.len()).map(|i| call.take_out(i)).collect();
        let inputs = call.inputs;
        let piece = parallel::rows(call.parallel, len, 8).next_multiple_of(64);
        if !call.parallel || len <= piece {
            self.run_part(self.parts(inputs, 0, len), outputs, 0, len);
            return;
        }
        parallel::each(true, pieces(outputs, len, piece), |i, part| {
            let at = i * piece;
            let n = piece.min(len - at);
            self.run_part(self.parts(inputs, at, n), part, at, n);
        });
    }

    fn flops(&self, _: &[&Meta], outputs: &[Meta]) -> u64 {
        u64::from(self.operations) * outputs[0].shape.elements() as u64
    }
}

/// None of its own: every elementwise case runs as one.
#[cfg(test)]
pub(crate) fn cases() -> Vec<super::check::Case> {
    Vec::new()
}
