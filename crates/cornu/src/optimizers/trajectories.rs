//! Every optimizer along Keras's recorded steps: by plans that update their states in place, and by the interpreter.

// Tests tell what they leave out.
#![allow(clippy::print_stderr)]

#[path = "../../tests/golden_values/cases.rs"]
mod cases;

use serde_json::{Map, Value as Json};

use self::cases::{assert_close, numbers, tensor};
use super::{
    Group, LossScaleOptimizer, MomentumForm, Optimizer, Pattern, SGD, Trained, Weight, apply,
    deserialize, fed_rates, fed_rates_shape, names,
};
use crate::compile::{Computation, Mode, compile};
use crate::exec::executable::{Outcome, States, Workspace, run};
use crate::exec::interpreter;
use crate::graph::{Array, Graph, Meta, Value};
use crate::shape::Shape;
use crate::tensor::Tensor;

/// One step for all weights, with weights and slots as states and gradients, rate and number of the step as feeds.
struct Step {
    computation: Computation,
    /// Weights, then the slots of each weight in turn, before the first step.
    start: Vec<Tensor>,
    /// How many weights there are.
    weights: usize,
}

/// The names of the weights of Keras's cases.
const PATHS: [&str; 2] = ["w", "m"];

fn step(optimizer: &dyn Optimizer, init: &[Tensor]) -> Step {
    let mut g = Graph::new();
    let mut start = init.to_vec();
    let mut trained = Vec::new();
    for (i, w) in init.iter().enumerate() {
        let meta = Meta::f32(w.shape().clone());
        let grad = g.feed_of(meta, false).expect("a feed fits");
        let weight = g.state(i, w.shape().clone()).expect("a state fits");
        let mut slots = Vec::new();
        let shape = w.shape();
        let path = PATHS[i];
        for slot in optimizer.memory(Weight { path, shape }) {
            let state = g.state(start.len(), slot.shape.clone());
            slots.push(state.expect("a state fits"));
            start.push(slot.tensor(|| w.clone()).expect("a slot begins"));
        }
        trained.push(Trained {
            path: path.to_owned(),
            weight,
            grad,
            slots,
        });
    }
    let mut feed = |shape: Shape| g.feed("", shape, false).expect("a feed fits");
    let (rate, iteration) = (feed(fed_rates_shape(optimizer)), feed(Shape::scalar()));
    let stepped = apply(optimizer, &mut g, &trained, rate, iteration).expect("a step is written");
    let mut updates: Vec<(usize, Value)> = Vec::new();
    let mut slot = init.len();
    for (i, s) in stepped.into_iter().enumerate() {
        updates.push((i, s.weight));
        assert_eq!(
            s.slots.len(),
            trained[i].slots.len(),
            "a new value for each slot"
        );
        for value in s.slots {
            updates.push((slot, value));
            slot += 1;
        }
    }
    Step {
        computation: Computation {
            graph: g,
            batch: 1,
            updates,
            ..Computation::default()
        },
        start,
        weights: init.len(),
    }
}

/// The weights after each step, flattened, by a plan.
fn by_plan(s: &Step, feeds: &[Vec<Tensor>], mode: Mode) -> Vec<Vec<Vec<f64>>> {
    let plan = compile(&s.computation, mode).expect("a step has a plan");
    let mut states = States::new();
    for t in &s.start {
        states.push(t).expect("there is memory");
    }
    let mut workspace = Workspace::new();
    let after = feeds.iter().map(|feeds| {
        let feeds: Vec<&Tensor> = feeds.iter().collect();
        match run(&plan, &mut workspace, &feeds, &mut states) {
            Ok(Outcome::Done(_)) => {}
            other => panic!("{other:?}"),
        }
        let floats = |i: usize| states.get(i).iter().map(|&x| f64::from(x)).collect();
        (0..s.weights).map(floats).collect()
    });
    after.collect()
}

/// The same in double precision, without a plan.
fn by_interpreter(s: &Step, feeds: &[Vec<Tensor>]) -> Vec<Vec<Vec<f64>>> {
    let mut states: Vec<Array> = s.start.iter().map(Array::from).collect();
    let after = feeds.iter().map(|feeds| {
        let feeds: Vec<Array> = feeds.iter().map(Array::from).collect();
        let values = interpreter::run(&s.computation.graph, &feeds, &states);
        let new: Vec<(usize, Array)> = s
            .computation
            .updates
            .iter()
            .map(|&(i, v)| (i, values[v.index()][v.output as usize].clone()))
            .collect();
        for (i, value) in new {
            states[i] = value;
        }
        states[..s.weights].iter().map(|a| a.data.clone()).collect()
    });
    after.collect()
}

