//! Adamax: Adam with the largest gradient, slowly forgotten, in place of the root mean square.

use serde_json::{Map, Value as Json};

use super::{
    Base, Optimizer, Slot, Step, Stepped, Weight, arguments, begun, optimizer_class,
    optimizer_identity, towards,
};
use crate::error::Result;
use crate::graph::Graph;

optimizer_class! {
    /// `m ← m + (1-β₁)(g - m)`, `u ← max(β₂·u, |g|)`, `w ← w - lr·m / ((1-β₁ᵗ)·(u + ε))`.
    ///
    /// # Errors
    /// A learning rate below 0, `β` outside `[0, 1)`, `ε` below 0, more than one kind of clipping.
    ///
    /// # Example
    /// ```
    /// use cornu::optimizers::Adamax;
    /// let adamax = Adamax::new(0.002).beta_1(0.8);
    /// # let _ = adamax;
    /// ```
    ///
    /// # Source
    /// Kingma and Ba, "Adam: A Method for Stochastic Optimization", 2014, section 7.1.
    ///
    /// # Keras
    /// The same arithmetic and defaults.
    pub struct Adamax {
        learning_rate = 0.001;
        /// How much of the mean gradient stays at each step.
        beta_1: f64 = 0.9,
        /// How much of the largest gradient stays at each step.
        beta_2: f64 = 0.999,
        /// Keeps the division from zero.
        epsilon: f64 = 1e-7,
    }
}

impl Optimizer for Adamax {
    optimizer_identity!(Adamax);

    fn config(&self) -> Map<String, Json> {
        arguments::object(self)
    }

    fn check(&self) -> Result<()> {
        self.base.check("Adamax")?;
        arguments::share("Adamax", "beta_1", self.beta_1)?;
        arguments::share("Adamax", "beta_2", self.beta_2)?;
        arguments::not_negative("Adamax", "epsilon", self.epsilon)
    }

    fn slots(&self, weight: Weight<'_>) -> Vec<Slot> {
        vec![Slot::zeros("momentum", weight), Slot::zeros("norm", weight)]
    }

    fn step(&self, g: &mut Graph, s: Step<'_>) -> Result<Stepped> {
        let c1 = begun(g, self.beta_1, s.iteration)?;
        let alpha = g.div(s.learning_rate, c1)?;
        let m = towards(g, s.slots[0], s.grad, 1.0 - self.beta_1)?;
        let kept = g.scale(s.slots[1], self.beta_2 as f32)?;
        let size = g.abs(s.grad)?;
        let u = g.maximum(kept, size)?;
        let below = g.add_scalar(u, self.epsilon as f32)?;
        let d = g.mul(m, alpha)?;
        let d = g.div(d, below)?;
        Ok(Stepped {
            weight: g.sub(s.weight, d)?,
            slots: vec![m, u],
        })
    }
}
