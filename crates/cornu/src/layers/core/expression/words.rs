//! What expressions can be asked for: methods with the names of `keras.ops`.

use serde_json::Value as Json;

use super::Expr;

macro_rules! of_one {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        $($(#[$doc])*
        pub fn $name(&self) -> Self {
            Self::operation(stringify!($name), vec![self.clone()])
        })*
    };
}

macro_rules! of_two {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        $($(#[$doc])*
        pub fn $name(&self, other: impl Into<Self>) -> Self {
            Self::operation(stringify!($name), vec![self.clone(), other.into()])
        })*
    };
}

macro_rules! along_axis {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        $($(#[$doc])*
        pub fn $name(&self, axis: i64) -> Self {
            Self::with(stringify!($name), vec![self.clone()], [("axis", axis.into())])
        })*
    };
}

macro_rules! over_axes {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        $($(#[$doc])*
        pub fn $name(&self, axis: impl Into<crate::layers::Axes>, keepdims: bool) -> Self {
            let axis = serde_json::to_value(axis.into()).unwrap_or_default();
            Self::with(
                stringify!($name),
                vec![self.clone()],
                [("axis", axis), ("keepdims", keepdims.into())],
            )
        })*
    };
}

impl Expr {
    of_one! {
        /// `|x|`.
        abs,
        /// -1, 0 or 1.
        sign,
        /// `x²`.
        square,
        /// `√x`.
        sqrt,
        /// `1 / √x`.
        rsqrt,
        /// `1 / x`.
        reciprocal,
        /// `eˣ`.
        exp,
        /// `eˣ - 1`.
        expm1,
        /// `2ˣ`.
        exp2,
        /// Natural logarithm.
        log,
        /// `ln(1 + x)`.
        log1p,
        /// Logarithm to the base 2.
        log2,
        /// Logarithm to the base 10.
        log10,
        /// Sine of radians.
        sin,
        /// Cosine of radians.
        cos,
        /// Tangent of radians.
        tan,
        /// The angle of this sine.
        arcsin,
        /// The angle of this cosine.
        arccos,
        /// The angle of this tangent.
        arctan,
        /// Hyperbolic sine.
        sinh,
        /// Hyperbolic cosine.
        cosh,
        /// Hyperbolic tangent.
        tanh,
        /// The number of this hyperbolic sine.
        arcsinh,
        /// The number of this hyperbolic cosine.
        arccosh,
        /// The number of this hyperbolic tangent.
        arctanh,
        /// `sin(πx) / (πx)`.
        sinc,
        /// The third root.
        cbrt,
        /// The error function.
        erf,
        /// `1 - erf(x)`.
        erfc,
        /// The largest whole number that is not above.
        floor,
        /// The smallest whole number that is not below.
        ceil,
        /// The nearest whole number, the even one of two.
        round,
        /// Without its fraction.
        trunc,
        /// Radians of degrees.
        deg2rad,
        /// Degrees of radians.
        rad2deg,
        /// 1 where it is a finite number, else 0.
        isfinite,
        /// 1 where it is no number, else 0.
        isnan,
        /// 1 where it is infinite, else 0.
        isinf,
        /// 1 where it is 0, else 0.
        logical_not,
        /// Ones of this shape.
        ones_like,
        /// Zeros of this shape.
        zeros_like,
        /// `1 / (1 + e⁻ˣ)`.
        sigmoid,
        /// `max(x, 0)`.
        relu,
        /// Shares of 1 along the last axis.
        softmax,
        /// The same, held constant by differentiation.
        stop_gradient,
    }

