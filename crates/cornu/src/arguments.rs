//! Arguments of a config, read over the defaults of the struct that holds them; what is unknown, mistyped or out of range is told.

use std::fmt::Display;

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value as Json, json};

use crate::error::{Error, Result, nearest};

/// A config struct as the JSON object it is.
pub(crate) fn object<T: Serialize>(arguments: &T) -> Map<String, Json> {
    match serde_json::to_value(arguments) {
        Ok(Json::Object(map)) => map,
        _ => unreachable!("a struct of arguments is an object"),
    }
}

/// Refuses arguments that a class lacks, with the nearest one it has.
pub(crate) fn refuse_unknown(
    class: &str,
    given: &Map<String, Json>,
    known: &[String],
) -> Result<()> {
    let Some(key) = given.keys().find(|k| !known.contains(k)) else {
        return Ok(());
    };
    let error = Error::config(format!("{class} has no argument \"{key}\""));
    let list = match known {
        [] => "it has none".to_owned(),
        known => format!("known: {}", known.join(", ")),
    };
    Err(
        error.help(match nearest(key, known.iter().map(String::as_str)) {
            Some(best) => format!("did you mean \"{best}\"? {list}"),
            None => list,
        }),
    )
}

/// The defaults with the arguments given laid over them.
pub(crate) fn overlay<T: Serialize + DeserializeOwned>(
    class: &str,
    defaults: &T,
    given: Map<String, Json>,
) -> Result<T> {
    let mut all = object(defaults);
    all.extend(given);
    serde_path_to_error::deserialize(Json::Object(all))
        .map_err(|e| Error::config(format!("{class}: {}: {}", e.path(), e.inner())))
}

/// A struct of arguments from a config. Keys of `silent` say nothing to Cornu and are passed over.
pub(crate) fn read<T: Default + Serialize + DeserializeOwned>(
    class: &str,
    mut given: Map<String, Json>,
    silent: &[&str],
) -> Result<T> {
    let defaults = T::default();
    for key in silent {
        given.remove(*key);
    }
    let known: Vec<String> = object(&defaults).keys().cloned().collect();
    refuse_unknown(class, &given, &known)?;
    overlay(class, &defaults, given)
}

/// Refuses a number that lies outside a range; `range` says which one.
fn within(
    class: &str,
    key: &str,
    x: impl Into<f64> + Display + Copy,
    range: &str,
    fits: impl Fn(f64) -> bool,
) -> Result<()> {
    if fits(x.into()) {
        Ok(())
    } else {
        Err(Error::config(format!(
            "{class}: {key} must be {range}, received {x}"
        )))
    }
}

/// At least 0 and below 1: how much of a mean stays at each step.
pub(crate) fn share(class: &str, key: &str, x: f64) -> Result<()> {
    within(class, key, x, "at least 0 and below 1", |x| {
        (0.0..1.0).contains(&x)
    })
}

/// From 0 to 1, both included.
pub(crate) fn unit(class: &str, key: &str, x: f64) -> Result<()> {
    within(class, key, x, "from 0 to 1", |x| (0.0..=1.0).contains(&x))
}

/// Above 0 and finite.
pub(crate) fn positive(class: &str, key: &str, x: f64) -> Result<()> {
    within(class, key, x, "a finite number above 0", |x| {
        x > 0.0 && x.is_finite()
    })
}

/// At least 0 and finite.
pub(crate) fn not_negative(
    class: &str,
    key: &str,
    x: impl Into<f64> + Display + Copy,
) -> Result<()> {
    within(class, key, x, "a finite number of at least 0", |x| {
        x >= 0.0 && x.is_finite()
    })
}

/// The class and config of something that a layer's config holds as a name or as `{"class_name": …, "config": …}`.
pub(crate) fn written<'de, D: Deserializer<'de>>(
    d: D,
    what: &str,
) -> Result<(String, Map<String, Json>), D::Error> {
    let mut object = match Json::deserialize(d)? {
        Json::String(name) => return Ok((name, Map::new())),
        Json::Object(object) => object,
        other => {
            return Err(D::Error::custom(format!(
                "a {what} is a name or an object, received {other}"
            )));
        }
    };
    let Some(Json::String(class)) = object.remove("class_name") else {
        return Err(D::Error::custom(format!("a {what} needs a class_name")));
    };
    match object.remove("config") {
        None | Some(Json::Null) => Ok((class, Map::new())),
        Some(Json::Object(config)) => Ok((class, config)),
        Some(other) => Err(D::Error::custom(format!(
            "the config of {class} must be an object, received {other}"
        ))),
    }
}

/// What [`written`] reads: module, class name and config, as Keras writes them.
pub(crate) fn keras_object(module: &str, class: &str, config: Map<String, Json>) -> Json {
    json!({
        "module": module,
        "class_name": class,
        "config": config,
        "registered_name": null,
    })
}
