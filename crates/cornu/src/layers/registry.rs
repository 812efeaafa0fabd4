//! Layers by class name, from their configs.

use std::collections::BTreeMap;
use std::sync::RwLock;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};

use super::{ALIASES, FAMILIES, Layer, mistakes};
use crate::error::{Error, Result};
use crate::model::Nested;

/// Makes a layer from its config.
pub type FromConfig = fn(Map<String, Json>) -> Result<Box<dyn Layer>>;

static OWN: RwLock<BTreeMap<String, FromConfig>> = RwLock::new(BTreeMap::new());

/// Makes a class of your own known, so that models that use it can be loaded.
pub fn register(class_name: &str, from_config: FromConfig) {
    let mut own = OWN
        .write()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    own.insert(class_name.to_owned(), from_config);
}

fn built_in() -> impl Iterator<Item = (&'static str, FromConfig)> {
    FAMILIES.iter().flat_map(|table| table.iter().copied())
}

/// The class that goes by another name: "Convolution2D" is Conv2D.
fn class_of(name: &str) -> &str {
    let aliases = ALIASES.iter().flat_map(|table| table.iter());
    let known = aliases
        .filter(|(other, _)| *other == name)
        .map(|&(_, class)| class)
        .next();
    known.unwrap_or(name)
}

/// The class names of the built-in layers.
pub fn names() -> Vec<&'static str> {
    built_in().map(|(name, _)| name).collect()
}

/// A layer from its class name, or another name that Keras has for the class, and its Keras config.
///
/// # Errors
/// [`Kind::Config`](crate::error::Kind::Config) for an unknown class, an unknown argument or a value of the wrong type.
///
/// # Example
/// ```
/// let config = serde_json::json!({ "name": "d", "units": 3, "activation": "relu" });
/// let layer = cornu::layers::deserialize("Dense", &config)?;
/// assert_eq!(layer.base().name.as_deref(), Some("d"));
/// # Ok::<(), cornu::Error>(())
/// ```
pub fn deserialize(class_name: &str, config: &Json) -> Result<Box<dyn Layer>> {
    let Json::Object(config) = config else {
        return Err(Error::config(format!(
            "the config of a {class_name} must be an object, received {config}"
        )));
    };
    let class_name = class_of(class_name);
    let mut config = config.clone();
    let name = match config.remove("name") {
        None | Some(Json::Null) => None,
        Some(Json::String(name)) => Some(name),
        Some(other) => {
            return Err(Error::config(format!(
                "a layer's name must be a text, received {other}"
            )));
        }
    };
    let path = name.clone().unwrap_or_else(|| class_name.to_owned());
    let trainable = match config.remove("trainable") {
        None | Some(Json::Null) => true,
        Some(Json::Bool(b)) => b,
        Some(other) => {
            return Err(Error::config(format!(
                "trainable must be true or false, received {other}"
            ))
            .at(path));
        }
    };
    let dtype = config.remove("dtype");
    // A word of Keras about types that are cast by themselves: here all are float32.
    config.remove("autocast");
    // What Keras writes as null is a feature that is not used.
    config.retain(|key, v| !v.is_null() || NONE_IS_A_CHOICE.contains(&key.as_str()));
    if matches!(class_name, "Sequential" | "Functional" | "Model") {
        check_dtype(dtype, "float32").map_err(|e| e.at(path.clone()))?;
        if let Some(name) = &name {
            // Places in the model are told with it.
            config.insert("name".to_owned(), name.as_str().into());
        }
        let mut model = Nested::from_config(class_name, config).map_err(|e| e.at(path))?;
        model.base_mut().name = name;
        model.base_mut().trainable = trainable;
        return Ok(model);
    }
    if matches!(class_name, "StringLookup" | "TextVectorization") {
        return Err(
            Error::config(format!("{class_name} reads texts, and models take numbers"))
                .help(format!(
                    "call layers::{class_name} on the data, and give the model what it makes of it"
                ))
                .at(path),
        );
    }
    let own_kind = built_in().find(|e| e.0 == class_name).map(|e| e.1);
    let from_config = own_kind.or_else(|| {
        let own = OWN
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        own.get(class_name).copied()
    });
    let from_config =
        from_config.ok_or_else(|| Error::unknown("layer", class_name, names()).at(path.clone()))?;
    let mut layer = from_config(config).map_err(|e| e.at(path.clone()))?;
    check_dtype(dtype, layer.dtype()).map_err(|e| e.at(path))?;
    layer.base_mut().name = name;
    layer.base_mut().trainable = trainable;
    Ok(layer)
}

/// Arguments whose null says something else than their default.
const NONE_IS_A_CHOICE: &[&str] = &["merge_mode", "window", "scaling"];

/// Refuses types that the layer does not give; whole numbers have 32 bits here, whatever Keras says of them.
fn check_dtype(dtype: Option<Json>, own: &str) -> Result<()> {
    let name = match &dtype {
        None | Some(Json::Null) => return Ok(()),
        Some(Json::String(s)) => s.as_str(),
        Some(o) => o
            .pointer("/config/name")
            .and_then(Json::as_str)
            .unwrap_or("unknown"),
    };
    let whole = own != "float32" && ["int32", "int64"].contains(&name);
    if name == "float32" || whole {
        Ok(())
    } else {
        Err(Error::config(format!(
            "layers compute in float32, received the dtype policy \"{name}\""
        )))
    }
}

/// A layer whose struct is its config; mistakes are told by [`mistakes`].
pub(super) fn from_struct<T: DeserializeOwned>(config: Map<String, Json>) -> Result<T> {
    serde_path_to_error::deserialize(Json::Object(config))
        .map_err(|e| mistakes::tell(&e.path().to_string(), &e.inner().to_string()))
}
