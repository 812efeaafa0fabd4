//! Adadelta: steps whose size follows from those before, without a learning rate of their own.

use serde_json::{Map, Value as Json};

use super::{
    Base, Optimizer, Slot, Step, Stepped, Weight, arguments, optimizer_class, optimizer_identity,
    towards,
};
use crate::error::Result;
use crate::graph::Graph;

optimizer_class! {
    /// `a ← ρ·a + (1-ρ)·g²`, `d = -√((x + ε) / (a + ε))·g`, `x ← ρ·x + (1-ρ)·d²`, `w ← w + lr·d`.
    ///
    /// # Errors
    /// A learning rate below 0, `ρ` outside `[0, 1)`, `ε` below 0, more than one kind of clipping.
    ///
    /// # Example
    /// ```
    /// use cornu::optimizers::Adadelta;
    /// let adadelta = Adadelta::new(1.0).rho(0.9);
    /// # let _ = adadelta;
    /// ```
    ///
    /// # Source
    /// Zeiler, "ADADELTA: An Adaptive Learning Rate Method", 2012, which has the learning rate 1.
    ///
    /// # Keras
    /// The same arithmetic and defaults.
    pub struct Adadelta {
        learning_rate = 0.001;
        /// How much of the means of squared gradients and steps stays at each step.
        rho: f64 = 0.95,
        /// Keeps the division from zero.
        epsilon: f64 = 1e-7,
    }
}

impl Optimizer for Adadelta {
    optimizer_identity!(Adadelta);

    fn config(&self) -> Map<String, Json> {
        arguments::object(self)
    }

    fn check(&self) -> Result<()> {
        self.base.check("Adadelta")?;
        arguments::share("Adadelta", "rho", self.rho)?;
        arguments::not_negative("Adadelta", "epsilon", self.epsilon)
    }

    fn slots(&self, weight: Weight<'_>) -> Vec<Slot> {
        vec![
            Slot::zeros("accumulated_grad", weight),
            Slot::zeros("accumulated_delta_var", weight),
        ]
    }

    fn step(&self, g: &mut Graph, s: Step<'_>) -> Result<Stepped> {
        let epsilon = self.epsilon as f32;
        let g2 = g.square(s.grad)?;
        let a = towards(g, s.slots[0], g2, 1.0 - self.rho)?;
        let above = g.add_scalar(s.slots[1], epsilon)?;
        let above = g.sqrt(above)?;
        let below = g.add_scalar(a, epsilon)?;
        let below = g.sqrt(below)?;
        let d = g.mul(above, s.grad)?;
        let d = g.div(d, below)?;
        let d2 = g.square(d)?;
        let x = towards(g, s.slots[1], d2, 1.0 - self.rho)?;
        let d = g.mul(d, s.learning_rate)?;
        Ok(Stepped {
            weight: g.sub(s.weight, d)?,
            slots: vec![a, x],
        })
    }
}
