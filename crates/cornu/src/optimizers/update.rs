//! One step of all weights: accumulation, clipping, decay, the rule itself, running means.

use super::base::Base;
use super::{Optimizer, Step, Stepped, Weight, at_every, clip, group};
use crate::error::Result;
use crate::graph::ops::UnaryKind;
use crate::graph::{Graph, Value};

/// A weight with its gradient and slots, as nodes.
#[derive(Clone, Debug)]
pub struct Trained {
    /// The weight's path: "sequential/dense/kernel".
    pub path: String,
    /// The weight before the step.
    pub weight: Value,
    /// Its gradient.
    pub grad: Value,
    /// The optimizer's memory for it, in the order of [`Optimizer::memory`].
    pub slots: Vec<Value>,
}

/// Writes one step of an optimizer for all weights together: clipping, decay, the rule itself.
pub fn apply(
    optimizer: &dyn Optimizer,
    g: &mut Graph,
    trained: &[Trained],
    learning_rate: Value,
    iteration: Value,
) -> Result<Vec<Stepped>> {
    optimizer.update(g, trained, learning_rate, iteration)
}

/// What [`Optimizer::update`] does for an optimizer with a rule of its own.
pub(super) fn update<O: Optimizer + ?Sized>(
    optimizer: &O,
    g: &mut Graph,
    trained: &[Trained],
    learning_rate: Value,
    iteration: Value,
) -> Result<Vec<Stepped>> {
    let base = optimizer.base();
    let Some(steps) = base.gradient_accumulation_steps else {
        let grads = trained.iter().map(|t| t.grad).collect();
        let stepped = change(optimizer, g, trained, grads, learning_rate, iteration)?;
        return averaged(base, g, trained, stepped, iteration);
    };
    // Weights change at every so manieth step; the steps that count are those changes.
    let now = at_every(g, steps, iteration)?;
    let before = g.add_scalar(iteration, -1.0)?;
    let before = g.scale(before, 1.0 / steps as f32)?;
    let before = g.unary(UnaryKind::Floor, before)?;
    let counted = g.add_scalar(before, 1.0)?;
    let (mut sums, mut means) = (Vec::new(), Vec::new());
    for t in trained {
        let gathered = *t.slots.last().expect("an accumulator is the last slot");
        let sum = g.add(t.grad, gathered)?;
        sums.push(sum);
        means.push(g.scale(sum, 1.0 / steps as f32)?);
    }
    let mut stepped = change(optimizer, g, trained, means, learning_rate, counted)?;
    for ((s, t), sum) in stepped.iter_mut().zip(trained).zip(sums) {
        s.weight = g.select(now, s.weight, t.weight)?;
        for (new, &old) in s.slots.iter_mut().zip(&t.slots) {
            *new = g.select(now, *new, old)?;
        }
        let zero = g.constant(0.0)?;
        s.slots.push(g.select(now, zero, sum)?);
    }
    averaged(base, g, trained, stepped, counted)
}

/// The rule's own step of all weights by the gradients given: with slots of the rule alone.
fn change<O: Optimizer + ?Sized>(
    optimizer: &O,
    g: &mut Graph,
    trained: &[Trained],
    grads: Vec<Value>,
    learning_rate: Value,
    iteration: Value,
) -> Result<Vec<Stepped>> {
    let base = optimizer.base();
    let mut grads = grads;
    if let Some(scale) = base.loss_scale_factor {
        for grad in &mut grads {
            *grad = g.scale(*grad, (1.0 / scale) as f32)?;
        }
    }
    let grads = clip::clip(base, g, grads)?;
    let mut stepped = Vec::with_capacity(trained.len());
    for (t, grad) in trained.iter().zip(grads) {
        let shape = g.shape(t.weight).clone();
        let info = Weight {
            path: &t.path,
            shape: &shape,
        };
        let mut weight = t.weight;
        let factor = group::multiplier(&base.groups, &t.path);
        let learning_rate = if factor == 1.0 {
            learning_rate
        } else {
            g.scale(learning_rate, factor as f32)?
        };
        let decay = group::decay(&base.groups, &t.path, optimizer.decay(info));
        if let Some(decay) = decay {
            // w ← w - w·decay·learning rate, before the rule.
            let share = g.scale(learning_rate, decay as f32)?;
            let d = g.mul(weight, share)?;
            weight = g.sub(weight, d)?;
        }
        let own = optimizer.slots(info).len();
        stepped.push(optimizer.step(
            g,
            Step {
                path: &t.path,
                weight,
                grad,
                slots: &t.slots[..own],
                learning_rate,
                iteration,
            },
        )?);
    }
    Ok(stepped)
}

/// Adds the running means of the weights, and puts them in the weights' places where it is time.
fn averaged(
    base: &Base,
    g: &mut Graph,
    trained: &[Trained],
    mut stepped: Vec<Stepped>,
    iteration: Value,
) -> Result<Vec<Stepped>> {
    if !base.use_ema {
        return Ok(stepped);
    }
    // The first step begins the mean.
    let one = g.constant(1.0)?;
    let later = g.not_equal(iteration, one)?;
    let momentum = g.scale(later, base.ema_momentum as f32)?;
    let share = g.one_minus(momentum)?;
    let now = match base.ema_overwrite_frequency {
        None => None,
        Some(steps) => Some(at_every(g, steps, iteration)?),
    };
    for (s, t) in stepped.iter_mut().zip(trained) {
        let accumulates = usize::from(base.gradient_accumulation_steps.is_some());
        let place = t.slots.len() - 1 - accumulates;
        let d = g.sub(s.weight, t.slots[place])?;
        let d = g.mul(d, share)?;
        let average = g.add(t.slots[place], d)?;
        if let Some(now) = now {
            s.weight = g.select(now, average, s.weight)?;
        }
        s.slots.insert(place, average);
    }
    Ok(stepped)
}
