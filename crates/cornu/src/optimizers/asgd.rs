//! ASGD: gradient descent with a falling rate, and the mean of all weights beside them.

use serde_json::{Map, Value as Json};

use super::{
    Base, Optimizer, Slot, Step, Stepped, Weight, arguments, optimizer_class, optimizer_identity,
};
use crate::error::Result;
use crate::graph::Graph;

optimizer_class! {
    /// `η = lr / (1 + λ·lr·(t-1))^α`, `w ← (1 - λ·η)·w - η·g`; the slot `ax` holds the mean of the weights since step `t0`.
    ///
    /// # Errors
    /// A learning rate, `λ`, `α` or `t0` below 0, more than one kind of clipping.
    ///
    /// # Example
    /// ```
    /// use cornu::optimizers::ASGD;
    /// let asgd = ASGD::new(0.01).t0(1000.0);
    /// # let _ = asgd;
    /// ```
    ///
    /// # Source
    /// Polyak and Juditsky, "Acceleration of Stochastic Approximation by Averaging", 1992.
    ///
    /// # Keras
    /// None. PyTorch's `ASGD` computes the same.
    #[allow(clippy::upper_case_acronyms)] // PyTorch's name.
    pub struct ASGD {
        learning_rate = 0.01;
        /// How strongly weights decay.
        lambd: f64 = 1e-4,
        /// The power with which the rate falls.
        alpha: f64 = 0.75,
        /// The step at which the mean begins.
        t0: f64 = 1e6,
    }
}

impl Optimizer for ASGD {
    optimizer_identity!(ASGD);

    fn config(&self) -> Map<String, Json> {
        arguments::object(self)
    }

    fn check(&self) -> Result<()> {
        self.base.check("ASGD")?;
        arguments::not_negative("ASGD", "lambd", self.lambd)?;
        arguments::not_negative("ASGD", "alpha", self.alpha)?;
        arguments::not_negative("ASGD", "t0", self.t0)
    }

    fn slots(&self, weight: Weight<'_>) -> Vec<Slot> {
        vec![Slot::zeros("ax", weight)]
    }

    fn step(&self, g: &mut Graph, s: Step<'_>) -> Result<Stepped> {
        // Scalars: computed once a step.
        let before = g.add_scalar(s.iteration, -1.0)?;
        let fall = g.mul(s.learning_rate, before)?;
        let fall = g.scale(fall, self.lambd as f32)?;
        let fall = g.add_scalar(fall, 1.0)?;
        let power = g.constant(self.alpha as f32)?;
        let fall = g.pow(fall, power)?;
        let eta = g.div(s.learning_rate, fall)?;
        let since = g.add_scalar(before, -self.t0 as f32)?;
        let one = g.constant(1.0)?;
        let since = g.maximum(since, one)?;
        let share = g.div(one, since)?;
        let lost = g.scale(eta, self.lambd as f32)?;
        let kept = g.one_minus(lost)?;
        let w = g.mul(s.weight, kept)?;
        let d = g.mul(s.grad, eta)?;
        let w = g.sub(w, d)?;
        let apart = g.sub(w, s.slots[0])?;
        let apart = g.mul(apart, share)?;
        Ok(Stepped {
            weight: w,
            slots: vec![g.add(s.slots[0], apart)?],
        })
    }
}
