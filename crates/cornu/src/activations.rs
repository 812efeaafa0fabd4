//! The activation functions, one line each, under Keras's names.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};

use crate::arguments;
use crate::choice::Named;
use crate::error::{Error, Result};
use crate::graph::ops::{BinaryKind, UnaryKind};
use crate::graph::{Graph, Value};

type Formula = fn(&mut Graph, Value) -> Result<Value>;

macro_rules! activations {
    ($($(#[$doc:meta])* $name:literal => $formula:expr,)*) => {
        /// Every activation: its name and its formula.
        const TABLE: &[(&str, Formula)] = &[$(($name, $formula),)*];
    };
}

activations! {
    "linear" => |_, x| Ok(x),
    "relu" => |g, x| g.relu(x),
    "relu6" => |g, x| {
        let y = g.relu(x)?;
        let six = g.constant(6.0)?;
        g.minimum(y, six)
    },
    "leaky_relu" => |g, x| leaky_relu(g, x, 0.2),
    "sigmoid" => |g, x| g.sigmoid(x),
    "tanh" => |g, x| g.tanh(x),
    "softmax" => |g, x| g.softmax(x),
    "log_softmax" => |g, x| g.log_softmax(x),
    "softplus" => |g, x| g.unary(UnaryKind::Softplus, x),
    // x / (1 + |x|)
    "softsign" => |g, x| {
        let a = g.abs(x)?;
        let d = g.add_scalar(a, 1.0)?;
        g.div(x, d)
    },
    "exponential" => |g, x| g.exp(x),
    "elu" => |g, x| elu(g, x, 1.0),
    // Klambauer et al., "Self-Normalizing Neural Networks", 2017
    "selu" => |g, x| {
        let y = elu(g, x, 1.673_263_2)?;
        g.scale(y, 1.050_701)
    },
    "celu" => |g, x| elu(g, x, 1.0),
    // x · Φ(x)
    "gelu" => |g, x| {
        let s = g.scale(x, std::f32::consts::FRAC_1_SQRT_2)?;
        let e = g.unary(UnaryKind::Erf, s)?;
        let p = g.add_scalar(e, 1.0)?;
        let h = g.scale(x, 0.5)?;
        g.mul(h, p)
    },
    // the same with a tanh for the error function: KerasHub's name, Keras's `gelu(x, approximate=True)`
    "gelu_approximate" => gelu_approximate,
    "silu" => |g, x| {
        let s = g.sigmoid(x)?;
        g.mul(x, s)
    },
    "swish" => |g, x| {
        let s = g.sigmoid(x)?;
        g.mul(x, s)
    },
    "hard_sigmoid" => hard_sigmoid,
    "hard_silu" => |g, x| {
        let s = hard_sigmoid(g, x)?;
        g.mul(x, s)
    },
    "hard_swish" => |g, x| {
        let s = hard_sigmoid(g, x)?;
        g.mul(x, s)
    },
    // -softplus(-x)
    "log_sigmoid" => |g, x| {
        let n = g.neg(x)?;
        let s = g.unary(UnaryKind::Softplus, n)?;
        g.neg(s)
    },
    "hard_tanh" => |g, x| g.clip(x, -1.0, 1.0),
    "hard_shrink" => hard_shrink,
    "soft_shrink" => soft_shrink,
    "tanh_shrink" => |g, x| {
        let t = g.tanh(x)?;
        g.sub(x, t)
    },
    // a ramp from 0 at -1 to 1 at 1
    "sparse_sigmoid" => |g, x| {
        let r = g.clip(x, -1.0, 1.0)?;
        let r = g.add_scalar(r, 1.0)?;
        g.scale(r, 0.5)
    },
    "sparse_plus" => sparse_plus,
    "squareplus" => squareplus,
    "glu" => glu,
    "sparsemax" => sparsemax,
    // x · tanh(softplus(x))
    "mish" => |g, x| {
        let s = g.unary(UnaryKind::Softplus, x)?;
        let t = g.tanh(s)?;
        g.mul(x, t)
    },
}

/// `max(x - τ, 0)` along the last axis, with `τ` such that the sum is 1: probabilities, most of them exactly 0.
///
/// Martins and Astudillo, "From Softmax to Sparsemax: A Sparse Model of Attention and Multi-Label Classification", 2016.
fn sparsemax(g: &mut Graph, x: Value) -> Result<Value> {
    let shape = g.shape(x).clone();
    if shape.rank() == 0 {
        return Err(Error::shape(
            "sparsemax expects an axis of features, received single numbers",
        ));
    }
    let last = shape.rank() - 1;
    let (mut column, mut row) = (shape.to_vec(), shape.to_vec());
    column.push(1);
    row.insert(last, 1);
    let (own, other) = (g.reshape(x, column)?, g.reshape(x, row)?);
    // Which elements stay follows from each one's rank and the sum of those not below it.
    let above = g.binary(BinaryKind::Ge, other, own)?;
    let rank = g.sum(above, &[last + 1], false)?;
    let sums = g.mul(above, other)?;
    let sums = g.sum(sums, &[last + 1], false)?;
    let reach = g.mul(rank, x)?;
    let reach = g.add_scalar(reach, 1.0)?;
    let kept = g.binary(BinaryKind::Gt, reach, sums)?;
    let count = g.sum(kept, &[last], true)?;
    let total = g.mul(kept, x)?;
    let total = g.sum(total, &[last], true)?;
    let total = g.add_scalar(total, -1.0)?;
    let threshold = g.div(total, count)?;
    let y = g.sub(x, threshold)?;
    g.relu(y)
}

/// Half of the features, each let through by the sigmoid of its partner in the other half.
///
/// Dauphin et al., "Language Modeling with Gated Convolutional Networks", 2017.
fn glu(g: &mut Graph, x: Value) -> Result<Value> {
    let shape = g.shape(x).clone();
    let n = shape.last().copied().unwrap_or(0);
    if shape.rank() < 2 || n < 2 || n % 2 != 0 {
        return Err(Error::shape(format!(
            "glu expects an even number of features, received {n}"
        ))
        .help("one half of the features gates the other"));
    }
    let axis = shape.rank() - 1;
    let a = g.slice(x, axis, 0, n / 2)?;
    let b = g.slice(x, axis, n / 2, n / 2)?;
    let gate = g.sigmoid(b)?;
    g.mul(a, gate)
}

/// `x` where `|x| > 0.5`, else 0.
fn hard_shrink(g: &mut Graph, x: Value) -> Result<Value> {
    let zero = g.constant(0.0)?;
    let size = g.abs(x)?;
    let passes = g.greater_scalar(size, 0.5)?;
    g.select(passes, x, zero)
}

/// `x` moved by 0.5 towards 0, and 0 where that would cross it.
fn soft_shrink(g: &mut Graph, x: Value) -> Result<Value> {
    let above = g.add_scalar(x, -0.5)?;
    let above = g.relu(above)?;
    let below = g.neg(x)?;
    let below = g.add_scalar(below, -0.5)?;
    let below = g.relu(below)?;
    g.sub(above, below)
}

/// 0 below -1, `x` above 1, and `(x + 1)² / 4` between.
fn sparse_plus(g: &mut Graph, x: Value) -> Result<Value> {
    let bend = g.clip(x, -1.0, 1.0)?;
    let bend = g.add_scalar(bend, 1.0)?;
    let bend = g.square(bend)?;
    let bend = g.scale(bend, 0.25)?;
    let above = g.greater_scalar(x, 1.0)?;
    g.select(above, x, bend)
}

/// `(x + √(x² + 4)) / 2`.
fn squareplus(g: &mut Graph, x: Value) -> Result<Value> {
    let q = g.square(x)?;
    let q = g.add_scalar(q, 4.0)?;
    let q = g.sqrt(q)?;
    let s = g.add(x, q)?;
    g.scale(s, 0.5)
}

/// `x` where positive, else `α·(eˣ - 1)`.
pub(crate) fn elu(g: &mut Graph, x: Value, alpha: f32) -> Result<Value> {
    // The branch that is not taken must not overflow: its gradient would be 0 · ∞.
    let zero = g.constant(0.0)?;
    let below = g.minimum(x, zero)?;
    let e = g.unary(UnaryKind::Expm1, below)?;
    let e = g.scale(e, alpha)?;
    let positive = g.greater_scalar(x, 0.0)?;
    g.select(positive, x, e)
}

/// `x` where positive, else `slope·x`.
pub(crate) fn leaky_relu(g: &mut Graph, x: Value, slope: f32) -> Result<Value> {
    let below = g.scale(x, slope)?;
    let positive = g.greater_scalar(x, 0.0)?;
    g.select(positive, x, below)
}

/// What a ReLU may be told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Bends {
    pub(crate) max_value: Option<f64>,
    pub(crate) negative_slope: f64,
    pub(crate) threshold: f64,
}

impl Bends {
    /// `x` where it is above the threshold, at most the largest value; else the slope times what it is short of the threshold.
    pub(crate) fn relu(self, g: &mut Graph, x: Value) -> Result<Value> {
        let mut y = if self.threshold == 0.0 {
            g.relu(x)?
        } else {
            let zero = g.constant(0.0)?;
            let passes = g.greater_scalar(x, self.threshold as f32)?;
            g.select(passes, x, zero)?
        };
        if let Some(max) = self.max_value {
            let max = g.constant(max as f32)?;
            y = g.minimum(y, max)?;
        }
        if self.negative_slope != 0.0 {
            let below = g.neg(x)?;
            let below = g.add_scalar(below, self.threshold as f32)?;
            let below = g.relu(below)?;
            let below = g.scale(below, self.negative_slope as f32)?;
            y = g.sub(y, below)?;
        }
        Ok(y)
    }
}

/// `x / 2 · (1 + tanh(√(2/π) · (x + 0.044715 x³)))`.
///
/// Hendrycks and Gimpel, "Gaussian Error Linear Units (GELUs)", 2016.
fn gelu_approximate(g: &mut Graph, x: Value) -> Result<Value> {
    // 0.5·(1 + tanh u) = sigmoid(2u), with fewer passes there and back, and without cancellation where u is far below 0.
    let twice = 2.0 * (2.0 / std::f32::consts::PI).sqrt();
    let factor = g.square(x)?;
    let factor = g.scale(factor, 0.044_715 * twice)?;
    let factor = g.add_scalar(factor, twice)?;
    let u = g.mul(x, factor)?;
    let share = g.sigmoid(u)?;
    g.mul(x, share)
}

/// `min(max(x / 6 + 0.5, 0), 1)`.
fn hard_sigmoid(g: &mut Graph, x: Value) -> Result<Value> {
    let s = g.scale(x, 1.0 / 6.0)?;
    let s = g.add_scalar(s, 0.5)?;
    g.clip(s, 0.0, 1.0)
}

/// An activation function, chosen by its name or, with arguments of its own, as the layer of that name.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// use cornu::activations::Activation;
/// let layer = Dense::new(4).activation("relu");
/// let leaky = Dense::new(4).activation(Activation::leaky_relu(0.1));
/// # let _ = (layer, leaky);
/// // Each by its name:
/// use cornu::choice::Named;
/// let x = Tensor::new([1, 2], vec![-1.0f32, 2.0])?;
/// for name in Activation::names() {
///     let layer = cornu::layers::Activation::new(name);
///     let y = Sequential::new().input([2]).add(layer).build()?.predict(&x)?;
///     assert!(y.f32s()?.iter().all(|v| v.is_finite()), "{name}");
/// }
/// # Ok::<(), cornu::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Activation(Kind);

#[derive(Clone, Copy)]
enum Kind {
    Named(&'static str, Formula),
    Relu(Bends),
    LeakyRelu(f64),
    Elu(f64),
}

impl Activation {
    /// The activation that changes nothing.
    pub fn linear() -> Self {
        let (name, formula) = TABLE[0];
        Self(Kind::Named(name, formula))
    }

    /// `x` where positive, else `negative_slope·x`: the layer [`LeakyReLU`](crate::prelude::LeakyReLU) as an activation.
    pub fn leaky_relu(negative_slope: f64) -> Self {
        Self(Kind::LeakyRelu(negative_slope))
    }

    /// `x` where positive, else `alpha·(eˣ - 1)`: the layer [`ELU`](crate::prelude::ELU) as an activation.
    pub fn elu(alpha: f64) -> Self {
        Self(Kind::Elu(alpha))
    }

    /// `f(x)`, element by element (or row by row for the softmaxes).
    pub fn apply(&self, g: &mut Graph, x: Value) -> Result<Value> {
        match self.0 {
            Kind::Named(_, formula) => formula(g, x),
            Kind::Relu(bends) => bends.relu(g, x),
            Kind::LeakyRelu(slope) => leaky_relu(g, x, slope as f32),
            Kind::Elu(alpha) => elu(g, x, alpha as f32),
        }
    }
}

impl Kind {
    /// Class and arguments, of one that has them.
    fn object(self) -> Option<(&'static str, Json)> {
        match self {
            Self::Named(..) => None,
            Self::Relu(bends) => Some(("ReLU", json!(bends))),
            Self::LeakyRelu(slope) => Some(("LeakyReLU", json!({ "negative_slope": slope }))),
            Self::Elu(alpha) => Some(("ELU", json!({ "alpha": alpha }))),
        }
    }
}

impl PartialEq for Kind {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Named(a, _), Self::Named(b, _)) => a == b,
            (a, b) => a.object() == b.object(),
        }
    }
}

