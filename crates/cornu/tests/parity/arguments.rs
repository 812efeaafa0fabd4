//! The arguments of layers against Keras's, by name and default.

use serde_json::{Map, Value as Json, json};

use crate::api::{Entry, Section};
use crate::here::Notes;
use crate::samples;

/// Arguments that every layer of Keras has, or that say how it is computed rather than what.
const EVERY: [&str; 5] = [
    "name",
    "dtype",
    "trainable",
    "activity_regularizer",
    "autocast",
];

/// Arguments of which Keras's own config tells what `None` stands for.
const RESOLVED: [&str; 3] = ["data_format", "activation", "strides"];

/// What differs, a line each.
pub(crate) fn of_layers(sections: &[Section], notes: &Notes) -> Vec<String> {
    let layers = sections
        .iter()
        .find(|s| s.name == "keras.layers")
        .expect("Keras has layers");
    let mut wrong = Vec::new();
    for class in cornu::layers::names() {
        let named = |e: &&Entry| e.names.iter().any(|n| n == class);
        let Some(entry) = layers.entries.iter().find(named) else {
            continue;
        };
        if notes.of("arguments", class).is_some() {
            continue;
        }
        let own = match by_default(class, entry) {
            Ok(config) => config,
            Err(e) => {
                wrong.push(format!("{class} with only its required arguments: {e}"));
                continue;
            }
        };
        for argument in &entry.arguments {
            let name = argument.name.as_str();
            let told = notes.of("arguments", &format!("{class}.{name}"));
            if EVERY.contains(&name) || told.or(notes.of("arguments", name)).is_some() {
                continue;
            }
            let keras = argument.default.as_deref().map(value);
            match (own.get(name), keras) {
                (None, Some(Json::Null)) => {}
                (Some(_), Some(Json::Null)) if RESOLVED.contains(&name) => {}
                (None, _) => wrong.push(format!("{class} has no argument {name}")),
                (Some(ours), Some(keras)) if !same(ours, &keras) => wrong.push(format!(
                    "{class}.{name} is {ours} by default, in Keras {keras}"
                )),
                _ => {}
            }
        }
    }
    wrong
}

/// A layer's config where only what Keras requires was given; that comes from a sample of the layer.
fn by_default(class: &str, entry: &Entry) -> Result<Map<String, Json>, String> {
    let sample = samples::all().into_iter().find(|s| s.class == class);
    let sample = sample.ok_or("no sample")?.config;
    let required = entry.arguments.iter().filter(|a| a.default.is_none());
    let config: Map<String, Json> = required
        .filter_map(|a| Some((a.name.clone(), sample.get(&a.name)?.clone())))
        .collect();
    cornu::layers::deserialize(class, &Json::Object(config))
        .map(|l| l.config())
        .map_err(|e| e.to_string())
}

/// A default as Python writes it: numbers, texts, `None`, `(1, 1)`, `256`, `1e-07`.
fn value(python: &str) -> Json {
    let text = python
        .replace('(', "[")
        .replace(')', "]")
        .replace('\'', "\"");
    let text = text.replace("None", "null");
    let text = text.replace("True", "true").replace("False", "false");
    serde_json::from_str(&text).unwrap_or_else(|_| json!(text.trim_matches('"')))
}

/// Whether two defaults mean the same: 1 and [1, 1], "glorot_uniform" and the object of that class, "zeros" and "Zeros".
fn same(ours: &Json, keras: &Json) -> bool {
    let plain = |s: &str| s.replace('_', "").to_lowercase();
    match (ours, keras) {
        (Json::Number(a), Json::Number(b)) => a.as_f64() == b.as_f64(),
        (Json::Array(a), Json::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        // A range that begins at 0 is told by its end alone.
        (Json::Array(a), Json::Number(b)) if a.len() == 2 && a[0].as_f64() == Some(0.0) => {
            a[1].as_f64() == b.as_f64()
        }
        (Json::Array(a), b) if !b.is_array() && !b.is_null() => a.iter().all(|a| same(a, b)),
        (a, Json::Array(b)) if !a.is_array() => b.iter().all(|b| same(a, b)),
        (Json::String(a), Json::String(b)) => plain(a) == plain(b),
        (Json::Object(a), Json::String(b)) => {
            // "uniform" is Keras's short name of RandomUniform.
            let class = a.get("class_name").and_then(Json::as_str).map(plain);
            class.is_some_and(|class| class.ends_with(&plain(b)))
        }
        _ => ours == keras,
    }
}
