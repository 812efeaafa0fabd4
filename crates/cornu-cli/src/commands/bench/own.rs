//! Cornu's own side of a comparison: a child process that answers the driver like every peer does.

use std::collections::BTreeMap;
use std::io::BufRead;
use std::time::Instant;

use cornu::exec::Profile;
use cornu::losses::Targets;
use cornu::model::Model;
use cornu::train::callbacks::{Action, Callback, Event};
use cornu::train::{Fit, Precision, Samples};
use cornu::{DType, Shape, Tensor};
use serde_json::json;

use super::formula;
use super::work::{Purpose, Target, Work, own_name};
use crate::failure::{Failure, Result};
use crate::outcome::peak_memory;
use crate::screen::{Screen, Voice};

/// Answers `check` and `run STEPS`, each with one JSON line, until the input ends.
pub(crate) fn serve(work: &Work, precision: Precision) -> Result<()> {
    let screen = Screen { voice: Voice::Json };
    let name = format!("cornu {}", env!("CARGO_PKG_VERSION"));
    screen.event(|| json!({"ready": true, "implementation": name}));
    let mut runner: Option<Runner> = None;
    for line in std::io::stdin().lock().lines() {
        let line = line.map_err(|e| Failure::other(format!("cannot read standard input: {e}")))?;
        match line.split_whitespace().collect::<Vec<_>>()[..] {
            ["check"] => {
                let values = check(work)?;
                forget_peak();
                screen.event(|| json!({"check": values}));
            }
            ["run", steps] => {
                let steps: usize = steps.parse().map_err(|_| {
                    Failure::user(format!("expected `run STEPS`, received `{line}`"))
                })?;
                let runner = match &mut runner {
                    Some(runner) => runner,
                    none => none.insert(Runner::new(work, precision)?),
                };
                let (seconds, loss) = runner.run(work, steps)?;
                screen.event(|| {
                    json!({"steps": steps, "seconds": seconds, "loss": loss, "peak_memory": peak_memory()})
                });
            }
            _ => {
                return Err(Failure::user(format!(
                    "expected `check` or `run STEPS`, received `{line}`"
                )));
            }
        }
    }
    Ok(())
}

/// What is compared with the peers: the loss and each gradient of a training step, or the output.
fn check(work: &Work) -> Result<BTreeMap<String, Vec<f64>>> {
    let mut model = work.model_to_compare()?;
    let x = work.inputs_to_compare()?;
    let mut values = BTreeMap::new();
    if work.purpose == Purpose::Infer {
        let y = model.predict_all(&[x], work.batch)?.swap_remove(0);
        values.insert("output".into(), formula::digest("output", y.f32s()?));
        return Ok(values);
    }
    let (loss, gradients) = model.gradients(&(x, work.targets(work.batch)?))?;
    values.insert("loss".into(), vec![f64::from(loss)]);
    for (path, gradient) in gradients {
        let name = own_name(&path);
        values.insert(name.into(), formula::digest(name, gradient.f32s()?));
    }
    Ok(values)
}

/// The largest memory is from here on that of the measurement; where the system cannot forget, the comparison counts too.
fn forget_peak() {
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

/// A model at work.
enum Runner {
    Train(Model, (Tensor, Tensor)),
    Infer(Model, Vec<Tensor>),
}

impl Runner {
    fn new(work: &Work, precision: Precision) -> Result<Self> {
        let mut model = (work.model)(true)?;
        if work.purpose == Purpose::Train {
            model.set_precision(precision)?;
        }
        let samples = work.batch * work.batches;
        let x = work.inputs(samples)?;
        Ok(match work.purpose {
            Purpose::Train => Self::Train(model, (x, work.targets(samples)?)),
            Purpose::Infer => {
                let mut shape = x.shape().to_vec();
                shape[0] = work.batch;
                let size = shape.iter().product();
                let batches = x.f32s()?.chunks_exact(size);
                let batches = batches.map(|part| Tensor::new(shape.clone(), part.to_vec()));
                Self::Infer(model, batches.collect::<cornu::Result<_>>()?)
            }
        })
    }

    fn model(&mut self) -> &mut Model {
        let (Self::Train(model, _) | Self::Infer(model, _)) = self;
        model
    }

    /// Makes so many steps; the seconds they took, and the last loss.
    fn run(&mut self, work: &Work, steps: usize) -> Result<(f64, Option<f64>)> {
        match self {
            Self::Train(model, data) => {
                let mut watch = Stopwatch {
                    left: steps,
                    first: None,
                    seconds: 0.0,
                    loss: 0.0,
                };
                // The first step is made before the watch starts: it plans and touches memory.
                let epochs = (steps + 1).div_ceil(data.len() / work.batch);
                let fit = Fit::epochs(epochs).batch_size(work.batch);
                model.fit(data, fit.callback(&mut watch))?;
                Ok((watch.seconds, Some(watch.loss)))
            }
            Self::Infer(model, batches) => {
                let start = Instant::now();
                for batch in batches.iter().cycle().take(steps) {
                    model.predict_all(std::slice::from_ref(batch), work.batch)?;
                }
                Ok((start.elapsed().as_secs_f64(), None))
            }
        }
    }
}

/// Where the time goes, in steps that take about so many seconds in all.
pub(crate) fn profile(work: &Work, precision: Precision, seconds: f64) -> Result<Profile> {
    let mut runner = Runner::new(work, precision)?;
    // Memory is touched and the processor awake before the watch runs.
    let (first, _) = runner.run(work, 1)?;
    let steps = (seconds / first.max(1e-6)).clamp(2.0, 1e5) as usize;
    runner.model().set_profiling(true);
    runner.run(work, steps)?;
    let profile = runner.model().profile();
    profile.ok_or_else(|| Failure::other("nothing ran that could be timed"))
}

/// Time from the end of the first step to the end of the last that is wanted.
struct Stopwatch {
    left: usize,
    first: Option<Instant>,
    seconds: f64,
    loss: f64,
}

impl Callback for &mut Stopwatch {
    fn on_event(&mut self, _: &mut Model, event: &Event) -> cornu::Result<Action> {
        let Event::BatchEnd { logs, .. } = event else {
            return Ok(Action::Continue);
        };
        let Some(first) = self.first else {
            self.first = Some(Instant::now());
            return Ok(Action::Continue);
        };
        self.left -= 1;
        if self.left > 0 {
            return Ok(Action::Continue);
        }
        self.seconds = first.elapsed().as_secs_f64();
        self.loss = logs.get("loss").unwrap_or(f64::NAN);
        Ok(Action::Stop)
    }
}

/// Floating-point operations for one sample, as the model's plan counts them.
pub(crate) fn flops_per_sample(work: &Work) -> Result<f64> {
    let model = (work.model)(true)?;
    let plan = match work.purpose {
        Purpose::Infer => model.prediction_plan(work.batch)?,
        Purpose::Train => {
            let (shape, dtype) = match work.target {
                Target::Class(_) => (Shape::scalar(), DType::I32),
                Target::Binary => (Shape::from([1]), DType::F32),
                Target::Classes(length, _) => (Shape::from([length]), DType::I32),
            };
            let targets = Targets {
                shape,
                dtype,
                range: None,
            };
            model.training_plan(work.batch, &targets)?
        }
    };
    Ok(plan.flops() as f64 / work.batch as f64)
}
