//! Adagrad: steps that shrink where gradients were large so far.

use serde_json::{Map, Value as Json};

use super::{
    Base, Optimizer, Slot, Step, Stepped, Weight, arguments, optimizer_class, optimizer_identity,
};
use crate::error::Result;
use crate::graph::Graph;

optimizer_class! {
    /// `a ← a + g²`, `w ← w - lr·g / √(a + ε)`.
    ///
    /// # Errors
    /// A learning rate or first sum below 0, `ε` below 0, more than one kind of clipping.
    ///
    /// # Example
    /// ```
    /// use cornu::optimizers::Adagrad;
    /// let adagrad = Adagrad::new(0.01).initial_accumulator_value(0.0);
    /// # let _ = adagrad;
    /// ```
    ///
    /// # Source
    /// Duchi et al., "Adaptive Subgradient Methods for Online Learning and Stochastic Optimization", 2011.
    ///
    /// # Keras
    /// The same arithmetic and defaults.
    pub struct Adagrad {
        learning_rate = 0.001;
        /// What the sum of squared gradients begins with.
        initial_accumulator_value: f64 = 0.1,
        /// Keeps the division from zero.
        epsilon: f64 = 1e-7,
    }
}

impl Optimizer for Adagrad {
    optimizer_identity!(Adagrad);

    fn config(&self) -> Map<String, Json> {
        arguments::object(self)
    }

    fn check(&self) -> Result<()> {
        self.base.check("Adagrad")?;
        let start = self.initial_accumulator_value;
        arguments::not_negative("Adagrad", "initial_accumulator_value", start)?;
        arguments::not_negative("Adagrad", "epsilon", self.epsilon)
    }

    fn slots(&self, weight: Weight<'_>) -> Vec<Slot> {
        let start = self.initial_accumulator_value as f32;
        vec![Slot::filled("accumulator", weight.shape.clone(), start)]
    }

    fn step(&self, g: &mut Graph, s: Step<'_>) -> Result<Stepped> {
        let g2 = g.square(s.grad)?;
        let a = g.add(s.slots[0], g2)?;
        let root = g.add_scalar(a, self.epsilon as f32)?;
        let root = g.sqrt(root)?;
        let d = g.mul(s.grad, s.learning_rate)?;
        let d = g.div(d, root)?;
        Ok(Stepped {
            weight: g.sub(s.weight, d)?,
            slots: vec![a],
        })
    }
}
