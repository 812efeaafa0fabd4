//! Functions of numbers, element by element, under the names that Keras's `ops` and `NumPy` give them.

use std::f32::consts::{LN_2, LOG2_E, LOG10_E, PI};

use crate::error::Result;
use crate::graph::ops::{BinaryKind, UnaryKind};
use crate::graph::{Graph, Value};

impl Graph {
    unary_words! {
        /// -1, 0 or 1.
        sign => Sign,
        /// `1 / x`.
        reciprocal => Reciprocal,
        /// `eˣ - 1`.
        expm1 => Expm1,
        /// Sine of radians.
        sin => Sin,
        /// Cosine of radians.
        cos => Cos,
        /// The error function.
        erf => Erf,
        /// `ln(1 + eˣ)`.
        softplus => Softplus,
        /// The largest whole number that is not above `x`; its gradient is 0.
        floor => Floor,
        /// The smallest whole number that is not below `x`; its gradient is 0.
        ceil => Ceil,
        /// The nearest whole number, the even one of two; its gradient is 0.
        round => Round,
    }

    /// `x` without its fraction: towards 0; its gradient is 0.
    pub fn trunc(&mut self, x: Value) -> Result<Value> {
        let size = self.abs(x)?;
        let (size, sign) = (self.floor(size)?, self.sign(x)?);
        self.mul(size, sign)
    }

    /// `1 - erf(x)`.
    pub fn erfc(&mut self, x: Value) -> Result<Value> {
        let e = self.erf(x)?;
        self.one_minus(e)
    }

    /// `2ˣ`.
    pub fn exp2(&mut self, x: Value) -> Result<Value> {
        let two = self.constant(2.0)?;
        self.pow(two, x)
    }

    /// Logarithm to the base 2.
    pub fn log2(&mut self, x: Value) -> Result<Value> {
        let y = self.log(x)?;
        self.scale(y, LOG2_E)
    }

    /// Logarithm to the base 10.
    pub fn log10(&mut self, x: Value) -> Result<Value> {
        let y = self.log(x)?;
        self.scale(y, LOG10_E)
    }

    /// The third root, negative of negative numbers.
    pub fn cbrt(&mut self, x: Value) -> Result<Value> {
        let (size, sign) = (self.abs(x)?, self.sign(x)?);
        let third = self.constant(1.0 / 3.0)?;
        let root = self.pow(size, third)?;
        self.mul(root, sign)
    }

    /// Tangent of radians.
    pub fn tan(&mut self, x: Value) -> Result<Value> {
        let (sine, cosine) = (self.sin(x)?, self.cos(x)?);
        self.div(sine, cosine)
    }

    /// The angle whose sine is `x`, from -π/2 to π/2; NaN beyond -1 to 1.
    pub fn arcsin(&mut self, x: Value) -> Result<Value> {
        let cosine = self.other_side(x)?;
        self.atan2(x, cosine)
    }

    /// The angle whose cosine is `x`, from 0 to π; NaN beyond -1 to 1.
    pub fn arccos(&mut self, x: Value) -> Result<Value> {
        let sine = self.other_side(x)?;
        self.atan2(sine, x)
    }

    /// `√(1 - x²)`.
    fn other_side(&mut self, x: Value) -> Result<Value> {
        let (less, more) = (self.one_minus(x)?, self.add_scalar(x, 1.0)?);
        let squared = self.mul(less, more)?;
        self.sqrt(squared)
    }

    /// The angle whose tangent is `x`, from -π/2 to π/2.
    pub fn arctan(&mut self, x: Value) -> Result<Value> {
        let one = self.constant(1.0)?;
        self.atan2(x, one)
    }

    /// `(eˣ - e⁻ˣ) / 2`.
    pub fn sinh(&mut self, x: Value) -> Result<Value> {
        // With e = eˣ - 1, which is exact near 0: (e + e / (e + 1)) / 2.
        let (size, sign) = (self.abs(x)?, self.sign(x)?);
        let e = self.expm1(size)?;
        let e1 = self.add_scalar(e, 1.0)?;
        let back = self.div(e, e1)?;
        let twice = self.add(e, back)?;
        let y = self.scale(twice, 0.5)?;
        self.mul(y, sign)
    }

    /// `(eˣ + e⁻ˣ) / 2`.
    pub fn cosh(&mut self, x: Value) -> Result<Value> {
        let e = self.exp(x)?;
        let back = self.reciprocal(e)?;
        let twice = self.add(e, back)?;
        self.scale(twice, 0.5)
    }

    /// The number whose hyperbolic sine is `x`.
    pub fn arcsinh(&mut self, x: Value) -> Result<Value> {
        // sign(x) · ln(1 + |x| + x² / (1 + √(x² + 1)))
        let (size, sign, squared) = (self.abs(x)?, self.sign(x)?, self.square(x)?);
        let root = self.add_scalar(squared, 1.0)?;
        let root = self.sqrt(root)?;
        let root = self.add_scalar(root, 1.0)?;
        let rest = self.div(squared, root)?;
        let inside = self.add(size, rest)?;
        let y = self.log1p(inside)?;
        self.mul(y, sign)
    }

    /// The number from 0 on whose hyperbolic cosine is `x`; NaN below 1.
    pub fn arccosh(&mut self, x: Value) -> Result<Value> {
        let (less, more) = (self.add_scalar(x, -1.0)?, self.add_scalar(x, 1.0)?);
        let (less, more) = (self.sqrt(less)?, self.sqrt(more)?);
        let root = self.mul(less, more)?;
        let inside = self.add(x, root)?;
        self.log(inside)
    }

