//! Lion: steps of one size, in the direction of a mean gradient's sign.

use serde_json::{Map, Value as Json};

use super::{
    Base, Optimizer, Slot, Step, Stepped, Weight, arguments, optimizer_class, optimizer_identity,
};
use crate::error::Result;
use crate::graph::Graph;
use crate::graph::ops::UnaryKind;

optimizer_class! {
    /// `w ← w - lr·sign(β₁·m + (1-β₁)·g)`, then `m ← β₂·m + (1-β₂)·g`.
    ///
    /// # Errors
    /// A learning rate below 0, `β₁` that is 0 or above 1, `β₂` outside `[0, 1)`, more than one kind of clipping.
    ///
    /// # Example
    /// ```
    /// use cornu::optimizers::Lion;
    /// let lion = Lion::new(1e-4).weight_decay(0.1);
    /// # let _ = lion;
    /// ```
    ///
    /// # Source
    /// Chen et al., "Symbolic Discovery of Optimization Algorithms", 2023.
    ///
    /// # Keras
    /// The same arithmetic and defaults.
    pub struct Lion {
        learning_rate = 0.001;
        /// How much the mean gradient counts beside the present one.
        beta_1: f64 = 0.9,
        /// How much of the mean gradient stays at each step.
        beta_2: f64 = 0.99,
    }
}

impl Optimizer for Lion {
    optimizer_identity!(Lion);

    fn config(&self) -> Map<String, Json> {
        arguments::object(self)
    }

    fn check(&self) -> Result<()> {
        self.base.check("Lion")?;
        arguments::positive("Lion", "beta_1", self.beta_1)?;
        arguments::unit("Lion", "beta_1", self.beta_1)?;
        arguments::share("Lion", "beta_2", self.beta_2)
    }

    fn slots(&self, weight: Weight<'_>) -> Vec<Slot> {
        vec![Slot::zeros("momentum", weight)]
    }

    fn step(&self, g: &mut Graph, s: Step<'_>) -> Result<Stepped> {
        let kept = g.scale(s.slots[0], self.beta_1 as f32)?;
        let new = g.scale(s.grad, (1.0 - self.beta_1) as f32)?;
        let mean = g.add(kept, new)?;
        let sign = g.unary(UnaryKind::Sign, mean)?;
        let d = g.mul(sign, s.learning_rate)?;
        let kept = g.scale(s.slots[0], self.beta_2 as f32)?;
        let new = g.scale(s.grad, (1.0 - self.beta_2) as f32)?;
        Ok(Stepped {
            weight: g.sub(s.weight, d)?,
            slots: vec![g.add(kept, new)?],
        })
    }
}
