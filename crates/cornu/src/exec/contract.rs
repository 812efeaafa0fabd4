//! What a run promises: old values until the commit, all updates or none, and an error for what does not fit.

use crate::autodiff;
use crate::compile::{Computation, Mode, compile};
use crate::error::Result;
use crate::exec::executable::{self, Outcome, States, Workspace};
use crate::graph::ops::check::run_with;
use crate::graph::{Graph, Value};
use crate::tensor::Tensor;

/// Two states and a feed of two elements each.
fn two_states() -> Result<(Graph, Value, Value, Value)> {
    let mut g = Graph::new();
    let x = g.feed("x", [2], false)?;
    let (a, b) = (g.state(0, [2])?, g.state(1, [2])?);
    Ok((g, x, a, b))
}

fn run_two(
    g: Graph,
    updates: Vec<(usize, Value)>,
    guards: Vec<Value>,
    x: f32,
) -> (Outcome, Vec<f32>) {
    let computation = Computation {
        graph: g,
        batch: 0,
        outputs: vec![],
        updates,
        guards,
    };
    let plan = compile(&computation, Mode::Fast).expect("it fits");
    let mut states = States::new();
    for start in [vec![1.0f32, 2.0], vec![10.0, 20.0]] {
        let start = Tensor::new([2], start).expect("two elements");
        states.push(&start).expect("memory can be had");
    }
    let x = Tensor::new([2], vec![x, 100.0]).expect("two elements");
    let outcome =
        executable::run(&plan, &mut Workspace::new(), &[&x], &mut states).expect("it runs");
    let all = [states.get(0), states.get(1)].concat();
    (outcome, all)
}

#[test]
fn updates_read_what_states_were_before() -> Result<()> {
    let (g, _, a, b) = two_states()?;
    let (_, swapped) = run_two(g, vec![(0, b), (1, a)], vec![], 0.0);
    assert_eq!(swapped, [10.0, 20.0, 1.0, 2.0]);

    let (mut g, x, a, b) = two_states()?;
    let sum = g.add(a, b)?;
    let more = g.add(sum, x)?;
    let (_, both) = run_two(g, vec![(1, sum), (0, more)], vec![], 0.0);
    assert_eq!(both, [11.0, 122.0, 11.0, 22.0]);

    let (mut g, _, a, _) = two_states()?;
    let double = g.scale(a, 2.0)?;
    let (_, shifted) = run_two(g, vec![(0, double), (1, a)], vec![], 0.0);
    assert_eq!(shifted, [2.0, 4.0, 1.0, 2.0]);

    let (mut g, x, a, _) = two_states()?;
    let turned = g.reshape(a, [2, 1])?;
    let outer = g.mul(turned, x)?;
    let row = g.sum(outer, &[0], false)?;
    let next = g.sub(a, row)?;
    let (_, read_twice) = run_two(g, vec![(0, next), (1, x)], vec![], 1.0);
    assert_eq!(read_twice, [-2.0, -298.0, 1.0, 100.0]);
    Ok(())
}

#[test]
fn a_guard_that_is_not_finite_keeps_every_state() -> Result<()> {
    for (fed, refused) in [(1.0, false), (f32::NAN, true), (f32::INFINITY, true)] {
        for guard_the_feed in [true, false] {
            let (mut g, x, a, b) = two_states()?;
            let (next, other) = (g.add(a, x)?, g.mul(b, x)?);
            let zero = g.scale(x, 0.5)?;
            let guard = if guard_the_feed { x } else { zero };
            let (outcome, states) = run_two(g, vec![(0, next), (1, other)], vec![a, guard], fed);
            match outcome {
                Outcome::Refused(1) if refused => assert_eq!(states, [1.0, 2.0, 10.0, 20.0]),
                Outcome::Done(_) if !refused => assert_eq!(states, [2.0, 102.0, 10.0, 2000.0]),
                other => panic!("{fed}: {other:?}"),
            }
        }
    }
    Ok(())
}

