//! What weights are brought back to after each step of training: bounds on their signs and lengths.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value as Json};

use crate::arguments;
use crate::axes::AxisList;
use crate::error::{Error, Result};
use crate::graph::{Graph, Value};
use crate::shape::Shape;

/// Keras's `epsilon()`, which keeps the division by a length from zero.
const EPSILON: f32 = 1e-7;

/// Scales down the vectors that are longer than `max_value`: `w · min(‖w‖, max_value) / (ε + ‖w‖)`.
///
/// # Example
/// ```
/// use cornu::{constraints::MaxNorm, prelude::*};
/// let layer = Dense::new(8).kernel_constraint(MaxNorm::new(2.0)).bias_constraint(MaxNorm::new(1.0).axis(-1));
/// # let _ = layer;
/// ```
///
/// # Source
/// Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from Overfitting", 2014.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MaxNorm {
    max_value: f64,
    axis: AxisList,
}

impl Default for MaxNorm {
    fn default() -> Self {
        Self::new(2.0)
    }
}

impl MaxNorm {
    /// At most this length along axis 0, the inputs of a unit of a dense layer.
    pub fn new(max_value: f64) -> Self {
        Self {
            max_value,
            axis: 0.into(),
        }
    }

    /// Along which axes the lengths are measured.
    pub fn axis(mut self, axis: impl Into<AxisList>) -> Self {
        self.axis = axis.into();
        self
    }
}

/// Scales vectors towards a length between two bounds: `w · (rate · clip(‖w‖) + (1 - rate) · ‖w‖) / (ε + ‖w‖)`.
///
/// # Example
/// ```
/// use cornu::{constraints::MinMaxNorm, prelude::*};
/// let layer = Dense::new(8).kernel_constraint(MinMaxNorm::new(0.5, 2.0).rate(0.9));
/// # let _ = layer;
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MinMaxNorm {
    min_value: f64,
    max_value: f64,
    rate: f64,
    axis: AxisList,
}

impl Default for MinMaxNorm {
    fn default() -> Self {
        Self::new(0.0, 1.0)
    }
}

impl MinMaxNorm {
    /// Lengths between two bounds along axis 0, reached at once.
    pub fn new(min_value: f64, max_value: f64) -> Self {
        Self {
            min_value,
            max_value,
            rate: 1.0,
            axis: 0.into(),
        }
    }

    /// How much of the way is gone at each step.
    pub fn rate(mut self, rate: f64) -> Self {
        self.rate = rate;
        self
    }

    /// Along which axes the lengths are measured.
    pub fn axis(mut self, axis: impl Into<AxisList>) -> Self {
        self.axis = axis.into();
        self
    }
}

/// Sets negative elements to 0.
///
/// # Example
/// ```
/// use cornu::{constraints::NonNeg, prelude::*};
/// let layer = Dense::new(8).kernel_constraint(NonNeg::default()).bias_constraint("non_neg");
/// # let _ = layer;
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NonNeg {}

/// Scales vectors to length 1: `w / (ε + ‖w‖)`.
///
/// # Example
/// ```
/// use cornu::{constraints::UnitNorm, prelude::*};
/// let layer = Dense::new(8).kernel_constraint(UnitNorm::default().axis(1));
/// # let _ = layer;
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UnitNorm {
    axis: AxisList,
}

impl Default for UnitNorm {
    fn default() -> Self {
        Self { axis: 0.into() }
    }
}

impl UnitNorm {
    /// Along which axes the lengths are measured.
    pub fn axis(mut self, axis: impl Into<AxisList>) -> Self {
        self.axis = axis.into();
        self
    }
}

/// The lengths of the vectors along the axes, `[.., 1, ..]`.
fn norms(class: &str, axis: &AxisList, g: &mut Graph, w: Value) -> Result<Value> {
    let axes = axis.resolve(class, g.shape(w))?;
    let squares = g.square(w)?;
    let sum = g.sum(squares, &axes, true)?;
    g.sqrt(sum)
}