/// Gradients, rate and number of each step.
fn feeds(optimizer: &dyn Optimizer, grads: &[Json], rates: &[f64]) -> Vec<Vec<Tensor>> {
    let each = grads.iter().zip(rates).enumerate();
    each.map(|(t, (grads, &rate))| {
        let grads = grads.as_array().expect("one gradient a weight");
        let mut feeds: Vec<Tensor> = grads.iter().map(tensor).collect();
        feeds.push(fed_rates(optimizer, rate as f32, t as u64));
        feeds.push(Tensor::scalar((t + 1) as f32));
        feeds
    })
    .collect()
}

fn check(name: &str, case: &Json, optimizer: &dyn Optimizer) {
    let list = |key: &str| case[key].as_array().expect("a case has lists");
    let init: Vec<Tensor> = list("init").iter().map(tensor).collect();
    let step = step(optimizer, &init);
    let feeds = feeds(optimizer, list("grads"), &numbers(&case["learning_rate"]));
    for (way, after) in [
        ("fast plan", by_plan(&step, &feeds, Mode::Fast)),
        ("traced plan", by_plan(&step, &feeds, Mode::Traced)),
        ("interpreter", by_interpreter(&step, &feeds)),
    ] {
        assert_eq!(after.len(), list("weights").len(), "{name}: steps");
        for (t, (weights, expected)) in after.iter().zip(list("weights")).enumerate() {
            for (i, weight) in weights.iter().enumerate() {
                let what = format!("{name}: weight {i} after step {} by the {way}", t + 1);
                assert_close(&what, weight, &numbers(&expected[i]), 1e-5);
            }
        }
    }
}

#[test]
fn trajectories_are_those_of_keras() {
    let (mut checked, mut skipped) = (0, Vec::new());
    for (name, case) in cases::cases("optimizers.json") {
        let class = case["optimizer"]
            .as_str()
            .expect("a case names its optimizer");
        if !names().contains(&class) {
            skipped.push(name);
            continue;
        }
        let config: Map<String, Json> = case["config"]
            .as_object()
            .expect("a case has a config")
            .clone();
        let optimizer = deserialize(class, config).expect(&name);
        for (t, rate) in numbers(&case["learning_rate"]).into_iter().enumerate() {
            let own = f64::from(optimizer.base().learning_rate.at(t as u64));
            assert!(
                (own - rate).abs() <= 1e-6 * rate,
                "{name}: {own} in step {t} of rate {rate}"
            );
        }
        check(&name, &case, &*optimizer);
        checked += 1;
    }
    eprintln!("{checked} trajectories checked; skipped, for want of the optimizer: {skipped:?}");
    assert!(checked >= 22, "only {checked} trajectories were found");
}

/// The averaged form by hand: `v ← β·v + (1-β)·g`, `w ← w - lr·v`; Nesterov's looks one step ahead.
#[test]
fn averaged_momentum() {
    let grads = [1.0f32, -0.5, 2.0, 0.25];
    let feeds: Vec<Vec<Tensor>> = grads
        .iter()
        .map(|&d| {
            vec![
                Tensor::new([1], vec![d]).expect("one number"),
                Tensor::scalar(0.1),
                Tensor::scalar(1.0),
            ]
        })
        .collect();
    for nesterov in [false, true] {
        let sgd = SGD::new(0.1)
            .momentum(0.9)
            .nesterov(nesterov)
            .momentum_form(MomentumForm::Averaged);
        let step = step(&sgd, &[Tensor::new([1], vec![1.0f32]).expect("one number")]);
        let (mut w, mut v) = (1.0f64, 0.0);
        let expected: Vec<f64> = grads
            .iter()
            .map(|&d| {
                v = 0.9 * v + 0.1 * f64::from(d);
                w -= 0.1
                    * if nesterov {
                        0.9 * v + 0.1 * f64::from(d)
                    } else {
                        v
                    };
                w
            })
            .collect();
        for after in [
            by_plan(&step, &feeds, Mode::Fast),
            by_interpreter(&step, &feeds),
        ] {
            let received: Vec<f64> = after.iter().map(|w| w[0][0]).collect();
            assert_close("averaged momentum", &received, &expected, 1e-6);
        }
    }
}

