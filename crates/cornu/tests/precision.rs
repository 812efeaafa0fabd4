//! Training with products of operands rounded to bf16: as many threads as one likes, losses as in f32, and f32 where it is no gain.

use cornu::compile::PlanListing;
use cornu::losses::Targets;
use cornu::prelude::*;
use cornu_kernels::{Level, with_level};

/// Pictures with a bright bar that lies or stands.
fn bars(n: usize) -> (Tensor, Tensor) {
    let mut x = vec![0.0f32; n * 12 * 12 * 16];
    for (i, x) in x.chunks_mut(12 * 12 * 16).enumerate() {
        for (at, pixel) in x.chunks_mut(16).enumerate() {
            let (down, right) = (at / 12, at % 12);
            let line = if i % 2 == 0 { down } else { right };
            for (c, x) in pixel.iter_mut().enumerate() {
                let noise = ((i * 31 + at * 7 + c * 13) as f32 * 0.7).sin() * 0.4;
                *x = noise + f32::from(u8::from(line == i / 2 % 12));
            }
        }
    }
    let y = (0..n as i32).map(|i| i % 2).collect::<Vec<_>>();
    (
        Tensor::new([n, 12, 12, 16], x).expect("sizes fit"),
        Tensor::new([n], y).expect("sizes fit"),
    )
}

fn model(precision: Precision) -> Model {
    let mut model = Sequential::new()
        .input([12, 12, 16])
        .seed(5)
        .add(Conv2D::new(32, 3).padding("same").activation("relu"))
        .add(BatchNormalization::new())
        .add(Conv2D::new(64, 3).strides(2).activation("relu"))
        .add(Conv2D::new(256, 3).activation("relu"))
        .add(Flatten::new())
        .add(Dense::new(128).activation("relu"))
        .add(Dense::new(2).activation("softmax"))
        .build()
        .expect("a valid model");
    let loss = SparseCategoricalCrossentropy::default();
    model
        .compile(Adam::new(5e-4), loss, [metric("accuracy")])
        .expect("a valid compilation");
    let chosen = model.set_precision(precision).expect("it is compiled");
    assert_eq!(chosen, precision.here());
    model
}

fn losses(model: &mut Model) -> Vec<f64> {
    let data = bars(96);
    let history = model.fit(&data, Fit::epochs(4).batch_size(32));
    history.expect("trains").series("loss")
}

fn plan(model: &Model) -> PlanListing {
    let targets = Targets {
        shape: Shape::scalar(),
        dtype: DType::I32,
        range: None,
    };
    let plan = model.training_plan(32, &targets);
    plan.expect("it is compiled").listing()
}

/// Steps of the plan whose operands are rounded.
fn rounded(plan: &PlanListing) -> Vec<String> {
    let steps = plan.stages.iter().flat_map(|stage| &stage.steps);
    let rounded = steps.filter(|step| step.fused.iter().any(|f| f == "bf16"));
    rounded.map(|step| step.op.clone()).collect()
}

#[test]
fn losses_are_those_of_f32_within_rounding() {
    let (plain, rounded) = (
        losses(&mut model(Precision::F32)),
        losses(&mut model(Precision::Bf16)),
    );
    if Precision::Bf16.here() == Precision::F32 {
        eprintln!("skipped in part: this processor has no instructions for bf16");
        assert_eq!(plain, rounded);
        return;
    }
    assert_ne!(plain, rounded);
    for (epoch, (a, b)) in plain.iter().zip(&rounded).enumerate() {
        assert!(
            (a - b).abs() < 0.02 + 0.1 * a,
            "epoch {epoch}: {plain:?} and {rounded:?}"
        );
    }
    assert!(rounded[3] < 0.5 * rounded[0], "{rounded:?}");
}

#[test]
fn weights_do_not_depend_on_the_number_of_threads() {
    let train = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.expect("threads").install(|| {
            let mut model = model(Precision::Bf16);
            losses(&mut model);
            model.weights()
        })
    };
    let one = train(1);
    for threads in [1, 2, 3, 5] {
        assert!(one == train(threads), "{threads} threads give other bits");
    }
}

#[test]
fn the_plan_tells_what_is_rounded() {
    let plan = plan(&model(Precision::Bf16));
    let rounded = rounded(&plan);
    if Precision::Bf16.here() == Precision::F32 {
        eprintln!("skipped in part: this processor has no instructions for bf16");
        assert!(rounded.is_empty(), "{rounded:?}");
        return;
    }
    for op in ["Conv2D", "Conv2DWeightGrad", "MatMul", "MatMulTn"] {
        assert!(rounded.iter().any(|r| r == op), "{op} in {rounded:?}");
    }
}

#[test]
fn it_is_f32_where_the_processor_lacks_the_instructions() {
    with_level(Level::Portable, || {
        let model = model(Precision::Bf16);
        assert_eq!(model.precision(), Precision::F32);
        assert!(rounded(&plan(&model)).is_empty());
    });
}

#[test]
fn gradients_are_close_to_those_of_f32() -> Result<()> {
    let data = bars(32);
    let (_, plain) = model(Precision::F32).gradients(&data)?;
    let (_, rounded) = model(Precision::Bf16).gradients(&data)?;
    for ((path, a), (_, b)) in plain.iter().zip(&rounded) {
        let (a, b) = (a.f32s()?, b.f32s()?);
        let size: f32 = a.iter().map(|a| a * a).sum::<f32>().sqrt();
        let apart: f32 = a
            .iter()
            .zip(b)
            .map(|(a, b)| (a - b) * (a - b))
            .sum::<f32>()
            .sqrt();
        assert!(apart <= 0.15 * size + 1e-5, "{path}: {apart} of {size}");
    }
    Ok(())
}

#[test]
fn an_unknown_precision_is_told_with_the_nearest() {
    let error = Precision::from_name("bf61")
        .expect_err("unknown")
        .to_string();
    assert!(error.contains("bf16"), "{error}");
    let mut model = Sequential::new()
        .input([2])
        .add(Dense::new(1))
        .build()
        .expect("valid");
    let error = model
        .set_precision(Precision::Bf16)
        .expect_err("not compiled");
    assert!(error.to_string().contains("compile"), "{error}");
}
