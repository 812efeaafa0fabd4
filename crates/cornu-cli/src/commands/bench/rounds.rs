//! One work load in all implementations: compared first, then timed in turns.

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::agreement::{self, Difference, Values};
use super::child::{Absence, Child};
use super::work::Work;
use crate::screen::Screen;

/// Starting and comparing may include minutes of compilation.
const START: Duration = Duration::from_secs(900);

/// Who is to be measured.
pub(crate) struct Entrant {
    pub(crate) name: String,
    pub(crate) command: Result<Command, Absence>,
}

/// How long and how often.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    pub(crate) repeat: usize,
    pub(crate) seconds: f64,
}

/// One timed repetition.
#[derive(Clone, Debug)]
pub(crate) struct Repetition {
    /// Units a second.
    pub(crate) rate: f64,
    pub(crate) steps: u64,
    pub(crate) seconds: f64,
    /// Share of the machine's time that programs outside the comparison took meanwhile, in percent.
    pub(crate) others: Option<f64>,
}

/// What was measured of one implementation.
#[derive(Clone, Debug)]
pub(crate) struct Measured {
    pub(crate) name: String,
    pub(crate) implementation: String,
    pub(crate) repetitions: Vec<Repetition>,
    /// Bytes.
    pub(crate) peak_memory: Option<u64>,
    pub(crate) loss: Option<f64>,
    /// Its largest difference from the first implementation, where they were compared.
    pub(crate) deviation: Option<f64>,
}

impl Measured {
    /// Median, smallest and largest rate.
    pub(crate) fn rates(&self) -> (f64, f64, f64) {
        let mut rates: Vec<f64> = self.repetitions.iter().map(|r| r.rate).collect();
        rates.sort_by(f64::total_cmp);
        let n = rates.len();
        let median = f64::midpoint(rates[(n - 1) / 2], rates[n / 2]);
        (median, rates[0], rates[n - 1])
    }
}

/// One who takes part.
struct Runner {
    child: Child,
    measured: Measured,
    values: Option<Values>,
    steps: u64,
}

/// What came of a work load.
#[derive(Debug, Default)]
pub(crate) struct Results {
    pub(crate) measured: Vec<Measured>,
    /// Who did not take part, and why.
    pub(crate) absent: Vec<(String, String)>,
    /// Who computes something else.
    pub(crate) wrong: Vec<(String, Difference)>,
}

/// Starts, compares and times; what was measured before an interruption stays.
pub(crate) fn play(work: &Work, entrants: Vec<Entrant>, pace: Pace, screen: Screen) -> Results {
    let mut results = Results::default();
    let mut runners = Vec::new();
    let compare = entrants.len() > 1;
    for entrant in entrants {
        screen.say(format!("{}: starting {}", work.name, entrant.name));
        match Runner::start(&entrant.name, entrant.command, compare) {
            Ok(runner) => runners.push(runner),
            Err(Absence::Interrupted) => return results,
            Err(Absence::Unsupported(_)) => {}
            Err(absence) => results.leave(work, entrant.name, absence, screen),
        }
    }
    if compare {
        runners = results.compare(work, runners, screen);
    }
    let interrupted = results.time(work, &mut runners, pace, screen);
    for runner in runners {
        if !runner.measured.repetitions.is_empty() {
            results.measured.push(runner.measured);
        }
    }
    if interrupted {
        screen.say("interrupted: what was measured so far follows");
    }
    results
}

impl Results {
    fn leave(&mut self, work: &Work, name: String, absence: Absence, screen: Screen) {
        let why = match absence {
            Absence::Missing(what) => format!("not here: {what}"),
            Absence::Failed(why) | Absence::Unsupported(why) => why,
            Absence::Interrupted => return,
        };
        screen.warn(format!("{}: {name} is left out: {why}", work.name));
        self.absent.push((name, why));
    }

    /// Ends those who compute something else.
    fn compare(&mut self, work: &Work, runners: Vec<Runner>, screen: Screen) -> Vec<Runner> {
        let values: Vec<&Values> = runners.iter().filter_map(|r| r.values.as_ref()).collect();
        let verdicts = agreement::judge(&values);
        let first = values.first().copied().cloned();
        let mut right = Vec::new();
        for (mut runner, verdict) in runners.into_iter().zip(verdicts) {
            let name = runner.measured.name.clone();
            if let Some(difference) = verdict {
                screen.warn(format!(
                    "{}: {name} computes something else and is not timed: {} is off by {:.1e}",
                    work.name, difference.name, difference.deviation
                ));
                self.wrong.push((name, difference));
                continue;
            }
            let own = runner.values.take();
            runner.measured.deviation = first
                .as_ref()
                .zip(own)
                .map(|(a, b)| agreement::difference(a, &b).deviation);
            right.push(runner);
        }
        right
    }