    of_two! {
        /// The larger of both.
        maximum,
        /// The smaller of both.
        minimum,
        /// `aᵇ`.
        power,
        /// The largest whole number that is not above `a / b`.
        floor_divide,
        /// What is left of the first, with its sign.
        fmod,
        /// `a / b`, and 0 where the second is 0.
        divide_no_nan,
        /// `√(a² + b²)`.
        hypot,
        /// The angle of the point `(b, a)`.
        arctan2,
        /// `ln(eᵃ + eᵇ)`.
        logaddexp,
        /// 0 where the first is negative, 1 where it is positive, else the second.
        heaviside,
        /// 1 where both are equal, else 0.
        equal,
        /// 1 where both differ, else 0.
        not_equal,
        /// 1 where the first is smaller, else 0.
        less,
        /// 1 where the first is not larger, else 0.
        less_equal,
        /// 1 where the first is larger, else 0.
        greater,
        /// 1 where the first is not smaller, else 0.
        greater_equal,
        /// 1 where both are true (not 0), else 0.
        logical_and,
        /// 1 where one is true or both are, else 0.
        logical_or,
        /// 1 where one alone is true, else 0.
        logical_xor,
        /// Products of matrices, `[batch, .., m, k] · [batch, .., k, n]`.
        matmul,
        /// Vectors of three numbers at right angles to both.
        cross,
        /// Distances of the rows of one to the rows of the other.
        cdist,
    }

    over_axes! {
        /// The sum over axes.
        sum,
        /// The mean over axes.
        mean,
        /// The largest over axes.
        max,
        /// The smallest over axes.
        min,
        /// The product over axes.
        prod,
        /// The mean squared distance from the mean over axes.
        var,
        /// The standard deviation over axes.
        std,
        /// The distance from the smallest to the largest over axes.
        ptp,
        /// 1 where all over axes are true (not 0), else 0.
        all,
        /// 1 where one over axes is true (not 0), else 0.
        any,
        /// The root of the sum of squares over axes.
        norm,
        /// `ln Σ eˣ` over axes.
        logsumexp,
    }

    along_axis! {
        /// The number of the largest along an axis.
        argmax,
        /// The number of the smallest along an axis.
        argmin,
        /// In ascending order along an axis.
        sort,
        /// Where each stands that comes next in ascending order along an axis.
        argsort,
        /// Each with all before it along an axis added up.
        cumsum,
        /// Each with all before it along an axis multiplied.
        cumprod,
        /// What each is more than the one before it along an axis.
        diff,
        /// Scaled to length 1 along an axis.
        normalize,
    }

    /// An activation by its name: "gelu".
    pub fn activation(&self, name: &str) -> Self {
        Self::operation(name, vec![self.clone()])
    }

    /// `a` where the condition is not 0, else `b`: `ops.where`.
    pub fn select(&self, a: impl Into<Self>, b: impl Into<Self>) -> Self {
        Self::operation("where", vec![self.clone(), a.into(), b.into()])
    }

    /// Held between two numbers.
    pub fn clip(&self, low: f64, high: f64) -> Self {
        let arguments = [("x_min", low.into()), ("x_max", high.into())];
        Self::with("clip", vec![self.clone()], arguments)
    }

    /// The same elements under another shape, without the batch axis; -1 is what is left.
    pub fn reshape(&self, shape: impl Into<Vec<i64>>) -> Self {
        let shape = [("newshape", shape.into().into())];
        Self::with("reshape", vec![self.clone()], shape)
    }

    /// The axes in another order: all of them, the batch first.
    pub fn transpose(&self, axes: impl Into<Vec<i64>>) -> Self {
        Self::with(
            "transpose",
            vec![self.clone()],
            [("axes", axes.into().into())],
        )
    }

    /// A new axis of length 1.
    pub fn expand_dims(&self, axis: i64) -> Self {
        Self::with("expand_dims", vec![self.clone()], [("axis", axis.into())])
    }

    /// Without an axis of length 1.
    pub fn squeeze(&self, axis: i64) -> Self {
        Self::with("squeeze", vec![self.clone()], [("axis", axis.into())])
    }

