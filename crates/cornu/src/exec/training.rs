//! A training step written by hand: forward, backward and updates of a small network, against the reference.

use crate::autodiff;
use crate::compile::plan::{Stage, Whole};
use crate::compile::{Computation, Mode, compile};
use crate::error::Result;
use crate::exec::executable::States;
use crate::exec::interpreter;
use crate::graph::ops::check::{Chance, Fill, assert_close, run_with};
use crate::graph::ops::{Convolution, Distribution, Window};
use crate::graph::{Array, Graph, Meta, Value};
use crate::shape::{DType, Shape};
use crate::tensor::Tensor;

const KERNEL: [usize; 4] = [3, 3, 2, 5];
const RATE: f32 = 0.05;

fn shapes() -> Vec<Shape> {
    vec![
        Shape::from(KERNEL),
        Shape::from([5]),
        Shape::from([5 * 4 * 3, 4]),
        Shape::from([4]),
    ]
}

/// Convolution, ReLU, pooling, dropout, dense layer, cross-entropy; momentum in the states after the weights.
fn step(batch: usize) -> Result<Computation> {
    let mut g = Graph::new();
    let x = g.feed("x", [batch, 9, 7, 2], true)?;
    let int = |shape: Vec<usize>| Meta {
        shape: shape.into(),
        dtype: DType::I32,
    };
    let labels = g.feed_of(int(vec![batch]), true)?;
    let rng = g.feed_of(int(vec![4]), false)?;
    let shapes = shapes();
    let weights: Vec<Value> = (0..4)
        .map(|i| g.state(i, shapes[i].clone()))
        .collect::<Result<_>>()?;
    let slots: Vec<Value> = (0..4)
        .map(|i| g.state(4 + i, shapes[i].clone()))
        .collect::<Result<_>>()?;
    let same = Convolution {
        strides: [1, 1],
        padding: [(1, 1), (1, 1)],
        lhs_dilation: [1, 1],
        rhs_dilation: [1, 1],
        groups: 1,
    };
    let y = g.conv2d(x, weights[0], same)?;
    let y = g.add(y, weights[1])?;
    let y = g.relu(y)?;
    let window = Window {
        size: [2, 2],
        strides: [2, 2],
        padding: [(0, 0); 2],
    };
    let y = g.max_pool(y, window)?;
    let shape = g.shape(y).clone();
    let mask = Distribution::Bernoulli { threshold: 49152 };
    let mask = g.random(rng, mask, shape, true)?;
    let mask = g.cast(mask, DType::F32)?;
    let mask = g.scale(mask, 1.0 / 0.75)?;
    let y = g.mul(y, mask)?;
    let y = g.reshape(y, [batch, 5 * 4 * 3])?;
    let y = g.matmul(y, weights[2])?;
    let y = g.add(y, weights[3])?;
    let p = g.log_softmax(y)?;
    let picked = g.take_last(p, labels)?;
    let loss = g.mean_all(picked)?;
    let loss = g.neg(loss)?;
    let grads = autodiff::gradients(&mut g, loss, &weights)?;
    let mut updates = Vec::new();
    let mut norm = g.constant(0.0)?;
    for &grad in &grads {
        let squares = g.square(grad)?;
        let sum = g.sum_all(squares)?;
        norm = g.add(norm, sum)?;
    }
    for (i, &grad) in grads.iter().enumerate() {
        let kept = g.scale(slots[i], 0.9)?;
        let moved = g.scale(grad, -RATE)?;
        let slot = g.add(kept, moved)?;
        updates.push((4 + i, slot));
        updates.push((i, g.add(weights[i], slot)?));
    }
    Ok(Computation {
        graph: g,
        batch,
        outputs: vec![loss, norm],
        updates,
        guards: vec![loss, norm],
    })
}

