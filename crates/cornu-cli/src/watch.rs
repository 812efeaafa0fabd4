//! Watches a run: tells its progress, keeps its history and its model on the disk, and stops it when asked or when it no longer gets better.

use std::time::{Duration, Instant};

use crate::engine::{Go, Keeper, Watcher, Weights};
use crate::failure::{Failure, Result};
use crate::interrupt;
use crate::monitor::{Monitor, Patience};
use crate::progress::{Epoch, Plan, Step, Teller, teller};
use crate::report::history::History;
use crate::run_folder::RunFolder;
use crate::screen::Screen;
use crate::settings::Settings;

/// Why training ended before its last epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stopped {
    /// The user asked, in this epoch (from 1).
    Interrupted(usize),
    /// The watched value did not get better any more.
    Patience(usize),
}

/// The state of a run that is watched.
pub(crate) struct Watch<'a> {
    screen: Screen,
    folder: &'a RunFolder,
    teller: Box<dyn Teller>,
    plan: Plan,
    patience: Option<Patience>,
    restore_best: bool,
    checkpoint: Option<(Monitor, bool)>,
    epoch_began: Instant,
    last_step: Instant,
    pub(crate) history: History,
    /// Time in training steps, without validation and saving.
    pub(crate) training: Duration,
    pub(crate) samples: usize,
    /// Steps of all epochs, finished or not.
    pub(crate) steps: usize,
    pub(crate) stopped: Option<Stopped>,
    /// The weights of the best epoch, where they are to be brought back.
    pub(crate) best: Option<(usize, Weights)>,
    /// What could not be written in passing; training went on.
    pub(crate) trouble: Option<Failure>,
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
            patience: settings.early_stopping.as_ref().map(Patience::new),
            restore_best: settings
                .early_stopping
                .as_ref()
                .is_some_and(|s| s.restore_best_weights),
            checkpoint: settings
                .checkpoint
                .as_ref()
                .map(|c| (Monitor::new(&c.monitor, 0.0), c.save_best_only)),
            epoch_began: now,
            last_step: now,
            history: History::default(),
            training: Duration::ZERO,
            samples: 0,
            steps: 0,
            stopped: None,
            best: None,
            trouble: None,
        }
    }

    /// Images per second over all training steps.
    pub(crate) fn rate(&self) -> f64 {
        self.samples as f64 / self.training.as_secs_f64().max(1e-9)
    }

    pub(crate) fn end(&mut self) {
        self.teller.end();
    }

    /// The value that a callback watches; a name that training does not tell is a mistake to tell at once.
    fn value(name: &str, logs: &[(String, f64)]) -> Result<f64> {
        let found = logs.iter().find(|(n, _)| n == name);
        found.map(|(_, value)| *value).ok_or_else(|| {
            let names: Vec<&str> = logs.iter().map(|(n, _)| n.as_str()).collect();
            Failure::user(format!("no value `{name}` to monitor"))
                .at("callbacks")
                .help(crate::failure::suggestion(name, "there are", &names))
        })
    }

    /// The model and its history are on the disk after every epoch, so that no accident costs more than one.
    fn keep(&mut self, keeper: &dyn Keeper) {
        let written = keeper
            .save(&self.folder.file("model.keras"))
            .and_then(|()| self.folder.write("history.csv", self.history.csv()));
        match written {
            Ok(()) => self.trouble = None,
            Err(failure) => {
                if self.trouble.is_none() {
                    self.screen.warn(format_args!(
                        "{}; training goes on and tries again after the next epoch",
                        failure.message
                    ));
                }
                self.trouble = Some(failure);
            }
        }
    }

    fn checkpoint(
        &mut self,
        keeper: &dyn Keeper,
        epoch: usize,
        logs: &[(String, f64)],
    ) -> Result<()> {
        let Some((monitor, best_only)) = &mut self.checkpoint else {
            return Ok(());
        };
        let path = if *best_only {
            let value = Self::value(&monitor.name, logs)?;
            if !monitor.is_best(value) {
                return Ok(());
            }
            self.folder.file("best.keras")
        } else {
            self.folder.file(&format!("epoch-{:04}.keras", epoch + 1))
        };
        if let Err(failure) = keeper.save(&path) {
            self.screen.warn(failure.message);
        }
        Ok(())
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
            self.stopped = Some(Stopped::Interrupted(step.epoch + 1));
            return Go::Stop;
        }
        Go::On
    }

    fn epoch(
        &mut self,
        keeper: &dyn Keeper,
        (epoch, steps, samples): (usize, usize, usize),
        logs: &[(String, f64)],
    ) -> Result<Go> {
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
        self.checkpoint(keeper, epoch, logs)?;
        let mut go = Go::On;
        if let Some(patience) = &mut self.patience {
            let value = Self::value(&patience.monitor.name, logs)?;
            if patience.monitor.is_best(value) && self.restore_best {
                self.best = Some((epoch + 1, keeper.weights()?));
            }
            if patience.is_over() && epoch + 1 < self.plan.epochs {
                self.stopped = Some(Stopped::Patience(epoch + 1));
                go = Go::Stop;
            }
        }
        if interrupt::requested() && epoch + 1 < self.plan.epochs {
            self.stopped = Some(Stopped::Interrupted(epoch + 1));
            go = Go::Stop;
        }
        self.epoch_began = Instant::now();
        Ok(go)
    }
}
