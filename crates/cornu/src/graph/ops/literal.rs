//! An array known when the graph is written: a window, a bank of filters.

use std::fmt;
use std::sync::Arc;

use super::{Array, Call, GradientOf, Rule, no_gradient};
use crate::error::{Error, Result};
use crate::graph::{Graph, Meta, Value};
use crate::shape::Shape;

/// Floats known when the graph is written.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Literal {
    shape: Shape,
    /// As bits, which can be compared.
    bits: Arc<[u32]>,
}

impl Literal {
    /// The elements, row-major.
    fn values(&self) -> impl Iterator<Item = f32> {
        self.bits.iter().map(|&b| f32::from_bits(b))
    }
}

impl fmt::Debug for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Literal {}", self.shape)
    }
}

impl Rule for Literal {
    fn infer(&self, _: &[&Meta]) -> Result<Vec<Meta>> {
        if self.shape.elements() != self.bits.len() {
            return Err(Error::shape(format!(
                "an array of shape {} holds {} elements, received {}",
                self.shape,
                self.shape.elements(),
                self.bits.len()
            )));
        }
        Ok(vec![Meta::f32(self.shape.clone())])
    }

    fn grad(&self, _: &mut GradientOf<'_>) -> Result<Vec<Option<Value>>> {
        no_gradient(0)
    }

    fn eval(&self, _: &[&Array], _: &[Meta]) -> Vec<Array> {
        let data = self.values().map(f64::from).collect();
        vec![Array::new(self.shape.clone(), data)]
    }

    fn run(&self, call: &mut Call<'_, '_>) {
        for (y, x) in call.out_f32(0).iter_mut().zip(self.values()) {
            *y = x;
        }
    }

    fn flops(&self, _: &[&Meta], _: &[Meta]) -> u64 {
        0
    }
}

impl Graph {
    /// An array of floats that is part of the graph.
    pub fn literal(&mut self, shape: impl Into<Shape>, values: &[f32]) -> Result<Value> {
        let bits = values.iter().map(|x| x.to_bits()).collect();
        let shape = shape.into();
        self.push(Literal { shape, bits }.into(), vec![])
    }
}

#[cfg(test)]
pub(crate) fn cases() -> Vec<super::check::Case> {
    use super::check::{Fill::*, case};
    vec![
        case("beside a batch", |s| {
            let x = s.batched(&[2, 3], Mixed)?;
            let w = s.g.literal([3], &[0.5, -2.0, 3.0])?;
            s.g.mul(x, w)
        }),
        case("as a matrix, twice", |s| {
            let x = s.batched(&[2], Mixed)?;
            let values = [0.5, -1.0, 2.0, 3.0, -0.25, 1.5];
            let (a, b) = (s.g.literal([2, 3], &values)?, s.g.literal([2, 3], &values)?);
            let w = s.g.add(a, b)?;
            s.g.matmul(x, w)
        }),
    ]
}
