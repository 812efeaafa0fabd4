//! A bar for the epoch that runs, and a line that stays for each that is finished.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{Epoch, Plan, Step, Teller, epoch_line, short_time, values};
use crate::report::html::thousands;
use crate::screen::Screen;

/// The terminal's teller.
pub(super) struct Bar {
    screen: Screen,
    plan: Plan,
    bar: ProgressBar,
    began: Instant,
    epoch: usize,
    drawn: Instant,
}

/// Often enough to look alive, seldom enough to cost nothing.
const EVERY: Duration = Duration::from_millis(80);

impl Bar {
    pub(super) fn new(screen: Screen) -> Self {
        Self {
            screen,
            plan: Plan {
                epochs: 0,
                steps: 0,
                batch_size: 0,
            },
            bar: ProgressBar::hidden(),
            began: Instant::now(),
            epoch: usize::MAX,
            drawn: Instant::now(),
        }
    }
}

impl Teller for Bar {
    fn begin(&mut self, plan: Plan) {
        self.plan = plan;
        self.bar = ProgressBar::with_draw_target(
            Some(plan.steps as u64),
            ProgressDrawTarget::stderr_with_hz(12),
        );
        let template = "{prefix}  {bar:24.blue/black.bright} {pos}/{len}  {msg}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.bar.set_style(style.progress_chars("━━─"));
        }
        self.bar.set_prefix(format!("epoch 1/{}", plan.epochs));
        self.bar.set_message("preparing");
        self.bar.tick();
    }

    fn step(&mut self, step: &Step<'_>) {
        if step.epoch != self.epoch {
            self.epoch = step.epoch;
            // The first step's own time is not known here; the rate counts from its end.
            self.began = Instant::now();
            let digits = self.plan.epochs.to_string().len();
            self.bar.set_length(step.steps as u64);
            self.bar.set_prefix(format!(
                "epoch {:>digits$}/{}",
                step.epoch + 1,
                self.plan.epochs
            ));
        }
        if self.drawn.elapsed() < EVERY && step.step < step.steps {
            return;
        }
        self.drawn = Instant::now();
        self.bar.set_position(step.step as u64);
        if step.step >= step.steps {
            self.bar
                .set_message(format!("validating  {}", values(step.logs)));
            return;
        }
        let seconds = self.began.elapsed().as_secs_f64();
        let done = step.step.saturating_sub(1) as f64;
        if done < 1.0 || seconds <= 0.0 {
            self.bar.set_message(values(step.logs));
            return;
        }
        let left = seconds / done * (step.steps - step.step) as f64;
        self.bar.set_message(format!(
            "{} images/s  {} left  {}",
            thousands((done * self.plan.batch_size as f64 / seconds).round() as u64),
            short_time(Duration::from_secs_f64(left.min(1e9))),
            values(step.logs)
        ));
    }

    fn epoch(&mut self, epoch: &Epoch<'_>) {
        let line = epoch_line(self.plan, epoch);
        self.bar.suspend(|| self.screen.say(line));
        self.bar.set_message("");
        self.bar.set_position(0);
    }

    fn end(&mut self) {
        self.bar.finish_and_clear();
    }
}

impl Drop for Bar {
    /// A failure must not leave half a bar above its message.
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