    /// The number whose hyperbolic tangent is `x`; NaN beyond -1 to 1.
    pub fn arctanh(&mut self, x: Value) -> Result<Value> {
        let back = self.neg(x)?;
        let (up, down) = (self.log1p(x)?, self.log1p(back)?);
        let twice = self.sub(up, down)?;
        self.scale(twice, 0.5)
    }

    /// `sin(πx) / (πx)`, and 1 at 0.
    pub fn sinc(&mut self, x: Value) -> Result<Value> {
        let (zero, one) = (self.constant(0.0)?, self.constant(1.0)?);
        let at_zero = self.equal(x, zero)?;
        let angle = self.scale(x, PI)?;
        let angle = self.select(at_zero, one, angle)?;
        let sine = self.sin(angle)?;
        let y = self.div(sine, angle)?;
        self.select(at_zero, one, y)
    }

    /// Radians of degrees.
    pub fn deg2rad(&mut self, x: Value) -> Result<Value> {
        self.scale(x, PI / 180.0)
    }

    /// Degrees of radians.
    pub fn rad2deg(&mut self, x: Value) -> Result<Value> {
        self.scale(x, 180.0 / PI)
    }

    /// The largest whole number that is not above `a / b`; its gradient is 0.
    pub fn floor_divide(&mut self, a: Value, b: Value) -> Result<Value> {
        let quotient = self.div(a, b)?;
        self.floor(quotient)
    }

    /// What is left of `a` when whole multiples of `b` are taken away, with the sign of `b`: Keras's `mod`.
    pub fn modulo(&mut self, a: Value, b: Value) -> Result<Value> {
        let times = self.floor_divide(a, b)?;
        let whole = self.mul(times, b)?;
        self.sub(a, whole)
    }

    /// What is left of `a` when whole multiples of `b` are taken away, with the sign of `a`.
    pub fn fmod(&mut self, a: Value, b: Value) -> Result<Value> {
        let quotient = self.div(a, b)?;
        let times = self.trunc(quotient)?;
        let whole = self.mul(times, b)?;
        self.sub(a, whole)
    }

    /// `a / b`, and 0 where `b` is 0.
    pub fn divide_no_nan(&mut self, a: Value, b: Value) -> Result<Value> {
        let (zero, one) = (self.constant(0.0)?, self.constant(1.0)?);
        let none = self.equal(b, zero)?;
        let divisor = self.select(none, one, b)?;
        let quotient = self.div(a, divisor)?;
        self.select(none, zero, quotient)
    }

    /// `√(a² + b²)`.
    pub fn hypot(&mut self, a: Value, b: Value) -> Result<Value> {
        let (a, b) = (self.square(a)?, self.square(b)?);
        let squared = self.add(a, b)?;
        self.sqrt(squared)
    }

    /// `ln(eᵃ + eᵇ)`, without overflow on the way.
    pub fn logaddexp(&mut self, a: Value, b: Value) -> Result<Value> {
        let most = self.maximum(a, b)?;
        let most = self.finite_or_zero(most)?;
        let (a, b) = (self.sub(a, most)?, self.sub(b, most)?);
        let (a, b) = (self.exp(a)?, self.exp(b)?);
        let sum = self.add(a, b)?;
        let y = self.log(sum)?;
        self.add(y, most)
    }

    /// `log₂(2ᵃ + 2ᵇ)`, without overflow on the way.
    pub fn logaddexp2(&mut self, a: Value, b: Value) -> Result<Value> {
        let (a, b) = (self.scale(a, LN_2)?, self.scale(b, LN_2)?);
        let y = self.logaddexp(a, b)?;
        self.scale(y, LOG2_E)
    }

    /// What is taken out of exponents: held constant, and 0 where it is infinite.
    pub(super) fn finite_or_zero(&mut self, x: Value) -> Result<Value> {
        let x = self.stop_gradient(x)?;
        let (finite, zero) = (self.isfinite(x)?, self.constant(0.0)?);
        self.select(finite, x, zero)
    }

    /// 0 where `x` is negative, 1 where it is positive, and `at_zero` where it is 0.
    pub fn heaviside(&mut self, x: Value, at_zero: Value) -> Result<Value> {
        let zero = self.constant(0.0)?;
        let (none, above) = (self.equal(x, zero)?, self.greater(x, zero)?);
        self.select(none, at_zero, above)
    }

    /// The larger of `a` and `b`, and the other one where one is NaN.
    pub fn fmax(&mut self, a: Value, b: Value) -> Result<Value> {
        self.of_numbers(BinaryKind::Max, a, b)
    }

    /// The smaller of `a` and `b`, and the other one where one is NaN.
    pub fn fmin(&mut self, a: Value, b: Value) -> Result<Value> {
        self.of_numbers(BinaryKind::Min, a, b)
    }

    fn of_numbers(&mut self, kind: BinaryKind, a: Value, b: Value) -> Result<Value> {
        let (first, second) = (self.isnan(a)?, self.isnan(b)?);
        let (left, right) = (self.select(first, b, a)?, self.select(second, a, b)?);
        self.binary(kind, left, right)
    }

    /// 1 where `x` is neither infinite nor NaN, else 0.
    pub fn isfinite(&mut self, x: Value) -> Result<Value> {
        self.unary(UnaryKind::IsFinite, x)
    }
}
