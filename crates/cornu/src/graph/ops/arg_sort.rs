//! The order of the elements of each row, and what follows from it: sorted rows, and the largest few.

use cornu_kernels::sort;

use super::{Array, Call, GradientOf, Operand, Rule, Split, no_gradient};
use crate::error::{Error, Result};
use crate::graph::{Graph, Meta, Value};
use crate::shape::DType;

/// Where the elements of each row, along the last axis, stand when the row is sorted.
///
/// Equal elements keep their order; NaN counts as the largest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ArgSort {
    /// Whether the largest comes first.
    pub descending: bool,
}

impl Rule for ArgSort {
    fn infer(&self, inputs: &[&Meta]) -> Result<Vec<Meta>> {
        let x = inputs[0];
        if x.shape.rank() == 0 || x.dtype != DType::F32 {
            return Err(Error::shape(format!(
                "rows of float32 are sorted along their last axis, received {x:?}"
            )));
        }
        Ok(vec![Meta {
            shape: x.shape.clone(),
            dtype: DType::I32,
        }])
    }

    fn grad(&self, _: &mut GradientOf<'_>) -> Result<Vec<Option<Value>>> {
        no_gradient(1)
    }

    /// By counting how many elements belong before each.
    fn eval(&self, inputs: &[&Array], outputs: &[Meta]) -> Vec<Array> {
        let n = *outputs[0].shape.last().expect("has a last axis");
        let less = |a: f64, b: f64| if b.is_nan() { !a.is_nan() } else { a < b };
        let mut y = vec![0.0; inputs[0].data.len()];
        for (row, y) in inputs[0].data.chunks(n.max(1)).zip(y.chunks_mut(n.max(1))) {
            for (i, &v) in row.iter().enumerate() {
                let before = |&(j, &w): &(usize, &f64)| {
                    let (small, large) = if self.descending { (v, w) } else { (w, v) };
                    less(small, large) || (j < i && !less(large, small))
                };
                y[row.iter().enumerate().filter(before).count()] = i as f64;
            }
        }
        vec![Array::new(outputs[0].shape.clone(), y)]
    }

    fn split(&self, _: &[Operand<'_>], outputs: &[Meta]) -> Split {
        if outputs[0].shape.rank() == 1 {
            Split::Whole
        } else {
            Split::Rows
        }
    }

    fn run(&self, call: &mut Call<'_, '_>) {
        let n = *call.output_metas[0].shape.last().expect("has a last axis");
        let x = call.f32(0);
        sort::argsort(n, x, self.descending, call.out_i32(0));
    }
}

impl Graph {
    /// Where the elements of each row, along the last axis, stand when the row is sorted (int32); equal elements keep their order, NaN counts
    /// as the largest.
    pub fn arg_sort(&mut self, x: Value, descending: bool) -> Result<Value> {
        self.push(ArgSort { descending }.into(), vec![x])
    }

    /// The elements of each row that have these numbers in it: `y[.., j] = x[.., index[.., j]]`; a number out of range gives NaN. Keras's
    /// `take_along_axis` for the last axis.
    ///
    /// # Errors
    /// Axes of `x` and `index` that differ, but for the last; other types than float32 and int32.
    pub fn take_along(&mut self, x: Value, index: Value) -> Result<Value> {
        let (from, to) = (self.shape(x).clone(), self.shape(index).clone());
        let (Some((&n, rows)), Some((&k, others))) = (from.split_last(), to.split_last()) else {
            return Err(Error::shape(
                "elements of rows are taken, received single numbers",
            ));
        };
        if rows != others {
            return Err(Error::shape(format!(
                "numbers {to} do not belong to rows {from}: all axes but the last must be the same"
            )));
        }
        if rows.len() == 1 {
            return self.pick(x, index);
        }
        let count: usize = rows.iter().product();
        let x = self.reshape(x, [count, n])?;
        let index = self.reshape(index, [count, k])?;
        let y = self.pick(x, index)?;
        self.reshape(y, to)
    }

    /// Each row sorted along the last axis, the smallest first or, `descending`, the largest. A gradient goes to where each element came from.
    ///
    /// # Example
    /// The median of each row, in a loss that a few wild values do not sway:
    /// ```
    /// use cornu::exec::compute;
    /// use cornu::prelude::*;
    /// let x = Tensor::new([1, 5], vec![3.0f32, 900.0, 1.0, 4.0, 2.0])?;
    /// let y = compute(&[&x], |g, x| {
    ///     let sorted = g.sort(x[0], false)?;
    ///     Ok(vec![g.slice(sorted, 1, 2, 1)?])
    /// })?;
    /// assert_eq!(y[0].f32s()?, &[3.0]);
    /// # Ok::<(), cornu::Error>(())
    /// ```
    pub fn sort(&mut self, x: Value, descending: bool) -> Result<Value> {
        let order = self.arg_sort(x, descending)?;
        self.take_along(x, order)
    }

    /// The `k` largest elements of each row, along the last axis, the largest first, and where they stand in it (int32).
    ///
    /// # Errors
    /// Rows of fewer than `k` elements.
    pub fn top_k(&mut self, x: Value, k: usize) -> Result<(Value, Value)> {
        let order = self.arg_sort(x, true)?;
        let last = self.shape(order).rank() - 1;
        let best = self.slice(order, last, 0, k)?;
        Ok((self.take_along(x, best)?, best))
    }
}

#[cfg(test)]
pub(crate) fn cases() -> Vec<super::check::Case> {
    use super::check::{Fill::*, case};
    vec![
        case("rows", |s| {
            let x = s.batched(&[7], Distinct)?;
            s.g.arg_sort(x, false)
        }),
        case("with ties, the largest first", |s| {
            let x = s.batched(&[3, 5], Ties)?;
            s.g.arg_sort(x, true)
        }),
        case("over the batch", |s| {
            let x = s.batched(&[], Distinct)?;
            s.g.sort(x, false)
        }),
        case("sorted rows", |s| {
            let x = s.batched(&[9], Distinct)?;
            let y = s.g.sort(x, true)?;
            s.g.square(y)
        }),
        case("sorted rows of several axes", |s| {
            let x = s.batched(&[3, 4], Distinct)?;
            s.g.sort(x, false)
        }),
        case("the largest few", |s| {
            let x = s.batched(&[2, 6], Distinct)?;
            Ok(s.g.top_k(x, 2)?.0)
        }),
    ]
}
