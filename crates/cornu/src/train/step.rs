//! The computations of training and evaluation, written for one batch size.

use crate::compile::{Computation, Mode, Plan, compile};
use crate::error::{Error, Result};
use crate::graph::{Graph, Meta, Value};
use crate::losses::{self, Targets};
use crate::metrics::Metric;
use crate::model::Model;
use crate::optimizers::{self, Trained};
use crate::shape::{DType, Shape};
use crate::tensor::{Data, Tensor};

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
    /// How many outputs each metric has; the loss's one comes first.
    pub(crate) accumulators: Vec<usize>,
}

/// A model with its loss written into a graph.
pub(crate) struct Forward {
    pub(crate) graph: Graph,
    pub(crate) weights: Vec<Value>,
    pub(crate) prediction: Value,
    /// Which of the predictions count, if not all.
    pub(crate) mask: Option<Value>,
    pub(crate) targets: Value,
    pub(crate) loss: Value,
    /// New values of statistics, (weight, value).
    pub(crate) updates: Vec<(usize, Value)>,
}

/// Writes the model, the targets, and the loss with its penalties.
pub(crate) fn forward(
    model: &Model,
    batch: usize,
    training: bool,
    targets: &Targets,
) -> Result<Forward> {
    let compiled = model.compiled()?;
    let written = model.trace(batch, training)?;
    let (prediction, mask) = written.output(model.architecture.outputs[0]);
    let (mut g, traced) = (written.graph, written.traced);
    let y = g.feed_of(
        Meta {
            shape: Shape::new(targets.shape.with_batch(batch).to_vec())?,
            dtype: targets.dtype,
        },
        true,
    )?;
    let wanted = g.cast(y, compiled.loss.target_dtype())?;
    g.set_path(Some(compiled.loss.class_name().into()));
    let mut total = losses::value(&*compiled.loss, &mut g, wanted, prediction, None, mask)?;
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
        prediction,
        mask,
        targets: y,
        loss: total,
        updates: traced.updates,
    })
}

/// Plans a training or evaluation step for batches of a size.
pub(crate) fn plan(
    model: &Model,
    batch: usize,
    purpose: Purpose,
    targets: &Targets,
    metrics: &[Box<dyn Metric>],
    mode: Mode,
) -> Result<StepPlan> {
    let compiled = model.compiled()?;
    let training = purpose == Purpose::Train;
    let traced = forward(model, batch, training, targets)?;
    let (mut g, total) = (traced.graph, traced.loss);
    let mut outputs = vec![total];
    let mut accumulators = vec![1];
    for metric in metrics {
        g.set_path(Some(metric.name().into()));
        let wanted = g.cast(traced.targets, metric.target_dtype())?;
        let sums = metric.accumulate(&mut g, wanted, traced.prediction, traced.mask)?;
        accumulators.push(sums.len());
        outputs.extend(sums);
    }
    let mut updates = Vec::new();
    let mut guards = Vec::new();
    if training {
        let weights: Vec<Value> = compiled
            .trained
            .iter()
            .map(|&i| traced.weights[i])
            .collect();
        let grads = crate::autodiff::gradients(&mut g, total, &weights)?;
        guards.push(total);
        guards.extend(&grads);
        g.set_path(Some("optimizer".into()));
        let scalar = |g: &mut Graph| g.feed("", Shape::scalar(), false);
        let (learning_rate, iteration) = (scalar(&mut g)?, scalar(&mut g)?);
        let slots = compiled.optimizer.slots().len();
        let count = model.weights.len();
        let mut trained = Vec::with_capacity(weights.len());
        for (k, (&weight, grad)) in weights.iter().zip(grads).enumerate() {
            let shape = g.shape(weight).clone();
            let own = (0..slots)
                .map(|s| g.state(compiled.slot_state(count, s, k), shape.clone()))
                .collect::<Result<Vec<_>>>()?;
            trained.push(Trained {
                weight,
                grad,
                slots: own,
            });
        }
        let stepped = optimizers::apply(
            &*compiled.optimizer,
            &mut g,
            &trained,
            learning_rate,
            iteration,
        )?;
        for (k, (s, &i)) in stepped.into_iter().zip(&compiled.trained).enumerate() {
            let weight = match &model.weights[i].spec.constraint {
                Some(constraint) => constraint.apply(&mut g, s.weight)?,
                None => s.weight,
            };
            updates.push((i, weight));
            for (slot, value) in s.slots.into_iter().enumerate() {
                updates.push((compiled.slot_state(count, slot, k), value));
            }
        }
    }
    updates.extend(traced.updates);
    let computation = Computation {
        graph: g,
        batch,
        outputs,
        updates,
        guards,
    };
    Ok(StepPlan {
        plan: compile(&computation, mode)?,
        batch,
        accumulators,
    })
}

/// The feeds of a step, in the order of [`plan`]'s nodes, kept from batch to batch.
#[derive(Debug)]
pub(crate) struct Feeds {
    pub(crate) inputs: Vec<Tensor>,
    pub(crate) rng: Tensor,
    pub(crate) targets: Tensor,
    pub(crate) learning_rate: Tensor,
    pub(crate) iteration: Tensor,
}

impl Feeds {
    /// Room for batches of a size.
    pub(crate) fn new(model: &Model, batch: usize, targets: &Targets) -> Result<Self> {
        let inputs = model.architecture.inputs.iter();
        let inputs = inputs
            .map(|s| Tensor::zeros_of(s.dtype, s.shape.with_batch(batch)))
            .collect();
        let shape = targets.shape.with_batch(batch);
        let n = shape.elements();
        let data: Data = match targets.dtype {
            DType::F32 => vec![0.0f32; n].into(),
            DType::I32 | DType::U8 => vec![0i32; n].into(),
        };
        Ok(Self {
            inputs,
            rng: rng_tensor(0, 0),
            targets: Tensor::new(shape, data)?,
            learning_rate: Tensor::scalar(0.0),
            iteration: Tensor::scalar(0.0),
        })
    }

    /// All feeds in order: inputs, seed and step, targets, and for training the optimizer's scalars.
    pub(crate) fn list(&self, purpose: Purpose) -> Vec<&Tensor> {
        let mut all: Vec<&Tensor> = self.inputs.iter().collect();
        all.extend([&self.rng, &self.targets]);
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
) -> Result<Targets> {
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
    let targets = samples.targets();
    let at_loss = |e: Error| e.at(format!("{} ({what} targets)", compiled.loss.class_name()));
    compiled
        .loss
        .check(&targets, model.output_shape())
        .map_err(at_loss)?;
    Ok(targets)
}
