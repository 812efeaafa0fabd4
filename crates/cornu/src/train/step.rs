//! The computations of training and evaluation, written for one batch size.

use std::collections::BTreeMap;

use crate::compile::{Computation, Mode, Plan, compile, rounding};
use crate::error::{Error, Result};
use crate::graph::{Graph, Meta, Value};
use crate::losses;
use crate::model::Model;
use crate::optimizers::{self, Trained};
use crate::shape::Shape;
use crate::tensor::Tensor;

use super::Precision;
use super::goals::{Shown, Wanted};

/// What a batch is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    Train,
    Evaluate,
}

/// A plan with what its outputs mean.
#[derive(Debug)]
pub(crate) struct StepPlan {
    pub(crate) plan: Plan,
    pub(crate) batch: usize,
    /// How many losses of single outputs follow the total.
    pub(crate) losses: usize,
    /// How many outputs each metric has, behind the losses.
    pub(crate) accumulators: Vec<usize>,
}

/// One goal, written into a graph.
struct Written {
    prediction: Value,
    /// Which of the predictions count, if not all.
    mask: Option<Value>,
    target: Value,
    weight: Option<Value>,
    /// The loss, before its own weight.
    loss: Option<Value>,
}

/// A model with its loss written into a graph.
pub(crate) struct Forward {
    pub(crate) graph: Graph,
    pub(crate) weights: Vec<Value>,
    goals: Vec<Written>,
    /// The sum of all losses.
    pub(crate) loss: Value,
    /// New values of statistics, (weight, value).
    pub(crate) updates: Vec<(usize, Value)>,
}

/// Writes the model, the targets, and the losses with their penalties.
pub(crate) fn forward(
    model: &Model,
    batch: usize,
    training: bool,
    wanted: &Wanted,
) -> Result<Forward> {
    let compiled = model.compiled()?;
    let written = model.trace(batch, training)?;
    let ends: Vec<_> = compiled
        .goals
        .each
        .iter()
        .map(|goal| written.output(model.architecture.outputs[goal.output]))
        .collect();
    let (mut g, traced) = (written.graph, written.traced);
    let mut targets = Vec::with_capacity(wanted.targets.len());
    for t in &wanted.targets {
        let shape = Shape::new(t.shape.with_batch(batch).to_vec())?;
        let dtype = t.dtype;
        targets.push(g.feed_of(Meta { shape, dtype }, true)?);
    }
    let mut weights = Vec::with_capacity(wanted.weights.len());
    for shape in &wanted.weights {
        weights.push(g.feed("", shape.with_batch(batch), true)?);
    }
    let mut goals = Vec::with_capacity(ends.len());
    let mut total = None;
    for (k, (goal, (prediction, mask))) in compiled.goals.each.iter().zip(ends).enumerate() {
        let weight = weights.get(k).or(weights.first()).copied();
        let mut one = Written {
            prediction,
            mask,
            target: targets[k],
            weight,
            loss: None,
        };
        if let Some((loss, share)) = &goal.loss {
            let y = g.cast(targets[k], loss.target_dtype())?;
            g.set_path(Some(loss.class_name().into()));
            let value = losses::value(&**loss, &mut g, y, prediction, weight, mask)?;
            one.loss = Some(value);
            let part = match *share {
                1.0 => value,
                share => g.scale(value, share)?,
            };
            total = Some(match total {
                None => part,
                Some(sum) => g.add(sum, part)?,
            });
        }
        goals.push(one);
    }
    let mut total = match total {
        Some(total) => total,
        None => g.constant(0.0)?,
    };
    for added in traced.losses {
        total = g.add(total, added)?;
    }
    for (i, w) in model.weights.iter().enumerate() {
        if let (Some(r), true) = (&w.spec.regularizer, model.is_trainable(i)) {
            g.set_path(Some(w.path.as_str().into()));
            let penalty = r.call(&mut g, written.weights[i])?;
            total = g.add(total, penalty)?;
        }
    }
    Ok(Forward {
        graph: g,
        weights: written.weights,
        goals,
        loss: total,
        updates: traced.updates,
    })
}

