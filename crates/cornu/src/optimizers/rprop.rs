//! Rprop: each element has a step of its own, which grows while the gradient keeps its sign; for training on all samples.

use serde_json::{Map, Value as Json};

use super::{
    Base, Optimizer, Slot, Step, Stepped, Weight, arguments, optimizer_class, optimizer_identity,
};
use crate::error::Result;
use crate::graph::Graph;
use crate::graph::ops::{BinaryKind, UnaryKind};

optimizer_class! {
    /// Where the gradient has the sign of the one before, the step grows by `η⁺`; where the sign changed, it shrinks by `η⁻` and the element
    /// rests once. `w ← w - sign(g)·step`; the first steps are the learning rate.
    ///
    /// # Errors
    /// A learning rate below 0, `η⁻` outside `(0, 1)`, `η⁺` of at most 1, a least step above the largest.
    ///
    /// # Example
    /// ```
    /// use cornu::optimizers::Rprop;
    /// let rprop = Rprop::new(0.01).etas((0.5, 1.2));
    /// # let _ = rprop;
    /// ```
    ///
    /// # Source
    /// Riedmiller and Braun, "A Direct Adaptive Method for Faster Backpropagation Learning: The RPROP Algorithm", 1993.
    ///
    /// # Keras
    /// None. PyTorch's `Rprop` computes the same.
    pub struct Rprop {
        learning_rate = 0.01;
        /// By what a step shrinks, and by what it grows.
        etas: (f64, f64) = (0.5, 1.2),
        /// The least and the largest step.
        step_sizes: (f64, f64) = (1e-6, 50.0),
    }
}

impl Optimizer for Rprop {
    optimizer_identity!(Rprop);

    fn config(&self) -> Map<String, Json> {
        arguments::object(self)
    }

    fn check(&self) -> Result<()> {
        self.base.check("Rprop")?;
        let ((shrink, grow), (least, most)) = (self.etas, self.step_sizes);
        if shrink > 0.0 && shrink < 1.0 && grow > 1.0 && grow.is_finite() {
            arguments::positive("Rprop", "step_sizes", least)?;
            return arguments::positive("Rprop", "step_sizes", most).and_then(|()| {
                arguments::not_negative("Rprop", "the range of step_sizes", most - least)
            });
        }
        Err(crate::error::Error::config(format!(
            "Rprop: etas must be one number between 0 and 1 and one above 1, received {shrink} and {grow}"
        )))
    }

    fn slots(&self, weight: Weight<'_>) -> Vec<Slot> {
        let first = self.base.learning_rate.at(0);
        vec![
            Slot::zeros("previous_gradient", weight),
            Slot::filled("step_size", weight.shape.clone(), first),
        ]
    }

    fn step(&self, g: &mut Graph, s: Step<'_>) -> Result<Stepped> {
        let ((shrink, grow), (least, most)) = (self.etas, self.step_sizes);
        let zero = g.constant(0.0)?;
        let product = g.mul(s.grad, s.slots[0])?;
        let same = g.greater_scalar(product, 0.0)?;
        let turned = g.binary(BinaryKind::Lt, product, zero)?;
        let (shrink, one) = (g.constant(shrink as f32)?, g.constant(1.0)?);
        let grow = g.constant(grow as f32)?;
        let factor = g.select(turned, shrink, one)?;
        let factor = g.select(same, grow, factor)?;
        let size = g.mul(s.slots[1], factor)?;
        let size = g.clip(size, least as f32, most as f32)?;
        let grad = g.select(turned, zero, s.grad)?;
        let sign = g.unary(UnaryKind::Sign, grad)?;
        let d = g.mul(sign, size)?;
        Ok(Stepped {
            weight: g.sub(s.weight, d)?,
            slots: vec![grad, size],
        })
    }
}
