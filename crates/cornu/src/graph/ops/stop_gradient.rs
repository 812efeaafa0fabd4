//! The identity, through which no gradient flows.

use super::{Array, Call, GradientOf, Rule, no_gradient};
use crate::error::Result;
use crate::graph::{Meta, Value};

/// `y = x`, held constant by differentiation. Removed before a plan is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StopGradient;

impl Rule for StopGradient {
    fn infer(&self, inputs: &[&Meta]) -> Result<Vec<Meta>> {
        Ok(vec![inputs[0].clone()])
    }
    fn grad(&self, _: &mut GradientOf<'_>) -> Result<Vec<Option<Value>>> {
        no_gradient(1)
    }
    fn eval(&self, inputs: &[&Array], _: &[Meta]) -> Vec<Array> {
        vec![inputs[0].clone()]
    }
    fn run(&self, _: &mut Call<'_, '_>) {
        unreachable!("removed before a plan is made")
    }
}

#[cfg(test)]
pub(crate) fn cases() -> Vec<super::check::Case> {
    use super::check::{Fill::*, case};
    vec![
        case("one factor held", |s| {
            let x = s.batched(&[3], Mixed)?;
            let held = s.g.stop_gradient(x)?;
            s.g.mul(x, held)
        })
        .not_smooth(),
    ]
}
