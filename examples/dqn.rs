//! Deep Q-learning balances a pole: a network learns from replayed steps how many more steps each push is worth.
//!
//! Reaches 500.0 of 500 steps over 100 episodes, after 78,000 steps of learning; Gymnasium calls CartPole-v1 solved at 475.
//! Double deep Q-learning with a slowly following target network (Mnih et al., "Human-level control through deep reinforcement learning",
//! 2015; van Hasselt et al., "Deep Reinforcement Learning with Double Q-learning", 2016).
//! `cargo run --release --example dqn [-- --quick]`

// An example prints what it found.
#![allow(clippy::print_stdout)]

#[path = "environments/cart_pole.rs"]
mod cart_pole;

use cart_pole::{CartPole, Dice, LONGEST};
use cornu::graph::Value;
use cornu::losses::Huber;
use cornu::prelude::*;

const BATCH: usize = 128;
const MEMORY: usize = 50_000;
const DISCOUNT: f32 = 0.99;

/// One step as it is remembered.
#[derive(Clone, Copy)]
struct Moment {
    state: [f32; 4],
    action: usize,
    next: [f32; 4],
    /// 0 where the pole fell: nothing came after.
    goes_on: f32,
}

/// The worth of each push in a state; the inputs are scaled to about 1.
fn network(seed: u64) -> cornu::Result<Model> {
    Sequential::new()
        .seed(seed)
        .input([4])
        .add(Dense::new(128).activation("relu"))
        .add(Dense::new(128).activation("relu"))
        .add(Dense::new(2))
        .build()
}

/// A step of learning: `Q(s, a) → 1 + γ Q'(s', argmax Q(s'))`; the target network follows by half a percent.
fn learner(online: &Model, target: &Model, rate: f32) -> cornu::Result<TrainStep<[Value; 1]>> {
    let huber = Huber::default();
    TrainStep::new(BATCH, |t| {
        let (state, chosen) = (t.input([4])?, t.input([2])?);
        let (next, goes_on) = (t.input([4])?, t.input([])?);
        let best = t.infer(online, next)?;
        let best = t.arg_max(best)?;
        let worth = t.infer(target, next)?;
        let worth = t.take_last(worth, best)?;
        let worth = t.mul(worth, goes_on)?;
        let worth = t.scale(worth, DISCOUNT)?;
        let worth = t.add_scalar(worth, 1.0)?;
        let wanted = t.stop_gradient(worth)?;
        let q = t.call(online, state)?;
        let q = t.mul(q, chosen)?;
        let q = t.sum(q, &[1], false)?;
        let loss = t.loss(&huber, wanted, q)?;
        t.minimize(loss, online, Adam::new(rate).clipnorm(10.0))?;
        t.follow(target, online, 0.005)?;
        Ok([loss])
    })
}

/// The push a network thinks best.
fn best(act: &mut TrainStep<[Value; 1]>, state: [f32; 4]) -> cornu::Result<usize> {
    let [q] = act.run(&[&Tensor::new([1, 4], state.to_vec())?])?;
    let q = q.f32s()?;
    Ok(usize::from(q[1] > q[0]))
}

fn episode(act: &mut TrainStep<[Value; 1]>, dice: &mut Dice) -> cornu::Result<usize> {
    let mut world = CartPole::new(dice);
    loop {
        let action = best(act, world.state)?;
        if world.push(action) || world.is_over() {
            return Ok(world.steps);
        }
    }
}

fn batch(memory: &[Moment], dice: &mut Dice) -> cornu::Result<[Tensor; 4]> {
    let picked: Vec<Moment> = (0..BATCH)
        .map(|_| memory[dice.below(memory.len())])
        .collect();
    let states = |of: fn(&Moment) -> [f32; 4]| picked.iter().flat_map(of).collect::<Vec<f32>>();
    let chosen = |m: &Moment| [1.0 - m.action as f32, m.action as f32];
    Ok([
        Tensor::new([BATCH, 4], states(|m| m.state))?,
        Tensor::new(
            [BATCH, 2],
            picked.iter().flat_map(chosen).collect::<Vec<f32>>(),
        )?,
        Tensor::new([BATCH, 4], states(|m| m.next))?,
        Tensor::new(
            [BATCH],
            picked.iter().map(|m| m.goes_on).collect::<Vec<f32>>(),
        )?,
    ])
}

fn main() -> cornu::Result<()> {
    let quick = std::env::args().any(|a| a == "--quick");
    let limit = if quick { 3_000 } else { 120_000 };
    let (online, mut target) = (network(1)?, network(1)?);
    target.set_weights(&online.weights())?;
    println!("{}", online.summary()?);
    let mut learn = learner(&online, &target, 5e-4)?;
    let mut act = TrainStep::new(1, |t| {
        let state = t.input([4])?;
        Ok([t.infer(&online, state)?])
    })?;

    let mut dice = Dice(7);
    let mut memory: Vec<Moment> = Vec::with_capacity(MEMORY);
    let mut world = CartPole::new(&mut dice);
    let (mut recent, mut kept) = (Vec::new(), (0.0, online.weights()));
    for step in 0..limit {
        // Random pushes become rare over the first ten thousand steps.
        let curious = (1.0 - step as f32 / 10_000.0).max(0.02);
        let action = if dice.uniform() < curious {
            dice.below(2)
        } else {
            best(&mut act, world.state)?
        };
        let state = world.state;
        let fell = world.push(action);
        let moment = Moment {
            state,
            action,
            next: world.state,
            goes_on: f32::from(u8::from(!fell)),
        };
        if memory.len() < MEMORY {
            memory.push(moment);
        } else {
            memory[step % MEMORY] = moment;
        }
        if fell || world.is_over() {
            recent.push(world.steps);
            world = CartPole::new(&mut dice);
        }
        if memory.len() >= 1_000 {
            let [state, chosen, next, goes_on] = batch(&memory, &mut dice)?;
            learn.run(&[&state, &chosen, &next, &goes_on])?;
        }
        if (step + 1) % 2_000 == 0 {
            let trials = 20;
            let mut sum = 0;
            for _ in 0..trials {
                sum += episode(&mut act, &mut dice)?;
            }
            let mean = sum as f32 / trials as f32;
            let last = recent.iter().rev().take(10);
            let seen = last.clone().sum::<usize>() as f32 / last.count().max(1) as f32;
            println!(
                "{:>6} steps: {mean:.1} of {LONGEST} without, {seen:.1} with random pushes",
                step + 1
            );
            if mean > kept.0 {
                kept = (mean, online.weights());
            }
            if mean >= LONGEST as f32 {
                break;
            }
        }
    }
    let mut online = online;
    online.set_weights(&kept.1)?;
    let mut lengths = Vec::new();
    for _ in 0..100 {
        lengths.push(episode(&mut act, &mut dice)?);
    }
    let mean = lengths.iter().sum::<usize>() as f32 / 100.0;
    let shortest = lengths.iter().min().copied().unwrap_or(0);
    println!("over 100 episodes: {mean:.1} steps of {LONGEST}, the shortest {shortest}");
    Ok(())
}
