//! Lookahead: another optimizer explores, and every few steps slow weights go part of its way.

use serde_json::{Map, Value as Json, json};

use super::{
    Base, Optimizer, Slot, Step, Stepped, Trained, Weight, arguments, around_another, at_every,
    from_written, serialize, towards,
};
use crate::error::{Error, Result};
use crate::graph::{Graph, Value};

/// `w` by the inner optimizer; every `k` steps `s ← s + α·(w - s)`, `w ← s`, for slow weights `s` that begin as the weights.
///
/// # Errors
/// The inner optimizer's; no steps, `α` outside 0 to 1.
///
/// # Example
/// ```
/// use cornu::optimizers::{Adam, Lookahead};
/// let lookahead = Lookahead::new(Adam::new(1e-3)).k(10).alpha(0.8);
/// # let _ = lookahead;
/// ```
///
/// # Source
/// Zhang et al., "Lookahead Optimizer: k steps forward, 1 step back", 2019.
///
/// # Keras
/// None.
#[derive(Clone, Debug)]
pub struct Lookahead {
    inner: Box<dyn Optimizer>,
    k: u64,
    alpha: f64,
}

impl Lookahead {
    /// Around an optimizer: half of the way every 5 steps, as in the paper.
    pub fn new(inner: impl Into<Box<dyn Optimizer>>) -> Self {
        Self {
            inner: inner.into(),
            k: 5,
            alpha: 0.5,
        }
    }

    /// After how many steps the slow weights follow.
    pub fn k(mut self, k: u64) -> Self {
        self.k = k;
        self
    }

    /// Which part of the way they go.
    pub fn alpha(mut self, alpha: f64) -> Self {
        self.alpha = alpha;
        self
    }

    pub(super) fn from_config(config: Map<String, Json>) -> Result<Self> {
        #[derive(serde::Serialize, serde::Deserialize)]
        struct Arguments {
            k: u64,
            alpha: f64,
        }
        let mut config = config;
        let inner = config.remove("inner_optimizer");
        let inner = from_written("Lookahead", "inner_optimizer", inner.as_ref())?;
        for key in super::base::SILENT {
            config.remove(key);
        }
        let known = ["inner_optimizer", "k", "alpha"].map(str::to_owned);
        arguments::refuse_unknown("Lookahead", &config, &known)?;
        let usual = Arguments { k: 5, alpha: 0.5 };
        let given: Arguments = arguments::overlay("Lookahead", &usual, config)?;
        let one = Self::new(inner).k(given.k).alpha(given.alpha);
        one.check()?;
        Ok(one)
    }
}

impl Optimizer for Lookahead {
    around_another!(Lookahead);

    fn config(&self) -> Map<String, Json> {
        Map::from_iter([
            ("inner_optimizer".to_owned(), serialize(&*self.inner)),
            ("k".to_owned(), json!(self.k)),
            ("alpha".to_owned(), json!(self.alpha)),
        ])
    }

    fn check(&self) -> Result<()> {
        self.inner.check()?;
        if self.k == 0 {
            return Err(Error::config("Lookahead: k must be at least 1, received 0"));
        }
        arguments::unit("Lookahead", "alpha", self.alpha)
    }

    fn memory(&self, weight: Weight<'_>) -> Vec<Slot> {
        let mut slots = self.inner.memory(weight);
        slots.push(Slot::copy("slow", weight));
        slots
    }

    fn update(
        &self,
        g: &mut Graph,
        trained: &[Trained],
        learning_rate: Value,
        iteration: Value,
    ) -> Result<Vec<Stepped>> {
        let (mut inner, mut slow) = (trained.to_vec(), Vec::new());
        for t in &mut inner {
            slow.push(t.slots.pop().expect("slow weights are the last slot"));
        }
        let mut stepped = self.inner.update(g, &inner, learning_rate, iteration)?;
        let now = at_every(g, self.k, iteration)?;
        for (s, slow) in stepped.iter_mut().zip(slow) {
            let followed = towards(g, slow, s.weight, self.alpha)?;
            s.weight = g.select(now, followed, s.weight)?;
            s.slots.push(g.select(now, followed, slow)?);
        }
        Ok(stepped)
    }

    fn scale_loss(&self, g: &mut Graph, loss: Value, memory: &[Value]) -> Result<Value> {
        self.inner.scale_loss(g, loss, memory)
    }

    fn passes_over_not_finite(&self) -> bool {
        self.inner.passes_over_not_finite()
    }
}
