//! Adam: steps scaled by running means of the gradient and of its square.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::{Base, Optimizer, Step, Stepped};
use crate::error::Result;
use crate::graph::{Graph, Value};

/// `m ← m + (1-β₁)(g - m)`, `v ← v + (1-β₂)(g² - v)`, `w ← w - α·m / (√v + ε)` with `α = learning rate · √(1-β₂ᵗ) / (1-β₁ᵗ)`.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let adam = Adam::new(0.001).beta_1(0.8);
/// # let _ = adam;
/// ```
///
/// # Source
/// Kingma and Ba, "Adam: A Method for Stochastic Optimization", 2014, in the order of computation given at the end of its
/// section 2. AMSGrad: Reddi et al. 2018.
///
/// # Keras
/// The same arithmetic and defaults.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Adam {
    #[serde(flatten)]
    base: Base,
    beta_1: f32,
    beta_2: f32,
    epsilon: f32,
    amsgrad: bool,
}

impl Default for Adam {
    fn default() -> Self {
        Self::new(0.001)
    }
}

impl Adam {
    /// Keras's defaults, with a learning rate.
    pub fn new(learning_rate: f32) -> Self {
        Self {
            base: Base::new(learning_rate),
            beta_1: 0.9,
            beta_2: 0.999,
            epsilon: 1e-7,
            amsgrad: false,
        }
    }

    /// How much of the mean gradient stays at each step.
    pub fn beta_1(mut self, beta_1: f32) -> Self {
        self.beta_1 = beta_1;
        self
    }

    /// How much of the mean squared gradient stays at each step.
    pub fn beta_2(mut self, beta_2: f32) -> Self {
        self.beta_2 = beta_2;
        self
    }

    /// Keeps the division from zero.
    pub fn epsilon(mut self, epsilon: f32) -> Self {
        self.epsilon = epsilon;
        self
    }

    /// Whether to divide by the largest mean square so far instead of the present one.
    pub fn amsgrad(mut self, amsgrad: bool) -> Self {
        self.amsgrad = amsgrad;
        self
    }
}

/// `old + (new - old)·share`.
fn towards(g: &mut Graph, old: Value, new: Value, share: f32) -> Result<Value> {
    let d = g.sub(new, old)?;
    let d = g.scale(d, share)?;
    g.add(old, d)
}

impl Optimizer for Adam {
    fn class_name(&self) -> &'static str {
        "Adam"
    }

    fn config(&self) -> Map<String, Json> {
        super::base::own_config(self)
    }

    fn base(&self) -> &Base {
        &self.base
    }

    fn base_mut(&mut self) -> &mut Base {
        &mut self.base
    }

    fn slots(&self) -> Vec<&'static str> {
        let mut slots = vec!["momentum", "velocity"];
        if self.amsgrad {
            slots.push("velocity_hat");
        }
        slots
    }

    fn step(&self, g: &mut Graph, s: Step<'_>) -> Result<Stepped> {
        // α = lr · √(1-β₂ᵗ) / (1-β₁ᵗ): scalars, computed once a step.
        let power = |g: &mut Graph, beta: f32| {
            let b = g.constant(beta)?;
            let p = g.pow(b, s.iteration)?;
            g.one_minus(p)
        };
        let (c1, c2) = (power(g, self.beta_1)?, power(g, self.beta_2)?);
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
        let root = g.add_scalar(root, self.epsilon)?;
        let am = g.mul(m, alpha)?;
        let d = g.div(am, root)?;
        Ok(Stepped {
            weight: g.sub(s.weight, d)?,
            slots,
        })
    }

    fn boxed(&self) -> Box<dyn Optimizer> {
        Box::new(self.clone())
    }
}
