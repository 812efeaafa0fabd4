//! Proximal policy optimisation balances a pole: a policy and a critic learn from eight worlds at a time.
//!
//! Reaches 500.0 of 500 steps over 100 episodes, after 154,000 steps of learning (3 seconds); Gymnasium calls CartPole-v1 solved at 475.
//! Schulman et al., "Proximal Policy Optimization Algorithms", 2017; advantages as in Schulman et al., "High-Dimensional Continuous Control
//! Using Generalized Advantage Estimation", 2016.
//! `cargo run --release --example ppo [-- --quick]`

// An example prints what it found.
#![allow(clippy::print_stdout)]

#[path = "environments/cart_pole.rs"]
mod cart_pole;

use cart_pole::{CartPole, Dice, LONGEST};
use cornu::graph::Value;
use cornu::prelude::*;

const WORLDS: usize = 8;
const STEPS: usize = 128;
const BATCH: usize = 256;
const PASSES: usize = 6;
const DISCOUNT: f32 = 0.99;
const LAMBDA: f32 = 0.95;
const CLIP: f32 = 0.2;
const CURIOSITY: f32 = 0.01;

fn network(outputs: usize, seed: u64) -> cornu::Result<Model> {
    Sequential::new()
        .seed(seed)
        .input([4])
        .add(Dense::new(64).activation("tanh"))
        .add(Dense::new(64).activation("tanh"))
        .add(Dense::new(outputs))
        .build()
}

/// The logarithms of the two pushes' probabilities, and what the critic expects, for states of all worlds at once.
type Act = TrainStep<(Value, Value)>;

fn actor(worlds: usize, policy: &Model, critic: &Model) -> cornu::Result<Act> {
    TrainStep::new(worlds, |t| {
        let state = t.input([4])?;
        let scores = t.infer(policy, state)?;
        Ok((t.log_softmax(scores)?, t.infer(critic, state)?))
    })
}

/// A step of learning on pushes that were made, with their probability then, their advantage, and what came of them.
fn learner(
    policy: &Model,
    critic: &Model,
    optimizer: &OptimizerHandle,
) -> cornu::Result<TrainStep<[Value; 3]>> {
    TrainStep::new(BATCH, |t| {
        let (state, chosen) = (t.input([4])?, t.input([2])?);
        let (before, advantage, returned) = (t.input([])?, t.input([])?, t.input([])?);
        let scores = t.call(policy, state)?;
        let all = t.log_softmax(scores)?;
        let taken = t.mul(all, chosen)?;
        let taken = t.sum(taken, &[1], false)?;
        // The smaller of r·A and clip(r)·A, where r is how much likelier the push has become.
        let ratio = t.sub(taken, before)?;
        let ratio = t.exp(ratio)?;
        let near = t.clip(ratio, 1.0 - CLIP, 1.0 + CLIP)?;
        let (free, bound) = (t.mul(ratio, advantage)?, t.mul(near, advantage)?);
        let gain = t.minimum(free, bound)?;
        let gain = t.mean_all(gain)?;
        let probability = t.exp(all)?;
        let entropy = t.mul(probability, all)?;
        let entropy = t.sum_all(entropy)?;
        let entropy = t.scale(entropy, -1.0 / BATCH as f32)?;
        let expected = t.call(critic, state)?;
        let expected = t.reshape(expected, [BATCH])?;
        let error = t.sub(returned, expected)?;
        let error = t.square(error)?;
        let error = t.mean_all(error)?;
        let bonus = t.scale(entropy, CURIOSITY)?;
        let value_loss = t.scale(error, 0.5)?;
        let loss = t.sub(value_loss, gain)?;
        let loss = t.sub(loss, bonus)?;
        t.minimize(loss, &[policy, critic], optimizer)?;
        Ok([loss, entropy, error])
    })
}

/// What the worlds saw over [`STEPS`] steps, world by world within each step.
#[derive(Default)]
struct Seen {
    states: Vec<f32>,
    chosen: Vec<f32>,
    before: Vec<f32>,
    values: Vec<f32>,
    rewards: Vec<f32>,
    /// 0 after a fall, 1 otherwise.
    goes_on: Vec<f32>,
}

/// Advantages, backwards in time: `A(t) = δ(t) + γλ A(t+1)`, `δ = r + γ V(t+1) - V(t)`.
fn advantages(seen: &Seen, last: &[f32]) -> Vec<f32> {
    let mut all = vec![0.0; STEPS * WORLDS];
    for w in 0..WORLDS {
        let (mut ahead, mut value) = (0.0, last[w]);
        for i in (0..STEPS).rev().map(|s| s * WORLDS + w) {
            let delta = seen.rewards[i] + DISCOUNT * value * seen.goes_on[i] - seen.values[i];
            ahead = delta + DISCOUNT * LAMBDA * seen.goes_on[i] * ahead;
            all[i] = ahead;
            value = seen.values[i];
        }
    }
    all
}

