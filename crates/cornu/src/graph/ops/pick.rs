//! Elements of each row of a table, picked by their numbers within the row.

use cornu_kernels::gather;

use super::{Array, Call, GradientOf, PickGrad, Rule, no_gradient};
use crate::error::{Error, Result};
use crate::graph::{Graph, Meta, Value};
use crate::shape::DType;

/// `y[r, i..] = table[r, index[r, i..]]`, the elements of a row of the table numbered through all its axes.
///
/// A number out of range gives NaN, so that it cannot pass unseen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Pick;

/// Refuses operands that do not belong to each other.
pub(super) fn check(table: &Meta, index: &Meta) -> Result<()> {
    let fits = table.dtype == DType::F32
        && index.dtype == DType::I32
        && table.shape.rank() > 0
        && index.shape.rank() > 0
        && table.shape[0] == index.shape[0];
    if fits {
        return Ok(());
    }
    Err(Error::shape(format!(
        "elements are picked from rows of float32 by as many rows of int32, received {table:?} and {index:?}"
    )))
}

impl Rule for Pick {
    fn infer(&self, inputs: &[&Meta]) -> Result<Vec<Meta>> {
        check(inputs[0], inputs[1])?;
        Ok(vec![Meta::f32(inputs[1].shape.clone())])
    }

    fn grad(&self, at: &mut GradientOf<'_>) -> Result<Vec<Option<Value>>> {
        let Some(dy) = at.dy0() else {
            return no_gradient(2);
        };
        let row = at.graph.shape(at.inputs[0])[1..].to_vec();
        let dx = at.graph.count(dy, at.inputs[1], &row)?;
        Ok(vec![Some(dx), None])
    }

    fn eval(&self, inputs: &[&Array], outputs: &[Meta]) -> Vec<Array> {
        let (table, index) = (inputs[0], inputs[1]);
        let (width, each) = (table.shape.row(), index.shape.row());
        let picked = index.data.iter().enumerate().map(|(k, &i)| {
            if i >= 0.0 && i < width as f64 {
                table.data[k / each * width + i as usize]
            } else {
                f64::NAN
            }
        });
        vec![Array::new(outputs[0].shape.clone(), picked.collect())]
    }

    fn run(&self, call: &mut Call<'_, '_>) {
        let (table, index, rows) = (call.f32(0), call.i32(1), call.input_rows(0));
        gather::within(rows, table, index, call.out_f32(0));
    }
}

impl Graph {
    /// Elements of each row of a table, by their numbers within the row: `y[r, i..] = table[r, index[r, i..]]`.
    pub fn pick(&mut self, table: Value, index: Value) -> Result<Value> {
        self.push(Pick.into(), vec![table, index])
    }

    /// Tables of a shape, one a row, each element the sum of those of its row of `x` that have its number: with ones, a histogram.
    pub fn count(&mut self, x: Value, index: Value, row: &[usize]) -> Result<Value> {
        let row = row.to_vec();
        self.push(PickGrad { row }.into(), vec![x, index])
    }
}

#[cfg(test)]
pub(crate) fn cases() -> Vec<super::check::Case> {
    use super::check::{Fill::*, case};
    vec![
        case("of tables", |s| {
            let (t, i) = (
                s.batched(&[2, 5], Mixed)?,
                s.batched(&[3, 4], Whole(0, 10))?,
            );
            s.g.pick(t, i)
        }),
        case("of a table without a batch", |s| {
            let (t, i) = (s.fixed(&[3, 7], Mixed)?, s.fixed(&[3, 2], Whole(0, 7))?);
            s.g.pick(t, i)
        }),
        case("out of range", |s| {
            let (t, i) = (s.batched(&[3], Mixed)?, s.batched(&[5], Whole(0, 5))?);
            let i = s.g.cast(i, DType::F32)?;
            let i = s.g.add_scalar(i, -1.0)?;
            let i = s.g.cast(i, DType::I32)?;
            s.g.pick(t, i)
        })
        .not_smooth(),
    ]
}
