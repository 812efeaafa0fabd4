//! Sequences padded to one length, classes as rows of ones, vectors of length 1.

use crate::choice::{Choice, Named};
use crate::error::{Error, Result};
use crate::shape::Shape;
use crate::tensor::{Data, Tensor};

/// An end of a sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The beginning.
    Pre,
    /// The end.
    Post,
}

impl Named for Side {
    const WHAT: &'static str = "side";
    fn from_name(name: &str) -> Option<Self> {
        match name {
            "pre" => Some(Self::Pre),
            "post" => Some(Self::Post),
            _ => None,
        }
    }
    fn name(&self) -> &str {
        match self {
            Self::Pre => "pre",
            Self::Post => "post",
        }
    }
    fn names() -> Vec<&'static str> {
        vec!["pre", "post"]
    }
}

/// How sequences are brought to one length.
#[derive(Clone, Debug)]
pub struct PadSequences {
    maxlen: Option<usize>,
    padding: Choice<Side>,
    truncating: Choice<Side>,
    value: i32,
}

impl Default for PadSequences {
    fn default() -> Self {
        Self {
            maxlen: None,
            padding: Choice::Known(Side::Pre),
            truncating: Choice::Known(Side::Pre),
            value: 0,
        }
    }
}

impl PadSequences {
    /// To this length rather than that of the longest.
    pub fn maxlen(mut self, maxlen: usize) -> Self {
        self.maxlen = Some(maxlen);
        self
    }

    /// Where padding goes: "pre" or "post".
    pub fn padding(mut self, padding: impl Into<Choice<Side>>) -> Self {
        self.padding = padding.into();
        self
    }

    /// Where longer sequences are cut: "pre" or "post".
    pub fn truncating(mut self, truncating: impl Into<Choice<Side>>) -> Self {
        self.truncating = truncating.into();
        self
    }

    /// What is padded with.
    pub fn value(mut self, value: i32) -> Self {
        self.value = value;
        self
    }
}

/// Sequences of numbers as one array, each padded or cut to one length, at the beginning if nothing else is said.
///
/// # Shapes
/// `[sequences, maxlen]`, or the length of the longest.
///
/// # Errors
/// An unknown side; an array larger than memory.
///
/// # Example
/// ```
/// use cornu::preparation::{PadSequences, pad_sequences};
/// let x = pad_sequences(&[vec![1], vec![2, 3], vec![4, 5, 6]], &PadSequences::default().maxlen(2))?;
/// assert_eq!(x.i32s()?, &[0, 1, 2, 3, 5, 6]);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Keras
/// `keras.utils.pad_sequences`, of whole numbers.
pub fn pad_sequences(sequences: &[impl AsRef<[i32]>], how: &PadSequences) -> Result<Tensor> {
    let (padding, truncating) = (*how.padding.get()?, *how.truncating.get()?);
    let longest = sequences.iter().map(|s| s.as_ref().len()).max();
    let length = how.maxlen.or(longest).unwrap_or(0);
    let shape = Shape::new([sequences.len(), length])?;
    let mut data = vec![how.value; shape.elements()];
    for (row, sequence) in data.chunks_mut(length.max(1)).zip(sequences) {
        let sequence = sequence.as_ref();
        let kept = sequence.len().min(length);
        let from = match truncating {
            Side::Pre => sequence.len() - kept,
            Side::Post => 0,
        };
        let to = match padding {
            Side::Pre => length - kept,
            Side::Post => 0,
        };
        row[to..to + kept].copy_from_slice(&sequence[from..from + kept]);
    }
    Tensor::new(shape, data)
}

/// Numbers of classes as rows with a 1 in the place of each; without `num_classes`, there are as many as the largest number asks for.
///
/// # Shapes
/// `[..] → [.., num_classes]`, and `[.., 1] → [.., num_classes]`.
///
/// # Errors
/// Numbers that are not int32, or outside of 0 to `num_classes - 1`.
///
/// # Example
/// ```
/// use cornu::{Tensor, preparation::to_categorical};
/// let y = to_categorical(&Tensor::new([2], vec![0, 2])?, None)?;
/// assert_eq!(y.f32s()?, &[1.0, 0.0, 0.0, 0.0, 0.0, 1.0]);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Keras
/// `keras.utils.to_categorical`.
pub fn to_categorical(x: &Tensor, num_classes: Option<usize>) -> Result<Tensor> {
    let classes = x.i32s()?;
    let mut axes = x.shape().to_vec();
    if axes.len() > 1 && axes.last() == Some(&1) {
        axes.pop();
    }
    let largest = classes.iter().copied().max().unwrap_or(-1);
    let count = num_classes.unwrap_or((largest + 1).max(0) as usize);
    axes.push(count);
    let shape = Shape::new(axes)?;
    let mut data = vec![0.0f32; shape.elements()];
    for (i, &class) in classes.iter().enumerate() {
        let place = usize::try_from(class).ok().filter(|&c| c < count);
        let place = place.ok_or_else(|| {
            Error::data(format!(
                "classes must be from 0 to {}, received {class}",
                count.saturating_sub(1)
            ))
        })?;
        data[i * count + place] = 1.0;
    }
    Tensor::new(shape, data)
}

/// Vectors along an axis divided by their lengths, `(Σ |x|^order)^(1/order)`; those of length 0 stay.
///
/// # Errors
/// An axis that the array lacks, an order below 1, an array that is not of floats.
///
/// # Example
/// ```
/// use cornu::{Tensor, preparation::normalize};
/// let x = normalize(&Tensor::new([1, 2], vec![3.0f32, 4.0])?, -1, 2)?;
/// assert_eq!(x.f32s()?, &[0.6, 0.8]);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Keras
/// `keras.utils.normalize`.
pub fn normalize(x: &Tensor, axis: i64, order: u32) -> Result<Tensor> {
    let shape = x.shape().clone();
    let rank = shape.rank() as i64;
    if !(-rank..rank).contains(&axis) {
        return Err(Error::shape(format!(
            "axis must be from {} to {}, received {axis}",
            -rank,
            rank - 1
        )));
    }
    if order == 0 {
        return Err(Error::config("order must be at least 1, received 0"));
    }
    let axis = axis.rem_euclid(rank) as usize;
    let (n, inner) = (shape[axis], shape[axis + 1..].iter().product::<usize>());
    let mut data = x.f32s()?.to_vec();
    let power = order as i32;
    for block in data.chunks_mut((n * inner).max(1)) {
        for k in 0..inner {
            let along = (0..n).map(|i| f64::from(block[i * inner + k].abs()).powi(power));
            let length = along.sum::<f64>().powf(1.0 / f64::from(order));
            if length > 0.0 {
                for i in 0..n {
                    let v = &mut block[i * inner + k];
                    *v = (f64::from(*v) / length) as f32;
                }
            }
        }
    }
    Tensor::new(shape, Data::from(data))
}
