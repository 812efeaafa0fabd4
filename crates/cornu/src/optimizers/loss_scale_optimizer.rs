//! A factor for the loss that is as large as gradients stay finite.

use serde_json::{Map, Value as Json, json};

use super::{
    Base, Optimizer, Slot, Step, Stepped, Trained, Weight, arguments, around_another, from_written,
    serialize,
};
use crate::error::{Error, Result};
use crate::graph::ops::UnaryKind;
use crate::graph::{Graph, Value};
use crate::shape::Shape;

/// Multiplies the loss by a scale and divides gradients by it. After a gradient that is not finite the scale is halved and the step passed
/// over; after `dynamic_growth_steps` steps without one it is doubled.
///
/// # Errors
/// The inner optimizer's, a loss scale of its own, a scale that is not above 0, no steps.
///
/// # Example
/// ```
/// use cornu::optimizers::{Adam, LossScaleOptimizer};
/// let scaled = LossScaleOptimizer::new(Adam::default()).initial_scale(1024.0);
/// # let _ = scaled;
/// ```
///
/// # Source
/// Micikevicius et al., "Mixed Precision Training", 2017.
///
/// # Keras
/// The same. Here everything is float32, where gradients hardly become so small that they need it; and a training with it does not end at
/// a gradient that is not finite.
#[derive(Clone, Debug)]
pub struct LossScaleOptimizer {
    inner: Box<dyn Optimizer>,
    initial_scale: f64,
    dynamic_growth_steps: u64,
}

impl LossScaleOptimizer {
    /// Around an optimizer: from 2¹⁵, doubled after 2000 steps.
    pub fn new(inner: impl Into<Box<dyn Optimizer>>) -> Self {
        Self {
            inner: inner.into(),
            initial_scale: 32768.0,
            dynamic_growth_steps: 2000,
        }
    }

    /// The first scale.
    pub fn initial_scale(mut self, scale: f64) -> Self {
        self.initial_scale = scale;
        self
    }

    /// After how many steps without trouble the scale is doubled.
    pub fn dynamic_growth_steps(mut self, steps: u64) -> Self {
        self.dynamic_growth_steps = steps;
        self
    }

    pub(super) fn from_config(config: Map<String, Json>) -> Result<Self> {
        #[derive(serde::Serialize, serde::Deserialize)]
        struct Arguments {
            initial_scale: f64,
            dynamic_growth_steps: u64,
        }
        let class = "LossScaleOptimizer";
        let mut config = config;
        let inner = config.remove("inner_optimizer");
        let inner = from_written(class, "inner_optimizer", inner.as_ref())?;
        for key in super::base::SILENT {
            config.remove(key);
        }
        let known = ["inner_optimizer", "initial_scale", "dynamic_growth_steps"].map(str::to_owned);
        arguments::refuse_unknown(class, &config, &known)?;
        let usual = Self::new(inner);
        let arguments = Arguments {
            initial_scale: usual.initial_scale,
            dynamic_growth_steps: usual.dynamic_growth_steps,
        };
        let given: Arguments = arguments::overlay(class, &arguments, config)?;
        let one = usual
            .initial_scale(given.initial_scale)
            .dynamic_growth_steps(given.dynamic_growth_steps);
        one.check()?;
        Ok(one)
    }
}

/// Its own slots, behind the inner optimizer's: each weight has the same scale and the same count.
const OWN: usize = 2;

impl Optimizer for LossScaleOptimizer {
    around_another!(LossScaleOptimizer);

    fn config(&self) -> Map<String, Json> {
        Map::from_iter([
            ("inner_optimizer".to_owned(), serialize(&*self.inner)),
            ("initial_scale".to_owned(), json!(self.initial_scale)),
            (
                "dynamic_growth_steps".to_owned(),
                json!(self.dynamic_growth_steps),
            ),
        ])
    }

    fn check(&self) -> Result<()> {
        let class = "LossScaleOptimizer";
        self.inner.check()?;
        arguments::positive(class, "initial_scale", self.initial_scale)?;
        if self.dynamic_growth_steps == 0 {
            return Err(Error::config(format!(
                "{class}: dynamic_growth_steps must be at least 1, received 0"
            )));
        }
        if let Some(factor) = self.inner.base().loss_scale_factor {
            return Err(Error::config(format!(
                "{class}: the inner optimizer must have no loss_scale_factor, received {factor}"
            )));
        }
        Ok(())
    }

    fn memory(&self, weight: Weight<'_>) -> Vec<Slot> {
        let mut slots = self.inner.memory(weight);
        let scale = self.initial_scale as f32;
        slots.push(Slot::filled("dynamic_scale", Shape::scalar(), scale));
        slots.push(Slot::filled("step_counter", Shape::scalar(), 0.0));
        slots
    }

    fn update(
        &self,
        g: &mut Graph,
        trained: &[Trained],
        learning_rate: Value,
        iteration: Value,
    ) -> Result<Vec<Stepped>> {
        let Some(first) = trained.first() else {
            return Ok(Vec::new());
        };
        let own = first.slots.len() - OWN;
        let (scale, count) = (first.slots[own], first.slots[own + 1]);
        let (zero, one) = (g.constant(0.0)?, g.constant(1.0)?);
        let mut finite = one;
        let mut inner = trained.to_vec();
        for t in &mut inner {
            let each = g.unary(UnaryKind::IsFinite, t.grad)?;
            let axes: Vec<usize> = (0..g.shape(each).rank()).collect();
            let all = g.min(each, &axes, false)?;
            finite = g.mul(finite, all)?;
            t.grad = g.div(t.grad, scale)?;
            t.slots.truncate(t.slots.len() - OWN);
        }
        let mut stepped = self.inner.update(g, &inner, learning_rate, iteration)?;
        // The count of steps since the scale changed; at the last of them it doubles.
        let last = g.constant((self.dynamic_growth_steps - 1) as f32)?;
        let grows = g.equal(count, last)?;
        let doubled = g.scale(scale, 2.0)?;
        let halved = g.scale(scale, 0.5)?;
        let grown = g.select(grows, doubled, scale)?;
        let new_scale = g.select(finite, grown, halved)?;
        let counted = g.add(count, one)?;
        let counted = g.select(grows, zero, counted)?;
        let new_count = g.select(finite, counted, zero)?;
        for (s, t) in stepped.iter_mut().zip(trained) {
            s.weight = g.select(finite, s.weight, t.weight)?;
            for (new, &old) in s.slots.iter_mut().zip(&t.slots) {
                *new = g.select(finite, *new, old)?;
            }
            s.slots.extend([new_scale, new_count]);
        }
        Ok(stepped)
    }

    fn scale_loss(&self, g: &mut Graph, loss: Value, memory: &[Value]) -> Result<Value> {
        match memory.len().checked_sub(OWN) {
            Some(own) => g.mul(loss, memory[own]),
            None => Ok(loss),
        }
    }

    fn passes_over_not_finite(&self) -> bool {
        true
    }
}
