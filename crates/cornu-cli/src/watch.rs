//! Watches a run: tells its progress, keeps its history and its model on the disk, and stops it when asked.

use std::time::{Duration, Instant};

use crate::engine::{Go, Keeper, Watcher};
use crate::failure::Failure;
use crate::interrupt;
use crate::progress::{Epoch, Plan, Step, Teller, teller};
use crate::report::history::History;
use crate::run_folder::{MODEL, RunFolder};
use crate::screen::Screen;
use crate::settings::Settings;

/// The state of a run that is watched.
pub(crate) struct Watch<'a> {
    screen: Screen,
    folder: &'a RunFolder,
    teller: Box<dyn Teller>,
    plan: Plan,
    epoch_began: Instant,
    last_step: Instant,
    pub(crate) history: History,
    /// Time in training steps, without validation and saving.
    pub(crate) training: Duration,
    pub(crate) samples: usize,
    /// Steps of all epochs, finished or not.
    pub(crate) steps: usize,
    /// The epoch (from 1) in which the user asked to stop.
    pub(crate) interrupted: Option<usize>,
    /// Whether the model or its history could not be written after the last epoch.
    is_in_trouble: bool,
}

impl<'a> Watch<'a> {
    pub(crate) fn new(screen: Screen, folder: &'a RunFolder, settings: &Settings) -> Self {
        let now = Instant::now();
        Self {
            screen,
            folder,
            teller: teller(screen),
            plan: Plan {
                epochs: settings.epochs,
                steps: 0,
                batch_size: settings.batch_size,
            },
            epoch_began: now,
            last_step: now,
            history: History::default(),
            training: Duration::ZERO,
            samples: 0,
            steps: 0,
            interrupted: None,
            is_in_trouble: false,
        }
    }

    /// Images per second over all training steps.
    pub(crate) fn rate(&self) -> f64 {
        self.samples as f64 / self.training.as_secs_f64().max(1e-9)
    }

    pub(crate) fn end(&mut self) {
        self.teller.end();
    }

    /// The model and its history are on the disk after every epoch, so that no accident costs more than one.
    fn keep(&mut self, keeper: Keeper<'_>) {
        let written = keeper
            .save(&self.folder.file(MODEL))
            .and_then(|()| self.folder.write("history.csv", self.history.csv()));
        match written {
            Ok(()) => self.is_in_trouble = false,
            // Told once: the end of the run tells it again if it lasts.
            Err(_) if self.is_in_trouble => {}
            Err(failure) => {
                self.is_in_trouble = true;
                self.trouble(failure);
            }
        }
    }
}

impl Watcher for Watch<'_> {
    fn begin(&mut self, steps: usize) {
        self.plan.steps = steps;
        self.teller.begin(self.plan);
        self.epoch_began = Instant::now();
    }

    fn step(&mut self, step: &Step<'_>) -> Go {
        self.steps += 1;
        self.last_step = Instant::now();
        self.teller.step(step);
        if interrupt::requested() {
            self.interrupted = Some(step.epoch + 1);
            return Go::Stop;
        }
        Go::On
    }

    fn epoch(
        &mut self,
        keeper: Keeper<'_>,
        (epoch, steps, samples): (usize, usize, usize),
        logs: &[(String, f64)],
    ) -> Go {
        let training = self.last_step - self.epoch_began;
        self.training += training;
        self.samples += samples;
        self.history
            .push(logs.iter().map(|(name, value)| (name.as_str(), *value)));
        self.teller.epoch(&Epoch {
            epoch,
            steps,
            samples,
            training,
            logs,
        });
        self.keep(keeper);
        let mut go = Go::On;
        if interrupt::requested() && epoch + 1 < self.plan.epochs {
            self.interrupted = Some(epoch + 1);
            go = Go::Stop;
        }
        self.epoch_began = Instant::now();
        go
    }

    fn trouble(&mut self, failure: Failure) {
        let place = failure.at.map_or_else(String::new, |at| format!(" ({at})"));
        self.screen.warn(format_args!(
            "{}{place}; training goes on, and the next epoch tries again",
            failure.message
        ));
    }
}
