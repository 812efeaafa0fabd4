//! What recurrent layers remember from batch to batch.

use cornu::prelude::*;

use crate::check::numbers;

fn tensor(shape: [usize; 3], salt: usize) -> Tensor {
    Tensor::new(shape, numbers(shape.iter().product(), salt)).expect("sizes fit")
}

/// The steps `from..to` of sequences.
fn steps(x: &Tensor, from: usize, to: usize) -> Tensor {
    let [batch, all, features] = *x.shape().axes() else {
        panic!("a sequence");
    };
    let values = x.f32s().expect("floats");
    let rows = (0..batch)
        .flat_map(|b| values[(b * all + from) * features..(b * all + to) * features].to_vec());
    Tensor::new([batch, to - from, features], rows.collect::<Vec<f32>>()).expect("sizes fit")
}

fn near(a: &Tensor, b: &Tensor) {
    assert_eq!(a.shape(), b.shape());
    for (a, b) in a
        .f32s()
        .expect("floats")
        .iter()
        .zip(b.f32s().expect("floats"))
    {
        assert!((a - b).abs() <= 1e-5, "{a} {b}");
    }
}

#[test]
fn states_stay_from_batch_to_batch_until_they_are_reset() {
    let x = tensor([2, 6, 3], 1);
    let layers: [fn(bool) -> Box<dyn Layer>; 4] = [
        |stateful| Box::new(LSTM::new(4).stateful(stateful)),
        |stateful| Box::new(GRU::new(4).stateful(stateful).return_sequences(true)),
        |stateful| {
            let cells = StackedRNNCells::new([LSTMCell::new(3), LSTMCell::new(2)]);
            Box::new(RNN::new(cells).stateful(stateful))
        },
        |stateful| Box::new(SimpleRNN::new(4).stateful(stateful).activation("relu")),
    ];
    for layer in layers {
        let whole = Sequential::new()
            .input([6, 3])
            .seed(3)
            .add_boxed(layer(false));
        let mut whole = whole.build().expect("valid");
        let all = whole.predict(&x).expect("predicts");
        let parts = Sequential::new().input([3, 3]).batch_size(2).seed(3);
        let mut parts = parts.add_boxed(layer(true)).build().expect("valid");
        let first = parts.predict(&steps(&x, 0, 3)).expect("predicts");
        let second = parts.predict(&steps(&x, 3, 6)).expect("predicts");
        if all.shape().rank() == 2 {
            near(&second, &all);
        } else {
            near(&first, &steps(&all, 0, 3));
            near(&second, &steps(&all, 3, 6));
        }
        parts.reset_states().expect("has states");
        near(&parts.predict(&steps(&x, 0, 3)).expect("predicts"), &first);
    }
}

#[test]
fn training_moves_states_too() {
    let mut model = Sequential::new()
        .input([3, 2])
        .batch_size(2)
        .add(Bidirectional::new(GRU::new(3).stateful(true)))
        .add(Dense::new(1))
        .build()
        .expect("valid");
    model
        .compile(SGD::new(0.1), MeanSquaredError::default(), [] as [&str; 0])
        .expect("compiles");
    let state = |model: &Model| {
        let paths = model.weight_paths();
        let at = paths.iter().position(|p| p.ends_with("rnn_state"));
        model.weights()[at.expect("a state")]
            .f32s()
            .expect("floats")
            .to_vec()
    };
    assert!(state(&model).iter().all(|&v| v == 0.0));
    let data = (tensor([4, 3, 2], 5), Tensor::zeros([4, 1]));
    model
        .fit(&data, Fit::epochs(1).batch_size(2))
        .expect("trains");
    assert!(state(&model).iter().any(|&v| v != 0.0));
}

#[test]
fn a_stateful_layer_asks_for_the_size_of_batches() {
    let any = Sequential::new()
        .input([3, 2])
        .add(LSTM::new(3).stateful(true));
    let told = any.build().expect_err("refused").to_string();
    assert!(told.contains("batches of a fixed size"), "{told}");
    assert!(told.contains("batch_size"), "{told}");
}

#[test]
fn a_layer_at_each_step_can_be_regularised_and_masked() {
    let mut model = Sequential::new()
        .input([4, 3])
        .add(Masking::new())
        .add(TimeDistributed::new(Dense::new(2).kernel_regularizer("l2")))
        .add(LSTM::new(2))
        .build()
        .expect("valid");
    let mut x = numbers(12, 2);
    x[6..].fill(0.0);
    let padded = Tensor::new([1, 4, 3], x.clone()).expect("sizes fit");
    let y = model.predict(&padded).expect("predicts");
    let mut short = Sequential::new()
        .input([2, 3])
        .add(TimeDistributed::new(Dense::new(2)))
        .add(LSTM::new(2))
        .build()
        .expect("valid");
    short
        .set_weights(&model.weights())
        .expect("the same weights");
    let alone = Tensor::new([1, 2, 3], x[..6].to_vec()).expect("sizes fit");
    near(&y, &short.predict(&alone).expect("predicts"));
}
