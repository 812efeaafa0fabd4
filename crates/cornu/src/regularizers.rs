//! What is added to the loss to keep weights small, or their vectors apart.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value as Json};

use crate::arguments;
use crate::choice::{Choice, Named};
use crate::error::{Error, Result};
use crate::graph::{Graph, Value};
use crate::shape::Shape;

/// A penalty for a weight.
///
/// | | |
/// |---|---|
/// | `L1` | `l1 · Σ|w|` |
/// | `L2` | `l2 · Σw²` |
/// | `L1L2` | `l1 · Σ|w| + l2 · Σw²` |
/// | `OrthogonalRegularizer` | `factor` times the mean absolute product of two rows (or columns) of a matrix, each scaled to length 1 |
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// use cornu::regularizers::{Regularizer, Vectors};
/// let layer = Dense::new(4).kernel_regularizer(Regularizer::l2(0.01)).bias_regularizer("l1");
/// let apart = Dense::new(4).kernel_regularizer(Regularizer::orthogonal(0.01, Vectors::Columns));
/// # let _ = (layer, apart);
/// ```
///
/// # Keras
/// The same; names alone (`"l2"`) have Keras's defaults of 0.01.
#[derive(Clone, Debug, PartialEq)]
pub struct Regularizer(Penalty);

#[derive(Clone, Debug, PartialEq)]
enum Penalty {
    L1(L1),
    L2(L2),
    L1L2(L1L2),
    Orthogonal(OrthogonalRegularizer),
    /// A name that no regularizer has: told when the layer is built.
    Unknown(String),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct L1 {
    l1: f64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct L2 {
    l2: f64,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct L1L2 {
    l1: f64,
    l2: f64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct OrthogonalRegularizer {
    factor: f64,
    mode: Choice<Vectors>,
}

impl Default for L1 {
    fn default() -> Self {
        Self { l1: 0.01 }
    }
}

impl Default for L2 {
    fn default() -> Self {
        Self { l2: 0.01 }
    }
}

impl Default for OrthogonalRegularizer {
    fn default() -> Self {
        Self {
            factor: 0.01,
            mode: Choice::Known(Vectors::Rows),
        }
    }
}

/// The vectors of a matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vectors {
    /// Along the last axis.
    Rows,
    /// Along axis 0.
    Columns,
}

impl Named for Vectors {
    const WHAT: &'static str = "mode";

    fn from_name(name: &str) -> Option<Self> {
        match name {
            "rows" => Some(Self::Rows),
            "columns" => Some(Self::Columns),
            _ => None,
        }
    }

    fn name(&self) -> &str {
        match self {
            Self::Rows => "rows",
            Self::Columns => "columns",
        }
    }

    fn names() -> Vec<&'static str> {
        vec!["rows", "columns"]
    }
}

/// The class names and the short names of all regularizers.
const TABLE: &[(&str, &str)] = &[
    ("L1", "l1"),
    ("L2", "l2"),
    ("L1L2", "l1_l2"),
    ("OrthogonalRegularizer", "orthogonal_regularizer"),
];

/// The class names of all regularizers.
pub fn names() -> Vec<&'static str> {
    TABLE.iter().map(|e| e.0).collect()
}

impl Regularizer {
    /// `l1 · Σ|w|`.
    pub fn l1(l1: f64) -> Self {
        Self(Penalty::L1(L1 { l1 }))
    }

    /// `l2 · Σw²`.
    pub fn l2(l2: f64) -> Self {
        Self(Penalty::L2(L2 { l2 }))
    }

    /// `l1 · Σ|w| + l2 · Σw²`.
    pub fn l1_l2(l1: f64, l2: f64) -> Self {
        Self(Penalty::L1L2(L1L2 { l1, l2 }))
    }

    /// `factor` times the mean absolute product of two different rows or columns of a matrix, each scaled to length 1.
    pub fn orthogonal(factor: f64, mode: impl Into<Choice<Vectors>>) -> Self {
        let mode = mode.into();
        Self(Penalty::Orthogonal(OrthogonalRegularizer { factor, mode }))
    }

    /// Refuses a penalty that a weight of this shape cannot have.
    ///
    /// # Errors
    /// [`Kind::Config`](crate::error::Kind::Config) for an unknown name, a factor below 0, an orthogonal regularizer of anything but
    /// a matrix.
    pub fn check(&self, shape: &Shape) -> Result<()> {
        match &self.0 {
            Penalty::L1(c) => arguments::not_negative("L1", "l1", c.l1),
            Penalty::L2(c) => arguments::not_negative("L2", "l2", c.l2),
            Penalty::L1L2(c) => {
                arguments::not_negative("L1L2", "l1", c.l1)?;
                arguments::not_negative("L1L2", "l2", c.l2)
            }
            Penalty::Orthogonal(c) => {
                arguments::not_negative("OrthogonalRegularizer", "factor", c.factor)?;
                c.mode.get()?;
                if shape.rank() == 2 {
                    return Ok(());
                }
                Err(Error::config(format!(
                    "OrthogonalRegularizer needs a matrix, received a weight of shape {shape}"
                )))
            }
            Penalty::Unknown(name) => {
                let known = TABLE.iter().map(|e| e.1);
                Err(Error::unknown("regularizer", name, known))
            }
        }
    }

