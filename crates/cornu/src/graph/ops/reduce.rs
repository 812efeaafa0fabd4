//! Sums and extremes over a run of neighbouring axes.

use cornu_kernels::reduce;

use super::{Array, Call, GradientOf, Operand, Rule, Split};
use crate::error::{Error, Result};
use crate::exec::parallel;
use crate::graph::{Meta, Value};
use crate::shape::{DType, Shape};

pub use cornu_kernels::reduce::Reduction;

/// Reduces the axes `start..end` and drops them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Reduce {
    /// What is computed.
    pub kind: Reduction,
    /// The first axis that is reduced.
    pub start: usize,
    /// One past the last axis that is reduced.
    pub end: usize,
}

impl Reduce {
    /// `(outer, n, inner)`: elements before, in, and after the reduced axes.
    fn factors(self, shape: &[usize]) -> (usize, usize, usize) {
        (
            shape[..self.start].iter().product(),
            shape[self.start..self.end].iter().product(),
            shape[self.end..].iter().product(),
        )
    }
}

impl Rule for Reduce {
    fn infer(&self, inputs: &[&Meta]) -> Result<Vec<Meta>> {
        let x = inputs[0];
        if x.dtype != DType::F32 {
            return Err(Error::dtype(format!(
                "a reduction needs float32, received {}",
                x.dtype
            )));
        }
        if self.start > self.end || self.end > x.shape.rank() {
            return Err(Error::shape(format!(
                "axes {}..{} are out of range for {}",
                self.start, self.end, x.shape
            )));
        }
        if self.kind != Reduction::Sum && x.shape[self.start..self.end].contains(&0) {
            return Err(Error::shape(format!(
                "the extreme of no elements is undefined: {}",
                x.shape
            )));
        }
        let mut axes = x.shape[..self.start].to_vec();
        axes.extend_from_slice(&x.shape[self.end..]);
        Ok(vec![Meta::f32(axes)])
    }

    fn grad(&self, at: &mut GradientOf<'_>) -> Result<Vec<Option<Value>>> {
        let Some(dy) = at.dy0() else {
            return super::no_gradient(1);
        };
        let (x, y) = (at.inputs[0], at.outputs[0]);
        let g = &mut *at.graph;
        let shape = g.shape(x).clone();
        let mut kept = shape.to_vec();
        kept[self.start..self.end].fill(1);
        let dy = g.reshape(dy, kept.clone())?;
        let dx = if self.kind == Reduction::Sum {
            g.broadcast(dy, shape)?
        } else {
            // Elements that equal the extreme share its gradient equally.
            let y = g.reshape(y, kept)?;
            let hit = g.equal(x, y)?;
            let axes: Vec<usize> = (self.start..self.end).collect();
            let count = g.sum(hit, &axes, true)?;
            let share = g.div(dy, count)?;
            g.mul(hit, share)?
        };
        Ok(vec![Some(dx)])
    }

    fn eval(&self, inputs: &[&Array], outputs: &[Meta]) -> Vec<Array> {
        let x = inputs[0];
        let (outer, n, inner) = self.factors(&x.shape);
        let mut y = Vec::with_capacity(outer * inner);
        for o in 0..outer {
            for i in 0..inner {
                let values = (0..n).map(|k| x.data[(o * n + k) * inner + i]);
                y.push(match self.kind {
                    Reduction::Sum => values.sum(),
                    Reduction::Max => {
                        values.fold(
                            f64::NEG_INFINITY,
                            |a, b| {
                                if b > a || b.is_nan() { b } else { a }
                            },
                        )
                    }
                    Reduction::Min => {
                        values.fold(
                            f64::INFINITY,
                            |a, b| {
                                if b < a || b.is_nan() { b } else { a }
                            },
                        )
                    }
                });
            }
        }
        vec![Array::new(outputs[0].shape.clone(), y)]
    }

