//! Training steps of one's own: what they compute, what they change, and what they leave as it is.

use cornu::prelude::*;

use crate::{close, numbers};

fn network(inputs: usize, outputs: usize) -> cornu::Result<Model> {
    Sequential::new()
        .input([inputs])
        .add(Dense::new(6).activation("tanh"))
        .add(Dense::new(outputs))
        .build()
}

/// Written by hand, a step is the one that `fit` makes.
#[test]
fn a_step_is_what_fit_does() -> cornu::Result<()> {
    let mut fitted = network(3, 2)?;
    let stepped = fitted.duplicate()?;
    let (x, y) = (numbers(&[8, 3], 1), numbers(&[8, 2], 2));
    fitted.compile(
        Adam::new(0.01),
        MeanSquaredError::default(),
        [] as [&str; 0],
    )?;
    let history = fitted.fit(
        &(x.clone(), y.clone()),
        Fit::epochs(5).full_batch().shuffle(false),
    )?;
    let mut step = TrainStep::new(8, |t| {
        let (x, y) = (t.input([3])?, t.input([2])?);
        let p = t.call(&stepped, x)?;
        let loss = t.loss(&MeanSquaredError::default(), y, p)?;
        t.minimize(loss, &stepped, Adam::new(0.01))?;
        Ok(loss)
    })?;
    for expected in history.series("loss") {
        let loss = step.run(&[&x, &y])?.f32s()?[0];
        assert!(
            (f64::from(loss) - expected).abs() < 1e-6,
            "{loss} {expected}"
        );
    }
    assert_eq!(stepped.weights(), fitted.weights());
    assert_eq!(step.runs(), 5);
    Ok(())
}

#[test]
fn one_part_learns_while_the_other_is_only_looked_through() -> cornu::Result<()> {
    let (generator, critic) = (network(2, 3)?, network(3, 1)?);
    let mut step = TrainStep::new(4, |t| {
        let noise = t.normal([2])?;
        let fake = t.call(&generator, noise)?;
        let judged = t.call(&critic, fake)?;
        let loss = t.mean_all(judged)?;
        t.minimize(loss, &generator, SGD::new(0.1))?;
        Ok((loss, vec![fake]))
    })?
    .seed(3);
    let before = (generator.weights(), critic.weights());
    let (first, fakes) = step.run(&[])?;
    assert_ne!(generator.weights(), before.0);
    assert_eq!(critic.weights(), before.1);
    assert_eq!(fakes[0].shape().axes(), [4, 3]);
    let mut last = first.f32s()?[0];
    for _ in 0..60 {
        last = step.run(&[])?.0.f32s()?[0];
    }
    assert!(last < first.f32s()?[0] - 0.5, "{last}");
    Ok(())
}

/// As in eager code: what is called after an update has the new weights, and a loss from before it has its gradient at the old ones.
#[test]
fn what_follows_an_update_sees_it() -> cornu::Result<()> {
    let w = Variable::new(&Tensor::new([1], vec![3.0f32])?)?;
    let mut step = TrainStep::new(1, |t| {
        let old = t.variable(&w)?;
        let loss = t.square(old)?;
        let other = t.scale(old, 10.0)?;
        t.minimize(loss, &w, SGD::new(0.1))?; // 3 - 0.6 = 2.4
        let new = t.variable(&w)?;
        let after = t.square(new)?;
        t.minimize(other, &w, SGD::new(0.1))?; // 2.4 - 1 = 1.4
        t.minimize(after, &w, SGD::new(0.1))?; // 1.4 - 0.48 = 0.92
        Ok([loss, after])
    })?;
    let [loss, after] = step.run(&[])?;
    assert_eq!(loss.f32s()?, [9.0]);
    assert!((after.f32s()?[0] - 5.76).abs() < 1e-5);
    assert!((w.value().f32s()?[0] - 0.92).abs() < 1e-5);
    Ok(())
}

