//! What is added to the loss to keep weights small.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value as Json, json};

use crate::error::{Error, Result};
use crate::graph::{Graph, Value};

/// `l1 · Σ|w| + l2 · Σw²`.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// use cornu::regularizers::Regularizer;
/// let layer = Dense::new(4).kernel_regularizer(Regularizer::l2(0.01));
/// # let _ = layer;
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Regularizer {
    l1: f64,
    l2: f64,
}

impl Regularizer {
    /// `l1 · Σ|w|`.
    pub fn l1(l1: f64) -> Self {
        Self { l1, l2: 0.0 }
    }

    /// `l2 · Σw²`.
    pub fn l2(l2: f64) -> Self {
        Self { l1: 0.0, l2 }
    }

    /// `l1 · Σ|w| + l2 · Σw²`.
    pub fn l1_l2(l1: f64, l2: f64) -> Self {
        Self { l1, l2 }
    }

    /// The amount for a weight: a single number.
    pub fn call(&self, g: &mut Graph, w: Value) -> Result<Value> {
        let mut terms = Vec::new();
        if self.l1 != 0.0 {
            let a = g.abs(w)?;
            let s = g.sum_all(a)?;
            terms.push(g.scale(s, self.l1 as f32)?);
        }
        if self.l2 != 0.0 {
            let q = g.square(w)?;
            let s = g.sum_all(q)?;
            terms.push(g.scale(s, self.l2 as f32)?);
        }
        match terms[..] {
            [] => g.constant(0.0),
            [t] => Ok(t),
            [a, b] => g.add(a, b),
            _ => unreachable!("there are two kinds of terms"),
        }
    }

    fn from_config(class: &str, config: &Json) -> Result<Self> {
        let number = |key: &str, default: f64| match config.get(key) {
            None | Some(Json::Null) => Ok(default),
            Some(v) => match v.as_f64() {
                Some(x) if x >= 0.0 && x.is_finite() => Ok(x),
                _ => Err(Error::config(format!(
                    "{class}: {key} must be a finite number of at least 0, received {v}"
                ))),
            },
        };
        match class {
            "L1" | "l1" => Ok(Self::l1(number("l1", 0.01)?)),
            "L2" | "l2" => Ok(Self::l2(number("l2", 0.01)?)),
            "L1L2" | "l1_l2" => Ok(Self::l1_l2(number("l1", 0.0)?, number("l2", 0.0)?)),
            other => Err(Error::unknown("regularizer", other, ["L1", "L2", "L1L2"])),
        }
    }
}

impl Serialize for Regularizer {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let (class, config) = match (self.l1 != 0.0, self.l2 != 0.0) {
            (true, false) => ("L1", json!({ "l1": self.l1 })),
            (false, true) => ("L2", json!({ "l2": self.l2 })),
            _ => ("L1L2", json!({ "l1": self.l1, "l2": self.l2 })),
        };
        json!({
            "module": "keras.regularizers",
            "class_name": class,
            "config": config,
            "registered_name": null,
        })
        .serialize(s)
    }
}

impl<'de> Deserialize<'de> for Regularizer {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        use serde::de::Error as _;
        let (class, config) = match Json::deserialize(d)? {
            Json::String(name) => (name, Json::Null),
            Json::Object(mut o) => {
                let class = o
                    .get("class_name")
                    .and_then(Json::as_str)
                    .map(str::to_owned);
                let class =
                    class.ok_or_else(|| D::Error::custom("a regularizer needs a class_name"))?;
                (class, o.remove("config").unwrap_or(Json::Null))
            }
            other => {
                return Err(D::Error::custom(format!(
                    "a regularizer is a name or an object, received {other}"
                )));
            }
        };
        Self::from_config(&class, &config).map_err(D::Error::custom)
    }
}
