//! Arrays of `f64`, in which the naive reference of every op computes.

use crate::shape::Shape;
use crate::tensor::{Data, Tensor};

/// Shape and elements; integers and bytes are kept as whole `f64`s, exactly.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// The lengths of the axes.
    pub shape: Shape,
    /// The elements, row-major.
    pub data: Vec<f64>,
}

impl Array {
    /// An array from its elements.
    pub fn new(shape: impl Into<Shape>, data: Vec<f64>) -> Self {
        let shape = shape.into();
        assert_eq!(shape.elements(), data.len(), "Array: {shape}");
        Self { shape, data }
    }

    /// An array whose elements are computed from their index along each axis.
    pub fn from_fn(shape: &Shape, mut f: impl FnMut(&[usize]) -> f64) -> Self {
        let mut index = vec![0; shape.rank()];
        let data = (0..shape.elements())
            .map(|_| {
                let x = f(&index);
                for axis in (0..shape.rank()).rev() {
                    index[axis] += 1;
                    if index[axis] < shape[axis] {
                        break;
                    }
                    index[axis] = 0;
                }
                x
            })
            .collect();
        Self {
            shape: shape.clone(),
            data,
        }
    }

    /// The array, its elements rounded to bf16 if it is so wanted.
    pub(crate) fn rounded_if(&self, rounded: bool) -> std::borrow::Cow<'_, Self> {
        if !rounded {
            return std::borrow::Cow::Borrowed(self);
        }
        let round = |&x: &f64| f64::from(cornu_kernels::bf16::round(x as f32));
        let data = self.data.iter().map(round).collect();
        std::borrow::Cow::Owned(Self::new(self.shape.clone(), data))
    }

    /// The element at an index.
    pub fn at(&self, index: &[usize]) -> f64 {
        self.data[self.offset(index)]
    }

    /// The element at an index of an array this one broadcasts to.
    pub fn at_broadcast(&self, index: &[usize]) -> f64 {
        let skip = index.len() - self.shape.rank();
        let offset = index[skip..]
            .iter()
            .zip(self.shape.axes())
            .fold(0, |o, (&i, &n)| o * n + if n == 1 { 0 } else { i });
        self.data[offset]
    }

    /// The position of an index in `data`.
    pub fn offset(&self, index: &[usize]) -> usize {
        index
            .iter()
            .zip(self.shape.axes())
            .fold(0, |o, (&i, &n)| o * n + i)
    }
}

impl From<&Tensor> for Array {
    fn from(t: &Tensor) -> Self {
        let data = match t.data() {
            Data::F32(v) => v.iter().map(|&x| f64::from(x)).collect(),
            Data::I32(v) => v.iter().map(|&x| f64::from(x)).collect(),
            Data::U8(v) => v.iter().map(|&x| f64::from(x)).collect(),
        };
        Self {
            shape: t.shape().clone(),
            data,
        }
    }
}
