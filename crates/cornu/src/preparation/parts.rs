//! A set of samples in two parts.

use crate::error::{Error, Result};
use crate::tensor::{Data, Tensor};

/// How large a part is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Part {
    /// This share of the samples.
    Share(f64),
    /// So many samples.
    Samples(usize),
}

impl From<f64> for Part {
    fn from(share: f64) -> Self {
        Self::Share(share)
    }
}

impl From<usize> for Part {
    fn from(samples: usize) -> Self {
        Self::Samples(samples)
    }
}

/// Splits arrays that have as many samples each into two parts, the left one of the size given; with a seed, in a random order.
///
/// # Errors
/// Arrays of different numbers of samples, a share outside 0 to 1, a part without samples.
///
/// # Example
/// ```
/// use cornu::{Tensor, preparation::split_dataset};
/// let (x, y) = (Tensor::zeros([10, 3]), Tensor::zeros([10]));
/// let (train, test) = split_dataset(&[x, y], 0.8, Some(1))?;
/// assert_eq!((train[0].shape().axes(), test[1].shape().axes()), (&[8, 3][..], &[2][..]));
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Keras
/// `keras.utils.split_dataset`, of arrays; the right part has the rest. `shuffle` and `seed` are one argument.
pub fn split_dataset(
    arrays: &[Tensor],
    left_size: impl Into<Part>,
    seed: Option<u64>,
) -> Result<(Vec<Tensor>, Vec<Tensor>)> {
    let lengths: Vec<usize> = arrays
        .iter()
        .map(|t| t.shape().first().copied().unwrap_or(0))
        .collect();
    let total = *lengths
        .first()
        .ok_or_else(|| Error::data("split_dataset needs an array, received none"))?;
    if lengths.iter().any(|&n| n != total) {
        return Err(Error::data(format!(
            "split_dataset needs as many samples in each array, received {lengths:?}"
        )));
    }
    let left = match left_size.into() {
        Part::Share(share) if share > 0.0 && share < 1.0 => {
            (share * total as f64).round_ties_even() as usize
        }
        Part::Share(share) => {
            return Err(Error::config(format!(
                "left_size must be above 0 and below 1, or a number of samples, received {share}"
            )));
        }
        Part::Samples(samples) => samples,
    };
    if left == 0 || left >= total {
        return Err(Error::config(format!(
            "both parts need samples, received {left} and {} of {total}",
            total.saturating_sub(left)
        )));
    }
    let mut order: Vec<usize> = (0..total).collect();
    if let Some(seed) = seed {
        crate::train::shuffle(&mut order, seed, 0);
    }
    let part = |rows: &[usize]| {
        arrays
            .iter()
            .map(|t| chosen(t, rows))
            .collect::<Result<Vec<_>>>()
    };
    Ok((part(&order[..left])?, part(&order[left..])?))
}

/// Rows of an array.
pub(super) fn chosen(x: &Tensor, rows: &[usize]) -> Result<Tensor> {
    fn of<T: Copy>(values: &[T], width: usize, rows: &[usize]) -> Vec<T> {
        let row = |&r: &usize| values[r * width..][..width].iter().copied();
        rows.iter().flat_map(row).collect()
    }
    let width = x.shape().row();
    let data: Data = match x.data() {
        Data::F32(v) => of(v, width, rows).into(),
        Data::I32(v) => of(v, width, rows).into(),
        Data::U8(v) => of(v, width, rows).into(),
    };
    Tensor::new(x.shape().without_batch().with_batch(rows.len()), data)
}
