//! Adam: steps scaled by running means of the gradient and of its square.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::{
    Base, LearningRate, Optimizer, Slot, Step, Stepped, Weight, arguments, base_arguments, begun,
    optimizer_identity, towards,
};
use crate::error::Result;
use crate::graph::Graph;

/// `m ← m + (1-β₁)(g - m)`, `v ← v + (1-β₂)(g² - v)`, `w ← w - α·m / (√v + ε)` with `α = learning rate · √(1-β₂ᵗ) / (1-β₁ᵗ)`.
///
/// With `amsgrad`, the divisor is made from the largest `v` so far.
///
/// # Errors
/// A learning rate below 0, `β` outside `[0, 1)`, `ε` below 0, more than one kind of clipping.
///
/// # Example
/// ```
/// use cornu::optimizers::Adam;
/// let adam = Adam::new(0.001).beta_1(0.8).global_clipnorm(1.0);
/// # let _ = adam;
/// ```
///
/// # Source
/// Kingma and Ba, "Adam: A Method for Stochastic Optimization", 2014, in the order of computation given at the end of its
/// section 2. AMSGrad: Reddi et al., "On the Convergence of Adam and Beyond", 2018.
///
/// # Keras
/// The same arithmetic and defaults.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Adam {
    #[serde(skip)]
    pub(super) base: Base,
    beta_1: f64,
    beta_2: f64,
    epsilon: f64,
    amsgrad: bool,
}

impl Default for Adam {
    fn default() -> Self {
        Self::new(0.001)
    }
}

base_arguments!(Adam);

impl Adam {
    /// Keras's defaults, with a learning rate.
    pub fn new(learning_rate: impl Into<LearningRate>) -> Self {
        Self {
            base: Base::new(learning_rate),
            beta_1: 0.9,
            beta_2: 0.999,
            epsilon: 1e-7,
            amsgrad: false,
        }
    }

    /// How much of the mean gradient stays at each step.
    pub fn beta_1(mut self, beta_1: f64) -> Self {
        self.beta_1 = beta_1;
        self
    }

    /// How much of the mean squared gradient stays at each step.
    pub fn beta_2(mut self, beta_2: f64) -> Self {
        self.beta_2 = beta_2;
        self
    }

    /// Keeps the division from zero.
    pub fn epsilon(mut self, epsilon: f64) -> Self {
        self.epsilon = epsilon;
        self
    }

    /// Whether to divide by the largest mean square so far instead of the present one.
    pub fn amsgrad(mut self, amsgrad: bool) -> Self {
        self.amsgrad = amsgrad;
        self
    }

    /// The check for Adam and for what is made of it.
    pub(super) fn check_as(&self, class: &str) -> Result<()> {
        self.base.check(class)?;
        arguments::share(class, "beta_1", self.beta_1)?;
        arguments::share(class, "beta_2", self.beta_2)?;
        arguments::not_negative(class, "epsilon", self.epsilon)
    }
}

impl Optimizer for Adam {
    optimizer_identity!(Adam);

    fn config(&self) -> Map<String, Json> {
        arguments::object(self)
    }

    fn check(&self) -> Result<()> {
        self.check_as("Adam")
    }

    fn slots(&self, weight: Weight<'_>) -> Vec<Slot> {
        let mut slots = vec![
            Slot::zeros("momentum", weight),
            Slot::zeros("velocity", weight),
        ];
        if self.amsgrad {
            slots.push(Slot::zeros("velocity_hat", weight));
        }
        slots
    }

    fn step(&self, g: &mut Graph, s: Step<'_>) -> Result<Stepped> {
        // Scalars: computed once a step.
        let c1 = begun(g, self.beta_1, s.iteration)?;
        let c2 = begun(g, self.beta_2, s.iteration)?;
        let c2 = g.sqrt(c2)?;
        let alpha = g.mul(s.learning_rate, c2)?;
        let alpha = g.div(alpha, c1)?;
        let m = towards(g, s.slots[0], s.grad, 1.0 - self.beta_1)?;
        let g2 = g.square(s.grad)?;
        let v = towards(g, s.slots[1], g2, 1.0 - self.beta_2)?;
        let mut slots = vec![m, v];
        let mut divisor = v;
        if self.amsgrad {
            divisor = g.maximum(s.slots[2], v)?;
            slots.push(divisor);
        }
        let root = g.sqrt(divisor)?;
        let root = g.add_scalar(root, self.epsilon as f32)?;
        let am = g.mul(m, alpha)?;
        let d = g.div(am, root)?;
        Ok(Stepped {
            weight: g.sub(s.weight, d)?,
            slots,
        })
    }
}
