//! A name chosen from a table, kept even if it is misspelt until there is a place to complain about it.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value as Json};

use crate::error::{Error, Result};

/// Things that are chosen by name.
pub trait Named: Clone + fmt::Debug + Sized + 'static {
    /// What the table holds, for messages: "activation".
    const WHAT: &'static str;
    /// The thing of a name, if the table has it.
    fn from_name(name: &str) -> Option<Self>;
    /// Its name in the table.
    fn name(&self) -> &str;
    /// All names.
    fn names() -> Vec<&'static str>;

    /// Whether some have arguments and are written as objects, `{"class_name": …, "config": …}`.
    const OBJECTS: bool = false;

    /// The thing that an object stands for.
    ///
    /// # Errors
    /// An unknown class, arguments that it lacks or that are out of range.
    fn from_object(class: &str, _config: Map<String, Json>) -> Result<Self> {
        Err(Error::unknown(Self::WHAT, class, Self::names()))
    }

    /// As a config has it: a name or an object.
    fn written(&self) -> Json {
        self.name().into()
    }
}

/// A thing from a table, or a name that the table lacks. A builder takes names and cannot fail; the mistake is told when the
/// layer is built, with the layer's path and the nearest name.
#[derive(Clone, Debug, PartialEq)]
pub enum Choice<T> {
    /// The thing chosen.
    Known(T),
    /// A name that the table lacks.
    Unknown(String),
}

impl<T: Named> Choice<T> {
    /// The thing chosen.
    ///
    /// # Errors
    /// [`Kind::Config`](crate::error::Kind::Config) with the nearest known name.
    pub fn get(&self) -> Result<&T> {
        match self {
            Self::Known(t) => Ok(t),
            Self::Unknown(name) => Err(Error::unknown(T::WHAT, name, T::names())),
        }
    }
}

impl<T: Named> From<&str> for Choice<T> {
    fn from(name: &str) -> Self {
        T::from_name(name).map_or_else(|| Self::Unknown(name.to_owned()), Self::Known)
    }
}

impl<T: Named> From<String> for Choice<T> {
    fn from(name: String) -> Self {
        Self::from(name.as_str())
    }
}

impl<T: Named> From<T> for Choice<T> {
    fn from(t: T) -> Self {
        Self::Known(t)
    }
}

impl<T: Named> Serialize for Choice<T> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Known(t) => t.written().serialize(s),
            Self::Unknown(name) => s.serialize_str(name),
        }
    }
}

impl<'de, T: Named> Deserialize<'de> for Choice<T> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        use serde::de::Error as _;
        if !T::OBJECTS {
            return String::deserialize(d).map(Self::from);
        }
        let mut object = match Json::deserialize(d)? {
            Json::String(name) => return Ok(Self::from(name)),
            Json::Object(object) => object,
            other => {
                return Err(D::Error::custom(format!(
                    "{} is a name or an object, received {other}",
                    T::WHAT
                )));
            }
        };
        let config = match object.remove("config") {
            // A function of Keras's own.
            Some(Json::String(name)) => return Ok(Self::from(name)),
            Some(Json::Object(config)) => config,
            _ => Map::new(),
        };
        let class = object.get("class_name").and_then(Json::as_str);
        let class = class
            .ok_or_else(|| D::Error::custom(format!("{} needs a class_name or a name", T::WHAT)))?;
        let known = T::from_object(class, config).map_err(D::Error::custom)?;
        Ok(Self::Known(known))
    }
}
