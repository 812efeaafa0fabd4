//! A weight copied together as products read it.

use cornu_kernels::packed;
use cornu_kernels::product::Factor;

use super::{Array, Call, GradientOf, Operand, Rule, Split};
use crate::error::{Error, Result};
use crate::exec::parallel;
use crate::graph::{Meta, Value};

/// `[.., n] → [elements]`, as [`PackedProduct`](super::PackedProduct) reads it. Set by the packing pass alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PackedKernel {
    /// The weight is given as `[n, k]`.
    pub transposed: bool,
}

/// Multiply-adds that take as long as copying an element.
const COPY: usize = 16;

impl PackedKernel {
    /// Terms and columns of a weight.
    pub(super) fn sizes(self, weight: &[usize]) -> (usize, usize) {
        match weight {
            [n, k] if self.transposed => (*k, *n),
            [terms @ .., n] => (terms.iter().product(), *n),
            [] => (0, 0),
        }
    }
}

impl Rule for PackedKernel {
    fn infer(&self, inputs: &[&Meta]) -> Result<Vec<Meta>> {
        let rank = inputs[0].shape.rank();
        if rank < 2 || self.transposed && rank > 2 {
            return Err(Error::shape(format!(
                "{:?} is no weight of a product",
                inputs[0]
            )));
        }
        let (k, n) = self.sizes(&inputs[0].shape);
        Ok(vec![Meta::f32([packed::len(k, n)])])
    }

    fn grad(&self, _: &mut GradientOf<'_>) -> Result<Vec<Option<Value>>> {
        unreachable!("gradients are taken before weights are packed")
    }

    fn eval(&self, _: &[&Array], _: &[Meta]) -> Vec<Array> {
        unreachable!("the reference runs graphs before weights are packed")
    }

    fn split(&self, _: &[Operand<'_>], _: &[Meta]) -> Split {
        Split::Whole
    }

    fn run(&self, call: &mut Call<'_, '_>) {
        let (k, n) = self.sizes(&call.input_metas[0].shape);
        let (factor, ldb) = if self.transposed {
            (Factor::Transposed, k)
        } else {
            (Factor::Plain, n)
        };
        let w = call.f32(0);
        let parallel = call.parallel;
        let to = call.out_f32(0);
        let panel = k * packed::PANEL;
        let panels = parallel::rows(parallel, to.len() / panel.max(1), COPY * panel);
        parallel::chunks(parallel, to, panels * panel, |i, to| {
            packed::pack(k, n, (w, factor), ldb, i * panels, to);
        });
    }
}

#[cfg(test)]
pub(crate) fn cases() -> Vec<super::check::Case> {
    super::packed_product::cases()
}
