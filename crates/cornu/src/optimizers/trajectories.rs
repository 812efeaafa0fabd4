//! Every optimizer along Keras's recorded steps: by plans that update their states in place, and by the interpreter.

// Tests tell what they leave out.
#![allow(clippy::print_stderr)]

#[path = "../../tests/golden_values/cases.rs"]
mod cases;

use serde_json::{Map, Value as Json};

use self::cases::{assert_close, numbers, tensor};
use super::{MomentumForm, Optimizer, SGD, Trained, apply, deserialize, names};
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
    /// Which state is which weight's.
    weights: usize,
}

fn step(optimizer: &dyn Optimizer, init: &[Tensor]) -> Step {
    let mut g = Graph::new();
    let mut start = init.to_vec();
    let mut trained = Vec::new();
    for (i, w) in init.iter().enumerate() {
        let meta = Meta::f32(w.shape().clone());
        let grad = g.feed_of(meta, false).expect("a feed fits");
        let mut state = |number: usize| g.state(number, w.shape().clone()).expect("a state fits");
        let weight = state(i);
        let mut slots = Vec::new();
        for _ in optimizer.slots() {
            slots.push(state(start.len()));
            start.push(Tensor::zeros(w.shape().clone()));
        }
        trained.push(Trained {
            weight,
            grad,
            slots,
        });
    }
    let scalar = |g: &mut Graph| g.feed("", Shape::scalar(), false).expect("a feed fits");
    let (rate, iteration) = (scalar(&mut g), scalar(&mut g));
    let stepped = apply(optimizer, &mut g, &trained, rate, iteration).expect("a step is written");
    let mut updates: Vec<(usize, Value)> = Vec::new();
    let mut slot = init.len();
    for (i, s) in stepped.into_iter().enumerate() {
        updates.push((i, s.weight));
        assert_eq!(
            s.slots.len(),
            optimizer.slots().len(),
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
fn feeds(grads: &[Json], rates: &[f64]) -> Vec<Vec<Tensor>> {
    let each = grads.iter().zip(rates).enumerate();
    each.map(|(t, (grads, &rate))| {
        let grads = grads.as_array().expect("one gradient a weight");
        let mut feeds: Vec<Tensor> = grads.iter().map(tensor).collect();
        feeds.push(Tensor::scalar(rate as f32));
        feeds.push(Tensor::scalar((t + 1) as f32));
        feeds
    })
    .collect()
}

fn check(name: &str, case: &Json, optimizer: &dyn Optimizer) {
    let list = |key: &str| case[key].as_array().expect("a case has lists");
    let init: Vec<Tensor> = list("init").iter().map(tensor).collect();
    let step = step(optimizer, &init);
    let feeds = feeds(list("grads"), &numbers(&case["learning_rate"]));
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
