//! The arguments that all optimizers share, and how an optimizer is read.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::group::Group;
use super::{LearningRate, Optimizer, Slot, Weight, arguments, schedules};
use crate::error::{Error, Result};

/// The arguments that every optimizer has, as in Keras.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Base {
    /// How far a step goes: a number, or a schedule by steps.
    pub learning_rate: LearningRate,
    /// Each step first shrinks the weight by this share times the learning rate.
    pub weight_decay: Option<f64>,
    /// Each gradient is scaled down to this length at most.
    pub clipnorm: Option<f64>,
    /// All gradients together are scaled down to this length at most.
    pub global_clipnorm: Option<f64>,
    /// Each element of a gradient is held within plus and minus this.
    pub clipvalue: Option<f64>,
    /// Whether a running mean of each weight is kept, which takes the weight's place when the training ends.
    pub use_ema: bool,
    /// How much of that mean stays at each step.
    pub ema_momentum: f64,
    /// After how many steps the mean takes the weight's place during the training, again and again.
    pub ema_overwrite_frequency: Option<u64>,
    /// What the loss is multiplied by before gradients are taken of it, and gradients are divided by.
    pub loss_scale_factor: Option<f64>,
    /// Weights change once in so many steps, by the mean gradient of those steps.
    pub gradient_accumulation_steps: Option<u64>,
    /// Weights that are treated apart.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<Group>,
}

impl Base {
    /// Only a learning rate.
    pub fn new(learning_rate: impl Into<LearningRate>) -> Self {
        Self {
            learning_rate: learning_rate.into(),
            weight_decay: None,
            clipnorm: None,
            global_clipnorm: None,
            clipvalue: None,
            use_ema: false,
            ema_momentum: 0.99,
            ema_overwrite_frequency: None,
            loss_scale_factor: None,
            gradient_accumulation_steps: None,
            groups: Vec::new(),
        }
    }

    /// With a weight decay.
    pub(super) fn decaying(mut self, share: f64) -> Self {
        self.weight_decay = Some(share);
        self
    }

    /// What is remembered for a weight besides what the rule itself remembers.
    pub(super) fn slots(&self, weight: Weight<'_>) -> Vec<Slot> {
        let mut slots = Vec::new();
        if self.use_ema {
            slots.push(Slot::zeros(AVERAGE, weight));
        }
        if self.gradient_accumulation_steps.is_some() {
            slots.push(Slot::zeros("gradient_accumulator", weight));
        }
        slots
    }

    /// Refuses values out of range, and more than one kind of clipping.
    ///
    /// # Errors
    /// [`Kind::Config`](crate::error::Kind::Config) naming the argument.
    pub fn check(&self, class: &str) -> Result<()> {
        self.learning_rate.check(class)?;
        if let Some(decay) = self.weight_decay {
            arguments::not_negative(class, "weight_decay", decay)?;
        }
        arguments::unit(class, "ema_momentum", self.ema_momentum)?;
        if let Some(scale) = self.loss_scale_factor {
            arguments::positive(class, "loss_scale_factor", scale)?;
        }
        for (key, steps, least) in [
            ("ema_overwrite_frequency", self.ema_overwrite_frequency, 1),
            (
                "gradient_accumulation_steps",
                self.gradient_accumulation_steps,
                2,
            ),
        ] {
            if let Some(steps) = steps.filter(|s| *s < least) {
                return Err(Error::config(format!(
                    "{class}: {key} must be at least {least}, received {steps}"
                )));
            }
        }
        self.groups.iter().try_for_each(|g| g.check(class))?;
        let clips = [
            ("clipnorm", self.clipnorm),
            ("global_clipnorm", self.global_clipnorm),
            ("clipvalue", self.clipvalue),
        ];
        let given: Vec<(&str, f64)> = clips
            .into_iter()
            .filter_map(|(key, limit)| limit.map(|l| (key, l)))
            .collect();
        for &(key, limit) in &given {
            arguments::positive(class, key, limit)?;
        }
        if let [first, second, ..] = given[..] {
            return Err(Error::config(format!(
                "{class}: only one kind of clipping can be set, received {} and {}",
                first.0, second.0
            ))
            .help(
                "clipnorm limits each gradient, global_clipnorm all together, clipvalue each element",
            ));
        }
        Ok(())
    }
}

impl Default for Base {
    fn default() -> Self {
        Self::new(0.001)
    }
}

/// The slot that holds the running mean of a weight.
pub(crate) const AVERAGE: &str = "average";

/// What Keras writes into every optimizer's config and Cornu has no use for.
pub(super) const SILENT: [&str; 4] = ["name", "jit_compile", "is_legacy_optimizer", "decay"];

/// An optimizer from its Keras config.
pub(super) fn read<T>(class: &str, mut given: Map<String, Json>) -> Result<T>
where
    T: Optimizer + Default + Serialize + DeserializeOwned,
{
    for key in SILENT {
        given.remove(key);
    }
    let mut optimizer = T::default();
    let base = arguments::object(optimizer.base());
    let own = arguments::object(&optimizer);
    let mut known: Vec<String> = base.keys().chain(own.keys()).cloned().collect();
    // Written where there are any.
    known.push("groups".to_owned());
    arguments::refuse_unknown(class, &given, &known)?;
    if let Some(Json::Object(written)) = given.get("learning_rate") {
        // Read here first, for a mistake's own help.
        schedules::from_written(written).map_err(|e| e.at(format!("{class}/learning_rate")))?;
    }
    let (shared, own): (Map<_, _>, Map<_, _>) = given
        .into_iter()
        .partition(|(k, _)| base.contains_key(k) || k == "groups");
    let base = arguments::overlay(class, optimizer.base(), shared)?;
    optimizer = arguments::overlay(class, &optimizer, own)?;
    *optimizer.base_mut() = base;
    optimizer.check()?;
    Ok(optimizer)
}
