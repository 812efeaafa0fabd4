//! Layers outside of models as JSON: Keras's object of class name and config.

use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value as Json, json};

use crate::error::{Error, Result};
use crate::files::{io_error, write_atomically};

/// The layer as JSON.
pub(super) fn to_json(class: &str, layer: &impl Serialize) -> Result<String> {
    let config = serde_json::to_value(layer)
        .map_err(|e| Error::config(format!("{class} cannot be written as JSON: {e}")))?;
    let object = json!({
        "module": "keras.layers",
        "class_name": class,
        "config": config,
        "registered_name": null,
    });
    Ok(object.to_string())
}

/// A layer from its JSON.
pub(super) fn from_json<T: DeserializeOwned>(class: &str, text: &str) -> Result<T> {
    let json: Json = serde_json::from_str(text)
        .map_err(|e| Error::config(format!("{class} expects JSON: {e}")))?;
    if json.get("class_name").and_then(Json::as_str) != Some(class) {
        return Err(Error::config(format!(
            "expected the class_name {class}, received {}",
            json.get("class_name").unwrap_or(&Json::Null)
        )));
    }
    let config = json.get("config").cloned().unwrap_or_default();
    serde_path_to_error::deserialize(config).map_err(|e| {
        crate::layers::mistakes::tell(&e.path().to_string(), &e.inner().to_string()).at(class)
    })
}

/// Writes a layer's JSON to a file.
pub(super) fn save(path: &Path, text: &str) -> Result<()> {
    write_atomically(path, text.as_bytes())
}

/// Reads a layer's JSON from a file.
pub(super) fn load(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).map_err(|e| io_error(path, "read the layer", &e))
}

/// The methods by which a layer outside of models is named, saved and read.
macro_rules! saved {
    ($name:ident) => {
        impl $name {
            /// Names the layer.
            pub fn name(mut self, name: impl Into<String>) -> Self {
                self.name = Some(name.into());
                self
            }

            /// The layer with its vocabulary, as Keras's JSON of class name and config.
            pub fn to_json(&self) -> Result<String> {
                $crate::layers::preprocessing::saved::to_json(stringify!($name), self)
            }

            /// A layer from its JSON.
            ///
            /// # Errors
            /// [`Kind::Config`](crate::error::Kind::Config) for another class, an unknown argument or a value of the wrong type.
            pub fn from_json(text: &str) -> Result<Self> {
                $crate::layers::preprocessing::saved::from_json(stringify!($name), text)
            }

            /// Writes the layer's JSON to a file.
            pub fn save(&self, path: impl AsRef<std::path::Path>) -> Result<()> {
                $crate::layers::preprocessing::saved::save(path.as_ref(), &self.to_json()?)
            }

            /// Reads a layer from a file that [`Self::save`] wrote.
            pub fn load(path: impl AsRef<std::path::Path>) -> Result<Self> {
                Self::from_json(&$crate::layers::preprocessing::saved::load(path.as_ref())?)
            }
        }
    };
}

pub(super) use saved;
