//! Progress for readers that keep everything: a line per epoch, and one now and then within a long epoch.

use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use super::{Epoch, Plan, Step, Teller, epoch_line, values};
use crate::screen::Screen;

/// Lines of text for a log.
pub(super) struct PlainLines {
    screen: Screen,
    plan: Option<Plan>,
    told: Instant,
}

impl PlainLines {
    pub(super) fn new(screen: Screen) -> Self {
        Self {
            screen,
            plan: None,
            told: Instant::now(),
        }
    }
}

impl Teller for PlainLines {
    fn begin(&mut self, plan: Plan) {
        self.plan = Some(plan);
        self.told = Instant::now();
    }

    fn step(&mut self, step: &Step<'_>) {
        let Some(plan) = self.plan else { return };
        if self.told.elapsed() >= Duration::from_secs(30) {
            self.told = Instant::now();
            self.screen.say(format_args!(
                "epoch {}/{}  step {}/{}  {}",
                step.epoch + 1,
                plan.epochs,
                step.step,
                step.steps,
                values(step.logs)
            ));
        }
    }

    fn epoch(&mut self, epoch: &Epoch<'_>) {
        self.told = Instant::now();
        if let Some(plan) = self.plan {
            self.screen.say(epoch_line(plan, epoch));
        }
    }

    fn end(&mut self) {}
}

/// One JSON object per line.
pub(super) struct JsonLines {
    screen: Screen,
    told: Instant,
}

impl JsonLines {
    pub(super) fn new(screen: Screen) -> Self {
        Self {
            screen,
            told: Instant::now(),
        }
    }
}

impl Teller for JsonLines {
    fn begin(&mut self, plan: Plan) {
        self.told = Instant::now();
        self.screen.event(|| {
            json!({"event": "begin", "epochs": plan.epochs, "steps": plan.steps, "batch_size": plan.batch_size})
        });
    }

    fn step(&mut self, step: &Step<'_>) {
        if self.told.elapsed() >= Duration::from_secs(1) {
            self.told = Instant::now();
            self.screen.event(|| {
                json!({
                    "event": "step", "epoch": step.epoch + 1, "step": step.step, "steps": step.steps,
                    "values": numbers(step.logs),
                })
            });
        }
    }

    fn epoch(&mut self, epoch: &Epoch<'_>) {
        self.told = Instant::now();
        self.screen.event(|| {
            json!({
                "event": "epoch", "epoch": epoch.epoch + 1, "steps": epoch.steps, "seconds": epoch.training.as_secs_f64(),
                "images_per_second": epoch.rate(), "values": numbers(epoch.logs),
            })
        });
    }

    fn end(&mut self) {}
}

/// Values by name; JSON has no number that is not one, so such a value is null.
pub(crate) fn numbers(logs: &[(String, f64)]) -> Value {
    let map: Map<String, Value> = logs
        .iter()
        .map(|(name, value)| (name.clone(), json!(value)))
        .collect();
    Value::Object(map)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_value_that_is_not_a_number_is_null() {
        let logs = [
            ("loss".to_string(), f64::NAN),
            ("accuracy".to_string(), 0.5),
        ];
        assert_eq!(
            super::numbers(&logs).to_string(),
            r#"{"loss":null,"accuracy":0.5}"#
        );
    }
}