#[test]
fn a_target_network_follows() -> cornu::Result<()> {
    let online = network(2, 2)?;
    let target = online.duplicate()?;
    let zeros: Vec<Tensor> = online
        .weights()
        .iter()
        .map(|w| Tensor::zeros(w.shape().clone()))
        .collect();
    let before = target.weights();
    let mut online = online;
    online.set_weights(&zeros)?;
    let mut step = TrainStep::new(1, |t| t.follow(&target, &online, 0.25))?;
    step.run(&[])?;
    for (new, old) in target.weights().iter().zip(&before) {
        let moved = old.f32s()?.iter().map(|w| w * 0.75).collect::<Vec<f32>>();
        assert!(close(new, &Tensor::new(old.shape().clone(), moved)?));
    }
    Ok(())
}

/// Deep Q-learning in one step: the value of the action that was taken, against a target that does not learn.
#[test]
fn the_value_of_an_action_is_learned() -> cornu::Result<()> {
    let online = network(2, 3)?;
    let target = online.duplicate()?;
    let mut step = TrainStep::new(4, |t| {
        let state = t.input([2])?;
        let action = t.input_of(DType::I32, [])?;
        let reward = t.input([])?;
        let next = t.input([2])?;
        let gamma = t.given([])?;
        let values = t.call(&online, state)?;
        let value = t.take_last(values, action)?;
        let ahead = t.infer(&target, next)?;
        let best = t.max(ahead, &[1], false)?;
        let best = t.mul(best, gamma)?;
        let goal = t.add(reward, best)?;
        let goal = t.stop_gradient(goal)?;
        let error = t.sub(value, goal)?;
        let error = t.square(error)?;
        let loss = t.mean_all(error)?;
        t.minimize(loss, &online, Adam::new(0.05))?;
        Ok(loss)
    })?;
    let inputs = [
        &numbers(&[4, 2], 1),
        &Tensor::new([4], vec![0, 2, 1, 2])?,
        &numbers(&[4], 2),
        &numbers(&[4, 2], 3),
        &Tensor::scalar(0.9),
    ];
    let first = step.run(&inputs)?.f32s()?[0];
    let mut last = first;
    for _ in 0..50 {
        last = step.run(&inputs)?.f32s()?[0];
    }
    assert!(last < 0.05 * first, "{first} {last}");
    Ok(())
}

/// A model called twice in one step moves its statistics twice.
#[test]
fn statistics_move_with_each_call() -> cornu::Result<()> {
    let model = Sequential::new()
        .input([2])
        .add(BatchNormalization::new().momentum(0.5))
        .build()?;
    let mut step = TrainStep::new(4, |t| {
        let (a, b) = (t.full([2], 1.0)?, t.full([2], 3.0)?);
        Ok([t.call(&model, a)?, t.call(&model, b)?, t.infer(&model, b)?])
    })?;
    let [_, _, used] = step.run(&[])?;
    let mean = &model.weights()[2];
    assert!(
        close(mean, &Tensor::new([2], vec![1.75f32; 2])?),
        "{mean:?}"
    );
    // The variance went from 1 to ½ to ¼.
    let expected = (3.0 - 1.75) / (0.25f32 + 1e-3).sqrt();
    assert!((used.f32s()?[0] - expected).abs() < 1e-4);
    Ok(())
}

#[test]
fn an_optimizer_and_its_memory_serve_several_steps() -> cornu::Result<()> {
    let w = Variable::new(&Tensor::new([1], vec![1.0f32])?)?;
    let sgd = OptimizerHandle::new(SGD::new(0.1).momentum(0.5))?;
    let make = |batch| {
        TrainStep::new(batch, |t| {
            let w = t.variable(&w)?;
            t.sum_all(w)
        })
    };
    drop(make(2)?);
    let step = |batch| {
        TrainStep::new(batch, |t| {
            let value = t.variable(&w)?;
            let loss = t.sum_all(value)?;
            t.minimize(loss, &w, &sgd)
        })
    };
    let (mut one, mut two) = (step(1)?, step(2)?);
    one.run(&[])?; // velocity -0.1
    two.run(&[])?; // velocity -0.15
    assert!((w.value().f32s()?[0] - 0.75).abs() < 1e-6);
    sgd.set_learning_rate(0.0)?;
    one.run(&[])?; // velocity -0.075
    assert!((w.value().f32s()?[0] - 0.675).abs() < 1e-6);
    assert_eq!(sgd.iterations(), 3);
    Ok(())
}

