//! Rows added to those of a table that have their numbers: the gradient of an embedding.

use cornu_kernels::gather;

use super::{Array, Call, GradientOf, Operand, Rule, Split, no_gradient};
use crate::error::{Error, Result};
use crate::exec::parallel;
use crate::graph::{Meta, Value};
use crate::shape::DType;

/// `y[r, ..] = Σ x[i, ..]` over all places `i` whose number is `r`, in their order; numbers out of range are left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ScatterAdd {
    /// Rows of the table.
    pub rows: usize,
}

/// A table of more elements than this is added up in one go rather than as a sum of parts, each of which would be a table.
const WHOLE_RESULT: usize = 1 << 14;

impl Rule for ScatterAdd {
    fn infer(&self, inputs: &[&Meta]) -> Result<Vec<Meta>> {
        let (x, index) = (inputs[0], inputs[1]);
        let rank = index.shape.rank();
        let fits = x.dtype == DType::F32
            && index.dtype == DType::I32
            && x.shape.rank() >= rank
            && x.shape[..rank] == index.shape[..];
        if !fits {
            return Err(Error::shape(format!(
                "adding to rows needs x[i.., ..] and int32 i, received {x:?} and {index:?}"
            )));
        }
        let mut axes = vec![self.rows];
        axes.extend_from_slice(&x.shape[rank..]);
        Ok(vec![Meta::f32(axes)])
    }

    fn grad(&self, at: &mut GradientOf<'_>) -> Result<Vec<Option<Value>>> {
        let Some(dy) = at.dy0() else {
            return no_gradient(2);
        };
        Ok(vec![Some(at.graph.gather(dy, at.inputs[1])?), None])
    }

    fn eval(&self, inputs: &[&Array], outputs: &[Meta]) -> Vec<Array> {
        let (x, index) = (inputs[0], inputs[1]);
        let width = outputs[0].shape.row();
        let mut y = vec![0.0; outputs[0].shape.elements()];
        for (place, &i) in index.data.iter().enumerate() {
            if i >= 0.0 && i < self.rows as f64 {
                for k in 0..width {
                    y[i as usize * width + k] += x.data[place * width + k];
                }
            }
        }
        vec![Array::new(outputs[0].shape.clone(), y)]
    }

    fn split(&self, inputs: &[Operand<'_>], outputs: &[Meta]) -> Split {
        let small = outputs[0].shape.elements() <= WHOLE_RESULT;
        if small && inputs.iter().all(|o| o.batched) && inputs[1].meta.shape.rank() > 0 {
            Split::Sum
        } else {
            Split::Whole
        }
    }

    fn run(&self, call: &mut Call<'_, '_>) {
        let width = call.output_metas[0].shape.row();
        let (x, index) = (call.f32(0), call.i32(1));
        let (parallel, accumulate) = (call.parallel, call.accumulate);
        let y = call.out_f32(0);
        // Each thread has rows of the table, and looks through all numbers for its own: no two write one row.
        let work = width + index.len().div_ceil(self.rows.max(1)) * (width + 1);
        let piece = parallel::rows(parallel, self.rows, work);
        parallel::chunks(parallel, y, (piece * width).max(1), |i, y| {
            if !accumulate {
                y.fill(0.0);
            }
            gather::add_rows(width, x, index, i * piece, y);
        });
    }

    fn flops(&self, inputs: &[&Meta], _: &[Meta]) -> u64 {
        inputs[0].shape.elements() as u64
    }
}

#[cfg(test)]
pub(crate) fn cases() -> Vec<super::check::Case> {
    use super::check::{Fill::*, case};
    vec![
        case("characters", |s| {
            let (x, i) = (s.batched(&[4, 3], Mixed)?, s.batched(&[4], Whole(0, 5))?);
            s.g.scatter_add(x, i, 5)
        }),
        case("one a sample", |s| {
            let (x, i) = (s.batched(&[17], Mixed)?, s.batched(&[], Whole(0, 3))?);
            s.g.scatter_add(x, i, 3)
        }),
        case("into a table too large for parts", |s| {
            let (x, i) = (
                s.batched(&[2, 130], Mixed)?,
                s.batched(&[2], Whole(0, 129))?,
            );
            let y = s.g.scatter_add(x, i, 129)?;
            s.g.sum(y, &[0], false)
        }),
        case("numbers, some out of range, without a batch", |s| {
            let (x, i) = (s.fixed(&[6], Mixed)?, s.fixed(&[6], Whole(0, 6))?);
            let i = s.g.cast(i, DType::F32)?;
            let i = s.g.add_scalar(i, -1.0)?;
            let i = s.g.cast(i, DType::I32)?;
            s.g.scatter_add(x, i, 4)
        })
        .not_smooth(),
    ]
}