    /// All rounds; whether they were interrupted.
    fn time(&mut self, work: &Work, runners: &mut Vec<Runner>, pace: Pace, screen: Screen) -> bool {
        // Whoever leaves is told once; what it had measured before is kept.
        for round in 0..=pace.repeat {
            let count = runners.len().max(1);
            runners.rotate_left(usize::from(round > 1) % count);
            let mut at = 0;
            while at < runners.len() {
                let done = match round {
                    0 => runners[at].settle(pace.seconds),
                    _ => runners[at].repeat(work),
                };
                match done {
                    Ok(()) => at += 1,
                    Err(Absence::Interrupted) => return true,
                    Err(absence) => {
                        let runner = runners.remove(at);
                        self.leave(work, runner.measured.name.clone(), absence, screen);
                        if !runner.measured.repetitions.is_empty() {
                            self.measured.push(runner.measured);
                        }
                    }
                }
            }
            if round > 0 {
                screen.say(format!("{}: round {round} of {}", work.name, pace.repeat));
            }
        }
        false
    }
}

impl Runner {
    fn start(
        name: &str,
        command: Result<Command, Absence>,
        compare: bool,
    ) -> Result<Self, Absence> {
        let mut child = Child::start(command?, START)?;
        let values = if compare {
            let answer = child.ask("check", START)?;
            let values = answer.get("check").cloned().unwrap_or_default();
            Some(serde_json::from_value(values).map_err(|e| {
                Absence::Failed(format!("its answer to the comparison cannot be read: {e}"))
            })?)
        } else {
            None
        };
        Ok(Self {
            measured: Measured {
                name: name.to_owned(),
                implementation: child.implementation.clone(),
                repetitions: Vec::new(),
                peak_memory: None,
                loss: None,
                deviation: None,
            },
            child,
            values,
            steps: 0,
        })
    }

    /// Compiles, touches memory, and finds how many steps take so many seconds; the first repetition is thrown away.
    fn settle(&mut self, seconds: f64) -> Result<(), Absence> {
        let mut steps = 2;
        // The first times hold compilation; then the count grows to what a repetition takes.
        for _ in 0..4 {
            let answer = self.run(steps)?;
            let (done, took) = (number(&answer, "steps")?, number(&answer, "seconds")?);
            let wanted = seconds * done / took.max(1e-9);
            // A step of the first repetition may hold a compilation: not more than ten times as many at once.
            steps = (wanted.round() as u64).clamp(1, steps.saturating_mul(50));
        }
        self.steps = steps;
        Ok(())
    }

    fn repeat(&mut self, work: &Work) -> Result<(), Absence> {
        let before = (busy_ticks(), self.child.ticks(), Instant::now());
        let answer = self.run(self.steps)?;
        let (steps, seconds) = (number(&answer, "steps")?, number(&answer, "seconds")?);
        let others = || {
            let all = busy_ticks()? - before.0?;
            let own = self.child.ticks()?.saturating_sub(before.1?);
            let cores = std::thread::available_parallelism().ok()?.get() as f64;
            // Ticks are hundredths of a second wherever there is /proc.
            let share = all.saturating_sub(own) as f64 / (before.2.elapsed().as_secs_f64() * cores);
            Some(share)
        };
        let others = others();
        let measured = &mut self.measured;
        measured.repetitions.push(Repetition {
            rate: steps * (work.batch * work.unit.1) as f64 / seconds,
            steps: steps as u64,
            seconds,
            others,
        });
        measured.peak_memory = answer.get("peak_memory").and_then(Value::as_u64);
        measured.loss = answer.get("loss").and_then(Value::as_f64);
        Ok(())
    }

    fn run(&mut self, steps: u64) -> Result<Value, Absence> {
        self.child.ask(&format!("run {steps}"), START)
    }
}

fn number(answer: &Value, key: &str) -> Result<f64, Absence> {
    let value = answer.get(key).and_then(Value::as_f64);
    value
        .filter(|v| *v > 0.0)
        .ok_or_else(|| Absence::Failed(format!("its answer tells no {key}: {answer}")))
}

/// Processor time that all programs have used since the machine started, in ticks, where the system tells it.
fn busy_ticks() -> Option<u64> {
    let stat = std::fs::read_to_string("/proc/stat").ok()?;
    let fields = stat.lines().next()?.split_whitespace().skip(1);
    let fields: Vec<u64> = fields.map_while(|f| f.parse().ok()).collect();
    // The fourth and fifth are idleness; what follows the eighth is counted in the first already.
    let all: u64 = fields.iter().take(8).sum();
    Some(all - fields.get(3)? - fields.get(4)?)
}

/// Everything that was measured, for the result file.
pub(crate) fn value(measured: &Measured) -> Value {
    let repetitions = measured.repetitions.iter().map(|r| {
        json!({"rate": r.rate, "steps": r.steps, "seconds": r.seconds, "others_percent": r.others})
    });
    json!({
        "implementation": measured.implementation, "loss": measured.loss, "deviation": measured.deviation,
        "repetitions": repetitions.collect::<Vec<_>>(),
    })
}
