//! Several outputs, layers shared between models, features taken out of the middle.

use cornu::prelude::*;

use crate::{close, numbers};

#[test]
fn all_outputs_of_a_layer_are_symbols_and_survive_a_file() -> cornu::Result<()> {
    let x = input([7, 3]);
    let lstm = LSTM::new(4).return_sequences(true).return_state(true);
    let [y, h, c] = lstm.on_all(&x);
    let [forth, back] = Bidirectional::new(SimpleRNN::new(2)).unmerged().on_all(&y);
    let z = Concatenate::new().on([&forth, &back, &h]);
    let mut model = Model::new([&x], [&z, &c])?;
    assert_eq!(model.output_shapes(), [Shape::from([8]), Shape::from([4])]);
    assert_eq!(model.output_names(), ["concatenate", "lstm"]);
    let data = [numbers(&[5, 7, 3], 1)];
    let expected = model.predict_all(&data, 2)?;
    let json = model.to_json();
    assert!(json.contains(r#""keras_history":["lstm",0,1]"#), "{json}");
    let mut again = Model::from_json(&json)?;
    again.set_weights(&model.weights())?;
    assert_eq!(again.predict_all(&data, 5)?, expected);
    assert_eq!(again.to_json(), json);
    Ok(())
}

#[test]
fn outputs_that_a_layer_does_not_give_are_refused() {
    let x = input([7, 3]);
    let y = LSTM::new(4).return_state(true).on(&x);
    let e = Model::new([&x], [&y]).expect_err("three outputs");
    assert_eq!(
        e.to_string(),
        "1 output is counted on, but the layer gives 3\n  at   functional/lstm\n  help let [a, b, c] = layer.on_all(x) takes all 3 outputs"
    );
    let json = r#"{"class_name": "Functional", "config": {"name": "m", "layers": [
        {"class_name": "InputLayer", "name": "x", "config": {"batch_shape": [null, 3], "name": "x"}, "inbound_nodes": []},
        {"class_name": "Dense", "name": "d", "config": {"units": 2}, "inbound_nodes": [{"args": [
            {"class_name": "__keras_tensor__", "config": {"keras_history": ["x", 0, 0]}}], "kwargs": {}}]}],
        "input_layers": [["x", 0, 0]], "output_layers": [["d", 0, 1]]}}"#;
    let e = Model::from_json(json).expect_err("one output");
    assert_eq!(e.message(), "output 1 of \"d\" is wanted, which gives 1");
}

#[test]
fn models_of_the_same_symbols_share_their_layers() -> cornu::Result<()> {
    let x = input([6]);
    let code = Dense::new(2).activation("tanh").on(&x);
    let y = Dense::new(6).on(&code);
    let mut autoencoder = Model::new([&x], [&y])?;
    let mut encoder = Model::new([&x], [&code])?;
    let data = numbers(&[16, 6], 3);
    let before = encoder.predict(&data)?;
    autoencoder.compile(
        Adam::new(0.05),
        MeanSquaredError::default(),
        [] as [&str; 0],
    )?;
    autoencoder.fit(&(data.clone(), data.clone()), Fit::epochs(2).full_batch())?;
    assert_ne!(encoder.predict(&data)?, before);
    assert_eq!(encoder.weights()[..], autoencoder.weights()[..2]);
    let mut features = Model::new(autoencoder.inputs(), autoencoder.output_of("dense")?)?;
    assert_eq!(features.predict(&data)?, encoder.predict(&data)?);
    Ok(())
}

#[test]
fn a_head_on_a_trained_base_keeps_the_bases_weights() -> cornu::Result<()> {
    let mut base = Sequential::new()
        .input([6])
        .add(Dense::new(5).activation("relu"))
        .add(BatchNormalization::new())
        .add(Dense::new(4))
        .seed(3)
        .build()?;
    base.freeze();
    let y = Dense::new(2).on(&base.output_of("batch_normalization")?);
    let mut model = Model::new(base.inputs(), y)?;
    assert_eq!(
        model.layers().map(|(n, _)| n).collect::<Vec<_>>(),
        ["dense", "batch_normalization", "dense_1"]
    );
    assert_eq!(
        model.layer("dense")?.weights(),
        base.layer("dense")?.weights()
    );
    let data = (numbers(&[8, 6], 1), numbers(&[8, 2], 2));
    model.compile(SGD::new(0.1), MeanSquaredError::default(), [] as [&str; 0])?;
    let before = base.weights();
    let head = model.layer("dense_1")?.weights();
    model.fit(&data, Fit::epochs(2).full_batch())?;
    assert_eq!(base.weights(), before);
    assert_ne!(model.layer("dense_1")?.weights(), head);
    model.unfreeze();
    model.compile(SGD::new(0.1), MeanSquaredError::default(), [] as [&str; 0])?;
    model.fit(&data, Fit::epochs(1).full_batch())?;
    assert_ne!(base.weights(), before);
    Ok(())
}

#[test]
fn a_layer_shared_by_two_calls_hands_on_its_statistics() -> cornu::Result<()> {
    let (a, b) = (input([2]), input([2]));
    let norm = Shared::new(BatchNormalization::new().momentum(0.5));
    let y = Add::new().on([&norm.on(&a), &norm.on(&b)]);
    let mut model = Model::new([&a, &b], [&y])?;
    model.compile(SGD::new(0.0), MeanSquaredError::default(), [] as [&str; 0])?;
    let ones = |x: f32| Tensor::new([4, 2], vec![x; 8]);
    let data = (vec![ones(1.0)?, ones(3.0)?], ones(0.0)?);
    model.fit(&data, Fit::epochs(1).batch_size(4))?;
    // Half of 0 and 1, then half of that and 3.
    let mean = &model.layer("batch_normalization")?.weights()[2];
    assert!(
        close(mean, &Tensor::new([2], vec![1.75f32; 2])?),
        "{mean:?}"
    );
    Ok(())
}
