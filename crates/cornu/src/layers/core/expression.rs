//! Expressions over a layer's inputs: what a closure would compute, as data that a file can hold.

mod words;

use std::fmt;
use std::ops::{Add, Div, Mul, Neg, Sub};
use std::sync::Arc;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value as Json, json};

use super::operations;
use crate::error::{Error, Result};
use crate::graph::{Graph, Value};

/// More parts than this are refused: an expression is a tree, and a shared part counts wherever it stands.
const MOST_PARTS: usize = 10_000;

/// What a [`Lambda`](super::Lambda) computes: its inputs, numbers, and operations on them, called as in `keras.ops`.
///
/// Operators work on expressions and numbers; in JSON an expression is a number, `{"input": 0}`, or
/// `{"op": "sum", "of": [..], "axis": -1}`. Axes count as in Keras: the batch is axis 0, and -1 is the last.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let scaled = Lambda::new(|x| (&x - x.mean(-1, true)) * 0.5);
/// let model = Sequential::new().input([4]).add(scaled).build()?;
/// assert_eq!(model.output_shape().axes(), &[4]);
/// # Ok::<(), cornu::Error>(())
/// ```
#[derive(Clone, PartialEq)]
pub struct Expr(Arc<Part>);

#[derive(Clone, Debug, PartialEq)]
enum Part {
    Input(usize),
    Number(f64),
    Operation {
        name: String,
        of: Vec<Expr>,
        arguments: Map<String, Json>,
    },
}

impl fmt::Debug for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.to_json())
    }
}

impl From<f64> for Expr {
    fn from(x: f64) -> Self {
        Self(Arc::new(Part::Number(x)))
    }
}

impl From<&Expr> for Expr {
    fn from(x: &Expr) -> Self {
        x.clone()
    }
}

macro_rules! operators {
    ($($trait:ident $method:ident $name:literal,)*) => {
        $(impl<T: Into<Expr>> $trait<T> for Expr {
            type Output = Expr;
            fn $method(self, other: T) -> Expr {
                Expr::operation($name, vec![self, other.into()])
            }
        }
        impl<T: Into<Expr>> $trait<T> for &Expr {
            type Output = Expr;
            fn $method(self, other: T) -> Expr {
                Expr::operation($name, vec![self.clone(), other.into()])
            }
        }
        impl $trait<Expr> for f64 {
            type Output = Expr;
            fn $method(self, other: Expr) -> Expr {
                Expr::operation($name, vec![self.into(), other])
            }
        }
        impl $trait<&Expr> for f64 {
            type Output = Expr;
            fn $method(self, other: &Expr) -> Expr {
                Expr::operation($name, vec![self.into(), other.clone()])
            }
        })*
    };
}

operators! {
    Add add "add",
    Sub sub "subtract",
    Mul mul "multiply",
    Div div "divide",
}

impl Neg for Expr {
    type Output = Expr;
    fn neg(self) -> Expr {
        Expr::operation("negative", vec![self])
    }
}

impl Expr {
    /// The layer's input with this number.
    pub fn input(number: usize) -> Self {
        Self(Arc::new(Part::Input(number)))
    }

    /// An operation by its name in `keras.ops`, or an activation by its name, without arguments.
    pub fn operation(name: &str, of: Vec<Expr>) -> Self {
        Self::with(name, of, [])
    }

    /// The names of all operations, activations among them.
    pub fn operations() -> Vec<&'static str> {
        operations::names()
    }

    fn with<const N: usize>(name: &str, of: Vec<Expr>, arguments: [(&str, Json); N]) -> Self {
        let arguments = arguments.into_iter().map(|(k, v)| (k.to_owned(), v));
        Self(Arc::new(Part::Operation {
            name: name.to_owned(),
            of,
            arguments: arguments.collect(),
        }))
    }

    /// How many parts it has, up to the most there may be.
    fn parts(&self, so_far: usize) -> usize {
        match &*self.0 {
            Part::Operation { of, .. } if so_far <= MOST_PARTS => {
                of.iter().fold(so_far + 1, |n, e| e.parts(n))
            }
            _ => so_far + 1,
        }
    }

    /// Writes it into a graph.
    pub(super) fn write(&self, g: &mut Graph, inputs: &[Value]) -> Result<Value> {
        if self.parts(0) > MOST_PARTS {
            return Err(
                Error::config(format!("an expression has at most {MOST_PARTS} parts"))
                    .help("a part that is used twice counts twice: use two layers"),
            );
        }
        self.node(g, inputs)
    }

    fn node(&self, g: &mut Graph, inputs: &[Value]) -> Result<Value> {
        match &*self.0 {
            Part::Input(number) => inputs.get(*number).copied().ok_or_else(|| {
                Error::shape(format!(
                    "the expression reads input {number}, the layer has {}",
                    inputs.len()
                ))
                .help("inputs are numbered from 0")
            }),
            Part::Number(x) => g.constant(*x as f32),
            Part::Operation {
                name,
                of,
                arguments,
            } => {
                let of = of
                    .iter()
                    .map(|e| e.node(g, inputs))
                    .collect::<Result<Vec<_>>>()?;
                operations::write(g, name, &of, arguments)
            }
        }
    }

    fn to_json(&self) -> Json {
        match &*self.0 {
            Part::Input(number) => json!({ "input": number }),
            Part::Number(x) => json!(x),
            Part::Operation {
                name,
                of,
                arguments,
            } => {
                let of: Vec<Json> = of.iter().map(Self::to_json).collect();
                let mut object = Map::from_iter([
                    ("op".to_owned(), name.as_str().into()),
                    ("of".to_owned(), of.into()),
                ]);
                object.extend(arguments.clone());
                object.into()
            }
        }
    }

    fn from_json(json: &Json) -> Result<Self> {
        match json {
            Json::Number(n) => match n.as_f64().filter(|x| x.is_finite()) {
                Some(x) => Ok(x.into()),
                None => Err(Error::config(format!(
                    "a number must be finite, received {n}"
                ))),
            },
            Json::Object(object) if object.contains_key("input") && object.len() == 1 => {
                let number = object["input"]
                    .as_u64()
                    .and_then(|n| usize::try_from(n).ok());
                number.map(Self::input).ok_or_else(|| {
                    Error::config(format!(
                        "an input is told by its number, received {}",
                        object["input"]
                    ))
                })
            }
            Json::Object(object) => {
                let mut arguments = object.clone();
                let (name, of) = (arguments.shift_remove("op"), arguments.shift_remove("of"));
                let (Some(Json::String(name)), Some(Json::Array(of))) = (name, of) else {
                    return Err(Error::config(
                        "an operation is {\"op\": name, \"of\": [..], and its arguments}",
                    ));
                };
                let of = of.iter().map(Self::from_json).collect::<Result<Vec<_>>>()?;
                operations::check(&name, of.len(), &arguments)?;
                Ok(Self(Arc::new(Part::Operation {
                    name,
                    of,
                    arguments,
                })))
            }
            other => Err(Error::config(format!(
                "an expression is a number, an input or an operation, received {other}"
            ))),
        }
    }
}

impl Serialize for Expr {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        self.to_json().serialize(s)
    }
}

impl<'de> Deserialize<'de> for Expr {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Self::from_json(&Json::deserialize(d)?).map_err(D::Error::custom)
    }
}
