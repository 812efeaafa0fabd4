//! Products summed over batch and time, one operand a step behind the other: the gradient of recurrent weights.

use cornu_kernels::product::{Act, Init, Product, Terms, product_of};

use super::{Array, Call, GradientOf, Operand, Rule, Split};
use crate::error::{Error, Result};
use crate::exec::{parallel, scratch};
use crate::graph::{Meta, Value};
use crate::shape::DType;

/// `c[m, n] = Σ a[b, t + shift, m] · d[b, t, n]` over all `b`, and all `t` for which both exist; columns of `a` and `d` are
/// counted from where their range starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StepProduct {
    /// How much later the step of `a` is: -1, 0 or 1.
    pub shift: i8,
    /// First column of `a`, and how many.
    pub a: (usize, usize),
    /// First column of `d`, and how many.
    pub d: (usize, usize),
}

impl StepProduct {
    /// The first times in `a` and `d`, and how many there are.
    fn times(&self, steps: usize) -> (usize, usize, usize) {
        match self.shift {
            0 => (0, 0, steps),
            1.. => (1, 0, steps.saturating_sub(1)),
            _ => (0, 1, steps.saturating_sub(1)),
        }
    }
}

impl Rule for StepProduct {
    fn infer(&self, inputs: &[&Meta]) -> Result<Vec<Meta>> {
        let (a, d) = (inputs[0], inputs[1]);
        let within = |m: &Meta, (start, len): (usize, usize)| {
            m.dtype == DType::F32
                && m.shape.rank() == 3
                && start.checked_add(len).is_some_and(|end| end <= m.shape[2])
        };
        let fits = within(a, self.a) && within(d, self.d) && a.shape[..2] == d.shape[..2];
        if !fits {
            return Err(Error::shape(format!(
                "a product over steps needs [batch, steps, ..] twice with columns {:?} and {:?}, received {a:?} and {d:?}",
                self.a, self.d
            )));
        }
        Ok(vec![Meta::f32([self.a.1, self.d.1])])
    }

    fn grad(&self, _: &mut GradientOf<'_>) -> Result<Vec<Option<Value>>> {
        super::recurrence_grad::no_second()
    }

    fn eval(&self, inputs: &[&Array], outputs: &[Meta]) -> Vec<Array> {
        let (a, d) = (inputs[0], inputs[1]);
        let (in_a, in_d, count) = self.times(a.shape[1]);
        vec![Array::from_fn(&outputs[0].shape, |i| {
            let mut sum = 0.0;
            for b in 0..a.shape[0] {
                for t in 0..count {
                    sum += a.at(&[b, in_a + t, self.a.0 + i[0]])
                        * d.at(&[b, in_d + t, self.d.0 + i[1]]);
                }
            }
            sum
        })]
    }

    fn split(&self, _: &[Operand<'_>], _: &[Meta]) -> Split {
        Split::Whole
    }

    fn run(&self, call: &mut Call<'_, '_>) {
        let (a, d) = (call.f32(0), call.f32(1));
        let shape = call.input_metas[0].shape.clone();
        let (steps, wide_a, wide_d) = (shape[1], shape[2], call.input_metas[1].shape[2]);
        let (in_a, in_d, count) = self.times(steps);
        let parallel = call.parallel;
        let n = self.d.1;
        let c = call.out_f32(0);
        if c.is_empty() {
            return;
        }
        let block = parallel::tall_rows(parallel, self.a.1, n * shape[0] * count);
        parallel::chunks(parallel, c, block * n, |i, c| {
            let p = Product {
                m: c.len() / n,
                n,
                k: 0,
                a_row: 1,
                a_k: wide_a,
                ldb: wide_d,
                ldc: n,
            };
            let terms = |b: usize| Terms {
                a: (b * steps + in_a) * wide_a + self.a.0 + i * block,
                b: (b * steps + in_d) * wide_d + self.d.0,
                count,
            };
            let terms: Vec<Terms> = (0..shape[0]).map(terms).collect();
            scratch::with(|s| product_of(&p, &terms, a, d, Init::Zero, Act::Linear, c, s));
        });
    }

    fn flops(&self, inputs: &[&Meta], outputs: &[Meta]) -> u64 {
        let moments = (inputs[0].shape[0] * inputs[0].shape[1]) as u64;
        moments.saturating_mul(2 * outputs[0].shape.elements() as u64)
    }
}

#[cfg(test)]
pub(crate) fn cases() -> Vec<super::check::Case> {
    super::recurrence::recurrent_cases(&[
        (
            super::Recurrence::of(cornu_kernels::recurrent::Cell::Gru),
            4,
            21,
        ),
        (
            super::Recurrence::of(cornu_kernels::recurrent::Cell::Gru),
            1,
            3,
        ),
    ])
}
