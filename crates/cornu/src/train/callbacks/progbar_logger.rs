//! A line an epoch for people who watch.

use std::io::{self, Write};
use std::time::Instant;

use super::{Action, Callback, Event};
use crate::error::{Error, Kind, Result};
use crate::model::Model;

/// Writes a line at the end of each epoch: its number, seconds, samples a second, loss and metrics.
///
/// Keras's `ProgbarLogger`, without the bar: the program `cornu train` shows one.
///
/// # Errors
/// What the writer answers ends the training.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let x = Tensor::new([4, 1], vec![0.0, 1.0, 2.0, 3.0])?;
/// let mut model = Sequential::new().input([1]).add(Dense::new(1)).build()?;
/// model.compile(SGD::default(), MeanSquaredError::default(), [] as [&str; 0])?;
/// model.fit(&(x.clone(), x), Fit::epochs(2).callback(ProgbarLogger::stdout()))?;
/// # Ok::<(), cornu::Error>(())
/// ```
#[derive(Debug)]
pub struct ProgbarLogger<W> {
    out: W,
    began: Instant,
    epochs: usize,
    samples: usize,
}

impl ProgbarLogger<io::Stdout> {
    /// Lines on the standard output.
    pub fn stdout() -> Self {
        Self::to(io::stdout())
    }
}

impl<W: Write> ProgbarLogger<W> {
    /// Lines to any writer.
    pub fn to(out: W) -> Self {
        Self {
            out,
            began: Instant::now(),
            epochs: 0,
            samples: 0,
        }
    }
}

impl<W: Write> Callback for ProgbarLogger<W> {
    fn on_event(&mut self, _: &mut Model, event: &Event) -> Result<Action> {
        match event {
            Event::TrainBegin { epochs, .. } => self.epochs = *epochs,
            Event::EpochBegin { .. } => {
                self.began = Instant::now();
                self.samples = 0;
            }
            Event::BatchEnd { samples, .. } => self.samples += samples,
            Event::EpochEnd { epoch, logs } => {
                let seconds = self.began.elapsed().as_secs_f64();
                let rate = self.samples as f64 / seconds.max(1e-9);
                let numbers: Vec<String> = logs
                    .iter()
                    .map(|(name, value)| format!("  {name} {value:.4}"))
                    .collect();
                let told = format!("{seconds:.1} s  {rate:.0} samples/s{}", numbers.concat());
                writeln!(self.out, "epoch {}/{}  {told}", epoch + 1, self.epochs).map_err(|e| {
                    let what = format!("the line of an epoch cannot be written: {e}");
                    Error::new(Kind::Io, what)
                })?;
            }
            _ => {}
        }
        Ok(Action::Continue)
    }
}