/// The weights after some steps of one weight `[1.0, 1.0]` under a path, with the gradients given.
fn of_one(optimizer: &dyn Optimizer, grads: &[[f32; 2]]) -> Vec<Vec<f64>> {
    let start = Tensor::new([2], vec![1.0f32, 1.0]).expect("two numbers");
    let step = step(optimizer, &[start]);
    let feeds: Vec<Vec<Tensor>> = grads
        .iter()
        .enumerate()
        .map(|(t, d)| {
            vec![
                Tensor::new([2], d.to_vec()).expect("two numbers"),
                Tensor::scalar(0.5),
                Tensor::scalar((t + 1) as f32),
            ]
        })
        .collect();
    let (fast, slow) = (
        by_plan(&step, &feeds, Mode::Fast),
        by_interpreter(&step, &feeds),
    );
    let flat = |all: Vec<Vec<Vec<f64>>>| all.into_iter().map(|w| w[0].clone()).collect::<Vec<_>>();
    let (fast, slow) = (flat(fast), flat(slow));
    for (a, b) in fast.iter().zip(&slow) {
        assert_close("plan and interpreter", a, b, 1e-6);
    }
    fast
}

/// A gradient that is not finite is passed over and halves the scale; the next ones are divided by what is left of it.
#[test]
fn a_loss_scale_passes_over_what_is_not_finite() {
    let scaled = LossScaleOptimizer::new(SGD::new(0.5)).initial_scale(4.0);
    let after = of_one(
        &scaled,
        &[
            [4.0, 0.0],
            [f32::INFINITY, 1.0],
            [f32::NAN, 1.0],
            [1.0, 2.0],
        ],
    );
    let expected = [[0.5, 1.0], [0.5, 1.0], [0.5, 1.0], [0.0, 0.0]];
    for (after, expected) in after.iter().zip(expected) {
        assert_close("weights", after, &expected, 1e-6);
    }
}

/// The weight's path is "w": groups that it belongs to multiply its learning rate, and the last one says its decay.
#[test]
fn weights_in_groups_are_treated_apart() {
    let of = |sgd: SGD| of_one(&sgd, &[[1.0, 2.0]])[0].clone();
    let near =
        |received: Vec<f64>, expected: [f64; 2]| assert_close("", &received, &expected, 1e-6);
    near(of(SGD::new(0.5)), [0.5, 0.0]);
    let tenth = Group::of("w").learning_rate_multiplier(0.1);
    near(of(SGD::new(0.5).group(tenth.clone())), [0.95, 0.9]);
    near(
        of(SGD::new(0.5).group(tenth.clone()).group(tenth)),
        [0.995, 0.99],
    );
    near(
        of(SGD::new(0.5).group(Group::of("^m").learning_rate_multiplier(0.1))),
        [0.5, 0.0],
    );
    let decaying = SGD::new(0.5).weight_decay(0.2);
    near(of(decaying.clone()), [0.4, -0.1]);
    near(
        of(decaying.clone().exclude_from_weight_decay("bias|w$")),
        [0.5, 0.0],
    );
    near(
        of(decaying.group(Group::of("w").weight_decay(0.4))),
        [0.3, -0.2],
    );
    let written = super::serialize(&SGD::new(0.5).group(Group::of("w").weight_decay(0.4)));
    let config = written["config"].as_object().expect("a config").clone();
    let again = deserialize("SGD", config).expect("its own config");
    assert_eq!(super::serialize(&*again), written);
}

#[test]
fn patterns_fit_as_regular_expressions_do() {
    for (pattern, path, whole, part) in [
        ("kernel", "dense/kernel", false, true),
        (".*kernel", "dense/kernel", true, true),
        ("dense_[0-9]+/k.*", "dense_12/kernel", true, true),
        ("dense_\\d?/", "dense_/x", false, true),
        ("^bias$|gamma", "my/gamma", false, true),
        ("^bias$|gamma", "my/bias", false, false),
        ("[^a]b+c", "xxbbc", false, true),
        ("a.c", "a/c", true, true),
        ("a\\.c", "a/c", false, false),
        ("", "anything", false, true),
    ] {
        let p = Pattern::from(pattern);
        assert_eq!(
            (p.is_whole(path), p.is_in(path)),
            (whole, part),
            "{pattern} {path}"
        );
    }
}