/// The weight of each value a metric counts: of its sample, and 0 for what is masked.
fn counted(g: &mut Graph, weight: Option<Value>, mask: Option<Value>) -> Result<Option<Value>> {
    let (Some(w), Some(m)) = (weight, mask) else {
        return Ok(weight.or(mask));
    };
    let w = losses::stretch(g, w, m)?;
    g.mul(w, m).map(Some)
}

/// Plans a training or evaluation step for batches of a size.
pub(crate) fn plan(
    model: &Model,
    batch: usize,
    purpose: Purpose,
    wanted: &Wanted,
    metrics: &[Shown],
    mode: Mode,
) -> Result<StepPlan> {
    let compiled = model.compiled()?;
    let training = purpose == Purpose::Train;
    let traced = forward(model, batch, training, wanted)?;
    let (mut g, total) = (traced.graph, traced.loss);
    let mut outputs = vec![total];
    let shown = compiled.goals.shown_losses(model);
    outputs.extend(
        shown
            .iter()
            .filter_map(|(goal, _)| traced.goals[*goal].loss),
    );
    let mut accumulators = Vec::with_capacity(metrics.len());
    for shown in metrics {
        let (goal, metric) = (&traced.goals[shown.goal], &shown.metric);
        g.set_path(Some(shown.name.as_str().into()));
        let y = g.cast(goal.target, metric.target_dtype())?;
        let weight = goal.weight.filter(|_| shown.weighted);
        let weight = counted(&mut g, weight, goal.mask)?;
        let sums = metric.accumulate(&mut g, y, goal.prediction, weight)?;
        accumulators.push(sums.len());
        outputs.extend(sums);
    }
    let mut updates = Vec::new();
    let mut guards = Vec::new();
    let learns = |i: &usize| training && compiled.trained.contains(i);
    let (set, kept): (Vec<_>, Vec<_>) = traced.updates.into_iter().partition(|(i, _)| learns(i));
    let set: BTreeMap<usize, Value> = set.into_iter().collect();
    if training {
        let weights: Vec<Value> = compiled
            .trained
            .iter()
            .map(|&i| traced.weights[i])
            .collect();
        let optimizer = &*compiled.working.optimizer();
        g.set_path(Some("optimizer".into()));
        let count = model.weights.len();
        let mut memory = Vec::with_capacity(weights.len());
        for (k, slots) in compiled.slots.iter().enumerate() {
            let first = compiled.slot_state(count, k);
            let states = slots.iter().enumerate();
            let states = states.map(|(s, slot)| g.state(first + s, slot.shape.clone()));
            memory.push(states.collect::<Result<Vec<_>>>()?);
        }
        let scaled = match memory.first() {
            Some(first) => optimizer.scale_loss(&mut g, total, first)?,
            None => total,
        };
        let grads = crate::autodiff::gradients(&mut g, scaled, &weights)?;
        guards.push(total);
        if !optimizer.passes_over_not_finite() {
            guards.extend(&grads);
        }
        g.set_path(Some("optimizer".into()));
        let learning_rate = g.feed("", optimizers::fed_rates_shape(optimizer), false)?;
        let iteration = g.feed("", Shape::scalar(), false)?;
        let trained: Vec<Trained> = weights
            .iter()
            .zip(grads)
            .zip(memory)
            .zip(&compiled.trained)
            .map(|(((&weight, grad), slots), &i)| Trained {
                path: model.weights[i].path.clone(),
                // Where a layer sets a weight that it learns, the step goes on from there.
                weight: set.get(&i).copied().unwrap_or(weight),
                grad,
                slots,
            })
            .collect();
        let stepped = optimizers::apply(optimizer, &mut g, &trained, learning_rate, iteration)?;
        for (k, (s, &i)) in stepped.into_iter().zip(&compiled.trained).enumerate() {
            let weight = match &model.weights[i].spec.constraint {
                Some(constraint) => constraint.apply(&mut g, s.weight)?,
                None => s.weight,
            };
            updates.push((i, weight));
            let first = compiled.slot_state(count, k);
            for (slot, value) in s.slots.into_iter().enumerate() {
                updates.push((first + slot, value));
            }
        }
    }
    updates.extend(kept);
    let computation = Computation {
        graph: g,
        batch,
        outputs,
        updates,
        guards,
    };
    let computation = if training {
        in_precision(model, computation)
    } else {
        computation
    };
    Ok(StepPlan {
        plan: compile(&computation, mode)?,
        batch,
        losses: shown.len(),
        accumulators,
    })
}

