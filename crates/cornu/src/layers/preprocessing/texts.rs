//! Arrays of texts, and what layers make of them outside of a model.

use super::encoding::OutputMode;
use crate::error::Result;
use crate::shape::Shape;
use crate::tensor::Tensor;

/// An array of texts: a shape and its elements.
///
/// A model computes with numbers; texts become numbers before it. The layers that take texts
/// ([`StringLookup`](crate::layers::StringLookup), [`TextVectorization`](crate::layers::TextVectorization), and beside their numbers
/// [`Hashing`](crate::layers::Hashing) and [`HashedCrossing`](crate::layers::HashedCrossing)) are called directly, as Keras runs them on
/// the CPU whatever the backend, and give tensors that models and data sets take. Their config is Keras's, with the vocabulary in it; they
/// are saved as JSON of their own, or with a model as one of its notes:
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let mut words = TextVectorization::new().max_tokens(1000).output_sequence_length(8);
/// words.adapt(["a b c", "a c"])?;
/// let mut model = Sequential::new()
///     .input_of(DType::I32, [8])
///     .add(Embedding::new(words.vocabulary_size(), 4).mask_zero(true))
///     .add(LSTM::new(4))
///     .build()?;
/// model.set_note("words", words.to_json()?);
/// // … and where the model is used:
/// let words = TextVectorization::from_json(model.note("words").unwrap_or_default())?;
/// let y = model.predict(&words.call(["c a b", "who knows"])?)?;
/// assert_eq!(y.shape().axes(), &[2, 4]);
/// # Ok::<(), cornu::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Texts {
    shape: Shape,
    values: Vec<String>,
}

impl Texts {
    /// The lengths of the axes.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// The texts, row-major.
    pub fn values(&self) -> &[String] {
        &self.values
    }

    /// Texts of a shape, which must have as many places.
    pub(super) fn of(shape: Shape, values: Vec<String>) -> Self {
        debug_assert_eq!(shape.elements(), values.len());
        Self { shape, values }
    }

    /// The samples: along the first axis of two or more, single texts else.
    pub(super) fn samples(&self) -> impl Iterator<Item = &[String]> {
        let row = match self.shape.rank() {
            0 | 1 => 1,
            _ => self.shape.row(),
        };
        self.values.chunks(row.max(1))
    }
}

impl From<Vec<String>> for Texts {
    fn from(values: Vec<String>) -> Self {
        Self {
            shape: [values.len()].into(),
            values,
        }
    }
}

impl From<&[String]> for Texts {
    fn from(values: &[String]) -> Self {
        values.to_vec().into()
    }
}

impl From<&[&str]> for Texts {
    fn from(values: &[&str]) -> Self {
        let values = values.iter().map(|&s| s.to_owned());
        values.collect::<Vec<_>>().into()
    }
}

impl From<Vec<&str>> for Texts {
    fn from(values: Vec<&str>) -> Self {
        values.as_slice().into()
    }
}

impl<const N: usize> From<[&str; N]> for Texts {
    fn from(values: [&str; N]) -> Self {
        values.as_slice().into()
    }
}

/// Rows of as many texts each.
impl<const N: usize, const M: usize> From<[[&str; M]; N]> for Texts {
    fn from(rows: [[&str; M]; N]) -> Self {
        let values = rows.as_flattened().iter().map(|&s| s.to_owned());
        Self {
            shape: [N, M].into(),
            values: values.collect(),
        }
    }
}

/// A column of a table.
#[derive(Clone, Debug)]
pub enum Column {
    /// Of texts.
    Texts(Texts),
    /// Of whole numbers.
    Numbers(Tensor),
}

impl Column {
    /// The lengths of the axes.
    pub fn shape(&self) -> &Shape {
        match self {
            Self::Texts(texts) => texts.shape(),
            Self::Numbers(numbers) => numbers.shape(),
        }
    }
}

impl<T: Into<Texts>> From<T> for Column {
    fn from(texts: T) -> Self {
        Self::Texts(texts.into())
    }
}

impl From<Tensor> for Column {
    fn from(numbers: Tensor) -> Self {
        Self::Numbers(numbers)
    }
}

/// Encodes the numbers of categories of an array outside of a graph; `idf` are the weights of "tf_idf".
///
/// As Keras does: one axis of numbers is one sample where the mode joins the numbers of a sample.
pub(super) fn encode(
    shape: &Shape,
    index: Vec<i32>,
    mode: OutputMode,
    depth: usize,
    idf: &[f32],
) -> Result<Tensor> {
    let mut axes = shape.to_vec();
    if mode == OutputMode::Int {
        return Tensor::new(axes, index);
    }
    if mode == OutputMode::OneHot {
        if axes.len() > 1 && axes.last() == Some(&1) {
            axes.pop();
        }
        axes.push(depth);
        let rows: Vec<Vec<i32>> = index.into_iter().map(|i| vec![i]).collect();
        return super::encoding::rows(&rows, mode, depth, None, idf)?.reshape(axes);
    }
    // Numbers of the axis that is joined, for each place of the others.
    let rows: Vec<Vec<i32>> = match axes.len() {
        0 | 1 => vec![index],
        _ => {
            let (n, inner) = (axes[1], axes[2..].iter().product::<usize>());
            (0..axes[0] * inner)
                .map(|at| {
                    let start = at / inner.max(1) * n * inner + at % inner.max(1);
                    (0..n).map(|i| index[start + i * inner]).collect()
                })
                .collect()
        }
    };
    let mut joined: Vec<usize> = axes
        .iter()
        .take(1)
        .copied()
        .filter(|_| axes.len() > 1)
        .collect();
    joined.extend(axes.iter().skip(2));
    joined.push(depth);
    super::encoding::rows(&rows, mode, depth, None, idf)?.reshape(joined)
}