#[test]
fn mistakes_are_told() -> cornu::Result<()> {
    let model = network(2, 1)?;
    let other = network(2, 1)?;
    let wrong = |write: &dyn Fn(&mut Tape) -> cornu::Result<()>| {
        TrainStep::new(4, |t| write(t))
            .expect_err("a mistake")
            .to_string()
    };
    let e = wrong(&|t| {
        let x = t.input([3])?;
        t.call(&model, x).map(|_| ())
    });
    assert_eq!(
        e,
        "the model expects float32 [2], received float32 [3]\n  at   sequential/input_layer"
    );
    let e = wrong(&|t| {
        let x = t.input([2])?;
        let y = t.call(&model, x)?;
        t.minimize(y, &model, SGD::new(0.1))
    });
    assert!(
        e.starts_with("a loss must be a single number, received [4, 1]"),
        "{e}"
    );
    let e = wrong(&|t| {
        let x = t.input([2])?;
        let y = t.call(&model, x)?;
        let loss = t.mean_all(y)?;
        t.minimize(loss, &other, SGD::new(0.1))
    });
    assert!(
        e.starts_with("the loss depends on none of the weights"),
        "{e}"
    );
    let e = wrong(&|t| t.feed("x", [2], true).map(|_| ()));
    assert!(e.contains("make inputs with t.input"), "{e}");
    let e = wrong(&|t| {
        let x = t.input([2])?;
        let y = t.call(&model, x)?;
        let loss = t.mean_all(y)?;
        t.minimize(loss, &model, SGD::new(-1.0))
    });
    assert!(e.contains("learning_rate"), "{e}");
    let mut step = TrainStep::new(4, |t| {
        let x = t.input([2])?;
        let y = t.call(&model, x)?;
        let y = t.log(y)?;
        let loss = t.mean_all(y)?;
        t.minimize(loss, &model, SGD::new(0.1))
    })?;
    assert_eq!(
        step.run(&[]).expect_err("no input").message(),
        "the step has 1 inputs, received 0"
    );
    let e = step.run(&[&Tensor::zeros([3, 2])]).expect_err("three");
    assert_eq!(
        e.message(),
        "input 0 of the step should be [4, 2], received [3, 2]"
    );
    let before = model.weights();
    let e = step
        .run(&[&Tensor::zeros([4, 2])])
        .expect_err("a logarithm of 0");
    assert_eq!(
        e.message(),
        "a loss or gradient is not a finite number in run 1; the first -inf came out of the op Log"
    );
    assert_eq!(model.weights(), before);
    Ok(())
}

/// Gradients through an update written by hand: the derivative of `(w - a·2w)²` for `w` is `2w·(1 - 2a)²`.
#[test]
fn learning_can_be_differentiated() -> cornu::Result<()> {
    let model = Sequential::new()
        .input([1])
        .add(Dense::new(1).use_bias(false))
        .build()?;
    model
        .layer("dense")?
        .set_weights(&[Tensor::new([1, 1], vec![2.0f32])?])?;
    let mut step = TrainStep::new(1, |t| {
        let one = t.full([1], 1.0)?;
        let weights = t.weights(&model)?;
        let y = t.call_with(&model, one, &weights, true)?[0];
        let inner = t.square(y)?;
        let slope = t.gradients(inner, &weights)?[0];
        let down = t.scale(slope, 0.1)?;
        let moved = t.sub(weights[0], down)?;
        let y = t.call_with(&model, one, &[moved], true)?[0];
        let outer = t.square(y)?;
        t.gradients(outer, &weights)
    })?;
    let slope = &step.run(&[])?[0];
    assert!((slope.f32s()?[0] - 4.0 * 0.64).abs() < 1e-5, "{slope:?}");
    Ok(())
}
