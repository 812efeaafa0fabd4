//! The numbers 0, 1, 2, … along one axis.

use super::{Array, Call, GradientOf, Rule, no_gradient};
use crate::error::{Error, Result};
use crate::graph::{Graph, Meta, Value};
use crate::shape::Shape;

/// `y[.., i, ..] = i` in float32.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Iota {
    /// The result's shape.
    pub shape: Shape,
    /// The axis that is numbered.
    pub axis: usize,
}

impl Rule for Iota {
    fn infer(&self, _: &[&Meta]) -> Result<Vec<Meta>> {
        if self.axis >= self.shape.rank() {
            return Err(Error::shape(format!(
                "axis {} is out of range for {}",
                self.axis, self.shape
            )));
        }
        Ok(vec![Meta::f32(self.shape.clone())])
    }

    fn grad(&self, _: &mut GradientOf<'_>) -> Result<Vec<Option<Value>>> {
        no_gradient(0)
    }

    fn eval(&self, _: &[&Array], outputs: &[Meta]) -> Vec<Array> {
        vec![Array::from_fn(&outputs[0].shape, |i| i[self.axis] as f64)]
    }

    fn run(&self, call: &mut Call<'_, '_>) {
        let inner = self.shape[self.axis + 1..].iter().product::<usize>().max(1);
        let n = self.shape[self.axis].max(1);
        for (k, run) in call.out_f32(0).chunks_mut(inner).enumerate() {
            run.fill((k % n) as f32);
        }
    }
}

impl Graph {
    /// The numbers 0, 1, 2, … along an axis.
    pub fn iota(&mut self, shape: impl Into<Shape>, axis: usize) -> Result<Value> {
        let shape = shape.into();
        self.push(Iota { shape, axis }.into(), vec![])
    }
}

#[cfg(test)]
pub(crate) fn cases() -> Vec<super::check::Case> {
    use super::check::{Fill::*, case};
    vec![
        case("each axis", |s| {
            let x = s.batched(&[3, 4], Mixed)?;
            let n = s.batch;
            let mut y = x;
            for axis in 0..3 {
                let i = s.g.iota([n, 3, 4], axis)?;
                y = s.g.mul(y, i)?;
            }
            Ok(y)
        }),
        case("repeated", |s| {
            let x = s.batched(&[3], Mixed)?;
            let i = s.g.iota([3], 0)?;
            s.g.add(x, i)
        }),
    ]
}