    fn split(&self, _: &[Operand<'_>], _: &[Meta]) -> Split {
        match self.kind {
            _ if self.start > 0 || self.end == 0 => Split::Rows,
            Reduction::Sum => Split::Sum,
            Reduction::Max | Reduction::Min => Split::Whole,
        }
    }

    fn run(&self, call: &mut Call<'_, '_>) {
        let shape = call.input_shape(0);
        let (outer, n, inner) = self.factors(&shape);
        let x = call.f32(0);
        let (parallel, accumulate) = (call.parallel, call.accumulate);
        let y = call.out_f32(0);
        if accumulate && inner == 1 {
            let mut part = [0.0];
            reduce::reduce(self.kind, 1, n, 1, x, &mut part);
            y[0] += part[0];
        } else if accumulate {
            reduce::accumulate_rows(n, inner, x, y);
        } else if outer > 1 {
            let piece = parallel::rows(parallel, outer, n * inner);
            parallel::chunks(parallel, y, (piece * inner).max(1), |i, y| {
                let here = y.len() / inner;
                let x = &x[i * piece * n * inner..][..here * n * inner];
                reduce::reduce(self.kind, here, n, inner, x, y);
            });
        } else {
            reduce_long(self.kind, n, inner, x, y, parallel);
        }
    }

    fn flops(&self, inputs: &[&Meta], _: &[Meta]) -> u64 {
        inputs[0].shape.elements() as u64
    }
}

/// Reduces the first axis of `[n, inner]`. A long one is cut, always at the same places, into parts for several threads.
fn reduce_long(kind: Reduction, n: usize, inner: usize, x: &[f32], y: &mut [f32], parallel: bool) {
    let rows = parallel::BLOCK.div_ceil(inner.max(1));
    if n < 2 * rows || inner == 0 {
        reduce::reduce(kind, 1, n, inner, x, y);
        return;
    }
    let mut parts = vec![0.0; n.div_ceil(rows) * inner];
    let piece = parallel::rows(parallel, n.div_ceil(rows), rows * inner);
    parallel::chunks(parallel, &mut parts, piece * inner, |i, parts| {
        for (k, part) in parts.chunks_mut(inner).enumerate() {
            let start = (i * piece + k) * rows;
            let end = (start + rows).min(n);
            let x = &x[start * inner..end * inner];
            reduce::reduce(kind, 1, end - start, inner, x, part);
        }
    });
    reduce::reduce(kind, 1, parts.len() / inner, inner, &parts, y);
}

/// The runs of neighbouring axes in a sorted list, last first, so that earlier axis numbers stay true as later ones are dropped.
pub(crate) fn runs(axes: &[usize]) -> Vec<(usize, usize)> {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for &a in axes.iter().rev() {
        match runs.last_mut() {
            Some((start, _)) if *start == a + 1 => *start = a,
            _ => runs.push((a, a + 1)),
        }
    }
    runs
}

/// The shape with the axes listed set to 1.
pub(crate) fn keep_dims(shape: &Shape, axes: &[usize]) -> Shape {
    let mut kept = shape.to_vec();
    for &a in axes {
        kept[a] = 1;
    }
    Shape::from(kept)
}

#[cfg(test)]
pub(crate) fn cases() -> Vec<super::check::Case> {
    use super::check::{Fill::*, case};
    let mut cases = Vec::new();
    for kind in [Reduction::Sum, Reduction::Max, Reduction::Min] {
        for axes in [
            &[0][..],
            &[1],
            &[2],
            &[3],
            &[0, 1],
            &[1, 2],
            &[0, 2],
            &[1, 3],
            &[0, 1, 2, 3],
            &[],
        ] {
            for keep in [false, true] {
                cases.push(case(
                    format!("{kind:?} over {axes:?}, kept: {keep}"),
                    move |s| {
                        let x = s.batched(&[3, 2, 5], Distinct)?;
                        let y = s.g.reduce(kind, x, axes, keep)?;
                        // With no axes there is nothing to reduce, which is an op all the same.
                        let whole = s.g.reduce(kind, y, &[0], false);
                        whole.map_or(Ok(y), |whole| s.g.mul(whole, y))
                    },
                ));
            }
        }
        cases.push(
            case(format!("{kind:?} with ties"), move |s| {
                let x = s.batched(&[7], Ties)?;
                s.g.reduce(kind, x, &[1], false)
            })
            .not_smooth(),
        );
        cases.push(case(format!("{kind:?} without a batch"), move |s| {
            let x = s.fixed(&[4, 5], Distinct)?;
            s.g.reduce(kind, x, &[0], false)
        }));
    }
    cases.push(case("a mean over all", |s| {
        let x = s.batched(&[3, 4], Mixed)?;
        let x = s.g.square(x)?;
        let mean = s.g.mean_all(x)?;
        s.g.sub(x, mean)
    }));
    cases
}
