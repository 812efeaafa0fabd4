//! Pieces of a time series as samples.

use super::parts::chosen;
use crate::error::{Error, Result};
use crate::losses::Targets;
use crate::shape::{DType, Shape};
use crate::tensor::Tensor;
use crate::train::{RowsMut, Samples};

/// Which pieces of a series become samples.
#[derive(Clone, Copy, Debug)]
pub struct TimeSeries {
    sequence_length: usize,
    sequence_stride: usize,
    sampling_rate: usize,
    start_index: usize,
    end_index: Option<usize>,
}

impl TimeSeries {
    /// Pieces of so many steps, from each step on.
    pub fn new(sequence_length: usize) -> Self {
        Self {
            sequence_length,
            sequence_stride: 1,
            sampling_rate: 1,
            start_index: 0,
            end_index: None,
        }
    }

    /// Steps from the beginning of a piece to that of the next.
    pub fn sequence_stride(mut self, sequence_stride: usize) -> Self {
        self.sequence_stride = sequence_stride;
        self
    }

    /// Steps of the series from one step of a piece to the next.
    pub fn sampling_rate(mut self, sampling_rate: usize) -> Self {
        self.sampling_rate = sampling_rate;
        self
    }

    /// The first step of the series that is used.
    pub fn start_index(mut self, start_index: usize) -> Self {
        self.start_index = start_index;
        self
    }

    /// The first step of the series that is not used any more.
    pub fn end_index(mut self, end_index: usize) -> Self {
        self.end_index = Some(end_index);
        self
    }
}

/// Pieces of a time series and their targets, gathered when they are asked for.
#[derive(Clone, Debug)]
pub struct Windows {
    data: Tensor,
    targets: Tensor,
    how: TimeSeries,
    count: usize,
}

/// Pieces of a series `[steps, ..]`, each with the target that stands at its beginning.
///
/// Piece `i` is `data[start + i·stride + k·rate]` for `k` below `sequence_length`, its target `targets[start + i·stride]`: to forecast,
/// give targets that are the series further on.
///
/// # Errors
/// Lengths of 0, strides beyond the series, indices outside of it, pieces longer than it.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// use cornu::preparation::{TimeSeries, timeseries_dataset_from_array};
/// let series = Tensor::new([6, 1], vec![0.0f32, 1.0, 2.0, 3.0, 4.0, 5.0])?;
/// let next = Tensor::new([3], vec![3.0f32, 4.0, 5.0])?;
/// let pieces = timeseries_dataset_from_array(series, next, TimeSeries::new(3))?;
/// assert_eq!((pieces.len(), pieces.inputs(&[2])?.f32s()?), (3, &[2.0, 3.0, 4.0][..]));
/// let mut model = Sequential::new().input([3, 1]).add(LSTM::new(4)).add(Dense::new(1)).build()?;
/// model.compile(SGD::new(0.1), MeanSquaredError::default(), [] as [&str; 0])?;
/// model.fit(&pieces, Fit::epochs(1))?;
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Keras
/// `keras.utils.timeseries_dataset_from_array`; batches and their order are `fit`'s. Without targets, [`Windows::inputs`] gives the pieces
/// of a series that is its own target.
pub fn timeseries_dataset_from_array(
    data: Tensor,
    targets: Tensor,
    how: TimeSeries,
) -> Result<Windows> {
    let length = data.shape().first().copied().unwrap_or(0);
    let at_least = |name: &str, n: usize| match n {
        0 => Err(Error::config(format!(
            "{name} must be at least 1, received 0"
        ))),
        _ => Ok(()),
    };
    at_least("sequence_length", how.sequence_length)?;
    for (name, n) in [
        ("sampling_rate", how.sampling_rate),
        ("sequence_stride", how.sequence_stride),
    ] {
        at_least(name, n)?;
        if n >= length {
            return Err(Error::config(format!(
                "{name} must be below the length of the series, {length}, received {n}"
            )));
        }
    }
    let end = how.end_index.unwrap_or(length);
    if end > length || how.start_index > end {
        return Err(Error::config(format!(
            "start_index and end_index must lie within the series of {length} steps, received {} and {end}",
            how.start_index
        )));
    }
    let span = (how.sequence_length - 1).saturating_mul(how.sampling_rate);
    let available = (end - how.start_index).saturating_sub(span);
    let goals = targets.shape().first().copied().unwrap_or(0);
    let starts = available.min(goals.saturating_sub(how.start_index));
    if starts == 0 {
        return Err(Error::data(format!(
            "the series of {} steps has no piece that spans {} with a target",
            end - how.start_index,
            span + 1
        )));
    }
    Ok(Windows {
        count: starts.div_ceil(how.sequence_stride),
        data,
        targets,
        how,
    })
}