/// The computation in the precision that the model is trained in.
pub(crate) fn in_precision(model: &Model, computation: Computation) -> Computation {
    match model.precision() {
        Precision::F32 => computation,
        Precision::Bf16 => rounding::run(&computation),
    }
}

/// The feeds of a step, in the order of [`plan`]'s nodes, kept from batch to batch.
#[derive(Debug)]
pub(crate) struct Feeds {
    pub(crate) inputs: Vec<Tensor>,
    pub(crate) rng: Tensor,
    pub(crate) targets: Vec<Tensor>,
    pub(crate) weights: Vec<Tensor>,
    pub(crate) learning_rate: Tensor,
    pub(crate) iteration: Tensor,
}

impl Feeds {
    /// Room for batches of a size.
    pub(crate) fn new(model: &Model, batch: usize, wanted: &Wanted) -> Self {
        let inputs = model.architecture.inputs.iter();
        let targets = wanted.targets.iter();
        let weights = wanted.weights.iter();
        Self {
            inputs: inputs
                .map(|s| Tensor::zeros_of(s.dtype, s.shape.with_batch(batch)))
                .collect(),
            rng: rng_tensor(0, 0),
            targets: targets
                .map(|t| Tensor::zeros_of(t.dtype, t.shape.with_batch(batch)))
                .collect(),
            weights: weights
                .map(|shape| Tensor::zeros(shape.with_batch(batch)))
                .collect(),
            learning_rate: Tensor::scalar(0.0),
            iteration: Tensor::scalar(0.0),
        }
    }

    /// All feeds in order: inputs, seed and step, targets, weights, and for training the optimizer's scalars.
    pub(crate) fn list(&self, purpose: Purpose) -> Vec<&Tensor> {
        let mut all: Vec<&Tensor> = self.inputs.iter().collect();
        all.push(&self.rng);
        all.extend(self.targets.iter().chain(&self.weights));
        if purpose == Purpose::Train {
            all.extend([&self.learning_rate, &self.iteration]);
        }
        all
    }
}

/// Seed and step as the graph wants them.
pub(crate) fn rng_tensor(seed: u64, step: u64) -> Tensor {
    let parts = [
        seed as i32,
        (seed >> 32) as i32,
        step as i32,
        (step >> 32) as i32,
    ];
    Tensor::new([4], parts.to_vec()).expect("four numbers")
}

/// Explains what is wrong between a model, samples and the loss, before the first step.
pub(crate) fn check_samples(
    model: &Model,
    samples: &dyn super::Samples,
    what: &str,
) -> Result<Wanted> {
    let compiled = model.compiled()?;
    if samples.is_empty() {
        return Err(Error::data(format!("the {what} set holds no samples")).at(model.name()));
    }
    let (expected, received) = (model.input_shapes(), samples.input_shapes());
    if expected.len() != received.len() {
        return Err(Error::data(format!(
            "the model has {} inputs, the {what} samples have {}",
            expected.len(),
            received.len()
        ))
        .at(model.name()));
    }
    for (i, (e, r)) in expected.iter().zip(&received).enumerate() {
        if e != r {
            return Err(Error::shape(format!(
                "the model expects samples of shape {e}, the {what} samples have shape {r}"
            ))
            .at(format!(
                "{}/{}",
                model.name(),
                model.architecture.inputs[i].name
            ))
            .help("build the model for the samples' shape, or resize the samples"));
        }
    }
    samples.check()?;
    let wanted = Wanted {
        targets: samples.all_targets(),
        weights: samples.weights(),
    };
    compiled.goals.check(model, &wanted, what)?;
    Ok(wanted)
}
