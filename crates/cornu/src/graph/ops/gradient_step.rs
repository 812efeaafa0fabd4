//! The gradient of a large weight and what its optimizer makes of it, some rows at a time.
//!
//! A dense layer's gradient is as large as its weight. Computed on its own it is written to memory, looked at and read again by the
//! optimizer, which reads and writes the weight and its slots besides. Here some rows of the gradient stay in the second cache
//! until the optimizer's program has used them; no more of it ever exists.

use cornu_kernels::columns::Columns;
use cornu_kernels::elementwise::{Indexing, Source};
use cornu_kernels::packed;
use cornu_kernels::product::{Act, Factor, Init, Product, product_before};

use smallvec::SmallVec;

use super::map::{Map, part, pieces};
use super::{Array, Call, GradientOf, Operand, Rule, Split, View, ViewMut, no_gradient};
use crate::error::Result;
use crate::exec::{parallel, scratch};
use crate::graph::{Meta, Value};

/// The outputs of `map` where one of its inputs is `c[m, n] = Σ_r a[r, m] · b[r, n]`; operands are a, b, and the map's other inputs. Set by
/// the pass of its name alone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct GradientStep {
    /// What is made of the gradient.
    pub map: Map,
    /// Which of the map's inputs it is.
    pub gradient: usize,
}

/// Elements of the gradient that a thread holds: 64 KiB, beside as much of the weight and of each slot.
const HELD: usize = if cfg!(test) { 1 << 6 } else { 1 << 14 };

/// Rows of the widest tile: so many are held at least, and whole tiles.
const TILE: usize = 13;

impl GradientStep {
    /// How an operand is indexed by the elements of the outputs; none of the product's.
    pub(crate) fn indexing(&self, operand: usize) -> Option<Indexing> {
        let other = operand.checked_sub(2)?;
        let input = other + usize::from(other >= self.gradient);
        self.map.indexing.get(input).copied()
    }
}

impl Rule for GradientStep {
    fn infer(&self, _: &[&Meta]) -> Result<Vec<Meta>> {
        Ok(self.map.outputs.to_vec())
    }

    fn grad(&self, at: &mut GradientOf<'_>) -> Result<Vec<Option<Value>>> {
        debug_assert!(false, "differentiation comes before fusing");
        no_gradient(at.inputs.len())
    }

    fn eval(&self, _: &[&Array], _: &[Meta]) -> Vec<Array> {
        unreachable!("the reference runs graphs before fusing")
    }

    fn split(&self, _: &[Operand<'_>], _: &[Meta]) -> Split {
        Split::Whole
    }

    fn run(&self, call: &mut Call<'_, '_>) {
        let (m, n) = (call.output_metas[0].shape[0], call.output_metas[0].shape[1]);
        let (a, b) = (call.f32(0), call.f32(1));
        let k = a.len() / m;
        let outputs: Vec<ViewMut<'_>> = (0..call.outputs.len()).map(|i| call.take_out(i)).collect();
        let others = &call.inputs[2..];
        let rows = (HELD / n / TILE).max(1) * TILE;
        scratch::aligned(packed::len(k, n), |panels| {
            // What all rows are multiplied with is packed once, for all threads.
            let panel = k * packed::PANEL;
            let some = parallel::rows(call.parallel, panels.len() / panel, 8 * panel);
            parallel::chunks(call.parallel, panels, some * panel, |i, to| {
                packed::pack(k, n, (b, Factor::Plain), n, i * some, to);
            });
            let panels = &*panels;
            let pieces = pieces(outputs, m * n, rows * n);
            parallel::each(call.parallel, pieces, |i, outputs| {
                let first = i * rows;
                let rows = rows.min(m - first);
                let p = Product {
                    m: rows,
                    n,
                    k,
                    a_row: 1,
                    a_k: m,
                    ldb: k,
                    ldc: n,
                };
                scratch::aligned(rows * n, |gradient| {
                    self.multiply(
                        &p,
                        &a[first..],
                        panels,
                        others,
                        &outputs,
                        first * n,
                        gradient,
                    );
                    self.step(gradient, others, outputs, first * n);
                });
            });
        });
    }

    fn flops(&self, inputs: &[&Meta], outputs: &[Meta]) -> u64 {
        let product =
            (inputs[0].shape.elements() as u64).saturating_mul(2 * outputs[0].shape[1] as u64);
        product.saturating_add(self.map.flops(&inputs[2..], outputs))
    }
}

impl GradientStep {
    /// Rows of the gradient, while what the optimizer reads for them comes from memory.
    fn multiply(
        &self,
        p: &Product,
        a: &[f32],
        panels: &[f32],
        others: &[View<'_>],
        outputs: &[ViewMut<'_>],
        at: usize,
        gradient: &mut [f32],
    ) {
        let later = self.read_later(others, outputs, at, gradient.len());
        let (b, c) = ((panels, Factor::Packed), Columns::whole(gradient, p.n));
        let (init, act) = (Init::Zero, Act::Linear);
        product_before(p, a, b, init, act, c, &mut Vec::new(), &later);
    }

    /// What the program reads for the elements `at..at + len` besides the gradient: operands, and outputs that it overwrites.
    fn read_later<'a>(
        &self,
        others: &[View<'a>],
        outputs: &'a [ViewMut<'_>],
        at: usize,
        len: usize,
    ) -> SmallVec<[&'a [f32]; 4]> {
        let operands = others.iter().enumerate();
        let operands = operands.filter(|(i, _)| self.indexing(i + 2) == Some(Indexing::Same));
        let read = operands.filter_map(|(_, view)| match view {
            View::F32(x) => Some(&x[at..at + len]),
            View::InPlace(output) => match &outputs[*output] {
                ViewMut::F32(y) => Some(&**y),
                _ => None,
            },
            _ => None,
        });
        read.collect()
    }

    /// What the program makes of the gradient's elements from `at` on.
    fn step(&self, gradient: &[f32], others: &[View<'_>], outputs: Vec<ViewMut<'_>>, at: usize) {
        let mut others = others.iter();
        let sources = self
            .map
            .indexing
            .iter()
            .enumerate()
            .map(|(input, &indexing)| {
                if input == self.gradient {
                    Source::F32(gradient)
                } else {
                    let view = others.next().expect("one for each other input");
                    part(*view, indexing, at, gradient.len())
                }
            });
        self.map.run_part(sources, outputs, at, gradient.len());
    }
}

/// None of its own: the pass makes it of products and maps, and its tests run it.
#[cfg(test)]
pub(crate) fn cases() -> Vec<super::check::Case> {
    Vec::new()
}
