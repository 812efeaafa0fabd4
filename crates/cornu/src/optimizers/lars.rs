//! LARS: momentum with a step for each weight that is a share of its length, for large batches.

use serde_json::{Map, Value as Json};

use super::{
    Base, Optimizer, Slot, Step, Stepped, Weight, arguments, length, optimizer_class,
    optimizer_identity,
};
use crate::error::Result;
use crate::graph::Graph;

optimizer_class! {
    /// `λ = trust·‖w‖ / (‖g‖ + decay·‖w‖ + ε)`, `v ← μ·v + lr·λ·(g + decay·w)`, `w ← w - v`; `λ = 1` where a length is 0.
    ///
    /// The decay is that of the paper: part of the gradient, not Keras's shrinking before the step.
    ///
    /// # Errors
    /// A learning rate or trust below 0, a momentum outside `[0, 1]`, `ε` below 0, more than one kind of clipping.
    ///
    /// # Example
    /// ```
    /// use cornu::optimizers::LARS;
    /// let lars = LARS::new(1.0).momentum(0.9).weight_decay(1e-4);
    /// # let _ = lars;
    /// ```
    ///
    /// # Source
    /// You et al., "Large Batch Training of Convolutional Networks", 2017.
    ///
    /// # Keras
    /// None.
    #[allow(clippy::upper_case_acronyms)] // The paper's name.
    pub struct LARS {
        learning_rate = 0.01;
        /// How much of the past steps stays at each step.
        momentum: f64 = 0.9,
        /// Which share of a weight's length a step may be.
        trust_coefficient: f64 = 0.001,
        /// Keeps the division from zero.
        epsilon: f64 = 1e-8,
    }
}

impl Optimizer for LARS {
    optimizer_identity!(LARS);

    fn config(&self) -> Map<String, Json> {
        arguments::object(self)
    }

    fn check(&self) -> Result<()> {
        self.base.check("LARS")?;
        arguments::unit("LARS", "momentum", self.momentum)?;
        arguments::not_negative("LARS", "trust_coefficient", self.trust_coefficient)?;
        arguments::not_negative("LARS", "epsilon", self.epsilon)
    }

    fn decay(&self, _: Weight<'_>) -> Option<f64> {
        None
    }

    fn slots(&self, weight: Weight<'_>) -> Vec<Slot> {
        vec![Slot::zeros("momentum", weight)]
    }

    fn step(&self, g: &mut Graph, s: Step<'_>) -> Result<Stepped> {
        let decay = super::group::decay(&self.base.groups, s.path, self.base.weight_decay);
        let decay = decay.unwrap_or(0.0);
        let (of_weight, of_grad) = (length(g, s.weight)?, length(g, s.grad)?);
        let own = g.scale(of_weight, decay as f32)?;
        let below = g.add(of_grad, own)?;
        let below = g.add_scalar(below, self.epsilon as f32)?;
        let (zero, one) = (g.constant(0.0)?, g.constant(1.0)?);
        let smaller = g.minimum(of_weight, of_grad)?;
        let none = g.equal(smaller, zero)?;
        let safe = g.select(none, one, below)?;
        let trust = g.div(of_weight, safe)?;
        let trust = g.scale(trust, self.trust_coefficient as f32)?;
        let trust = g.select(none, one, trust)?;
        let share = g.mul(trust, s.learning_rate)?;
        let mut grad = s.grad;
        if decay != 0.0 {
            let own = g.scale(s.weight, decay as f32)?;
            grad = g.add(grad, own)?;
        }
        let d = g.mul(grad, share)?;
        let kept = g.scale(s.slots[0], self.momentum as f32)?;
        let v = g.add(kept, d)?;
        Ok(Stepped {
            weight: g.sub(s.weight, v)?,
            slots: vec![v],
        })
    }
}
