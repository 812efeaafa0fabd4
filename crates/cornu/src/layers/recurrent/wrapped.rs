//! A layer inside another one's config.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::{Map, Value as Json, json};

use super::RnnCell;
use crate::error::{Error, Result};
use crate::layers::{Layer, deserialize};
use crate::model::snake_case;

/// A layer as an argument of another: in a config, Keras's object `{"class_name": …, "config": …}`.
#[derive(Clone, Debug)]
pub(in crate::layers) struct Wrapped(pub(in crate::layers) Box<dyn Layer>);

impl Wrapped {
    /// The arguments with those that every layer has.
    pub(in crate::layers) fn config(&self) -> Map<String, Json> {
        let mut config = self.0.config();
        let base = self.0.base();
        if let Some(name) = &base.name {
            config.insert("name".to_owned(), name.clone().into());
        }
        config.insert("trainable".to_owned(), base.trainable.into());
        config.insert("dtype".to_owned(), self.0.dtype().into());
        config
    }

    /// The layer's own name or, by Keras's rule, its class in small letters.
    pub(in crate::layers) fn name(&self) -> String {
        let own = self.0.base().name.clone();
        own.unwrap_or_else(|| snake_case(self.0.class_name()))
    }

    /// As a cell, or the error that it is none.
    pub(in crate::layers) fn cell(&self, class: &str) -> Result<&dyn RnnCell> {
        self.0.as_cell().ok_or_else(|| {
            Error::config(format!(
                "{class} needs a cell, received {}",
                self.0.class_name()
            ))
            .help("LSTMCell, GRUCell and SimpleRNNCell are cells; a layer of your own says so with as_cell")
        })
    }

    /// A layer of the same class with some arguments changed.
    pub(in crate::layers) fn with(&self, changes: &[(&str, Json)]) -> Result<Self> {
        let mut config = self.config();
        config.extend(changes.iter().map(|(k, v)| ((*k).to_owned(), v.clone())));
        deserialize(self.0.class_name(), &Json::Object(config)).map(Self)
    }
}

impl PartialEq for Wrapped {
    fn eq(&self, other: &Self) -> bool {
        self.0.class_name() == other.0.class_name() && self.config() == other.config()
    }
}

impl Serialize for Wrapped {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let object = json!({
            "module": "keras.layers",
            "class_name": self.0.class_name(),
            "config": self.config(),
            "registered_name": null,
        });
        object.serialize(s)
    }
}

impl<'de> Deserialize<'de> for Wrapped {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let object = Json::deserialize(d)?;
        let class = object.get("class_name").and_then(Json::as_str);
        let made = match (class, object.get("config")) {
            (Some(class), Some(config)) => deserialize(class, config),
            _ => Err(Error::config(
                "a layer must be an object with class_name and config",
            )),
        };
        made.map(Self).map_err(de::Error::custom)
    }
}