impl std::fmt::Debug for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self, self.object()) {
            (Self::Named(name, _), _) => f.write_str(name),
            (_, object) => write!(f, "{object:?}"),
        }
    }
}

/// The number of a layer's config, taken out of it.
fn number(class: &str, config: &mut Map<String, Json>, key: &str, default: f64) -> Result<f64> {
    let Some(given) = config.remove(key) else {
        return Ok(default);
    };
    given
        .as_f64()
        .ok_or_else(|| Error::config(format!("{class}: {key} must be a number, received {given}")))
}

impl Named for Activation {
    const WHAT: &'static str = "activation";
    const OBJECTS: bool = true;

    fn from_name(name: &str) -> Option<Self> {
        TABLE
            .iter()
            .find(|(n, _)| *n == name)
            .map(|&(name, formula)| Self(Kind::Named(name, formula)))
    }

    fn name(&self) -> &str {
        match self.0 {
            Kind::Named(name, _) => name,
            kind => kind.object().map_or("", |(class, _)| class),
        }
    }

    fn names() -> Vec<&'static str> {
        TABLE.iter().map(|(n, _)| *n).collect()
    }

    fn from_object(class: &str, mut config: Map<String, Json>) -> Result<Self> {
        for key in ["name", "trainable", "dtype"] {
            config.remove(key);
        }
        let kind = match class {
            "LeakyReLU" => Kind::LeakyRelu(number(class, &mut config, "negative_slope", 0.3)?),
            "ELU" => Kind::Elu(number(class, &mut config, "alpha", 1.0)?),
            "ReLU" => {
                let bends: Bends = arguments::read(class, std::mem::take(&mut config), &[])?;
                let at_least_zero = [
                    ("max_value", bends.max_value.unwrap_or(0.0)),
                    ("negative_slope", bends.negative_slope),
                    ("threshold", bends.threshold),
                ];
                for (key, x) in at_least_zero {
                    arguments::not_negative(class, key, x)?;
                }
                Kind::Relu(bends)
            }
            "Softmax" if config.remove("axis").is_none_or(|a| a == -1) => {
                return Ok(Self::from_name("softmax").unwrap_or_else(Self::linear));
            }
            _ => {
                return Err(Error::config(format!("{class} cannot be an activation within a layer"))
                    .help("ReLU, LeakyReLU, ELU and Softmax over the last axis can; put others behind the layer"));
            }
        };
        if let Kind::LeakyRelu(x) = kind {
            arguments::not_negative(class, "negative_slope", x)?;
        }
        arguments::refuse_unknown(class, &config, &[])?;
        Ok(Self(kind))
    }

    fn written(&self) -> Json {
        match self.0.object() {
            None => self.name().into(),
            Some((class, config)) => json!({
                "module": "keras.layers",
                "class_name": class,
                "config": config,
                "registered_name": null,
            }),
        }
    }
}