macro_rules! constraints {
    ($($short:literal => $name:ident,)*) => {
        /// What a weight is brought back to after each step of training, in a layer's config.
        ///
        /// A name is enough where Keras's defaults will do: `kernel_constraint("max_norm")`. A name that is not known is told when the
        /// layer is built.
        #[derive(Clone, Debug, PartialEq)]
        #[allow(missing_docs)]
        pub enum Constraint {
            $($name($name),)*
            /// A name that no constraint has.
            Unknown(String),
        }

        $(impl From<$name> for Constraint {
            fn from(c: $name) -> Self {
                Self::$name(c)
            }
        })*

        impl From<&str> for Constraint {
            fn from(name: &str) -> Self {
                match name {
                    $($short | stringify!($name) => Self::$name($name::default()),)*
                    _ => Self::Unknown(name.to_owned()),
                }
            }
        }

        const SHORT: &[&str] = &[$($short,)*];

        /// The class names of all constraints.
        pub fn names() -> Vec<&'static str> {
            vec![$(stringify!($name),)*]
        }

        impl Constraint {
            fn from_config(class: &str, config: Map<String, Json>) -> Result<Self> {
                match class {
                    $($short | stringify!($name) => {
                        arguments::read::<$name>(stringify!($name), config, &[]).map(Self::$name)
                    })*
                    _ => Ok(Self::Unknown(class.to_owned())),
                }
            }
        }

        impl Serialize for Constraint {
            fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                let (class, config) = match self {
                    $(Self::$name(c) => (stringify!($name), arguments::object(c)),)*
                    Self::Unknown(name) => return s.serialize_str(name),
                };
                arguments::keras_object("keras.constraints", class, config).serialize(s)
            }
        }
    };
}

constraints! {
    "max_norm" => MaxNorm,
    "min_max_norm" => MinMaxNorm,
    "non_neg" => NonNeg,
    "unit_norm" => UnitNorm,
}

impl<'de> Deserialize<'de> for Constraint {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        use serde::de::Error as _;
        let (class, config) = arguments::written(d, "constraint")?;
        Self::from_config(&class, config).map_err(D::Error::custom)
    }
}

impl Constraint {
    /// Refuses a constraint that a weight of this shape cannot have.
    ///
    /// # Errors
    /// [`Kind::Config`](crate::error::Kind::Config) for an unknown name, a length below 0, an axis that the weight lacks.
    pub fn check(&self, shape: &Shape) -> Result<()> {
        match self {
            Self::MaxNorm(c) => {
                arguments::not_negative("MaxNorm", "max_value", c.max_value)?;
                c.axis.resolve("MaxNorm", shape).map(|_| ())
            }
            Self::MinMaxNorm(c) => {
                let class = "MinMaxNorm";
                arguments::not_negative(class, "min_value", c.min_value)?;
                arguments::not_negative(class, "max_value", c.max_value)?;
                arguments::unit(class, "rate", c.rate)?;
                if c.min_value > c.max_value {
                    return Err(Error::config(format!(
                        "{class}: min_value must be at most max_value, received {} and {}",
                        c.min_value, c.max_value
                    )));
                }
                c.axis.resolve(class, shape).map(|_| ())
            }
            Self::NonNeg(_) => Ok(()),
            Self::UnitNorm(c) => c.axis.resolve("UnitNorm", shape).map(|_| ()),
            Self::Unknown(name) => Err(Error::unknown("constraint", name, SHORT.iter().copied())),
        }
    }

    /// The weight brought back to what is allowed.
    ///
    /// # Errors
    /// An axis that the weight lacks, an unknown name.
    pub fn apply(&self, g: &mut Graph, w: Value) -> Result<Value> {
        let (norms, desired) = match self {
            Self::NonNeg(_) => {
                let zero = g.constant(0.0)?;
                return g.maximum(w, zero);
            }
            Self::UnitNorm(c) => {
                let norms = norms("UnitNorm", &c.axis, g, w)?;
                let divisor = g.add_scalar(norms, EPSILON)?;
                return g.div(w, divisor);
            }
            Self::MaxNorm(c) => {
                let norms = norms("MaxNorm", &c.axis, g, w)?;
                let limit = g.constant(c.max_value as f32)?;
                (norms, g.minimum(norms, limit)?)
            }
            Self::MinMaxNorm(c) => {
                let norms = norms("MinMaxNorm", &c.axis, g, w)?;
                let clipped = g.clip(norms, c.min_value as f32, c.max_value as f32)?;
                let strict = g.scale(clipped, c.rate as f32)?;
                let lenient = g.scale(norms, (1.0 - c.rate) as f32)?;
                (norms, g.add(strict, lenient)?)
            }
            Self::Unknown(_) => {
                self.check(g.shape(w))?;
                return Ok(w);
            }
        };
        let divisor = g.add_scalar(norms, EPSILON)?;
        let scale = g.div(desired, divisor)?;
        g.mul(w, scale)
    }
}
