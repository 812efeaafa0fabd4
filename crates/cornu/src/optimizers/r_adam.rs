//! RAdam: Adam that waits with the division until the mean square is known well enough.

use serde_json::{Map, Value as Json};

use super::{
    Base, Optimizer, Slot, Step, Stepped, Weight, arguments, begun, optimizer_class,
    optimizer_identity, towards,
};
use crate::error::Result;
use crate::graph::Graph;

optimizer_class! {
    /// Adam's means; `ρ∞ = 2/(1-β₂) - 1`, `ρ = ρ∞ - 2t·β₂ᵗ/(1-β₂ᵗ)`. While `ρ ≤ 5`: `w ← w - lr·m/(1-β₁ᵗ)`; then that times
    /// `√((ρ-4)(ρ-2)ρ∞ / ((ρ∞-4)(ρ∞-2)ρ)) · √(1-β₂ᵗ) / (√v + ε)`.
    ///
    /// # Errors
    /// A learning rate below 0, `β` outside `[0, 1)`, `ε` below 0, more than one kind of clipping.
    ///
    /// # Example
    /// ```
    /// use cornu::optimizers::RAdam;
    /// let radam = RAdam::new(0.001);
    /// # let _ = radam;
    /// ```
    ///
    /// # Source
    /// Liu et al., "On the Variance of the Adaptive Learning Rate and Beyond", 2019.
    ///
    /// # Keras
    /// None. PyTorch's `RAdam` computes the same; a weight decay is that of its `decoupled_weight_decay`.
    pub struct RAdam {
        learning_rate = 0.001;
        /// How much of the mean gradient stays at each step.
        beta_1: f64 = 0.9,
        /// How much of the mean squared gradient stays at each step.
        beta_2: f64 = 0.999,
        /// Keeps the division from zero.
        epsilon: f64 = 1e-8,
    }
}

impl Optimizer for RAdam {
    optimizer_identity!(RAdam);

    fn config(&self) -> Map<String, Json> {
        arguments::object(self)
    }

    fn check(&self) -> Result<()> {
        self.base.check("RAdam")?;
        arguments::share("RAdam", "beta_1", self.beta_1)?;
        arguments::share("RAdam", "beta_2", self.beta_2)?;
        arguments::not_negative("RAdam", "epsilon", self.epsilon)
    }

    fn slots(&self, weight: Weight<'_>) -> Vec<Slot> {
        vec![
            Slot::zeros("momentum", weight),
            Slot::zeros("velocity", weight),
        ]
    }

    fn step(&self, g: &mut Graph, s: Step<'_>) -> Result<Stepped> {
        // Scalars: computed once a step.
        let (c1, c2) = (
            begun(g, self.beta_1, s.iteration)?,
            begun(g, self.beta_2, s.iteration)?,
        );
        let most = 2.0 / (1.0 - self.beta_2) - 1.0;
        let power = g.one_minus(c2)?;
        let lack = g.mul(s.iteration, power)?;
        let lack = g.div(lack, c2)?;
        let lack = g.scale(lack, -2.0)?;
        let known = g.add_scalar(lack, most as f32)?;
        let enough = g.greater_scalar(known, 5.0)?;
        let five = g.constant(5.0)?;
        let safe = g.maximum(known, five)?;
        let (a, b) = (g.add_scalar(safe, -4.0)?, g.add_scalar(safe, -2.0)?);
        let above = g.mul(a, b)?;
        let above = g.scale(above, (most / ((most - 4.0) * (most - 2.0))) as f32)?;
        let rectified = g.div(above, safe)?;
        let rectified = g.mul(rectified, c2)?;
        let rectified = g.sqrt(rectified)?;
        let rate = g.div(s.learning_rate, c1)?;
        let m = towards(g, s.slots[0], s.grad, 1.0 - self.beta_1)?;
        let g2 = g.square(s.grad)?;
        let v = towards(g, s.slots[1], g2, 1.0 - self.beta_2)?;
        let root = g.sqrt(v)?;
        let root = g.add_scalar(root, self.epsilon as f32)?;
        let plain = g.mul(m, rate)?;
        let share = g.div(rectified, root)?;
        let adapted = g.mul(plain, share)?;
        let d = g.select(enough, adapted, plain)?;
        Ok(Stepped {
            weight: g.sub(s.weight, d)?,
            slots: vec![m, v],
        })
    }
}
