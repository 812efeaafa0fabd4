//! A number that is known when the graph is made.

use super::{Array, Call, GradientOf, Rule, no_gradient};
use crate::error::Result;
use crate::graph::{Meta, Value};
use crate::shape::Shape;

/// A scalar known when the graph is made; larger constants are scalars that broadcast.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Constant {
    bits: u32,
}

impl Constant {
    /// The constant of a value.
    pub fn new(value: f32) -> Self {
        Self {
            bits: value.to_bits(),
        }
    }
    /// Its value.
    pub fn value(self) -> f32 {
        f32::from_bits(self.bits)
    }
}

impl std::fmt::Debug for Constant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.value())
    }
}

impl Rule for Constant {
    fn infer(&self, _: &[&Meta]) -> Result<Vec<Meta>> {
        Ok(vec![Meta::f32(Shape::scalar())])
    }
    fn grad(&self, _: &mut GradientOf<'_>) -> Result<Vec<Option<Value>>> {
        no_gradient(0)
    }
    fn eval(&self, _: &[&Array], _: &[Meta]) -> Vec<Array> {
        vec![Array::new(Shape::scalar(), vec![f64::from(self.value())])]
    }
    fn run(&self, call: &mut Call<'_, '_>) {
        call.out_f32(0).fill(self.value());
    }
    fn flops(&self, _: &[&Meta], _: &[Meta]) -> u64 {
        0
    }
}

#[cfg(test)]
pub(crate) fn cases() -> Vec<super::check::Case> {
    use super::check::{Fill::*, case};
    vec![
        case("beside a batch", |s| {
            let x = s.batched(&[3], Mixed)?;
            s.g.add_scalar(x, 1.5)
        }),
        case("alone", |s| {
            let x = s.fixed(&[], Mixed)?;
            let c = s.g.constant(-2.0)?;
            let c = s.g.reshape(c, [1, 1])?;
            s.g.mul(c, x)
        }),
    ]
}
