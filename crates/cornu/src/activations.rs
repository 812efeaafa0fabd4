//! The activation functions, one line each, under Keras's names.

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
    "leaky_relu" => |g, x| {
        let y = g.scale(x, 0.2)?;
        let positive = g.greater_scalar(x, 0.0)?;
        g.select(positive, x, y)
    },
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

/// An activation function.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let layer = Dense::new(4).activation("relu");
/// # let _ = layer;
/// ```
#[derive(Clone, Copy)]
pub struct Activation {
    name: &'static str,
    formula: Formula,
}

impl Activation {
    /// The activation that changes nothing.
    pub fn linear() -> Self {
        let (name, formula) = TABLE[0];
        Self { name, formula }
    }

    /// `f(x)`, element by element (or row by row for the softmaxes).
    pub fn apply(&self, g: &mut Graph, x: Value) -> Result<Value> {
        (self.formula)(g, x)
    }
}

impl std::fmt::Debug for Activation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

impl PartialEq for Activation {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Named for Activation {
    const WHAT: &'static str = "activation";
    fn from_name(name: &str) -> Option<Self> {
        TABLE
            .iter()
            .find(|(n, _)| *n == name)
            .map(|&(name, formula)| Self { name, formula })
    }
    fn name(&self) -> &str {
        self.name
    }
    fn names() -> Vec<&'static str> {
        TABLE.iter().map(|(n, _)| *n).collect()
    }
}
