//! What all optimizers share: learning rate, weight decay, clipping, and how they are read and written.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::{LearningRate, Optimizer, Step, Stepped, arguments, clip, schedules};
use crate::error::{Error, Result};
use crate::graph::{Graph, Value};

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
        }
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

/// The methods that set the arguments of [`Base`].
macro_rules! base_arguments {
    ($name:ident) => {
        impl $name {
            /// How far a step goes: a number, or a schedule by steps.
            pub fn learning_rate(
                mut self,
                learning_rate: impl Into<crate::optimizers::LearningRate>,
            ) -> Self {
                self.base.learning_rate = learning_rate.into();
                self
            }

            /// Each step first shrinks the weight by this share times the learning rate.
            pub fn weight_decay(mut self, share: f64) -> Self {
                self.base.weight_decay = Some(share);
                self
            }

            /// Scales each gradient down to this length at most.
            pub fn clipnorm(mut self, length: f64) -> Self {
                self.base.clipnorm = Some(length);
                self
            }

            /// Scales all gradients together down to this length at most.
            pub fn global_clipnorm(mut self, length: f64) -> Self {
                self.base.global_clipnorm = Some(length);
                self
            }

            /// Holds each element of a gradient within plus and minus this.
            pub fn clipvalue(mut self, limit: f64) -> Self {
                self.base.clipvalue = Some(limit);
                self
            }
        }
    };
}
pub(super) use base_arguments;

/// The trait's methods that are the same for every struct with a field `base`.
macro_rules! optimizer_identity {
    ($name:ident) => {
        fn class_name(&self) -> &'static str {
            stringify!($name)
        }

        fn base(&self) -> &Base {
            &self.base
        }

        fn base_mut(&mut self) -> &mut Base {
            &mut self.base
        }

        fn boxed(&self) -> Box<dyn Optimizer> {
            Box::new(self.clone())
        }
    };
}
pub(super) use optimizer_identity;

/// A weight with its gradient and slots, as nodes.
#[derive(Clone, Debug)]
pub struct Trained {
    /// The weight before the step.
    pub weight: Value,
    /// Its gradient.
    pub grad: Value,
    /// The optimizer's memory for it.
    pub slots: Vec<Value>,
}

/// Writes one step of an optimizer for all weights together: clipping, decay, the rule itself.
pub fn apply(
    optimizer: &dyn Optimizer,
    g: &mut Graph,
    trained: &[Trained],
    learning_rate: Value,
    iteration: Value,
) -> Result<Vec<Stepped>> {
    let grads: Vec<Value> = trained.iter().map(|t| t.grad).collect();
    let grads = clip::clip(optimizer.base(), g, grads)?;
    trained
        .iter()
        .zip(grads)
        .map(|(t, grad)| {
            let mut weight = t.weight;
            if let Some(decay) = optimizer.base().weight_decay {
                // w ← w - w·decay·learning rate, before the rule.
                let share = g.scale(learning_rate, decay as f32)?;
                let d = g.mul(weight, share)?;
                weight = g.sub(weight, d)?;
            }
            let step = Step {
                weight,
                grad,
                slots: &t.slots,
                learning_rate,
                iteration,
            };
            optimizer.step(g, step)
        })
        .collect()
}

/// What Keras writes into every optimizer's config and Cornu has no use for while it holds this value (or, without one, any).
const NEUTRAL: [(&str, Option<Json>); 9] = [
    ("name", None),
    ("ema_momentum", None),
    ("jit_compile", None),
    ("is_legacy_optimizer", None),
    ("use_ema", Some(Json::Bool(false))),
    ("ema_overwrite_frequency", None),
    ("loss_scale_factor", Some(Json::Null)),
    ("gradient_accumulation_steps", Some(Json::Null)),
    ("decay", None),
];

/// An optimizer from its Keras config.
pub(super) fn read<T>(class: &str, mut given: Map<String, Json>) -> Result<T>
where
    T: Optimizer + Default + Serialize + DeserializeOwned,
{
    for (key, neutral) in &NEUTRAL {
        match (given.remove(*key), neutral) {
            (Some(value), Some(neutral)) if value != *neutral => {
                return Err(Error::config(format!(
                    "{class}: {key} is not supported yet, received {value}"
                ))
                .help(format!("leave it out, or set it to {neutral}")));
            }
            _ => {}
        }
    }
    let mut optimizer = T::default();
    let base = arguments::object(optimizer.base());
    let own = arguments::object(&optimizer);
    let known: Vec<String> = base.keys().chain(own.keys()).cloned().collect();
    arguments::refuse_unknown(class, &given, &known)?;
    if let Some(Json::Object(written)) = given.get("learning_rate") {
        // Read here first, for a mistake's own help.
        schedules::from_written(written).map_err(|e| e.at(format!("{class}/learning_rate")))?;
    }
    let (shared, own): (Map<_, _>, Map<_, _>) =
        given.into_iter().partition(|(k, _)| base.contains_key(k));
    let base = arguments::overlay(class, optimizer.base(), shared)?;
    optimizer = arguments::overlay(class, &optimizer, own)?;
    *optimizer.base_mut() = base;
    optimizer.check()?;
    Ok(optimizer)
}
