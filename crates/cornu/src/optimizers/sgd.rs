//! Stochastic gradient descent: a step against the gradient, with momentum.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::{
    Base, LearningRate, Optimizer, Slot, Step, Stepped, Weight, arguments, base_arguments,
    optimizer_identity, towards,
};
use crate::error::Result;
use crate::graph::Graph;

/// How past gradients add to the present one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MomentumForm {
    /// `v ← β·v - lr·g`, `w ← w + v`: a constant gradient ends up as steps of `lr / (1-β)`.
    #[default]
    Accumulated,
    /// `v ← β·v + (1-β)·g`, `w ← w - lr·v`: `v` is the mean gradient, so `β` does not change the length of a step.
    Averaged,
}

/// `w ← w - lr·g`; with momentum `v ← β·v - lr·g`, `w ← w + v`; with Nesterov's momentum `w ← w + β·v - lr·g`.
///
/// In the form [`MomentumForm::Averaged`]: `v ← β·v + (1-β)·g`, `w ← w - lr·v`, and with Nesterov's momentum
/// `w ← w - lr·(β·v + (1-β)·g)`. A learning rate for one form, multiplied or divided by `1-β`, serves for the other as long as it
/// stays the same.
///
/// # Errors
/// A learning rate below 0, a momentum outside `[0, 1]`, more than one kind of clipping.
///
/// # Example
/// ```
/// use cornu::optimizers::{MomentumForm, SGD};
/// let keras = SGD::new(0.01).momentum(0.9).nesterov(true);
/// let averaged = SGD::new(0.1).momentum(0.9).momentum_form(MomentumForm::Averaged);
/// # let _ = (keras, averaged);
/// ```
///
/// # Source
/// Sutskever et al., "On the importance of initialization and momentum in deep learning", 2013.
///
/// # Keras
/// The same arithmetic and defaults. Keras has no averaged form and would refuse a config that asks for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(clippy::upper_case_acronyms)] // Keras's name.
pub struct SGD {
    #[serde(skip)]
    base: Base,
    momentum: f64,
    nesterov: bool,
    momentum_form: MomentumForm,
}

impl Default for SGD {
    fn default() -> Self {
        Self::new(0.01)
    }
}

base_arguments!(SGD);

impl SGD {
    /// Keras's defaults, with a learning rate.
    pub fn new(learning_rate: impl Into<LearningRate>) -> Self {
        Self {
            base: Base::new(learning_rate),
            momentum: 0.0,
            nesterov: false,
            momentum_form: MomentumForm::Accumulated,
        }
    }

    /// How much of the past steps stays at each step.
    pub fn momentum(mut self, momentum: f64) -> Self {
        self.momentum = momentum;
        self
    }

    /// Whether the gradient counts as if it were taken one step of momentum ahead.
    pub fn nesterov(mut self, nesterov: bool) -> Self {
        self.nesterov = nesterov;
        self
    }

    /// How past gradients add to the present one.
    pub fn momentum_form(mut self, form: MomentumForm) -> Self {
        self.momentum_form = form;
        self
    }
}

impl Optimizer for SGD {
    optimizer_identity!(SGD);

    fn config(&self) -> Map<String, Json> {
        let mut config = arguments::object(self);
        if self.momentum_form == MomentumForm::Accumulated {
            // Keras's own form is Keras's own config.
            config.remove("momentum_form");
        }
        config
    }

    fn check(&self) -> Result<()> {
        self.base.check("SGD")?;
        arguments::unit("SGD", "momentum", self.momentum)
    }

    fn slots(&self, weight: Weight<'_>) -> Vec<Slot> {
        if self.momentum == 0.0 {
            vec![]
        } else {
            vec![Slot::zeros("momentum", weight)]
        }
    }

    fn step(&self, g: &mut Graph, s: Step<'_>) -> Result<Stepped> {
        let beta = self.momentum as f32;
        let Some(&past) = s.slots.first() else {
            let d = g.mul(s.grad, s.learning_rate)?;
            return Ok(Stepped {
                weight: g.sub(s.weight, d)?,
                slots: vec![],
            });
        };
        if self.momentum_form == MomentumForm::Averaged {
            let v = towards(g, past, s.grad, 1.0 - self.momentum)?;
            let ahead = if self.nesterov {
                towards(g, v, s.grad, 1.0 - self.momentum)?
            } else {
                v
            };
            let d = g.mul(ahead, s.learning_rate)?;
            return Ok(Stepped {
                weight: g.sub(s.weight, d)?,
                slots: vec![v],
            });
        }
        let d = g.mul(s.grad, s.learning_rate)?;
        let kept = g.scale(past, beta)?;
        let v = g.sub(kept, d)?;
        let moved = if self.nesterov {
            let kept = g.scale(v, beta)?;
            g.sub(kept, d)?
        } else {
            v
        };
        Ok(Stepped {
            weight: g.add(s.weight, moved)?,
            slots: vec![v],
        })
    }
}
