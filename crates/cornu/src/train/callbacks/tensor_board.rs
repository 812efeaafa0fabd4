//! Curves for TensorBoard.

mod records;

use std::path::{Path, PathBuf};

use super::{Action, Callback, Event};
use crate::error::Result;
use crate::model::Model;
use crate::train::history::Logs;
use records::{Histogram, Records};

/// Writes loss and metrics into a folder that TensorBoard shows as curves: those of training into `train`, those of the validation set into
/// `validation`.
///
/// The curves are named as Keras names them: `epoch_loss`, `epoch_accuracy`, …, and with [`TensorBoard::update_freq`] `batch_loss`, …
/// by the number of steps made.
///
/// # Errors
/// A folder that cannot be written.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let folder = std::env::temp_dir().join("cornu-doc-tensorboard");
/// let data = (Tensor::zeros([8, 4]), Tensor::zeros([8, 1]));
/// let mut model = Sequential::new().input([4]).add(Dense::new(1)).build()?;
/// model.compile(Adam::default(), MeanSquaredError::default(), [] as [&str; 0])?;
/// let board = TensorBoard::new(&folder).histogram_freq(1);
/// model.fit(&data, Fit::epochs(2).full_batch().callback(board))?;
/// assert!(folder.join("train").is_dir());
/// # std::fs::remove_dir_all(&folder).ok();
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Keras
/// Curves and histograms of weights; pictures, profiles and the graph of TensorFlow are not written: `Model::plot` and `cornu summary --plan`
/// show what a model is and does.
#[derive(Debug)]
pub struct TensorBoard {
    folder: PathBuf,
    histogram_freq: usize,
    update_freq: usize,
    steps: u64,
    train: Option<Records>,
    validation: Option<Records>,
}

impl TensorBoard {
    /// Writes into this folder, which is made if it is not there.
    pub fn new(log_dir: impl AsRef<Path>) -> Self {
        Self {
            folder: log_dir.as_ref().to_owned(),
            histogram_freq: 0,
            update_freq: 0,
            steps: 0,
            train: None,
            validation: None,
        }
    }

    /// Every so many epochs, histograms of all weights; 0, without this, for none.
    pub fn histogram_freq(mut self, epochs: usize) -> Self {
        self.histogram_freq = epochs;
        self
    }

    /// Every so many steps, the epoch's means so far; 0, without this, for the ends of epochs alone.
    pub fn update_freq(mut self, steps: usize) -> Self {
        self.update_freq = steps;
        self
    }

    /// The file of a part, which is begun when it is first needed.
    fn part<'a>(
        place: &'a mut Option<Records>,
        folder: &Path,
        name: &str,
    ) -> Result<&'a mut Records> {
        if place.is_none() {
            *place = Some(Records::begin(&folder.join(name))?);
        }
        Ok(place.as_mut().expect("it was begun"))
    }

    fn epoch(&mut self, model: &Model, epoch: u64, logs: &Logs) -> Result<()> {
        for (name, value) in logs.iter() {
            let (place, part, name) = match name.strip_prefix("val_") {
                Some(name) => (&mut self.validation, "validation", name),
                None => (&mut self.train, "train", name),
            };
            let records = Self::part(place, &self.folder, part)?;
            records.scalar(&format!("epoch_{name}"), value, epoch);
        }
        if self.histogram_freq > 0 && (epoch + 1).is_multiple_of(self.histogram_freq as u64) {
            let records = Self::part(&mut self.train, &self.folder, "train")?;
            for (path, weight) in model.weight_paths().into_iter().zip(model.weights()) {
                let histogram = Histogram::of(weight.f32s()?);
                // As in Keras: "dense/kernel", without the model's name.
                let name = path.split_once('/').map_or(path, |(_, rest)| rest);
                records.histogram(&format!("{name}/histogram"), &histogram, epoch);
            }
        }
        Ok(())
    }
}

impl Callback for TensorBoard {
    fn on_event(&mut self, model: &mut Model, event: &Event) -> Result<Action> {
        match event {
            Event::TrainBegin { .. } => self.steps = 0,
            Event::BatchEnd { logs, .. } => {
                self.steps += 1;
                if self.update_freq > 0 && self.steps.is_multiple_of(self.update_freq as u64) {
                    let records = Self::part(&mut self.train, &self.folder, "train")?;
                    for (name, value) in logs.iter() {
                        records.scalar(&format!("batch_{name}"), value, self.steps);
                    }
                }
            }
            Event::EpochEnd { epoch, logs } => self.epoch(model, *epoch as u64, logs)?,
            Event::TrainEnd => {
                // Another training with the same callback begins files of its own.
                for records in [self.train.take(), self.validation.take()]
                    .iter_mut()
                    .flatten()
                {
                    records.flush()?;
                }
                return Ok(Action::Continue);
            }
            _ => return Ok(Action::Continue),
        }
        for records in [&mut self.train, &mut self.validation]
            .into_iter()
            .flatten()
        {
            records.flush()?;
        }
        Ok(Action::Continue)
    }
}
