//! Many products of matrices at once, each operand with its own: attention written out, and whatever is like it.

use cornu_kernels::product::{Act, Init, Product, product};

use super::{Array, Call, GradientOf, Operand, Rule, Split, no_gradient};
use crate::error::{Error, Result};
use crate::exec::{parallel, scratch};
use crate::graph::{Graph, Meta, Value};
use crate::shape::DType;

/// `c[.., i, j] = Σ_k a[.., i, k] · b[.., k, j]`, either operand read transposed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct BatchMatMul {
    /// The left operand lies as `[.., k, i]`.
    pub transpose_a: bool,
    /// The right operand lies as `[.., j, k]`.
    pub transpose_b: bool,
}

impl BatchMatMul {
    /// `(m, n, k)` of each product.
    fn sizes(self, a: &[usize], b: &[usize]) -> (usize, usize, usize) {
        let last = |x: &[usize], swap: bool| {
            let (p, q) = (x[x.len() - 2], x[x.len() - 1]);
            if swap { (q, p) } else { (p, q) }
        };
        let ((m, k), (_, n)) = (last(a, self.transpose_a), last(b, self.transpose_b));
        (m, n, k)
    }
}

impl Rule for BatchMatMul {
    fn infer(&self, inputs: &[&Meta]) -> Result<Vec<Meta>> {
        let (a, b) = (inputs[0], inputs[1]);
        let rank = a.shape.rank();
        let fits = rank >= 2
            && b.shape.rank() == rank
            && a.shape[..rank - 2] == b.shape[..rank - 2]
            && a.shape[rank - 1 - usize::from(self.transpose_a)]
                == b.shape[rank - 2 + usize::from(self.transpose_b)]
            && a.dtype == DType::F32
            && b.dtype == DType::F32;
        if !fits {
            return Err(Error::shape(format!(
                "products of many matrices need [.., m, k] and [.., k, n], received {a:?}{} and {b:?}{}",
                if self.transpose_a { " transposed" } else { "" },
                if self.transpose_b { " transposed" } else { "" },
            )));
        }
        let (m, n, _) = self.sizes(&a.shape, &b.shape);
        let mut axes = a.shape[..rank - 2].to_vec();
        axes.extend([m, n]);
        Ok(vec![Meta::f32(axes)])
    }

    fn grad(&self, at: &mut GradientOf<'_>) -> Result<Vec<Option<Value>>> {
        let Some(dc) = at.dy0() else {
            return no_gradient(2);
        };
        let (a, b) = (at.inputs[0], at.inputs[1]);
        let g = &mut *at.graph;
        let da = if self.transpose_a {
            g.batch_matmul(b, dc, (self.transpose_b, true))?
        } else {
            g.batch_matmul(dc, b, (false, !self.transpose_b))?
        };
        let db = if self.transpose_b {
            g.batch_matmul(dc, a, (true, self.transpose_a))?
        } else {
            g.batch_matmul(a, dc, (!self.transpose_a, false))?
        };
        Ok(vec![Some(da), Some(db)])
    }

    fn eval(&self, inputs: &[&Array], outputs: &[Meta]) -> Vec<Array> {
        let (a, b) = (inputs[0], inputs[1]);
        let (_, _, k) = self.sizes(&a.shape, &b.shape);
        let rank = a.shape.rank();
        let at = |x: &Array, lead: &[usize], i: usize, j: usize, swap: bool| {
            let mut place = lead.to_vec();
            place.extend(if swap { [j, i] } else { [i, j] });
            x.at(&place)
        };
        vec![Array::from_fn(&outputs[0].shape, |i| {
            let (lead, row, column) = (&i[..rank - 2], i[rank - 2], i[rank - 1]);
            (0..k)
                .map(|t| {
                    at(a, lead, row, t, self.transpose_a) * at(b, lead, t, column, self.transpose_b)
                })
                .sum()
        })]
    }

    fn split(&self, inputs: &[Operand<'_>], _: &[Meta]) -> Split {
        if inputs.iter().all(|o| o.batched && o.meta.shape.rank() > 2) {
            Split::Rows
        } else {
            Split::Whole
        }
    }

    fn run(&self, call: &mut Call<'_, '_>) {
        let (m, n, k) = self.sizes(&call.input_metas[0].shape, &call.input_metas[1].shape);
        let (a, b, parallel) = (call.f32(0), call.f32(1), call.parallel);
        let c = call.out_f32(0);
        if c.is_empty() {
            return;
        }
        let p = Product {
            m,
            n,
            k,
            a_row: if self.transpose_a { 1 } else { k },
            a_k: if self.transpose_a { m } else { 1 },
            ldb: n,
            ldc: n,
        };
        let piece = parallel::rows(parallel, c.len() / (m * n), m * n * k);
        parallel::chunks(parallel, c, piece * m * n, |i, c| {
            let mut turned = vec![0.0; if self.transpose_b { k * n } else { 0 }];
            for (t, c) in c.chunks_mut(m * n).enumerate() {
                let at = i * piece + t;
                let (a, mut b) = (&a[at * m * k..][..m * k], &b[at * k * n..][..k * n]);
                if self.transpose_b {
                    for (j, row) in b.chunks(k.max(1)).enumerate() {
                        for (t, &v) in row.iter().enumerate() {
                            turned[t * n + j] = v;
                        }
                    }
                    b = &turned;
                }
                scratch::with(|s| product(&p, a, b, Init::Zero, Act::Linear, c, s));
            }
        });
    }

    fn flops(&self, inputs: &[&Meta], outputs: &[Meta]) -> u64 {
        let (_, _, k) = self.sizes(&inputs[0].shape, &inputs[1].shape);
        (outputs[0].shape.elements() as u64).saturating_mul(2 * k as u64)
    }
}

impl Graph {
    /// `a · b` for each pair of matrices in the last two axes; `transposed` tells which operands are read turned.
    pub fn batch_matmul(
        &mut self,
        a: Value,
        b: Value,
        (transpose_a, transpose_b): (bool, bool),
    ) -> Result<Value> {
        let op = BatchMatMul {
            transpose_a,
            transpose_b,
        };
        self.push(op.into(), vec![a, b])
    }
}

#[cfg(test)]
pub(crate) fn cases() -> Vec<super::check::Case> {
    use super::check::{Fill::*, case};
    let mut cases = Vec::new();
    for (ta, tb) in [(false, false), (true, false), (false, true), (true, true)] {
        cases.push(case(format!("transposed {ta}, {tb}"), move |s| {
            let a = if ta { [2, 5, 3] } else { [2, 3, 5] };
            let b = if tb { [2, 7, 5] } else { [2, 5, 7] };
            let (a, b) = (s.batched(&a, Mixed)?, s.batched(&b, Mixed)?);
            s.g.batch_matmul(a, b, (ta, tb))
        }));
        cases.push(case(format!("one matrix a sample, {ta}, {tb}"), move |s| {
            let (a, b) = (s.batched(&[4, 4], Mixed)?, s.batched(&[4, 4], Mixed)?);
            s.g.batch_matmul(a, b, (ta, tb))
        }));
    }
    cases.push(case("of the batch itself", |s| {
        let (a, b) = (s.batched(&[3], Mixed)?, s.batched(&[2], Mixed)?);
        s.g.batch_matmul(a, b, (true, false))
    }));
    cases
}
