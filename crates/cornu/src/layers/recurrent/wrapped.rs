//! A layer inside another one's config.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::{Map, Value as Json, json};

use crate::error::{Error, Result};
use crate::layers::{Layer, deserialize};

/// A layer as an argument of another: in a config, Keras's object `{"class_name": …, "config": …}`.
#[derive(Clone, Debug)]
pub(super) struct Wrapped(pub(super) Box<dyn Layer>);

impl Wrapped {
    /// The arguments with those that every layer has.
    pub(super) fn config(&self) -> Map<String, Json> {
        let mut config = self.0.config();
        let base = self.0.base();
        if let Some(name) = &base.name {
            config.insert("name".to_owned(), name.clone().into());
        }
        config.insert("trainable".to_owned(), base.trainable.into());
        config.insert("dtype".to_owned(), "float32".into());
        config
    }

    /// A layer of the same class with some arguments changed.
    pub(super) fn with(&self, changes: &[(&str, Json)]) -> Result<Self> {
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
