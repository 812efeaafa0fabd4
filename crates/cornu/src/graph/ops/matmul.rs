//! Rows times a matrix: the forward pass of a dense layer.

use cornu_kernels::product::{Act, Factor, Init, Product};

use super::{Array, Call, GradientOf, Operand, Rule, Split};
use crate::error::{Error, Result};
use crate::exec::products;
use crate::graph::{Meta, Value};
use crate::shape::DType;

/// `y[.., n] = Σ_k x[.., k] · w[k, n]`, then a bias per column and a ReLU where fused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct MatMul {
    /// A third operand is added to every row. Set by the fusing pass alone.
    pub bias: bool,
    /// Negative results become 0. Set by the fusing pass alone.
    pub relu: bool,
    /// The weight is given as `[n, k]`. Set by the fusing pass alone.
    pub transposed: bool,
    /// Operands are rounded to bf16. Set by the rounding pass alone, behind differentiation.
    pub bf16: bool,
}

impl MatMul {
    /// Terms and columns: `k` and `n`.
    fn sizes(self, w: &[usize]) -> (usize, usize) {
        if self.transposed {
            (w[1], w[0])
        } else {
            (w[0], w[1])
        }
    }

    /// Runs with a weight of this shape, packed or as it is.
    pub(super) fn compute(self, call: &mut Call<'_, '_>, weight: &[usize], packed: bool) {
        let (k, n) = self.sizes(weight);
        let (x, w) = (call.f32(0), call.f32(1));
        let bias = self.bias.then(|| call.f32(2));
        let act = if self.relu { Act::Relu } else { Act::Linear };
        let parallel = call.parallel;
        let y = call.out_f32(0);
        if y.is_empty() {
            return;
        }
        let p = Product {
            m: y.len() / n,
            n,
            k,
            a_row: k,
            a_k: 1,
            ldb: if self.transposed || packed { k } else { n },
            ldc: n,
        };
        let init = bias.map_or(Init::Zero, Init::Bias);
        let factor = if packed {
            Factor::Packed
        } else if self.transposed {
            Factor::Transposed
        } else {
            Factor::Plain
        };
        products::shared(parallel, self.bf16, &p, x, (w, factor), init, act, y);
    }
}

/// A weight of this many elements and more is read once for the whole batch rather than once for each part of it, where samples
/// are single rows: 1 MiB, half of a core's own cache.
pub(crate) const WHOLE_WEIGHT: usize = if cfg!(test) { 1 << 6 } else { 1 << 18 };

/// The same of a weight that is rounded, which is packed anew for each part of the batch: 256 KiB.
pub(crate) const WHOLE_ROUNDED: usize = if cfg!(test) { 1 << 6 } else { 1 << 16 };

/// The same where a sample has many rows, so that a part of the batch makes up for reading the weight: 4 MiB.
const WHOLE_WEIGHT_OF_MANY: usize = 1 << 20;

impl Rule for MatMul {
    fn infer(&self, inputs: &[&Meta]) -> Result<Vec<Meta>> {
        let (x, w) = (inputs[0], inputs[1]);
        let fits = x.shape.rank() >= 1
            && w.shape.rank() == 2
            && x.shape.last() == Some(&self.sizes(&w.shape).0)
            && x.dtype == DType::F32
            && w.dtype == DType::F32;
        if !fits {
            return Err(Error::shape(format!(
                "a product needs [.., k] and [k, n], received {x:?} and {w:?}"
            )));
        }
        let mut axes = x.shape.to_vec();
        axes.pop();
        axes.push(self.sizes(&w.shape).1);
        Ok(vec![Meta::f32(axes)])
    }

    fn grad(&self, at: &mut GradientOf<'_>) -> Result<Vec<Option<Value>>> {
        let Some(dy) = at.dy0() else {
            return super::no_gradient(2);
        };
        debug_assert!(!self.transposed, "differentiation comes before fusing");
        let (x, w) = (at.inputs[0], at.inputs[1]);
        let g = &mut *at.graph;
        let wt = g.transpose(w, &[1, 0])?;
        let dx = g.matmul(dy, wt)?;
        let dw = g.matmul_tn(x, dy)?;
        Ok(vec![Some(dx), Some(dw)])
    }

    fn eval(&self, inputs: &[&Array], outputs: &[Meta]) -> Vec<Array> {
        let [x, w] = [0, 1].map(|i| inputs[i].rounded_if(self.bf16));
        let (k, n) = self.sizes(&w.shape);
        let (w_k, w_n) = if self.transposed { (1, k) } else { (n, 1) };
        let mut y = Vec::with_capacity(outputs[0].shape.elements());
        for row in 0..outputs[0].shape.elements() / n.max(1) {
            for j in 0..n {
                y.push(
                    (0..k)
                        .map(|i| x.data[row * k + i] * w.data[i * w_k + j * w_n])
                        .sum(),
                );
            }
        }
        vec![Array::new(outputs[0].shape.clone(), y)]
    }

