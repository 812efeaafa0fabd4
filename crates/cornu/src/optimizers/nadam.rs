//! Nadam: Adam that looks one step ahead along its momentum.

use serde_json::{Map, Value as Json};

use super::{
    Base, Optimizer, Slot, Step, Stepped, Weight, arguments, begun, optimizer_class,
    optimizer_identity, towards,
};
use crate::error::Result;
use crate::graph::{Graph, Value};
use crate::shape::Shape;

optimizer_class! {
    /// Adam's means, with `uₜ = β₁·(1 - 0.96ᵗ/2)` and `Uₜ = u₁ · … · uₜ`:
    /// `w ← w - lr·(uₜ₊₁·m / (1 - Uₜ₊₁) + (1 - uₜ)·g / (1 - Uₜ)) / (√(v / (1-β₂ᵗ)) + ε)`.
    ///
    /// # Errors
    /// A learning rate below 0, `β` outside `[0, 1)`, `ε` below 0, more than one kind of clipping.
    ///
    /// # Example
    /// ```
    /// use cornu::optimizers::Nadam;
    /// let nadam = Nadam::new(0.002);
    /// # let _ = nadam;
    /// ```
    ///
    /// # Source
    /// Dozat, "Incorporating Nesterov Momentum into Adam", 2016.
    ///
    /// # Keras
    /// The same arithmetic and defaults. PyTorch's `NAdam` is this with `ε` 1e-8 and a decay of the momentum that can be chosen.
    pub struct Nadam {
        learning_rate = 0.001;
        /// How much of the mean gradient stays at each step, in the long run.
        beta_1: f64 = 0.9,
        /// How much of the mean squared gradient stays at each step.
        beta_2: f64 = 0.999,
        /// Keeps the division from zero.
        epsilon: f64 = 1e-7,
    }
}

/// `β₁·(1 - 0.96ᵗ/2)`.
fn momentum(g: &mut Graph, beta: f64, t: Value) -> Result<Value> {
    let base = g.constant(0.96)?;
    let power = g.pow(base, t)?;
    let half = g.scale(power, 0.5)?;
    let rest = g.one_minus(half)?;
    g.scale(rest, beta as f32)
}

impl Optimizer for Nadam {
    optimizer_identity!(Nadam);

    fn config(&self) -> Map<String, Json> {
        arguments::object(self)
    }

    fn check(&self) -> Result<()> {
        self.base.check("Nadam")?;
        arguments::share("Nadam", "beta_1", self.beta_1)?;
        arguments::share("Nadam", "beta_2", self.beta_2)?;
        arguments::not_negative("Nadam", "epsilon", self.epsilon)
    }

    fn slots(&self, weight: Weight<'_>) -> Vec<Slot> {
        vec![
            Slot::zeros("momentum", weight),
            Slot::zeros("velocity", weight),
            Slot::filled("u_product", Shape::scalar(), 1.0),
        ]
    }

    fn step(&self, g: &mut Graph, s: Step<'_>) -> Result<Stepped> {
        let next = g.add_scalar(s.iteration, 1.0)?;
        let (u, u_next) = (
            momentum(g, self.beta_1, s.iteration)?,
            momentum(g, self.beta_1, next)?,
        );
        let product = g.mul(s.slots[2], u)?;
        let product_next = g.mul(product, u_next)?;
        let m = towards(g, s.slots[0], s.grad, 1.0 - self.beta_1)?;
        let g2 = g.square(s.grad)?;
        let v = towards(g, s.slots[1], g2, 1.0 - self.beta_2)?;
        // Scalars: computed once a step.
        let rest = g.one_minus(product_next)?;
        let share = g.div(u_next, rest)?;
        let (now, rest) = (g.one_minus(u)?, g.one_minus(product)?);
        let now = g.div(now, rest)?;
        let c2 = begun(g, self.beta_2, s.iteration)?;
        let ahead = g.mul(m, share)?;
        let present = g.mul(s.grad, now)?;
        let mean = g.add(ahead, present)?;
        let root = g.div(v, c2)?;
        let root = g.sqrt(root)?;
        let root = g.add_scalar(root, self.epsilon as f32)?;
        let d = g.mul(mean, s.learning_rate)?;
        let d = g.div(d, root)?;
        Ok(Stepped {
            weight: g.sub(s.weight, d)?,
            slots: vec![m, v, product],
        })
    }
}