#[test]
fn weights_after_three_steps_are_those_of_the_reference() -> Result<()> {
    for batch in [1, 2, 5, 17, 33] {
        let computation = step(batch)?;
        let mut chance = Chance::of("training");
        let mut start: Vec<Tensor> = shapes()
            .iter()
            .map(|s| chance.tensor(s, Fill::Between(-0.3, 0.3)))
            .collect();
        start.extend(shapes().iter().map(|s| Tensor::zeros(s.clone())));
        let steps: Vec<[Tensor; 3]> = (0..3)
            .map(|i| {
                let x = chance.tensor(&[batch, 9, 7, 2].into(), Fill::Distinct);
                let labels = chance.tensor(&[batch].into(), Fill::Whole(0, 4));
                let rng = Tensor::new([4], vec![7i32, 0, i, 0]).expect("four");
                [x, labels, rng]
            })
            .collect();
        let mut want: Vec<Array> = start.iter().map(Array::from).collect();
        let mut losses = Vec::new();
        for feeds in &steps {
            let feeds: Vec<Array> = feeds.iter().map(Array::from).collect();
            let values = interpreter::run(&computation.graph, &feeds, &want);
            losses.push(values[computation.outputs[0].index()][0].clone());
            for &(state, v) in &computation.updates {
                want[state] = values[v.index()][v.output as usize].clone();
            }
        }
        let mut first: Option<Vec<Vec<f32>>> = None;
        for (mode, threads) in [
            (Mode::Fast, 1),
            (Mode::Fast, 2),
            (Mode::Fast, 3),
            (Mode::Traced, 2),
        ] {
            let plan = compile(&computation, mode)?;
            let copies = plan.stages.iter().any(|s| match s {
                Stage::Whole(steps) => steps
                    .iter()
                    .any(|s| matches!(s, Whole::Store { .. } | Whole::Exchange(_))),
                Stage::Segment(_) => false,
            });
            assert!(
                !copies || mode == Mode::Traced,
                "batch {batch}: an update is not in place"
            );
            let mut states = States::new();
            for t in &start {
                states.push(t)?;
            }
            for (feeds, loss) in steps.iter().zip(&losses) {
                let feeds: Vec<&Tensor> = feeds.iter().collect();
                let got = run_with(threads, None, &plan, &feeds, &mut states);
                assert_close(
                    &format!("batch {batch}, {mode:?}: loss"),
                    &got[0],
                    loss,
                    1e-5,
                );
            }
            for (i, want) in want.iter().enumerate() {
                let what = format!("batch {batch}, {mode:?}: state {i}");
                assert_close(&what, &states.tensor(i), want, 1e-5);
            }
            if mode == Mode::Fast {
                let all: Vec<Vec<f32>> = (0..8).map(|i| states.get(i).to_vec()).collect();
                let first = first.get_or_insert_with(|| all.clone());
                assert!(
                    *first == all,
                    "batch {batch}: {threads} threads give other bits"
                );
            }
        }
    }
    Ok(())
}

#[test]
fn memory_does_not_grow_with_depth_where_nothing_is_kept() -> Result<()> {
    let peak = |depth: usize, batch: usize| -> Result<usize> {
        let mut g = Graph::new();
        let w = g.feed("w", [64, 64], false)?;
        let mut x = g.feed("x", [batch, 64], true)?;
        for _ in 0..depth {
            x = g.matmul(x, w)?;
            x = g.tanh(x)?;
        }
        let computation = Computation {
            graph: g,
            batch,
            outputs: vec![x],
            ..Computation::default()
        };
        Ok(compile(&computation, Mode::Fast)?.bytes(2))
    };
    for batch in [1, 256] {
        assert_eq!(peak(3, batch)?, peak(30, batch)?, "batch {batch}");
    }
    // Rows live in the threads' arenas: only the output is as long as the batch.
    let output = 4096 * 64 * 4;
    assert!(peak(30, 4096)? <= output + 2 * (1 << 20));
    Ok(())
}
