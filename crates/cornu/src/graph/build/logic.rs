//! Words that ask: 1 where it is so, 0 where it is not. Whatever is not 0 counts as true.

use crate::error::Result;
use crate::graph::ops::UnaryKind;
use crate::graph::{Graph, Value};

impl Graph {
    binary_words! {
        /// 1 where `a > b`, else 0.
        greater => Gt,
        /// 1 where `a ≥ b`, else 0.
        greater_equal => Ge,
        /// 1 where `a < b`, else 0.
        less => Lt,
        /// 1 where `a ≤ b`, else 0.
        less_equal => Le,
        /// 1 where both are true, else 0.
        logical_and => And,
        /// 1 where one is true or both are, else 0.
        logical_or => Or,
    }

    /// 1 where `x` is 0, else 0.
    pub fn logical_not(&mut self, x: Value) -> Result<Value> {
        self.unary(UnaryKind::Not, x)
    }

    /// 1 where one of both is true and the other is not, else 0.
    pub fn logical_xor(&mut self, a: Value, b: Value) -> Result<Value> {
        let (a, b) = (self.logical_not(a)?, self.logical_not(b)?);
        self.not_equal(a, b)
    }

    /// 1 where `x` is no number, else 0.
    pub fn isnan(&mut self, x: Value) -> Result<Value> {
        self.not_equal(x, x)
    }

    /// 1 where `x` is infinite, else 0.
    pub fn isinf(&mut self, x: Value) -> Result<Value> {
        let size = self.abs(x)?;
        self.isposinf(size)
    }

    /// 1 where `x` is infinity, else 0.
    pub fn isposinf(&mut self, x: Value) -> Result<Value> {
        let most = self.constant(f32::MAX)?;
        self.greater(x, most)
    }

    /// 1 where `x` is negative infinity, else 0.
    pub fn isneginf(&mut self, x: Value) -> Result<Value> {
        let least = self.constant(f32::MIN)?;
        self.less(x, least)
    }

    /// 1 where `|a - b| ≤ atol + rtol · |b|`, else 0; Keras's tolerances are `rtol` 1e-5 and `atol` 1e-8.
    pub fn isclose(&mut self, a: Value, b: Value, rtol: f32, atol: f32) -> Result<Value> {
        let same = self.equal(a, b)?;
        let apart = self.sub(a, b)?;
        let (apart, size) = (self.abs(apart)?, self.abs(b)?);
        let allowed = self.scale(size, rtol)?;
        let allowed = self.add_scalar(allowed, atol)?;
        let near = self.less_equal(apart, allowed)?;
        let finite = self.isfinite(b)?;
        let near = self.logical_and(near, finite)?;
        self.logical_or(same, near)
    }

    /// `x` with numbers in place of NaN, infinity and negative infinity; Keras's are 0 and the largest and smallest there are.
    pub fn nan_to_num(&mut self, x: Value, nan: f32, posinf: f32, neginf: f32) -> Result<Value> {
        let (none, above, below) = (self.isnan(x)?, self.isposinf(x)?, self.isneginf(x)?);
        let mut y = x;
        for (where_to, number) in [(none, nan), (above, posinf), (below, neginf)] {
            let number = self.constant(number)?;
            y = self.select(where_to, number, y)?;
        }
        Ok(y)
    }

    /// 1 where the class `targets[i]` is among the `k` largest of the scores `predictions[i]`, else 0: int32 `[n]` and `[n, classes]` to
    /// `[n]`.
    ///
    /// # Errors
    /// Operands of other shapes.
    pub fn in_top_k(&mut self, targets: Value, predictions: Value, k: usize) -> Result<Value> {
        let own = self.take_last(predictions, targets)?;
        let n = self.shape(own).elements();
        let own = self.reshape(own, [n, 1])?;
        let above = self.greater(predictions, own)?;
        let above = self.sum(above, &[1], false)?;
        let k = self.constant(k as f32)?;
        self.less(above, k)
    }
}
