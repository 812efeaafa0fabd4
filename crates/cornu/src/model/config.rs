//! A model's architecture as Keras-style JSON, and back.

mod functional;
mod sequential;
mod write;

use serde_json::Value as Json;

use super::Model;
use super::architecture::Architecture;
use crate::error::{Error, Result};
use crate::shape::{DType, Shape};

impl Architecture {
    /// The architecture that Keras-style JSON describes.
    pub(crate) fn from_json(json: &Json) -> Result<Self> {
        let class = text(json, "class_name")?;
        let config = json
            .get("config")
            .ok_or_else(|| Error::config("a model's JSON needs a \"config\""))?;
        match class {
            "Sequential" => sequential::read(config),
            "Functional" | "Model" => functional::read(config),
            other => Err(Error::unknown(
                "model class",
                other,
                ["Sequential", "Functional"],
            )),
        }
    }
}

fn text<'a>(json: &'a Json, key: &str) -> Result<&'a str> {
    json.get(key).and_then(Json::as_str).ok_or_else(|| {
        Error::config(format!(
            "expected a text under \"{key}\", received {}",
            short(json)
        ))
    })
}

fn list<'a>(json: &'a Json, key: &str) -> Result<&'a Vec<Json>> {
    json.get(key).and_then(Json::as_array).ok_or_else(|| {
        Error::config(format!(
            "expected a list under \"{key}\", received {}",
            short(json)
        ))
    })
}

/// The beginning of a JSON text, for messages.
fn short(json: &Json) -> String {
    let s = json.to_string();
    match s.char_indices().nth(80) {
        Some((i, _)) => format!("{}…", &s[..i]),
        None => s,
    }
}

fn model_name(config: &Json, default: &str) -> String {
    let name = config.get("name").and_then(Json::as_str);
    name.unwrap_or(default).to_owned()
}

/// The shape of a batch in a config, `batch_shape` (or Keras 2's `batch_input_shape`): the size of batches, where it is fixed, and the
/// shape of a sample.
fn batch_shape(config: &Json) -> Result<Option<(Option<usize>, Shape)>> {
    let given = ["batch_shape", "batch_input_shape"]
        .iter()
        .find_map(|k| config.get(*k));
    let Some(given) = given.filter(|g| !g.is_null()) else {
        return Ok(None);
    };
    let axis = |n: &Json| n.as_u64().and_then(|n| usize::try_from(n).ok());
    let axes = given.as_array().and_then(|axes| {
        let (first, rest) = axes.split_first()?;
        let batch = if first.is_null() {
            None
        } else {
            Some(axis(first)?)
        };
        let rest = rest.iter().map(axis).collect::<Option<Vec<usize>>>()?;
        Some((batch, Shape::from(rest)))
    });
    axes.map(Some).ok_or_else(|| {
        Error::config(format!(
            "an input needs a batch_shape like [null, 32, 32, 3], received {given}"
        ))
    })
}

/// The element type in an input's config.
fn input_dtype(config: &Json) -> Result<DType> {
    match config.get("dtype") {
        None | Some(Json::Null) => Ok(DType::F32),
        Some(Json::String(name)) if name == "float32" => Ok(DType::F32),
        // Whole numbers of any width are held as 32 bits.
        Some(Json::String(name)) if matches!(name.as_str(), "int32" | "int64" | "uint8") => {
            Ok(DType::I32)
        }
        Some(other) => Err(Error::dtype(format!(
            "an input holds float32 or int32, received {other}"
        ))),
    }
}

impl Model {
    /// The architecture as Keras-style JSON, without weights.
    pub fn to_json(&self) -> String {
        self.architecture.to_json().to_string()
    }

    /// A model from Keras-style JSON, with weights drawn anew from seed 0.
    ///
    /// # Errors
    /// [`Kind::Config`](crate::error::Kind::Config) with the path of the layer that is unknown or wrong.
    ///
    /// # Example
    /// ```
    /// use cornu::prelude::*;
    /// let model = Sequential::new().input([4]).add(Dense::new(2)).build()?;
    /// let again = Model::from_json(&model.to_json())?;
    /// assert_eq!(again.to_json(), model.to_json());
    /// # Ok::<(), cornu::Error>(())
    /// ```
    pub fn from_json(json: &str) -> Result<Self> {
        Self::from_json_seeded(json, 0)
    }

    /// A model from Keras-style JSON, with weights drawn anew from a seed.
    pub fn from_json_seeded(json: &str, seed: u64) -> Result<Self> {
        let json: Json = serde_json::from_str(json)
            .map_err(|e| Error::config(format!("the model's JSON is damaged: {e}")))?;
        Self::from_architecture(Architecture::from_json(&json)?, seed)
    }
}
