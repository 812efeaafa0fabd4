//! Lamb: Adam's steps, as long as a share of the weight itself, for large batches.

use serde_json::{Map, Value as Json};

use super::{
    Base, Optimizer, Slot, Step, Stepped, Weight, arguments, begun, length, optimizer_class,
    optimizer_identity, towards,
};
use crate::error::Result;
use crate::graph::Graph;

optimizer_class! {
    /// Adam's `u = (m / (1-β₁ᵗ)) / (√(v / (1-β₂ᵗ)) + ε)`, then `w ← w - lr·u·‖w‖ / ‖u‖` (where a length is 0, without the quotient).
    ///
    /// # Errors
    /// A learning rate below 0, `β` outside `[0, 1)`, `ε` below 0, more than one kind of clipping.
    ///
    /// # Example
    /// ```
    /// use cornu::optimizers::Lamb;
    /// let lamb = Lamb::new(0.01).exclude_from_weight_decay("bias");
    /// # let _ = lamb;
    /// ```
    ///
    /// # Source
    /// You et al., "Large Batch Optimization for Deep Learning: Training BERT in 76 minutes", 2019.
    ///
    /// # Keras
    /// The same arithmetic and defaults.
    pub struct Lamb {
        learning_rate = 0.001;
        /// How much of the mean gradient stays at each step.
        beta_1: f64 = 0.9,
        /// How much of the mean squared gradient stays at each step.
        beta_2: f64 = 0.999,
        /// Keeps the division from zero.
        epsilon: f64 = 1e-7,
    }
}

impl Optimizer for Lamb {
    optimizer_identity!(Lamb);

    fn config(&self) -> Map<String, Json> {
        arguments::object(self)
    }

    fn check(&self) -> Result<()> {
        self.base.check("Lamb")?;
        arguments::share("Lamb", "beta_1", self.beta_1)?;
        arguments::share("Lamb", "beta_2", self.beta_2)?;
        arguments::not_negative("Lamb", "epsilon", self.epsilon)
    }

    fn slots(&self, weight: Weight<'_>) -> Vec<Slot> {
        vec![
            Slot::zeros("momentum", weight),
            Slot::zeros("velocity", weight),
        ]
    }

    fn step(&self, g: &mut Graph, s: Step<'_>) -> Result<Stepped> {
        let (c1, c2) = (
            begun(g, self.beta_1, s.iteration)?,
            begun(g, self.beta_2, s.iteration)?,
        );
        let m = towards(g, s.slots[0], s.grad, 1.0 - self.beta_1)?;
        let g2 = g.square(s.grad)?;
        let v = towards(g, s.slots[1], g2, 1.0 - self.beta_2)?;
        let above = g.div(m, c1)?;
        let below = g.div(v, c2)?;
        let below = g.sqrt(below)?;
        let below = g.add_scalar(below, self.epsilon as f32)?;
        let u = g.div(above, below)?;
        let (of_weight, of_step) = (length(g, s.weight)?, length(g, u)?);
        let (zero, one) = (g.constant(0.0)?, g.constant(1.0)?);
        let smaller = g.minimum(of_weight, of_step)?;
        let none = g.equal(smaller, zero)?;
        let safe = g.select(none, one, of_step)?;
        let ratio = g.div(of_weight, safe)?;
        let ratio = g.select(none, one, ratio)?;
        let share = g.mul(ratio, s.learning_rate)?;
        let d = g.mul(u, share)?;
        Ok(Stepped {
            weight: g.sub(s.weight, d)?,
            slots: vec![m, v],
        })
    }
}