#[test]
fn an_output_that_is_a_state_is_what_it_was() -> Result<()> {
    let (mut g, x, a, _) = two_states()?;
    let next = g.add(a, x)?;
    let computation = Computation {
        graph: g,
        batch: 0,
        outputs: vec![a],
        updates: vec![(0, next)],
        guards: vec![],
    };
    let plan = compile(&computation, Mode::Fast)?;
    let mut states = States::new();
    states.push(&Tensor::new([2], vec![1.0f32, 2.0])?)?;
    let x = Tensor::new([2], vec![5.0f32, 5.0])?;
    match executable::run(&plan, &mut Workspace::new(), &[&x], &mut states)? {
        Outcome::Done(outputs) => assert_eq!(outputs[0].f32s()?, [1.0, 2.0]),
        other @ Outcome::Refused(_) => panic!("{other:?}"),
    }
    assert_eq!(states.get(0), [6.0, 7.0]);
    Ok(())
}

#[test]
fn wrong_feeds_and_states_are_refused() -> Result<()> {
    let (mut g, x, a, _) = two_states()?;
    let next = g.add(a, x)?;
    let computation = Computation {
        graph: g,
        updates: vec![(0, next)],
        ..Computation::default()
    };
    let plan = compile(&computation, Mode::Fast)?;
    let good = Tensor::zeros([2]);
    let integers = Tensor::new([2], vec![1i32, 2])?;
    let mut states = States::new();
    states.push(&good)?;
    for feeds in [vec![], vec![&Tensor::zeros([3])], vec![&integers]] {
        let e = executable::run(&plan, &mut Workspace::new(), &feeds, &mut states);
        assert!(e.expect_err("refused").message().starts_with("feed 0"));
    }
    let e = executable::run(&plan, &mut Workspace::new(), &[&good], &mut States::new());
    assert!(e.expect_err("refused").message().starts_with("state 0"));
    Ok(())
}

#[test]
fn an_empty_batch_gives_empty_rows_and_zero_sums() -> Result<()> {
    let mut g = Graph::new();
    let (x, w) = (g.feed("x", [0, 3], true)?, g.feed("w", [3, 2], false)?);
    let y = g.matmul(x, w)?;
    let y = g.tanh(y)?;
    let loss = g.mean_all(y)?;
    let dw = autodiff::gradients(&mut g, loss, &[w])?[0];
    let computation = Computation {
        graph: g,
        batch: 0,
        outputs: vec![y, loss, dw],
        ..Computation::default()
    };
    for mode in [Mode::Fast, Mode::Traced] {
        let plan = compile(&computation, mode)?;
        let (x, w) = (Tensor::zeros([0, 3]), Tensor::zeros([3, 2]));
        let got = run_with(2, None, &plan, &[&x, &w], &mut States::new());
        assert_eq!(got[0].shape().axes(), [0, 2]);
        assert_eq!(got[1].f32s()?, [0.0]);
        assert_eq!(got[2].f32s()?, [0.0; 6]);
    }
    Ok(())
}

#[test]
fn what_would_overflow_is_refused() -> Result<()> {
    let mut g = Graph::new();
    let huge = usize::MAX / 2;
    assert!(g.feed("x", [huge, 3], false).is_err());
    let x = g.feed("x", [2, 3], false)?;
    assert!(g.reshape(x, [huge, huge]).is_err());
    assert!(g.broadcast(x, [huge, 2, 3]).is_err());
    assert!(g.pad(x, 0, huge, huge).is_err());
    assert!(g.slice(x, 0, huge, huge).is_err());
    assert!(g.reshape(x, [1, 1, 1, 1, 1, 1, 1, 2, 3]).is_err());
    assert!(g.concat(&[], 0).is_err());
    assert!(g.mean(x, &[7], false).is_err());
    Ok(())
}

#[test]
fn a_batched_feed_without_the_batch_is_refused() -> Result<()> {
    let mut g = Graph::new();
    let x = g.feed("x", [4, 3], true)?;
    let computation = Computation {
        graph: g,
        batch: 5,
        outputs: vec![x],
        ..Computation::default()
    };
    assert!(compile(&computation, Mode::Fast).is_err());
    Ok(())
}
