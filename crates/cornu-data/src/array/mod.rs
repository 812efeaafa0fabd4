//! Plain arrays of numbers of any rank, as they lie in NumPy's files.

mod header;
mod npy;
mod npz;

pub use npy::{npy_bytes, parse_npy, read_npy, write_npy};
pub use npz::{read_npz, write_npz};

use crate::error::{DataError, Result};

/// The numbers of an [`Array`], in row-major order.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ArrayData {
    /// NumPy's `float32`.
    F32(Vec<f32>),
    /// NumPy's `float64`.
    F64(Vec<f64>),
    /// NumPy's `int32`.
    I32(Vec<i32>),
    /// NumPy's `int64`.
    I64(Vec<i64>),
    /// NumPy's `uint8`, and `bool` as zeros and ones.
    U8(Vec<u8>),
}

/// Numbers of one kind with a shape, in row-major order.
///
/// # Example
/// ```
/// use cornu_data::array::{Array, ArrayData, npy_bytes, parse_npy};
/// let array = Array::new(vec![2, 2], ArrayData::I32(vec![1, 2, 3, 4]))?;
/// assert_eq!(parse_npy(&npy_bytes(&array))?, array);
/// assert_eq!(array.to_f32(), [1.0, 2.0, 3.0, 4.0]);
/// # Ok::<(), cornu_data::DataError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    shape: Vec<usize>,
    data: ArrayData,
}

impl ArrayData {
    /// The number of values.
    pub fn len(&self) -> usize {
        match self {
            Self::F32(values) => values.len(),
            Self::F64(values) => values.len(),
            Self::I32(values) => values.len(),
            Self::I64(values) => values.len(),
            Self::U8(values) => values.len(),
        }
    }

    /// Whether there is no value.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// NumPy's name for the kind of number.
    pub fn dtype(&self) -> &'static str {
        match self {
            Self::F32(_) => "float32",
            Self::F64(_) => "float64",
            Self::I32(_) => "int32",
            Self::I64(_) => "int64",
            Self::U8(_) => "uint8",
        }
    }
}

impl Array {
    /// Values of this shape; a single value has the shape `[]`.
    ///
    /// # Errors
    /// Where there are not as many values as the shape says.
    pub fn new(shape: Vec<usize>, data: ArrayData) -> Result<Self> {
        if product(&shape) != Some(data.len()) {
            return Err(DataError::config(format!(
                "expected as many values as the shape {shape:?} says, received {}",
                data.len()
            )));
        }
        Ok(Self { shape, data })
    }

    /// The size along each axis.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The values.
    pub fn data(&self) -> &ArrayData {
        &self.data
    }

    /// The shape and the values themselves.
    pub fn into_parts(self) -> (Vec<usize>, ArrayData) {
        (self.shape, self.data)
    }

    /// The values as `f32`, rounded to the nearest where they do not fit exactly.
    pub fn to_f32(&self) -> Vec<f32> {
        match &self.data {
            ArrayData::F32(values) => values.clone(),
            ArrayData::F64(values) => values.iter().map(|&x| x as f32).collect(),
            ArrayData::I32(values) => values.iter().map(|&x| x as f32).collect(),
            ArrayData::I64(values) => values.iter().map(|&x| x as f32).collect(),
            ArrayData::U8(values) => values.iter().map(|&x| f32::from(x)).collect(),
        }
    }

    /// The values as `i32`.
    ///
    /// # Errors
    /// Where a value has a fraction or is too large.
    pub fn to_i32(&self) -> Result<Vec<i32>> {
        fn all<T: Copy + Into<f64>>(values: &[T]) -> std::result::Result<Vec<i32>, (usize, f64)> {
            let one = |(i, &x): (usize, &T)| {
                let x: f64 = x.into();
                let whole = x as i32;
                if f64::from(whole) == x {
                    Ok(whole)
                } else {
                    Err((i, x))
                }
            };
            values.iter().enumerate().map(one).collect()
        }
        let values = match &self.data {
            ArrayData::I32(values) => Ok(values.clone()),
            ArrayData::F32(values) => all(values),
            ArrayData::F64(values) => all(values),
            ArrayData::U8(values) => all(values),
            ArrayData::I64(values) => {
                let one = |(i, &x): (usize, &i64)| i32::try_from(x).map_err(|_| (i, x as f64));
                values.iter().enumerate().map(one).collect()
            }
        };
        values.map_err(|(i, x)| {
            DataError::format(format!("expected a whole number of 32 bits, received {x}"))
                .at(format!("value {i}"))
        })
    }
}

/// The product of the sizes, where it is a number.
fn product(shape: &[usize]) -> Option<usize> {
    // A size of zero makes the product zero even where the others would overflow.
    if shape.contains(&0) {
        return Some(0);
    }
    shape
        .iter()
        .try_fold(1, |all: usize, &size| all.checked_mul(size))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_convert_and_others_do_not() {
        let array = |data| Array::new(vec![2], data).unwrap();
        assert_eq!(
            array(ArrayData::F32(vec![1.0, -2.0])).to_i32().unwrap(),
            [1, -2]
        );
        assert_eq!(
            array(ArrayData::I64(vec![1, i64::from(i32::MIN)]))
                .to_i32()
                .unwrap(),
            [1, i32::MIN]
        );
        for data in [
            ArrayData::F64(vec![1.0, 0.5]),
            ArrayData::F64(vec![1.0, f64::NAN]),
            ArrayData::I64(vec![0, 1 << 40]),
        ] {
            assert_eq!(array(data).to_i32().unwrap_err().place(), Some("value 1"));
        }
    }

    #[test]
    fn refuses_a_shape_that_does_not_fit() {
        assert!(Array::new(vec![3], ArrayData::U8(vec![0; 2])).is_err());
        assert!(Array::new(vec![usize::MAX, 2], ArrayData::U8(vec![])).is_err());
        assert!(Array::new(vec![usize::MAX, 2, 0], ArrayData::U8(vec![])).is_ok());
        assert!(Array::new(vec![], ArrayData::U8(vec![1])).is_ok());
    }
}
