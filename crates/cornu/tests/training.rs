//! Whole trainings: they learn, they repeat to the last bit, they survive being saved.

use cornu::prelude::*;

/// Two interleaved classes that no line separates.
fn xor(n: usize) -> (Tensor, Tensor) {
    let mut x = Vec::new();
    let mut y = Vec::new();
    for i in 0..n {
        let (a, b) = (i % 2, i / 2 % 2);
        let wobble = (i as f32 * 0.37).sin() * 0.1;
        x.extend([a as f32 + wobble, b as f32 - wobble]);
        y.push((a ^ b) as i32);
    }
    (
        Tensor::new([n, 2], x).expect("sizes fit"),
        Tensor::new([n], y).expect("sizes fit"),
    )
}

fn classifier() -> Model {
    let mut model = Sequential::new()
        .input([2])
        .seed(3)
        .add(Dense::new(16).activation("relu"))
        .add(Dense::new(2).activation("softmax"))
        .build()
        .expect("a valid model");
    model
        .compile(
            Adam::new(0.02),
            SparseCategoricalCrossentropy::default(),
            [metric("accuracy")],
        )
        .expect("a valid compilation");
    model
}

#[test]
fn a_small_network_learns_xor() {
    let data = xor(203);
    let mut model = classifier();
    let history = model
        .fit(&data, Fit::epochs(60).batch_size(32).validation(&data))
        .expect("trains");
    let last = history.last().expect("epochs");
    assert!(last.get("accuracy").expect("a metric") > 0.99, "{last:?}");
    let score = model.evaluate_batched(&data, 32).expect("evaluates");
    assert_eq!(score.get("loss"), last.get("val_loss"));
    assert!(score.get("accuracy") > Some(0.99));
}

#[test]
fn training_repeats_to_the_last_bit_for_any_number_of_threads() {
    let data = xor(100);
    let train = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .expect("threads");
        pool.install(|| {
            let mut model = classifier();
            model
                .fit(&data, Fit::epochs(3).batch_size(48))
                .expect("trains");
            model.weights()
        })
    };
    let one = train(1);
    assert_eq!(one, train(1));
    assert_eq!(one, train(2));
    assert_eq!(one, train(5));
}
