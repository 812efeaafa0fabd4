//! What all optimizers share: learning rate, weight decay, clipping.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::{Optimizer, Step, Stepped};
use crate::error::{Error, Result};
use crate::graph::{Graph, Value};

/// The arguments that every optimizer has, as in Keras.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Base {
    /// How far a step goes.
    pub learning_rate: f32,
    /// Each step first shrinks the weight by this share times the learning rate.
    pub weight_decay: Option<f32>,
    /// Each gradient is scaled down to this length at most.
    pub clipnorm: Option<f32>,
    /// Each element of a gradient is held within plus and minus this.
    pub clipvalue: Option<f32>,
    /// All gradients together are scaled down to this length at most.
    pub global_clipnorm: Option<f32>,
}

impl Base {
    /// Only a learning rate.
    pub fn new(learning_rate: f32) -> Self {
        Self {
            learning_rate,
            weight_decay: None,
            clipnorm: None,
            clipvalue: None,
            global_clipnorm: None,
        }
    }
}

impl Default for Base {
    fn default() -> Self {
        Self::new(0.001)
    }
}

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
    let grads = clip(optimizer.base(), g, trained)?;
    trained
        .iter()
        .zip(grads)
        .map(|(t, grad)| {
            let mut weight = t.weight;
            if let Some(decay) = optimizer.base().weight_decay {
                // w ← w - w·decay·learning rate, before the rule.
                let share = g.scale(learning_rate, decay)?;
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

fn clip(base: &Base, g: &mut Graph, trained: &[Trained]) -> Result<Vec<Value>> {
    let grads: Vec<Value> = trained.iter().map(|t| t.grad).collect();
    if let Some(limit) = base.clipnorm {
        return grads
            .into_iter()
            .map(|d| {
                let s = squared_norm(g, d)?;
                let scale = norm_scale(g, s, limit)?;
                g.mul(d, scale)
            })
            .collect();
    }
    if let Some(limit) = base.global_clipnorm {
        let mut total: Option<Value> = None;
        for &d in &grads {
            let s = squared_norm(g, d)?;
            total = Some(match total {
                Some(t) => g.add(t, s)?,
                None => s,
            });
        }
        let Some(total) = total else { return Ok(grads) };
        let scale = norm_scale(g, total, limit)?;
        return grads.into_iter().map(|d| g.mul(d, scale)).collect();
    }
    if let Some(limit) = base.clipvalue {
        return grads
            .into_iter()
            .map(|d| g.clip(d, -limit, limit))
            .collect();
    }
    Ok(grads)
}

fn squared_norm(g: &mut Graph, d: Value) -> Result<Value> {
    let q = g.square(d)?;
    g.sum_all(q)
}

/// `limit / max(norm, limit)`.
fn norm_scale(g: &mut Graph, squared: Value, limit: f32) -> Result<Value> {
    let norm = g.sqrt(squared)?;
    let limit = g.constant(limit)?;
    let larger = g.maximum(norm, limit)?;
    g.div(limit, larger)
}

/// An optimizer whose struct is its config.
pub(super) fn from_struct<T: DeserializeOwned>(config: Map<String, Json>) -> Result<T> {
    serde_path_to_error::deserialize(Json::Object(config))
        .map_err(|e| Error::config(format!("{}: {}", e.path(), e.inner())))
}

/// The config of an optimizer whose struct is its config, without what every optimizer has.
pub(super) fn own_config<T: Serialize>(optimizer: &T) -> Map<String, Json> {
    let Ok(Json::Object(mut map)) = serde_json::to_value(optimizer) else {
        unreachable!("an optimizer's struct is an object");
    };
    for shared in [
        "learning_rate",
        "weight_decay",
        "clipnorm",
        "clipvalue",
        "global_clipnorm",
    ] {
        map.remove(shared);
    }
    map
}