impl Windows {
    /// The first step of a piece.
    fn start(&self, piece: usize) -> usize {
        self.how.start_index + piece * self.how.sequence_stride
    }

    fn shape(&self) -> Shape {
        let mut axes = self.data.shape().to_vec();
        axes[0] = self.how.sequence_length;
        axes.into()
    }

    /// The steps of the series that the pieces with these numbers have.
    fn steps<'a>(&'a self, pieces: &'a [usize]) -> impl Iterator<Item = usize> + 'a {
        pieces.iter().flat_map(move |&p| {
            let start = self.start(p);
            (0..self.how.sequence_length).map(move |k| start + k * self.how.sampling_rate)
        })
    }

    /// The pieces with these numbers, `[pieces, sequence_length, ..]`.
    ///
    /// # Errors
    /// Numbers beyond the last piece.
    pub fn inputs(&self, pieces: &[usize]) -> Result<Tensor> {
        if let Some(p) = pieces.iter().find(|&&p| p >= self.count) {
            return Err(Error::data(format!(
                "there are {} pieces, received the number {p}",
                self.count
            )));
        }
        let shape = self.shape().with_batch(pieces.len());
        let steps: Vec<usize> = self.steps(pieces).collect();
        chosen(&self.data, &steps)?.reshape(shape)
    }

    /// The targets of the pieces with these numbers.
    ///
    /// # Errors
    /// Numbers beyond the last piece.
    pub fn goals(&self, pieces: &[usize]) -> Result<Tensor> {
        if let Some(p) = pieces.iter().find(|&&p| p >= self.count) {
            return Err(Error::data(format!(
                "there are {} pieces, received the number {p}",
                self.count
            )));
        }
        let starts: Vec<usize> = pieces.iter().map(|&p| self.start(p)).collect();
        chosen(&self.targets, &starts)
    }
}

impl Samples for Windows {
    fn len(&self) -> usize {
        self.count
    }

    fn input_shapes(&self) -> Vec<Shape> {
        vec![self.shape()]
    }

    fn targets(&self) -> Targets {
        (&[][..], &self.targets).targets()
    }

    fn fill_inputs(&self, samples: &[usize], inputs: &mut [RowsMut<'_>]) {
        let steps: Vec<usize> = self.steps(samples).collect();
        (std::slice::from_ref(&self.data), &self.targets).fill_inputs(&steps, inputs);
    }

    fn fill_targets(&self, samples: &[usize], out: RowsMut<'_>) {
        let starts: Vec<usize> = samples.iter().map(|&p| self.start(p)).collect();
        (&[][..], &self.targets).fill_targets(&starts, out);
    }

    fn check(&self) -> Result<()> {
        let floats = |t: &Tensor| {
            t.dtype() != DType::F32 || t.f32s().is_ok_and(|x| x.iter().all(|v| v.is_finite()))
        };
        if floats(&self.data) && floats(&self.targets) {
            return Ok(());
        }
        Err(Error::data("the series holds values that are not finite"))
    }
}
