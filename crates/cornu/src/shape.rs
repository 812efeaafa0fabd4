//! Shapes and element types; every size is computed with overflow checked.

use std::fmt;
use std::ops::Deref;

use crate::error::{Error, Result};

/// The type of an array's elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DType {
    /// 32-bit floating point: weights, activations, gradients.
    F32,
    /// 32-bit signed integers: labels, indices.
    I32,
    /// Bytes: pixels, masks, positions in a pooling window.
    U8,
}

impl DType {
    /// Bytes of one element.
    pub const fn size(self) -> usize {
        match self {
            Self::F32 | Self::I32 => 4,
            Self::U8 => 1,
        }
    }
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::F32 => "float32",
            Self::I32 => "int32",
            Self::U8 => "uint8",
        })
    }
}

/// The lengths of an array's axes, outermost first.
///
/// # Example
/// ```
/// use cornu::Shape;
/// let s = Shape::from([2, 3, 4]);
/// assert_eq!((s.rank(), s.elements(), s.to_string()), (3, 24, "[2, 3, 4]".to_owned()));
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Shape(Vec<usize>);

/// No array may hold more elements than this: sizes stay far from overflow, and a mistyped size is refused before memory is asked for.
const MAX_ELEMENTS: usize = 1 << 40;

impl Shape {
    /// A shape whose number of elements is checked.
    ///
    /// # Errors
    /// [`Kind::Shape`](crate::error::Kind::Shape) if the product of the axes is absurdly large.
    pub fn new(axes: impl Into<Vec<usize>>) -> Result<Self> {
        let axes = axes.into();
        let product = axes
            .iter()
            .try_fold(1usize, |p, &n| p.checked_mul(n))
            .filter(|&p| p <= MAX_ELEMENTS);
        match product {
            Some(_) => Ok(Self(axes)),
            None => Err(Error::shape(format!(
                "an array of shape {} would hold more than 2^40 elements",
                Self(axes)
            ))),
        }
    }

    /// The shape of a single number.
    pub const fn scalar() -> Self {
        Self(Vec::new())
    }

    /// Number of axes.
    pub fn rank(&self) -> usize {
        self.0.len()
    }

    /// Number of elements: the product of the axes, 1 for a scalar.
    pub fn elements(&self) -> usize {
        self.0.iter().product()
    }

    /// The axes as a slice.
    pub fn axes(&self) -> &[usize] {
        &self.0
    }

    /// Elements of one entry along the first axis.
    pub(crate) fn row(&self) -> usize {
        self.0.iter().skip(1).product()
    }

    /// This shape with a batch axis in front.
    pub(crate) fn with_batch(&self, batch: usize) -> Self {
        let mut axes = Vec::with_capacity(self.rank() + 1);
        axes.push(batch);
        axes.extend_from_slice(&self.0);
        Self(axes)
    }

    /// This shape without its first axis.
    pub(crate) fn without_batch(&self) -> Self {
        Self(self.0.iter().skip(1).copied().collect())
    }

    /// The shape two arrays broadcast to, as in NumPy.
    pub(crate) fn broadcast(&self, other: &Self) -> Result<Self> {
        let rank = self.rank().max(other.rank());
        let axis = |s: &Self, i: usize| -> usize {
            (i + s.rank()).checked_sub(rank).map_or(1, |j| s.0[j])
        };
        let axes: Option<Vec<usize>> = (0..rank)
            .map(|i| match (axis(self, i), axis(other, i)) {
                (a, b) if a == b => Some(a),
                (1, b) => Some(b),
                (a, 1) => Some(a),
                _ => None,
            })
            .collect();
        axes.map(Self).ok_or_else(|| {
            Error::shape(format!(
                "shapes {self} and {other} do not broadcast together"
            ))
            .help("axes are matched from the last; each pair must be equal or contain a 1")
        })
    }

    /// Row-major strides, in elements.
    pub(crate) fn strides(&self) -> Vec<usize> {
        let mut strides = vec![1; self.rank()];
        for i in (1..self.rank()).rev() {
            strides[i - 1] = strides[i] * self.0[i];
        }
        strides
    }
}

impl Deref for Shape {
    type Target = [usize];
    fn deref(&self) -> &[usize] {
        &self.0
    }
}

impl<const N: usize> From<[usize; N]> for Shape {
    fn from(axes: [usize; N]) -> Self {
        Self(axes.to_vec())
    }
}

impl From<Vec<usize>> for Shape {
    fn from(axes: Vec<usize>) -> Self {
        Self(axes)
    }
}

impl From<&[usize]> for Shape {
    fn from(axes: &[usize]) -> Self {
        Self(axes.to_vec())
    }
}

impl From<usize> for Shape {
    fn from(axis: usize) -> Self {
        Self(vec![axis])
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        for (i, n) in self.0.iter().enumerate() {
            write!(f, "{}{n}", if i == 0 { "" } else { ", " })?;
        }
        f.write_str("]")
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
