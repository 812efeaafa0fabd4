//! Adam whose weights are means of all steps, so that the learning rate need not fall.

use serde_json::{Map, Value as Json};

use super::{
    Base, Optimizer, Slot, Step, Stepped, Weight, arguments, begun, optimizer_class,
    optimizer_identity, towards,
};
use crate::error::Result;
use crate::graph::Graph;

optimizer_class! {
    /// With Adam's `v` and `u = lr·g / (√(v / (1-β₂ᵗ)) + ε)`: `z ← z - u`, `x ← x + (z - x) / t`, `w ← (1-β₁)·z + β₁·x`.
    ///
    /// `warmup_steps`: the learning rate first rises in a straight line.
    ///
    /// # Errors
    /// A learning rate below 0, `β₁` outside `(0, 1)`, `β₂` outside `[0, 1)`, `ε` below 0, more than one kind of clipping.
    ///
    /// # Example
    /// ```
    /// use cornu::optimizers::ScheduleFreeAdamW;
    /// let adam = ScheduleFreeAdamW::default().warmup_steps(100);
    /// # let _ = adam;
    /// ```
    ///
    /// # Source
    /// Defazio et al., "The Road Less Scheduled", 2024.
    ///
    /// # Keras
    /// The same defaults, and the arithmetic of Keras on TensorFlow run step by step, which finds the `x` of the step before,
    /// `(w - (1-β₁)·z) / β₁`, by the new `z`; by the paper, and by Keras on other backends, it is the old one. In a compiled step of
    /// TensorFlow's, Keras computes a third thing.
    pub struct ScheduleFreeAdamW {
        learning_rate = 0.0025;
        /// How near the weights are to the mean of all steps.
        beta_1: f64 = 0.9,
        /// How much of the mean squared gradient stays at each step.
        beta_2: f64 = 0.999,
        /// Keeps the division from zero.
        epsilon: f64 = 1e-8,
        /// Over how many steps the learning rate rises at first.
        warmup_steps: u64 = 0,
    }
}

impl Optimizer for ScheduleFreeAdamW {
    optimizer_identity!(ScheduleFreeAdamW);

    fn config(&self) -> Map<String, Json> {
        arguments::object(self)
    }

    fn check(&self) -> Result<()> {
        let class = "ScheduleFreeAdamW";
        self.base.check(class)?;
        arguments::positive(class, "beta_1", self.beta_1)?;
        arguments::share(class, "beta_1", self.beta_1)?;
        arguments::share(class, "beta_2", self.beta_2)?;
        arguments::not_negative(class, "epsilon", self.epsilon)
    }

    fn slots(&self, weight: Weight<'_>) -> Vec<Slot> {
        vec![
            Slot::copy("momentum", weight),
            Slot::zeros("velocity", weight),
        ]
    }

    fn step(&self, g: &mut Graph, s: Step<'_>) -> Result<Stepped> {
        let mut rate = s.learning_rate;
        if self.warmup_steps > 0 {
            let part = g.scale(s.iteration, 1.0 / self.warmup_steps as f32)?;
            let one = g.constant(1.0)?;
            let part = g.minimum(part, one)?;
            rate = g.mul(rate, part)?;
        }
        let c2 = begun(g, self.beta_2, s.iteration)?;
        let g2 = g.square(s.grad)?;
        let v = towards(g, s.slots[1], g2, 1.0 - self.beta_2)?;
        let below = g.div(v, c2)?;
        let below = g.sqrt(below)?;
        let below = g.add_scalar(below, self.epsilon as f32)?;
        let u = g.mul(s.grad, rate)?;
        let u = g.div(u, below)?;
        let z = g.sub(s.slots[0], u)?;
        let beta = self.beta_1 as f32;
        // By the new z, as Keras on TensorFlow reads its variable; the paper takes the old one.
        let own = g.scale(z, 1.0 - beta)?;
        let x = g.sub(s.weight, own)?;
        let x = g.scale(x, 1.0 / beta)?;
        let one = g.constant(1.0)?;
        let share = g.div(one, s.iteration)?;
        let d = g.sub(z, x)?;
        let d = g.mul(d, share)?;
        let x = g.add(x, d)?;
        let near = g.scale(z, 1.0 - beta)?;
        let far = g.scale(x, beta)?;
        Ok(Stepped {
            weight: g.add(near, far)?,
            slots: vec![z, v],
        })
    }
}
