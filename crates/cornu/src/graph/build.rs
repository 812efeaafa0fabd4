//! The words with which layers, losses and optimizers write a graph.

use super::ops::{
    ArgMax, Binary, BinaryKind, Broadcast, Cast, Concat, Constant, Input, LogSoftmax, OneHot, Pad,
    Reshape, Reverse, Select, Slice, Softmax, StopGradient, TakeLast, Transpose, Unary, UnaryKind,
    input,
};
use super::{Graph, Meta, Value};
use crate::error::Result;
use crate::shape::{DType, Shape};

macro_rules! unary_words {
    ($($(#[$doc:meta])* $name:ident => $kind:ident,)*) => {
        $($(#[$doc])*
        pub fn $name(&mut self, x: Value) -> Result<Value> {
            self.unary($crate::graph::ops::UnaryKind::$kind, x)
        })*
    };
}

macro_rules! binary_words {
    ($($(#[$doc:meta])* $name:ident => $kind:ident,)*) => {
        $($(#[$doc])*
        pub fn $name(&mut self, a: Value, b: Value) -> Result<Value> {
            self.binary($crate::graph::ops::BinaryKind::$kind, a, b)
        })*
    };
}

mod arrangement;
mod contraction;
mod functions;
mod logic;
mod products;
mod random;
mod reductions;
mod statistics;

/// Each word adds nodes and returns their value; operands that do not fit are refused with both shapes.
impl Graph {
    /// A tensor handed over at each run; feeds are numbered in the order of their making.
    pub fn feed(&mut self, _name: &str, shape: impl Into<Shape>, batched: bool) -> Result<Value> {
        self.feed_of(Meta::f32(shape), batched)
    }

    /// A feed of any type.
    pub fn feed_of(&mut self, meta: Meta, batched: bool) -> Result<Value> {
        let source = input::Source::Feed(self.feeds);
        let op = Input {
            source,
            meta,
            batched,
        };
        let x = self.push(op.into(), vec![])?;
        self.feeds += 1;
        Ok(x)
    }

    /// The tensor with this number among those kept from run to run, in [`States`](crate::exec::executable::States).
    pub fn state(&mut self, number: usize, shape: impl Into<Shape>) -> Result<Value> {
        let op = Input {
            source: input::Source::State(number as u32),
            meta: Meta::f32(shape),
            batched: false,
        };
        self.push(op.into(), vec![])
    }

    /// A number.
    pub fn constant(&mut self, value: f32) -> Result<Value> {
        self.push(Constant::new(value).into(), vec![])
    }

    /// `f(x)` for each element.
    pub fn unary(&mut self, kind: UnaryKind, x: Value) -> Result<Value> {
        self.push(Unary { kind }.into(), vec![x])
    }

    /// `f(a, b)` for each pair of elements, with broadcasting.
    pub fn binary(&mut self, kind: BinaryKind, a: Value, b: Value) -> Result<Value> {
        self.push(Binary { kind }.into(), vec![a, b])
    }

    unary_words! {
        /// `-x`.
        neg => Neg,
        /// `|x|`.
        abs => Abs,
        /// `x²`.
        square => Square,
        /// `√x`.
        sqrt => Sqrt,
        /// `1 / √x`.
        rsqrt => Rsqrt,
        /// `eˣ`.
        exp => Exp,
        /// Natural logarithm.
        log => Log,
        /// `ln(1 + x)`.
        log1p => Log1p,
        /// Hyperbolic tangent.
        tanh => Tanh,
        /// `1 / (1 + e⁻ˣ)`.
        sigmoid => Sigmoid,
        /// `max(x, 0)`.
        relu => Relu,
    }

    binary_words! {
        /// `a + b`.
        add => Add,
        /// `a - b`.
        sub => Sub,
        /// `a · b`, element by element.
        mul => Mul,
        /// `a / b`.
        div => Div,
        /// The larger of `a` and `b`.
        maximum => Max,
        /// The smaller of `a` and `b`.
        minimum => Min,
        /// `aᵇ`.
        pow => Pow,
        /// The angle of the point `(b, a)`, from -π to π.
        atan2 => Atan2,
        /// 1 where `a = b`, else 0.
        equal => Eq,
        /// 1 where `a ≠ b`, else 0.
        not_equal => Ne,
    }

    /// `x + c`.
    pub fn add_scalar(&mut self, x: Value, c: f32) -> Result<Value> {
        let c = self.constant(c)?;
        self.add(x, c)
    }

    /// `c · x`.
    pub fn scale(&mut self, x: Value, c: f32) -> Result<Value> {
        let c = self.constant(c)?;
        self.mul(x, c)
    }

    /// `1 - x`.
    pub fn one_minus(&mut self, x: Value) -> Result<Value> {
        let one = self.constant(1.0)?;
        self.sub(one, x)
    }

    /// 1 where `x > c`, else 0.
    pub fn greater_scalar(&mut self, x: Value, c: f32) -> Result<Value> {
        let c = self.constant(c)?;
        self.binary(BinaryKind::Gt, x, c)
    }

    /// `x` held between `low` and `high`.
    pub fn clip(&mut self, x: Value, low: f32, high: f32) -> Result<Value> {
        let (low, high) = (self.constant(low)?, self.constant(high)?);
        let x = self.maximum(x, low)?;
        self.minimum(x, high)
    }

    /// `a` where the condition is not 0, else `b`.
    pub fn select(&mut self, condition: Value, a: Value, b: Value) -> Result<Value> {
        self.push(Select.into(), vec![condition, a, b])
    }

    /// `x` in another element type.
    pub fn cast(&mut self, x: Value, dtype: DType) -> Result<Value> {
        if self.dtype(x) == dtype {
            return Ok(x);
        }
        self.push(Cast { dtype }.into(), vec![x])
    }

    /// `x`, held constant by differentiation.
    pub fn stop_gradient(&mut self, x: Value) -> Result<Value> {
        self.push(StopGradient.into(), vec![x])
    }

    /// The same elements under another shape.
    pub fn reshape(&mut self, x: Value, shape: impl Into<Shape>) -> Result<Value> {
        let shape = shape.into();
        if *self.shape(x) == shape {
            return Ok(x);
        }
        self.push(Reshape { shape }.into(), vec![x])
    }

    /// Output axis `i` is input axis `axes[i]`.
    pub fn transpose(&mut self, x: Value, axes: &[usize]) -> Result<Value> {
        if axes.iter().enumerate().all(|(i, &a)| i == a) && axes.len() == self.shape(x).rank() {
            return Ok(x);
        }
        let axes = axes.to_vec();
        self.push(Transpose { axes }.into(), vec![x])
    }

    /// `x` repeated to a larger shape.
    pub fn broadcast(&mut self, x: Value, shape: impl Into<Shape>) -> Result<Value> {
        let shape = shape.into();
        if *self.shape(x) == shape {
            return Ok(x);
        }
        self.push(Broadcast { shape }.into(), vec![x])
    }

    /// Arrays set side by side along one axis.
    pub fn concat(&mut self, xs: &[Value], axis: usize) -> Result<Value> {
        self.push(Concat { axis }.into(), xs.to_vec())
    }

    /// The entries `start..start + len` along one axis.
    pub fn slice(&mut self, x: Value, axis: usize, start: usize, len: usize) -> Result<Value> {
        self.push(Slice { axis, start, len }.into(), vec![x])
    }

    /// Zeros before and after the entries of one axis.
    pub fn pad(&mut self, x: Value, axis: usize, before: usize, after: usize) -> Result<Value> {
        self.push(
            Pad {
                axis,
                before,
                after,
            }
            .into(),
            vec![x],
        )
    }

    /// The entries of one axis from the last to the first.
    pub fn reverse(&mut self, x: Value, axis: usize) -> Result<Value> {
        let node = self.node(x);
        if node.op == (Reverse { axis }).into() {
            // Turned round twice.
            return Ok(node.inputs[0]);
        }
        self.push(Reverse { axis }.into(), vec![x])
    }

    /// Probabilities from scores, along the last axis.
    pub fn softmax(&mut self, x: Value) -> Result<Value> {
        self.push(Softmax.into(), vec![x])
    }

    /// Logarithms of probabilities from scores, along the last axis.
    pub fn log_softmax(&mut self, x: Value) -> Result<Value> {
        self.push(LogSoftmax.into(), vec![x])
    }

    /// Rows of length `depth` with a 1 at the index given.
    pub fn one_hot(&mut self, index: Value, depth: usize) -> Result<Value> {
        self.push(OneHot { depth }.into(), vec![index])
    }

    /// One element of each row, picked by its index.
    pub fn take_last(&mut self, x: Value, index: Value) -> Result<Value> {
        self.push(TakeLast.into(), vec![x, index])
    }

    /// The index of the largest element of each row.
    pub fn arg_max(&mut self, x: Value) -> Result<Value> {
        self.push(ArgMax.into(), vec![x])
    }
}