    fn split(&self, inputs: &[Operand<'_>], outputs: &[Meta]) -> Split {
        let others = inputs[1..].iter().any(|o| o.batched);
        let rows = inputs[0].batched && !others && outputs[0].shape.rank() >= 2;
        let single = inputs[0].meta.shape.rank() == 2;
        let whole = if single && self.bf16 {
            WHOLE_ROUNDED
        } else if single {
            WHOLE_WEIGHT
        } else {
            WHOLE_WEIGHT_OF_MANY
        };
        match inputs[1].meta.shape.elements() {
            _ if !rows => Split::Whole,
            n if n >= whole => Split::RowsAtOnce,
            _ => Split::Rows,
        }
    }

    fn run(&self, call: &mut Call<'_, '_>) {
        let weight = call.input_metas[1].shape.clone();
        self.compute(call, &weight, false);
    }

    fn flops(&self, inputs: &[&Meta], outputs: &[Meta]) -> u64 {
        (outputs[0].shape.elements() as u64)
            .saturating_mul(2 * self.sizes(&inputs[1].shape).0 as u64)
    }
}

#[cfg(test)]
pub(crate) fn cases() -> Vec<super::check::Case> {
    use super::check::{Fill::*, case, rounded};
    const ROUNDED: MatMul = MatMul {
        bias: false,
        relu: false,
        transposed: false,
        bf16: true,
    };
    let mut cases = Vec::new();
    for (k, n) in [(1, 1), (3, 5), (17, 33), (64, 10)] {
        cases.push(case(format!("[b, {k}] · [{k}, {n}]"), move |s| {
            let (x, w) = (s.batched(&[k], Mixed)?, s.fixed(&[k, n], Mixed)?);
            s.g.matmul(x, w)
        }));
    }
    cases.push(case("with bias and relu", |s| {
        let (x, w, b) = (
            s.batched(&[7], Mixed)?,
            s.fixed(&[7, 9], Mixed)?,
            s.fixed(&[9], Mixed)?,
        );
        let y = s.g.matmul(x, w)?;
        let y = s.g.add(b, y)?;
        s.g.relu(y)
    }));
    cases.push(case("with relu alone, read twice", |s| {
        let (x, w) = (s.batched(&[7], Mixed)?, s.fixed(&[7, 9], Mixed)?);
        let p = s.g.matmul(x, w)?;
        let y = s.g.relu(p)?;
        s.g.add(y, p)
    }));
    cases.push(case("with a bias as long as the batch", |s| {
        let n = s.batch;
        let (x, w) = (s.batched(&[3], Mixed)?, s.fixed(&[3, n], Mixed)?);
        let b = s.batched(&[], Mixed)?;
        let y = s.g.matmul(x, w)?;
        s.g.add(y, b)
    }));
    cases.push(case("over time", |s| {
        let (x, w) = (s.batched(&[4, 3], Mixed)?, s.fixed(&[3, 2], Mixed)?);
        s.g.matmul(x, w)
    }));
    cases.push(case("without a batch", |s| {
        let (x, w) = (s.fixed(&[4, 3], Mixed)?, s.fixed(&[3, 2], Mixed)?);
        s.g.matmul(x, w)
    }));
    cases.push(case("a vector", |s| {
        let (x, w) = (s.fixed(&[3], Mixed)?, s.fixed(&[3, 2], Mixed)?);
        s.g.matmul(x, w)
    }));
    cases.push(case("by a transposed weight", |s| {
        let (x, w) = (s.batched(&[13], Mixed)?, s.fixed(&[35, 13], Mixed)?);
        let wt = s.g.transpose(w, &[1, 0])?;
        s.g.matmul(x, wt)
    }));
    for (k, n) in [(1, 1), (35, 17), (64, 96)] {
        cases.push(rounded(case(
            format!("[b, {k}] · [{k}, {n}], rounded"),
            move |s| {
                let (x, w) = (s.batched(&[k], Mixed)?, s.fixed(&[k, n], Mixed)?);
                let b = s.fixed(&[n], Mixed)?;
                let y = s.g.push(ROUNDED.into(), vec![x, w])?;
                let y = s.g.add(y, b)?;
                s.g.relu(y)
            },
        )));
        cases.push(rounded(case(
            format!("[b, 3, {k}] · [{k}, {n}], rounded"),
            move |s| {
                let (x, w) = (s.batched(&[3, k], Mixed)?, s.fixed(&[k, n], Mixed)?);
                s.g.push(ROUNDED.into(), vec![x, w])
            },
        )));
    }
    cases.push(rounded(case("by a transposed weight, rounded", |s| {
        let (x, w) = (s.batched(&[13], Mixed)?, s.fixed(&[35, 13], Mixed)?);
        let wt = s.g.transpose(w, &[1, 0])?;
        s.g.push(ROUNDED.into(), vec![x, wt])
    })));
    cases.push(case("by a batch", |s| {
        let n = s.batch;
        let (x, w) = (s.fixed(&[4, n], Mixed)?, s.batched(&[2], Mixed)?);
        s.g.matmul(x, w)
    }));
    cases
}
