//! A value given from outside: a feed (a batch, a setting) or a state (a weight, an optimizer's slot).

use super::{Array, Call, GradientOf, Rule, no_gradient};
use crate::error::Result;
use crate::graph::{Meta, Value};

/// Where an input's elements come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// The tensor with this number among those handed over at each run.
    Feed(u32),
    /// The tensor with this number among those the executable keeps from run to run.
    State(u32),
    /// What the part of a plan with this number computed from states alone. Set by the preparing pass alone.
    Prepared(u32),
}

/// A value given from outside.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Input {
    /// Feed or state, and which.
    pub source: Source,
    /// Shape and type.
    pub meta: Meta,
    /// Whether axis 0 is the batch.
    pub batched: bool,
}

impl Rule for Input {
    fn infer(&self, _: &[&Meta]) -> Result<Vec<Meta>> {
        Ok(vec![self.meta.clone()])
    }
    fn grad(&self, _: &mut GradientOf<'_>) -> Result<Vec<Option<Value>>> {
        no_gradient(0)
    }
    fn eval(&self, _: &[&Array], _: &[Meta]) -> Vec<Array> {
        unreachable!("an input is given, not computed")
    }
    fn run(&self, _: &mut Call<'_, '_>) {
        unreachable!("an input is given, not computed")
    }
    fn flops(&self, _: &[&Meta], _: &[Meta]) -> u64 {
        0
    }
}

/// None of its own: every case is made of inputs.
#[cfg(test)]
pub(crate) fn cases() -> Vec<super::check::Case> {
    Vec::new()
}
