//! What an optimizer remembers for a weight: how it is called, how large it is, how it begins.

use crate::error::Result;
use crate::exec::Variable;
use crate::shape::Shape;
use crate::tensor::Tensor;

/// A weight as an optimizer sees it before the first step.
#[derive(Clone, Copy, Debug)]
pub struct Weight<'a> {
    /// The weight's path: "sequential/dense/kernel".
    pub path: &'a str,
    /// Its shape.
    pub shape: &'a Shape,
}

/// One tensor of an optimizer's memory for a weight.
#[derive(Clone, Debug, PartialEq)]
pub struct Slot {
    /// What it is called; the name under which it is saved.
    pub name: &'static str,
    /// Its shape.
    pub shape: Shape,
    /// How it begins.
    pub start: Start,
}

/// How a slot begins.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Start {
    /// Every element is this.
    Filled(f32),
    /// As the weight is before the first step.
    Weight,
}

impl Slot {
    /// Zeros like the weight.
    pub fn zeros(name: &'static str, weight: Weight<'_>) -> Self {
        Self::filled(name, weight.shape.clone(), 0.0)
    }

    /// A shape of its own, every element the same.
    pub fn filled(name: &'static str, shape: impl Into<Shape>, value: f32) -> Self {
        Self {
            name,
            shape: shape.into(),
            start: Start::Filled(value),
        }
    }

    /// A copy of the weight.
    pub fn copy(name: &'static str, weight: Weight<'_>) -> Self {
        Self {
            name,
            shape: weight.shape.clone(),
            start: Start::Weight,
        }
    }

    /// What the slot holds before the first step of a weight with these elements.
    pub fn tensor(&self, weight: impl FnOnce() -> Tensor) -> Result<Tensor> {
        match self.start {
            Start::Filled(value) => {
                Tensor::new(self.shape.clone(), vec![value; self.shape.elements()])
            }
            Start::Weight => Ok(weight()),
        }
    }

    /// A variable that holds it, for a weight before its first step.
    pub(crate) fn variable(&self, weight: &Variable) -> Result<Variable> {
        match self.start {
            // Zeros that the system gives anew cost nothing until they are written.
            Start::Filled(0.0) => Variable::zeros(self.shape.clone()),
            _ => Variable::new(&self.tensor(|| weight.value())?),
        }
    }
}