/// Mean length of episodes in which the likelier push is always made, and the shortest.
fn judge(act: &mut Act, episodes: usize, dice: &mut Dice) -> cornu::Result<(f32, usize)> {
    let mut lengths = Vec::new();
    for _ in 0..episodes {
        let mut world = CartPole::new(dice);
        loop {
            let (p, _) = act.run(&[&Tensor::new([1, 4], world.state.to_vec())?])?;
            let p = p.f32s()?;
            if world.push(usize::from(p[1] > p[0])) || world.is_over() {
                break;
            }
        }
        lengths.push(world.steps);
    }
    let mean = lengths.iter().sum::<usize>() as f32 / episodes as f32;
    Ok((mean, lengths.into_iter().min().unwrap_or(0)))
}

fn main() -> cornu::Result<()> {
    let quick = std::env::args().any(|a| a == "--quick");
    let rounds = if quick { 5 } else { 150 };
    let (policy, critic) = (network(2, 1)?, network(1, 2)?);
    println!("{}", policy.summary()?);
    let optimizer = OptimizerHandle::new(Adam::new(1e-3).epsilon(1e-5).global_clipnorm(0.5))?;
    let mut act = actor(WORLDS, &policy, &critic)?;
    let mut one = actor(1, &policy, &critic)?;
    let mut learn = learner(&policy, &critic, &optimizer)?;

    let mut dice = Dice(11);
    let mut worlds: Vec<CartPole> = (0..WORLDS).map(|_| CartPole::new(&mut dice)).collect();
    let now = |worlds: &[CartPole]| {
        Tensor::new(
            [WORLDS, 4],
            worlds.iter().flat_map(|w| w.state).collect::<Vec<f32>>(),
        )
    };
    for round in 0..rounds {
        let mut seen = Seen::default();
        let mut lengths = Vec::new();
        for _ in 0..STEPS {
            let state = now(&worlds)?;
            let (p, value) = act.run(&[&state])?;
            seen.states.extend(state.f32s()?);
            seen.values.extend(value.f32s()?);
            for (world, p) in worlds.iter_mut().zip(p.f32s()?.chunks(2)) {
                let action = usize::from(dice.uniform() >= p[0].exp());
                seen.chosen.extend([1.0 - action as f32, action as f32]);
                seen.before.push(p[action]);
                let fell = world.push(action);
                let mut reward = 1.0;
                if world.is_over() && !fell {
                    // An episode that was cut off would have gone on: what the critic expects of its end is added.
                    let end = Tensor::new([1, 4], world.state.to_vec())?;
                    reward += DISCOUNT * one.run(&[&end])?.1.f32s()?[0];
                }
                seen.rewards.push(reward);
                let ends = fell || world.is_over();
                seen.goes_on.push(f32::from(u8::from(!ends)));
                if ends {
                    lengths.push(world.steps);
                    *world = CartPole::new(&mut dice);
                }
            }
        }
        let last = act.run(&[&now(&worlds)?])?.1;
        let advantage = advantages(&seen, last.f32s()?);
        let returned: Vec<f32> = advantage
            .iter()
            .zip(&seen.values)
            .map(|(a, v)| a + v)
            .collect();
        optimizer.set_learning_rate(1e-3 * (1.0 - round as f32 / rounds as f32))?;
        let mut order: Vec<usize> = (0..STEPS * WORLDS).collect();
        let mut entropy = 0.0;
        for _ in 0..PASSES {
            for i in (1..order.len()).rev() {
                order.swap(i, dice.below(i + 1));
            }
            for part in order.chunks(BATCH) {
                let rows = |from: &[f32], width: usize| -> Vec<f32> {
                    part.iter()
                        .flat_map(|&i| from[i * width..][..width].to_vec())
                        .collect()
                };
                let mut gain = rows(&advantage, 1);
                let mean = gain.iter().sum::<f32>() / BATCH as f32;
                let variance = gain.iter().map(|a| (a - mean).powi(2)).sum::<f32>() / BATCH as f32;
                for a in &mut gain {
                    *a = (*a - mean) / (variance.sqrt() + 1e-8);
                }
                let [_, e, _] = learn.run(&[
                    &Tensor::new([BATCH, 4], rows(&seen.states, 4))?,
                    &Tensor::new([BATCH, 2], rows(&seen.chosen, 2))?,
                    &Tensor::new([BATCH], rows(&seen.before, 1))?,
                    &Tensor::new([BATCH], gain)?,
                    &Tensor::new([BATCH], rows(&returned, 1))?,
                ])?;
                entropy = e.f32s()?[0];
            }
        }
        if (round + 1) % 10 == 0 || quick {
            let steps = (round + 1) * STEPS * WORLDS;
            let ended = match lengths.len() {
                0 => "no episode ended".to_owned(),
                n => format!("{} of {LONGEST}", lengths.iter().sum::<usize>() / n),
            };
            println!("{steps:>7} steps: {ended} in training, entropy {entropy:.2}");
        }
    }
    let (mean, shortest) = judge(&mut one, 100, &mut dice)?;
    println!("over 100 episodes: {mean:.1} steps of {LONGEST}, the shortest {shortest}");
    Ok(())
}