    /// The entries `start..stop` of an axis; negative places count from its end.
    pub fn slice(&self, axis: i64, start: i64, stop: i64) -> Self {
        let arguments = [
            ("axis", axis.into()),
            ("start", start.into()),
            ("stop", stop.into()),
        ];
        Self::with("slice", vec![self.clone()], arguments)
    }

    /// Several beside each other along an axis.
    pub fn concatenate(all: impl IntoIterator<Item = Expr>, axis: i64) -> Self {
        let all = all.into_iter().collect();
        Self::with("concatenate", all, [("axis", axis.into())])
    }

    /// What is left of the first when whole multiples of the second are taken away, with the sign of the second: `ops.mod`.
    pub fn modulo(&self, other: impl Into<Self>) -> Self {
        Self::operation("mod", vec![self.clone(), other.into()])
    }

    /// Several beside each other along a new axis.
    pub fn stack(all: impl IntoIterator<Item = Expr>, axis: i64) -> Self {
        let all = all.into_iter().collect();
        Self::with("stack", all, [("axis", axis.into())])
    }

    /// The whole so many times along each axis, once along the batch.
    pub fn tile(&self, repeats: impl Into<Vec<usize>>) -> Self {
        Self::with(
            "tile",
            vec![self.clone()],
            [("repeats", repeats.into().into())],
        )
    }

    /// Each entry of an axis so many times.
    pub fn repeat(&self, repeats: usize, axis: i64) -> Self {
        let arguments = [("repeats", repeats.into()), ("axis", axis.into())];
        Self::with("repeat", vec![self.clone()], arguments)
    }

    /// The entries of an axis moved, those pushed over its end put in front.
    pub fn roll(&self, shift: i64, axis: i64) -> Self {
        let arguments = [("shift", shift.into()), ("axis", axis.into())];
        Self::with("roll", vec![self.clone()], arguments)
    }

    /// The entries of axes from the last to the first.
    pub fn flip(&self, axis: impl Into<crate::layers::Axes>) -> Self {
        let axis = serde_json::to_value(axis.into()).unwrap_or_default();
        Self::with("flip", vec![self.clone()], [("axis", axis)])
    }

    /// The last two axes with zeros above their diagonal `k`.
    pub fn tril(&self, k: i64) -> Self {
        Self::with("tril", vec![self.clone()], [("k", k.into())])
    }

    /// The last two axes with zeros below their diagonal `k`.
    pub fn triu(&self, k: i64) -> Self {
        Self::with("triu", vec![self.clone()], [("k", k.into())])
    }

    /// Rows with a 1 at the number given.
    pub fn one_hot(&self, num_classes: usize) -> Self {
        let arguments = [("num_classes", num_classes.into())];
        Self::with("one_hot", vec![self.clone()], arguments)
    }

    /// The element in the middle along an axis.
    pub fn median(&self, axis: i64, keepdims: bool) -> Self {
        let arguments = [("axis", axis.into()), ("keepdims", keepdims.into())];
        Self::with("median", vec![self.clone()], arguments)
    }

    /// The element below which a share `q` lies along an axis.
    pub fn quantile(&self, q: f64, axis: i64, keepdims: bool) -> Self {
        let arguments = [
            ("q", q.into()),
            ("axis", axis.into()),
            ("keepdims", keepdims.into()),
        ];
        Self::with("quantile", vec![self.clone()], arguments)
    }

    /// Sums of products that an equation tells, each operand and the result beginning with the letter of the batch: `"bij,bjk->bik"`.
    pub fn einsum(subscripts: &str, of: impl IntoIterator<Item = Expr>) -> Self {
        let of = of.into_iter().collect();
        Self::with("einsum", of, [("subscripts", subscripts.into())])
    }

    /// Any other operation of `keras.ops`, with its arguments by name.
    pub fn with_arguments<const N: usize>(
        name: &str,
        of: Vec<Expr>,
        arguments: [(&str, Json); N],
    ) -> Self {
        Self::with(name, of, arguments)
    }
}
