//! Elements added to those of a table's row that have their numbers: histograms, and the gradient of picking.

use cornu_kernels::gather;

use super::pick::check;
use super::{Array, Call, GradientOf, Rule, no_gradient};
use crate::error::{Error, Result};
use crate::graph::{Meta, Value};

/// `y[r, j] = Σ x[r, i..]` over all `i` whose number `index[r, i..]` is `j`, in their order; numbers out of range are left out.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PickGrad {
    /// The shape of a row of the table.
    pub row: Vec<usize>,
}

impl Rule for PickGrad {
    fn infer(&self, inputs: &[&Meta]) -> Result<Vec<Meta>> {
        check(inputs[0], inputs[1])?;
        if inputs[0].shape != inputs[1].shape {
            return Err(Error::shape(format!(
                "adding to elements needs a number for each, received {:?} and {:?}",
                inputs[0], inputs[1]
            )));
        }
        let mut axes = vec![inputs[0].shape[0]];
        axes.extend_from_slice(&self.row);
        Ok(vec![Meta::f32(axes)])
    }

    fn grad(&self, at: &mut GradientOf<'_>) -> Result<Vec<Option<Value>>> {
        let Some(dy) = at.dy0() else {
            return no_gradient(2);
        };
        Ok(vec![Some(at.graph.pick(dy, at.inputs[1])?), None])
    }

    fn eval(&self, inputs: &[&Array], outputs: &[Meta]) -> Vec<Array> {
        let (x, index) = (inputs[0], inputs[1]);
        let (width, each) = (outputs[0].shape.row(), index.shape.row());
        let mut y = vec![0.0; outputs[0].shape.elements()];
        for (k, (&x, &i)) in x.data.iter().zip(&index.data).enumerate() {
            if i >= 0.0 && i < width as f64 {
                y[k / each * width + i as usize] += x;
            }
        }
        vec![Array::new(outputs[0].shape.clone(), y)]
    }

    fn run(&self, call: &mut Call<'_, '_>) {
        let (x, index, rows) = (call.f32(0), call.i32(1), call.input_rows(0));
        gather::add_within(rows, x, index, call.out_f32(0));
    }

    fn flops(&self, inputs: &[&Meta], _: &[Meta]) -> u64 {
        inputs[0].shape.elements() as u64
    }
}

#[cfg(test)]
pub(crate) fn cases() -> Vec<super::check::Case> {
    use super::check::{Fill::*, case};
    use crate::shape::DType;
    vec![
        case("histograms of sums", |s| {
            let (x, i) = (s.batched(&[3, 4], Mixed)?, s.batched(&[3, 4], Whole(0, 5))?);
            s.g.count(x, i, &[5])
        }),
        case("into tables, some out of range, without a batch", |s| {
            let (x, i) = (s.fixed(&[2, 9], Mixed)?, s.fixed(&[2, 9], Whole(0, 8))?);
            let i = s.g.cast(i, DType::F32)?;
            let i = s.g.add_scalar(i, -1.0)?;
            let i = s.g.cast(i, DType::I32)?;
            s.g.count(x, i, &[2, 3])
        })
        .not_smooth(),
    ]
}
