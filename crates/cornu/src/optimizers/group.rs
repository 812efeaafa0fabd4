//! Weights that are treated apart by one optimizer: with another share of its learning rate, another decay, or none.

use serde::{Deserialize, Serialize};

use super::{Pattern, arguments};
use crate::error::Result;

/// How the weights whose paths hold a pattern differ from the others.
///
/// # Example
/// ```
/// use cornu::optimizers::{AdamW, Group};
/// let adam = AdamW::new(1e-3)
///     .group(Group::of("encoder/").learning_rate_multiplier(0.1))
///     .group(Group::of("bias|gamma|beta").weight_decay(0.0));
/// # let _ = adam;
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    pattern: Pattern,
    #[serde(default = "one")]
    learning_rate_multiplier: f64,
    #[serde(default)]
    weight_decay: Option<f64>,
}

fn one() -> f64 {
    1.0
}

impl Group {
    /// The weights in whose paths the pattern is found; treated like all others until more is said.
    pub fn of(pattern: impl Into<Pattern>) -> Self {
        Self {
            pattern: pattern.into(),
            learning_rate_multiplier: 1.0,
            weight_decay: None,
        }
    }

    /// What the optimizer's learning rate is multiplied by; 0 keeps the weights as they are.
    pub fn learning_rate_multiplier(mut self, factor: f64) -> Self {
        self.learning_rate_multiplier = factor;
        self
    }

    /// Another decay than the optimizer's; 0 for none.
    pub fn weight_decay(mut self, share: f64) -> Self {
        self.weight_decay = Some(share);
        self
    }

    pub(super) fn check(&self, class: &str) -> Result<()> {
        arguments::not_negative(
            class,
            "learning_rate_multiplier",
            self.learning_rate_multiplier,
        )?;
        match self.weight_decay {
            Some(decay) => arguments::not_negative(class, "weight_decay", decay),
            None => Ok(()),
        }
    }
}

/// What the learning rate of a weight is multiplied by: by every group that it belongs to.
pub(super) fn multiplier(groups: &[Group], path: &str) -> f64 {
    let own = groups.iter().filter(|g| g.pattern.is_in(path));
    own.map(|g| g.learning_rate_multiplier).product()
}

/// The decay of a weight: that of the last group that names one, else the optimizer's.
pub(super) fn decay(groups: &[Group], path: &str, usual: Option<f64>) -> Option<f64> {
    let own = groups.iter().rev().filter(|g| g.pattern.is_in(path));
    let mut own = own;
    own.find_map(|g| g.weight_decay)
        .map_or(usual, |decay| (decay > 0.0).then_some(decay))
}
