//! FTRL: weights follow from the sum of all gradients, and many become exactly 0.

use serde_json::{Map, Value as Json};

use super::{
    Base, Optimizer, Slot, Step, Stepped, Weight, arguments, optimizer_class, optimizer_identity,
};
use crate::error::Result;
use crate::graph::{Graph, Value};

optimizer_class! {
    /// With the sum of squares `n ← n + g²`, `σ = (n^-p - nₒ^-p) / lr` and `z ← z + g + 2·l2_shrinkage·w - σ·w`:
    /// `w ← (clip(z, ±l1) - z) / (n^-p / lr + 2·l2 + β / lr)`, where `p` is the power of the learning rate.
    ///
    /// # Errors
    /// A strength, first sum or `β` below 0, a power of the learning rate above 0, more than one kind of clipping.
    ///
    /// # Example
    /// ```
    /// use cornu::optimizers::Ftrl;
    /// let ftrl = Ftrl::new(0.1).l1_regularization_strength(0.01);
    /// # let _ = ftrl;
    /// ```
    ///
    /// # Source
    /// McMahan et al., "Ad Click Prediction: a View from the Trenches", 2013.
    ///
    /// # Keras
    /// The same arithmetic and defaults.
    pub struct Ftrl {
        learning_rate = 0.001;
        /// With which power of the sum of squares steps shrink.
        learning_rate_power: f64 = -0.5,
        /// What the sum of squared gradients begins with.
        initial_accumulator_value: f64 = 0.1,
        /// How strongly small weights are drawn to 0.
        l1_regularization_strength: f64 = 0.0,
        /// How strongly large weights are drawn to 0.
        l2_regularization_strength: f64 = 0.0,
        /// How strongly gradients count the weight itself.
        l2_shrinkage_regularization_strength: f64 = 0.0,
        /// The `β` of the paper.
        beta: f64 = 0.0,
    }
}

impl Ftrl {
    /// `n` to minus the power of the learning rate.
    fn powered(&self, g: &mut Graph, n: Value) -> Result<Value> {
        if self.learning_rate_power == -0.5 {
            return g.sqrt(n);
        }
        let power = g.constant(-self.learning_rate_power as f32)?;
        g.pow(n, power)
    }
}

impl Optimizer for Ftrl {
    optimizer_identity!(Ftrl);

    fn config(&self) -> Map<String, Json> {
        arguments::object(self)
    }

    fn check(&self) -> Result<()> {
        self.base.check("Ftrl")?;
        arguments::not_negative(
            "Ftrl",
            "minus learning_rate_power",
            -self.learning_rate_power,
        )?;
        for (key, x) in [
            ("initial_accumulator_value", self.initial_accumulator_value),
            (
                "l1_regularization_strength",
                self.l1_regularization_strength,
            ),
            (
                "l2_regularization_strength",
                self.l2_regularization_strength,
            ),
            (
                "l2_shrinkage_regularization_strength",
                self.l2_shrinkage_regularization_strength,
            ),
            ("beta", self.beta),
        ] {
            arguments::not_negative("Ftrl", key, x)?;
        }
        Ok(())
    }

    fn slots(&self, weight: Weight<'_>) -> Vec<Slot> {
        let start = self.initial_accumulator_value as f32;
        vec![
            Slot::filled("accumulator", weight.shape.clone(), start),
            Slot::zeros("linear", weight),
        ]
    }

    fn step(&self, g: &mut Graph, s: Step<'_>) -> Result<Stepped> {
        let shrinkage = 2.0 * self.l2_shrinkage_regularization_strength;
        let mut grad = s.grad;
        if shrinkage != 0.0 {
            let own = g.scale(s.weight, shrinkage as f32)?;
            grad = g.add(grad, own)?;
        }
        let g2 = g.square(s.grad)?;
        let n = g.add(s.slots[0], g2)?;
        let (now, before) = (self.powered(g, n)?, self.powered(g, s.slots[0])?);
        let sigma = g.sub(now, before)?;
        let sigma = g.div(sigma, s.learning_rate)?;
        let own = g.mul(sigma, s.weight)?;
        let change = g.sub(grad, own)?;
        let z = g.add(s.slots[1], change)?;
        let below = g.div(now, s.learning_rate)?;
        let below = g.add_scalar(below, (2.0 * self.l2_regularization_strength) as f32)?;
        let beta = g.constant(self.beta as f32)?;
        let beta = g.div(beta, s.learning_rate)?;
        let below = g.add(below, beta)?;
        let l1 = self.l1_regularization_strength as f32;
        let clipped = g.clip(z, -l1, l1)?;
        let above = g.sub(clipped, z)?;
        Ok(Stepped {
            weight: g.div(above, below)?,
            slots: vec![n, z],
        })
    }
}
