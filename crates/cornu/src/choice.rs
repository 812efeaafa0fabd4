//! A name chosen from a table, kept even if it is misspelt until there is a place to complain about it.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

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
        s.serialize_str(match self {
            Self::Known(t) => t.name(),
            Self::Unknown(name) => name,
        })
    }
}

impl<'de, T: Named> Deserialize<'de> for Choice<T> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d).map(Self::from)
    }
}
