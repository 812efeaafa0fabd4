//! RMSprop: steps scaled by a running mean of the squared gradient.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::{
    Base, LearningRate, Optimizer, Slot, Step, Stepped, Weight, arguments, base_arguments,
    optimizer_identity, towards,
};
use crate::error::Result;
use crate::graph::Graph;

/// `v ← ρ·v + (1-ρ)·g²`, `w ← w - lr·g / √(v + ε)`.
///
/// Centered: the square of the mean gradient `a ← ρ·a + (1-ρ)·g` is taken off `v` before the root, which leaves the gradient's
/// variance. With momentum: `u ← μ·u + lr·g / √(v + ε)`, `w ← w - u`.
///
/// # Errors
/// A learning rate below 0, `ρ` outside `[0, 1)`, a momentum outside `[0, 1]`, `ε` below 0, more than one kind of clipping.
///
/// # Example
/// ```
/// use cornu::optimizers::RMSprop;
/// let rmsprop = RMSprop::new(0.001).rho(0.95).centered(true);
/// # let _ = rmsprop;
/// ```
///
/// # Source
/// Tieleman and Hinton, Lecture 6.5 of "Neural Networks for Machine Learning", 2012. Centered: Graves, "Generating Sequences With
/// Recurrent Neural Networks", 2013.
///
/// # Keras
/// The same arithmetic and defaults.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RMSprop {
    #[serde(skip)]
    base: Base,
    rho: f64,
    momentum: f64,
    epsilon: f64,
    centered: bool,
}

impl Default for RMSprop {
    fn default() -> Self {
        Self::new(0.001)
    }
}

base_arguments!(RMSprop);

impl RMSprop {
    /// Keras's defaults, with a learning rate.
    pub fn new(learning_rate: impl Into<LearningRate>) -> Self {
        Self {
            base: Base::new(learning_rate),
            rho: 0.9,
            momentum: 0.0,
            epsilon: 1e-7,
            centered: false,
        }
    }

    /// How much of the mean squared gradient stays at each step.
    pub fn rho(mut self, rho: f64) -> Self {
        self.rho = rho;
        self
    }

    /// How much of the past steps stays at each step.
    pub fn momentum(mut self, momentum: f64) -> Self {
        self.momentum = momentum;
        self
    }

    /// Keeps the division from zero.
    pub fn epsilon(mut self, epsilon: f64) -> Self {
        self.epsilon = epsilon;
        self
    }

    /// Whether to divide by the gradient's standard deviation instead of its root mean square.
    pub fn centered(mut self, centered: bool) -> Self {
        self.centered = centered;
        self
    }
}

impl Optimizer for RMSprop {
    optimizer_identity!(RMSprop);

    fn config(&self) -> Map<String, Json> {
        arguments::object(self)
    }

    fn check(&self) -> Result<()> {
        self.base.check("RMSprop")?;
        arguments::share("RMSprop", "rho", self.rho)?;
        arguments::unit("RMSprop", "momentum", self.momentum)?;
        arguments::not_negative("RMSprop", "epsilon", self.epsilon)
    }

    fn slots(&self, weight: Weight<'_>) -> Vec<Slot> {
        let mut slots = vec![Slot::zeros("velocity", weight)];
        if self.momentum > 0.0 {
            slots.push(Slot::zeros("momentum", weight));
        }
        if self.centered {
            slots.push(Slot::zeros("average_gradient", weight));
        }
        slots
    }

    fn step(&self, g: &mut Graph, s: Step<'_>) -> Result<Stepped> {
        let g2 = g.square(s.grad)?;
        let v = towards(g, s.slots[0], g2, 1.0 - self.rho)?;
        let mut average = None;
        let mut spread = v;
        if self.centered {
            let a = towards(g, s.slots[s.slots.len() - 1], s.grad, 1.0 - self.rho)?;
            let a2 = g.square(a)?;
            spread = g.sub(v, a2)?;
            average = Some(a);
        }
        let spread = g.add_scalar(spread, self.epsilon as f32)?;
        let root = g.sqrt(spread)?;
        let d = g.mul(s.grad, s.learning_rate)?;
        let mut d = g.div(d, root)?;
        let mut slots = vec![v];
        if self.momentum > 0.0 {
            let kept = g.scale(s.slots[1], self.momentum as f32)?;
            d = g.add(kept, d)?;
            slots.push(d);
        }
        slots.extend(average);
        Ok(Stepped {
            weight: g.sub(s.weight, d)?,
            slots,
        })
    }
}