    /// The amount for a weight: a single number.
    ///
    /// # Errors
    /// An unknown name; an orthogonal regularizer of anything but a matrix.
    pub fn call(&self, g: &mut Graph, w: Value) -> Result<Value> {
        self.check(g.shape(w))?;
        let (l1, l2) = match &self.0 {
            Penalty::L1(c) => (c.l1, 0.0),
            Penalty::L2(c) => (0.0, c.l2),
            Penalty::L1L2(c) => (c.l1, c.l2),
            Penalty::Orthogonal(c) => return c.call(g, w),
            Penalty::Unknown(_) => unreachable!("refused above"),
        };
        let mut terms = Vec::new();
        if l1 != 0.0 {
            let a = g.abs(w)?;
            let s = g.sum_all(a)?;
            terms.push(g.scale(s, l1 as f32)?);
        }
        if l2 != 0.0 {
            let q = g.square(w)?;
            let s = g.sum_all(q)?;
            terms.push(g.scale(s, l2 as f32)?);
        }
        match terms[..] {
            [] => g.constant(0.0),
            [t] => Ok(t),
            [a, b] => g.add(a, b),
            _ => unreachable!("there are two kinds of terms"),
        }
    }

    fn from_config(class: &str, config: Map<String, Json>) -> Result<Self> {
        let known = TABLE.iter().find(|e| e.0 == class || e.1 == class);
        let penalty = match known.map_or("", |e| e.0) {
            "L1" => Penalty::L1(arguments::read("L1", config, &[])?),
            "L2" => Penalty::L2(arguments::read("L2", config, &[])?),
            "L1L2" => Penalty::L1L2(arguments::read("L1L2", config, &[])?),
            "OrthogonalRegularizer" => {
                Penalty::Orthogonal(arguments::read("OrthogonalRegularizer", config, &[])?)
            }
            _ => Penalty::Unknown(class.to_owned()),
        };
        let known = Self(penalty);
        // Whether a weight is a matrix is seen when the layer is built.
        match &known.0 {
            Penalty::Unknown(_) => {}
            _ => known.check(&[1, 1].into())?,
        }
        Ok(known)
    }
}

impl From<&str> for Regularizer {
    /// The regularizer of a name, with Keras's defaults; one that is not known is told when the layer is built.
    fn from(name: &str) -> Self {
        Self::from_config(name, Map::new()).unwrap_or_else(|_| Self(Penalty::Unknown(name.into())))
    }
}

impl OrthogonalRegularizer {
    fn call(&self, g: &mut Graph, w: Value) -> Result<Value> {
        let w = match self.mode.get()? {
            Vectors::Rows => w,
            Vectors::Columns => g.transpose(w, &[1, 0])?,
        };
        let n = g.shape(w)[0];
        let unit = g.normalize(w, &[1])?;
        let turned = g.transpose(unit, &[1, 0])?;
        let products = g.matmul(unit, turned)?;
        let (row, column) = (g.iota([n, n], 0)?, g.iota([n, n], 1)?);
        let others = g.not_equal(row, column)?;
        let products = g.mul(products, others)?;
        let sizes = g.abs(products)?;
        let sum = g.sum_all(sizes)?;
        // Each pair stands twice off the diagonal; Keras divides by no pairs where there is one vector, which is not a number.
        let pairs = (n * (n - 1)) as f64 / 2.0;
        g.scale(sum, (self.factor * 0.5 / pairs.max(1.0)) as f32)
    }
}

impl Serialize for Regularizer {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let (class, config) = match &self.0 {
            Penalty::L1(c) => ("L1", arguments::object(c)),
            Penalty::L2(c) => ("L2", arguments::object(c)),
            Penalty::L1L2(c) => ("L1L2", arguments::object(c)),
            Penalty::Orthogonal(c) => ("OrthogonalRegularizer", arguments::object(c)),
            Penalty::Unknown(name) => return s.serialize_str(name),
        };
        arguments::keras_object("keras.regularizers", class, config).serialize(s)
    }
}

impl<'de> Deserialize<'de> for Regularizer {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        use serde::de::Error as _;
        let (class, config) = arguments::written(d, "regularizer")?;
        Self::from_config(&class, config).map_err(D::Error::custom)
    }
}
