//! Rows of a table, picked by their numbers: what an embedding is.

use cornu_kernels::gather;

use super::{Array, Call, GradientOf, Operand, Rule, ScatterAdd, Split, no_gradient};
use crate::error::{Error, Result};
use crate::exec::parallel;
use crate::graph::{Meta, Value};
use crate::shape::DType;

/// `y[i.., ..] = table[i[..], ..]`.
///
/// A number out of range gives NaN, so that it cannot pass unseen; numbers that are fed are checked before a run, where they can
/// be told ([`Plan`](crate::compile::Plan)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Gather;

impl Rule for Gather {
    fn infer(&self, inputs: &[&Meta]) -> Result<Vec<Meta>> {
        let (table, index) = (inputs[0], inputs[1]);
        if table.dtype != DType::F32 || index.dtype != DType::I32 || table.shape.rank() == 0 {
            return Err(Error::shape(format!(
                "rows are picked from a float32 table by int32 numbers, received {table:?} and {index:?}"
            )));
        }
        let mut axes = index.shape.to_vec();
        axes.extend_from_slice(&table.shape[1..]);
        Ok(vec![Meta::f32(axes)])
    }

    fn grad(&self, at: &mut GradientOf<'_>) -> Result<Vec<Option<Value>>> {
        let Some(dy) = at.dy0() else {
            return no_gradient(2);
        };
        let rows = at.graph.shape(at.inputs[0])[0];
        let dx = at.graph.scatter_add(dy, at.inputs[1], rows)?;
        Ok(vec![Some(dx), None])
    }

    fn eval(&self, inputs: &[&Array], outputs: &[Meta]) -> Vec<Array> {
        let (table, index) = (inputs[0], inputs[1]);
        let width = table.shape.row();
        let mut y = Vec::with_capacity(outputs[0].shape.elements());
        for &i in &index.data {
            if i >= 0.0 && i < table.shape[0] as f64 {
                y.extend_from_slice(&table.data[i as usize * width..][..width]);
            } else {
                y.extend(std::iter::repeat_n(f64::NAN, width));
            }
        }
        vec![Array::new(outputs[0].shape.clone(), y)]
    }

    fn split(&self, inputs: &[Operand<'_>], _: &[Meta]) -> Split {
        if inputs[1].batched && !inputs[0].batched {
            Split::Rows
        } else {
            Split::Whole
        }
    }

    fn run(&self, call: &mut Call<'_, '_>) {
        let width = call.input_metas[0].shape.row();
        let (table, index, parallel) = (call.f32(0), call.i32(1), call.parallel);
        let y = call.out_f32(0);
        let piece = parallel::rows(parallel, index.len(), width);
        parallel::chunks(parallel, y, (piece * width).max(1), |i, y| {
            let end = (i * piece + piece).min(index.len());
            gather::rows(width, table, &index[i * piece..end], y);
        });
    }
}

impl crate::graph::Graph {
    /// The rows of `table` with the numbers given.
    pub fn gather(&mut self, table: Value, index: Value) -> Result<Value> {
        self.push(Gather.into(), vec![table, index])
    }

    /// A table of `rows` rows in which each number's row is the sum of its rows of `x`.
    pub fn scatter_add(&mut self, x: Value, index: Value, rows: usize) -> Result<Value> {
        self.push(ScatterAdd { rows }.into(), vec![x, index])
    }
}

#[cfg(test)]
pub(crate) fn cases() -> Vec<super::check::Case> {
    use super::check::{Fill::*, case};
    vec![
        case("characters", |s| {
            let (w, i) = (s.fixed(&[5, 3], Mixed)?, s.batched(&[4], Whole(0, 5))?);
            s.g.gather(w, i)
        }),
        case("one a sample, wide", |s| {
            let (w, i) = (s.fixed(&[7, 33], Mixed)?, s.batched(&[], Whole(0, 7))?);
            s.g.gather(w, i)
        }),
        case("numbers, not rows", |s| {
            let (w, i) = (s.fixed(&[7], Mixed)?, s.batched(&[2], Whole(0, 7))?);
            s.g.gather(w, i)
        }),
        case("of a table of pictures, without a batch", |s| {
            let (w, i) = (s.fixed(&[4, 2, 3], Mixed)?, s.fixed(&[5], Whole(0, 4))?);
            s.g.gather(w, i)
        }),
        case("of a batch", |s| {
            let (w, i) = (s.batched(&[3], Mixed)?, s.batched(&[2], Whole(0, 1))?);
            s.g.gather(w, i)
        }),
        case("out of range", |s| {
            let (w, i) = (s.fixed(&[3, 2], Mixed)?, s.batched(&[2], Whole(0, 6))?);
            // Computed, as fed ones are looked at before the run.
            let i = s.g.cast(i, DType::F32)?;
            let i = s.g.add_scalar(i, -2.0)?;
            let i = s.g.cast(i, DType::I32)?;
            s.g.gather(w, i)
        })
        .not_smooth(),
    ]
}
