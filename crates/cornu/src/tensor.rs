//! Host data: a shape and its elements, nothing clever.

use crate::error::{Error, Result};
use crate::shape::{DType, Shape};

/// The elements of a [`Tensor`], row-major.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Data {
    /// 32-bit floats.
    F32(Vec<f32>),
    /// 32-bit signed integers.
    I32(Vec<i32>),
    /// Bytes.
    U8(Vec<u8>),
}

impl Data {
    /// Number of elements.
    pub fn len(&self) -> usize {
        match self {
            Self::F32(v) => v.len(),
            Self::I32(v) => v.len(),
            Self::U8(v) => v.len(),
        }
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn dtype(&self) -> DType {
        match self {
            Self::F32(_) => DType::F32,
            Self::I32(_) => DType::I32,
            Self::U8(_) => DType::U8,
        }
    }
}

/// An array on the host.
///
/// # Example
/// ```
/// use cornu::Tensor;
/// let t = Tensor::new([2, 3], vec![1.0f32, 2.0, 3.0, 4.0, 5.0, 6.0])?;
/// assert_eq!(t.shape().axes(), &[2, 3]);
/// assert_eq!(t.f32s()?[4], 5.0);
/// # Ok::<(), cornu::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    shape: Shape,
    data: Data,
}

impl Tensor {
    /// An array of the shape with the elements given.
    ///
    /// # Errors
    /// [`Kind::Shape`](crate::error::Kind::Shape) if there are more or fewer elements than the shape has places.
    pub fn new(shape: impl Into<Shape>, data: impl Into<Data>) -> Result<Self> {
        let (shape, data) = (Shape::new(shape.into().to_vec())?, data.into());
        if shape.elements() == data.len() {
            Ok(Self { shape, data })
        } else {
            Err(Error::shape(format!(
                "a tensor of shape {shape} holds {} elements, received {}",
                shape.elements(),
                data.len()
            )))
        }
    }

    /// A single number.
    pub fn scalar(value: f32) -> Self {
        Self {
            shape: Shape::scalar(),
            data: Data::F32(vec![value]),
        }
    }

    /// An array of zeros of a type.
    pub(crate) fn zeros_of(dtype: DType, shape: Shape) -> Self {
        let n = shape.elements();
        let data = match dtype {
            DType::F32 => Data::F32(vec![0.0; n]),
            DType::I32 => Data::I32(vec![0; n]),
            DType::U8 => Data::U8(vec![0; n]),
        };
        Self { shape, data }
    }

    /// An array of zeros.
    pub fn zeros(shape: impl Into<Shape>) -> Self {
        let shape = shape.into();
        Self {
            data: Data::F32(vec![0.0; shape.elements()]),
            shape,
        }
    }

    /// The lengths of the axes.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// The type of the elements.
    pub fn dtype(&self) -> DType {
        self.data.dtype()
    }

    /// The elements, whatever their type.
    pub fn data(&self) -> &Data {
        &self.data
    }

    /// The elements, to write.
    pub(crate) fn data_mut(&mut self) -> &mut Data {
        &mut self.data
    }

    /// The elements as floats.
    ///
    /// # Errors
    /// [`Kind::Dtype`](crate::error::Kind::Dtype) if the elements are not floats.
    pub fn f32s(&self) -> Result<&[f32]> {
        match &self.data {
            Data::F32(v) => Ok(v),
            other => Err(Error::dtype(format!(
                "expected float32 elements, received {}",
                other.dtype()
            ))),
        }
    }

    /// The elements as integers.
    ///
    /// # Errors
    /// [`Kind::Dtype`](crate::error::Kind::Dtype) if the elements are not 32-bit integers.
    pub fn i32s(&self) -> Result<&[i32]> {
        match &self.data {
            Data::I32(v) => Ok(v),
            other => Err(Error::dtype(format!(
                "expected int32 elements, received {}",
                other.dtype()
            ))),
        }
    }

    /// The same elements under another shape.
    ///
    /// # Errors
    /// [`Kind::Shape`](crate::error::Kind::Shape) if the numbers of elements differ.
    pub fn reshape(self, shape: impl Into<Shape>) -> Result<Self> {
        Self::new(shape, self.data)
    }
}

impl From<Vec<f32>> for Data {
    fn from(v: Vec<f32>) -> Self {
        Self::F32(v)
    }
}

impl From<Vec<i32>> for Data {
    fn from(v: Vec<i32>) -> Self {
        Self::I32(v)
    }
}

impl From<Vec<u8>> for Data {
    fn from(v: Vec<u8>) -> Self {
        Self::U8(v)
    }
}
