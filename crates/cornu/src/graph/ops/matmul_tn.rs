//! A transposed matrix times a matrix: the weight gradient of a dense layer.

use cornu_kernels::product::{Act, Factor, Init, Product};

use super::{Array, Call, GradientOf, Operand, Rule, Split};
use crate::error::{Error, Result};
use crate::exec::products;
use crate::graph::{Meta, Value};
use crate::shape::DType;

/// `c[m, n] = Σ_r a[r, m] · b[r, n]`, `r` running over all leading axes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct MatMulTn {
    /// Operands are rounded to bf16. Set by the rounding pass alone, behind differentiation.
    pub bf16: bool,
}

/// A result of more elements than this is computed in one go, cut by its own rows, rather than as a sum of parts: the parts
/// would have to be kept and added, 64 KiB each.
pub(crate) const WHOLE_RESULT: usize = 1 << 14;

/// Where each sample has many rows a part takes longer to compute than to keep and add, and what is multiplied, rows and all, need
/// not be kept for the whole batch; but no part is larger than this, 512 KiB. A small GPT trains 1.18 times as fast for it.
const LARGEST_PART: usize = 1 << 17;

impl Rule for MatMulTn {
    fn infer(&self, inputs: &[&Meta]) -> Result<Vec<Meta>> {
        let (a, b) = (inputs[0], inputs[1]);
        let rank = a.shape.rank();
        let fits = rank >= 1
            && b.shape.rank() == rank
            && a.shape[..rank - 1] == b.shape[..rank - 1]
            && a.dtype == DType::F32
            && b.dtype == DType::F32;
        if !fits {
            return Err(Error::shape(format!(
                "a transposed product needs [r.., m] and [r.., n], received {a:?} and {b:?}"
            )));
        }
        Ok(vec![Meta::f32([a.shape[rank - 1], b.shape[rank - 1]])])
    }

    fn grad(&self, at: &mut GradientOf<'_>) -> Result<Vec<Option<Value>>> {
        let Some(dc) = at.dy0() else {
            return super::no_gradient(2);
        };
        let (a, b) = (at.inputs[0], at.inputs[1]);
        let g = &mut *at.graph;
        let dct = g.transpose(dc, &[1, 0])?;
        Ok(vec![Some(g.matmul(b, dct)?), Some(g.matmul(a, dc)?)])
    }

    fn eval(&self, inputs: &[&Array], outputs: &[Meta]) -> Vec<Array> {
        let [a, b] = [0, 1].map(|i| inputs[i].rounded_if(self.bf16));
        let (m, n) = (outputs[0].shape[0], outputs[0].shape[1]);
        let r = a.data.len() / m.max(1);
        vec![Array::from_fn(&outputs[0].shape, |i| {
            (0..r)
                .map(|k| a.data[k * m + i[0]] * b.data[k * n + i[1]])
                .sum()
        })]
    }

    fn split(&self, inputs: &[Operand<'_>], outputs: &[Meta]) -> Split {
        // A vector has no leading axes: its batch, if any, is a row of the result.
        let a = &inputs[0].meta.shape;
        let own_rows: usize = a.iter().skip(1).rev().skip(1).product();
        let largest = WHOLE_RESULT.saturating_mul(own_rows).min(LARGEST_PART);
        let small = a.rank() > 1 && outputs[0].shape.elements() <= largest;
        if small && inputs.iter().all(|o| o.batched) {
            Split::Sum
        } else {
            Split::Whole
        }
    }

    fn run(&self, call: &mut Call<'_, '_>) {
        let (m, n) = (call.output_metas[0].shape[0], call.output_metas[0].shape[1]);
        let (a, b) = (call.f32(0), call.f32(1));
        let k = a.len().checked_div(m).unwrap_or(0);
        let (parallel, accumulate) = (call.parallel, call.accumulate);
        let c = call.out_f32(0);
        if c.is_empty() {
            return;
        }
        let p = Product {
            m,
            n,
            k,
            a_row: 1,
            a_k: m,
            ldb: n,
            ldc: n,
        };
        let init = if accumulate {
            Init::Accumulate
        } else {
            Init::Zero
        };
        let b = (b, Factor::Plain);
        products::shared(parallel, self.bf16, &p, a, b, init, Act::Linear, c);
    }

    fn flops(&self, inputs: &[&Meta], outputs: &[Meta]) -> u64 {
        (inputs[0].shape.elements() as u64).saturating_mul(2 * outputs[0].shape[1] as u64)
    }
}

#[cfg(test)]
pub(crate) fn cases() -> Vec<super::check::Case> {
    use super::check::{Fill::*, case, rounded};
    vec![
        case("of batches", |s| {
            let (a, b) = (s.batched(&[5], Mixed)?, s.batched(&[3], Mixed)?);
            s.g.matmul_tn(a, b)
        }),
        case("over time", |s| {
            let (a, b) = (s.batched(&[2, 5], Mixed)?, s.batched(&[2, 3], Mixed)?);
            s.g.matmul_tn(a, b)
        }),
        case("of one batch", |s| {
            let n = s.batch;
            let (a, b) = (s.batched(&[5], Mixed)?, s.fixed(&[n, 3], Mixed)?);
            s.g.matmul_tn(a, b)
        }),
        case("of many rows a sample", |s| {
            let (a, b) = (s.batched(&[2, 129], Mixed)?, s.batched(&[2, 130], Mixed)?);
            let c = s.g.matmul_tn(a, b)?;
            s.g.sum(c, &[0], false)
        }),
        rounded(case("of batches, rounded", |s| {
            let (a, b) = (s.batched(&[5], Mixed)?, s.batched(&[3], Mixed)?);
            s.g.push(MatMulTn { bf16: true }.into(), vec![a, b])
        })),
        rounded(case("too large for parts, rounded", |s| {
            let (a, b) = (s.batched(&[129], Mixed)?, s.batched(&[130], Mixed)?);
            let c = s.g.push(MatMulTn { bf16: true }.into(), vec![a, b])?;
            s.g.sum(c, &[0], false)
        })),
        case("too large for parts", |s| {
            let (a, b) = (s.batched(&[129], Mixed)?, s.batched(&[130], Mixed)?);
            let c = s.g.matmul_tn(a, b)?;
            s.g.sum(c, &[0], false)
        }),
    ]
}
