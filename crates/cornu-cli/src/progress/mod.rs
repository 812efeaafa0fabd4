//! Training told as it happens: a bar on a terminal, plain lines elsewhere, JSON lines on request.

mod bar;
mod lines;

use std::time::Duration;

pub(crate) use lines::numbers;

use crate::screen::{Screen, Voice, is_terminal};

/// What is known before the first step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) epochs: usize,
    pub(crate) steps: usize,
    pub(crate) batch_size: usize,
}

/// The state within an epoch after some step.
#[derive(Clone, Debug)]
pub(crate) struct Step<'a> {
    /// From 0.
    pub(crate) epoch: usize,
    /// Finished steps of this epoch.
    pub(crate) step: usize,
    pub(crate) steps: usize,
    /// Running means since the epoch began.
    pub(crate) logs: &'a [(String, f64)],
}

/// A finished epoch.
#[derive(Clone, Debug)]
pub(crate) struct Epoch<'a> {
    /// From 0.
    pub(crate) epoch: usize,
    pub(crate) steps: usize,
    /// Samples trained on in this epoch.
    pub(crate) samples: usize,
    /// Time spent in training steps, without validation.
    pub(crate) training: Duration,
    pub(crate) logs: &'a [(String, f64)],
}

impl Epoch<'_> {
    pub(crate) fn rate(&self) -> f64 {
        self.samples as f64 / self.training.as_secs_f64().max(1e-9)
    }
}

/// Someone who tells how training goes.
pub(crate) trait Teller {
    fn begin(&mut self, plan: Plan);
    fn step(&mut self, step: &Step<'_>);
    fn epoch(&mut self, epoch: &Epoch<'_>);
    /// Training has ended, for whatever reason: leave the terminal as it was.
    fn end(&mut self);
}

/// The teller that suits the voice and where the output goes.
pub(crate) fn teller(screen: Screen) -> Box<dyn Teller> {
    match screen.voice {
        Voice::Quiet => Box::new(Silent),
        Voice::Json => Box::new(lines::JsonLines::new(screen)),
        Voice::Text if is_terminal() => Box::new(bar::Bar::new(screen)),
        Voice::Text => Box::new(lines::PlainLines::new(screen)),
    }
}

struct Silent;

impl Teller for Silent {
    fn begin(&mut self, _: Plan) {}
    fn step(&mut self, _: &Step<'_>) {}
    fn epoch(&mut self, _: &Epoch<'_>) {}
    fn end(&mut self) {}
}

/// `loss 0.4231  accuracy 0.8512`; the learning rate is in the history and would only fill the line.
fn values(logs: &[(String, f64)]) -> String {
    let mut text = String::new();
    for (name, value) in logs.iter().filter(|(name, _)| name != "learning_rate") {
        if !text.is_empty() {
            text.push_str("  ");
        }
        text.push_str(name);
        text.push(' ');
        text.push_str(&crate::report::curves::value_text(*value));
    }
    text
}

/// The line that stays after an epoch.
fn epoch_line(plan: Plan, epoch: &Epoch<'_>) -> String {
    let digits = plan.epochs.to_string().len();
    format!(
        "epoch {:>digits$}/{}  {}  {} images/s  {}",
        epoch.epoch + 1,
        plan.epochs,
        short_time(epoch.training),
        crate::report::html::thousands(epoch.rate().round() as u64),
        values(epoch.logs)
    )
}

/// `9.4 s`, `1:05`, `2:00:05`
fn short_time(time: Duration) -> String {
    let seconds = time.as_secs();
    if seconds < 60 {
        format!("{:.1} s", time.as_secs_f64())
    } else if seconds < 3600 {
        format!("{}:{:02}", seconds / 60, seconds % 60)
    } else {
        format!(
            "{}:{:02}:{:02}",
            seconds / 3600,
            seconds / 60 % 60,
            seconds % 60
        )
    }
}

/// `9.4 s`, `2 min 11 s`, `3 h 05 min`
pub(crate) fn long_time(time: Duration) -> String {
    let seconds = time.as_secs();
    if seconds < 60 {
        format!("{:.1} s", time.as_secs_f64())
    } else if seconds < 3600 {
        format!("{} min {} s", seconds / 60, seconds % 60)
    } else {
        format!("{} h {:02} min", seconds / 3600, seconds / 60 % 60)
    }
}

/// Bytes as a person says them.
pub(crate) fn size(bytes: u64) -> String {
    let mut value = bytes as f64;
    for unit in ["bytes", "KiB", "MiB", "GiB"] {
        if value < 1024.0 {
            return if unit == "bytes" {
                format!("{bytes} bytes")
            } else if value < 10.0 {
                format!("{value:.1} {unit}")
            } else {
                format!("{value:.0} {unit}")
            };
        }
        value /= 1024.0;
    }
    format!("{value:.1} TiB")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_sizes_read_well() {
        assert_eq!(short_time(Duration::from_millis(9400)), "9.4 s");
        assert_eq!(short_time(Duration::from_secs(65)), "1:05");
        assert_eq!(short_time(Duration::from_secs(7205)), "2:00:05");
        assert_eq!(long_time(Duration::from_secs(131)), "2 min 11 s");
        assert_eq!(size(512), "512 bytes");
        assert_eq!(size(5 << 20), "5.0 MiB");
        assert_eq!(size(61 << 20), "61 MiB");
        assert_eq!(size(u64::MAX), "16777216.0 TiB");
    }

    #[test]
    fn an_epochs_line_tells_all() {
        let plan = Plan {
            epochs: 10,
            steps: 391,
            batch_size: 128,
        };
        let logs = [
            ("loss".to_string(), 0.82311),
            ("val_accuracy".to_string(), 0.7),
        ];
        let epoch = Epoch {
            epoch: 2,
            steps: 391,
            samples: 50_000,
            training: Duration::from_millis(12_500),
            logs: &logs,
        };
        assert_eq!(
            epoch_line(plan, &epoch),
            "epoch  3/10  12.5 s  4,000 images/s  loss 0.8231  val_accuracy 0.7000"
        );
    }
}
