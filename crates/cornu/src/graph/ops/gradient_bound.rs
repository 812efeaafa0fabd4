//! Whether a gradient that is not kept is finite.
//!
//! No element of a product is larger than its terms times the largest element of either operand. Where that is a finite number so is the
//! product, and nothing else needs to be looked at; where it is not, the product is computed and looked at itself.

use cornu_kernels::columns::Columns;
use cornu_kernels::product::{Act, Factor, Init, Product, product_columns};
use cornu_kernels::reduce::largest;

use super::{Array, Call, GradientOf, Operand, Rule, Split, no_gradient};
use crate::error::Result;
use crate::exec::{parallel, scratch};
use crate::graph::{Meta, Value};

/// A number that no magnitude in `c[m, n] = Σ_r a[r, m] · b[r, n]` is above, not finite if one of them is not. Set by the pass of gradient
/// steps alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct GradientBound;

/// Rows of a product that is looked at.
const ROWS: usize = 16;

/// The largest magnitude, found by all threads.
fn largest_of(parallel: bool, x: &[f32]) -> f32 {
    let parts = parallel::map(parallel, x, parallel::BLOCK, largest);
    largest(&parts)
}

impl Rule for GradientBound {
    fn infer(&self, _: &[&Meta]) -> Result<Vec<Meta>> {
        Ok(vec![Meta::f32([0; 0])])
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
        let width = |i: usize| call.input_metas[i].shape.last().copied().unwrap_or(1);
        let (m, n) = (width(0), width(1));
        let (a, b, parallel) = (call.f32(0), call.f32(1), call.parallel);
        let k = a.len() / m;
        let bound = largest_of(parallel, a) as f64 * largest_of(parallel, b) as f64 * k as f64;
        // Rounding adds less than half as much again.
        call.out_f32(0)[0] = if bound < f64::from(f32::MAX / 2.0) {
            bound as f32
        } else {
            exact(parallel, (m, n, k), a, b)
        };
    }

    fn flops(&self, inputs: &[&Meta], _: &[Meta]) -> u64 {
        let elements = inputs.iter().map(|meta| meta.shape.elements() as u64);
        elements.fold(0, u64::saturating_add)
    }
}

/// The largest magnitude of the product itself.
fn exact(parallel: bool, (m, n, k): (usize, usize, usize), a: &[f32], b: &[f32]) -> f32 {
    let mut found = vec![0.0; m.div_ceil(ROWS)];
    parallel::chunks(parallel, &mut found, 1, |i, found| {
        let first = i * ROWS;
        let p = Product {
            m: ROWS.min(m - first),
            n,
            k,
            a_row: 1,
            a_k: m,
            ldb: n,
            ldc: n,
        };
        scratch::aligned(p.m * n, |c| {
            let rows = Columns::whole(&mut *c, n);
            let (b, init, act) = ((b, Factor::Plain), Init::Zero, Act::Linear);
            scratch::with(|s| product_columns(&p, &a[first..], b, init, act, rows, s));
            found[0] = largest(c);
        });
    });
    largest(&found)
}

/// None of its own: it stands where a gradient step is.
#[cfg(test)]
pub(crate) fn cases() -> Vec<super::check::Case> {
    Vec::new()
}
