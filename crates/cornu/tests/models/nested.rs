//! Models that are layers of models.

use cornu::prelude::*;

use crate::numbers;

fn base() -> cornu::Result<Model> {
    Sequential::new()
        .input([6])
        .add(Dense::new(5).activation("relu").name("first"))
        .add(BatchNormalization::new())
        .add(Dense::new(4).kernel_regularizer(cornu::regularizers::Regularizer::l2(0.1)))
        .seed(3)
        .build()
        .map(|m| m.named("base"))
}

#[test]
fn a_nested_model_shares_its_weights_and_survives_a_file() -> cornu::Result<()> {
    let base = base()?;
    let (a, b) = (input([6]), input([6]));
    let shared = base.shared();
    let twice = Subtract::new().on([&shared.on(&a), &shared.on(&b)]);
    let y = Dense::new(1).on(&twice);
    let mut model = Model::new([&a, &b], [&y])?;
    assert_eq!(model.count_params(), base.count_params() + 5);
    assert_eq!(model.weight_paths()[0], "functional/base/first/kernel");
    let data = (
        vec![numbers(&[8, 6], 1), numbers(&[8, 6], 2)],
        numbers(&[8, 1], 3),
    );
    model.compile(
        Adam::new(0.01),
        MeanSquaredError::default(),
        [] as [&str; 0],
    )?;
    let before = base.weights();
    model.fit(&data, Fit::epochs(2).batch_size(4))?;
    assert!(base.weights()[..2].iter().zip(&before).all(|(a, b)| a != b));
    let path = std::env::temp_dir().join("cornu-test-nested.cornu");
    model.save(&path)?;
    let mut again = Model::load(&path)?;
    std::fs::remove_file(&path).ok();
    assert_eq!(again.to_json(), model.to_json());
    assert_eq!(again.weights(), model.weights());
    assert_eq!(
        again.predict_all(&data.0, 8)?,
        model.predict_all(&data.0, 8)?
    );
    let inner = again.nested("base")?;
    assert_eq!(inner.weights(), base.weights());
    assert_eq!(inner.name(), "base");
    let summary = model.summary()?;
    let row = &summary.rows[0];
    assert_eq!(
        (row.name.as_str(), row.class_name.as_str(), row.params),
        ("base", "Sequential", base.count_params())
    );
    assert!(row.flops > 0);
    Ok(())
}

#[test]
fn layers_at_any_depth_are_frozen_by_their_path() -> cornu::Result<()> {
    let middle = Sequential::new()
        .input([6])
        .add(&base()?)
        .add(Dense::new(3))
        .build()?
        .named("middle");
    let mut model = Sequential::new()
        .input([6])
        .add(middle)
        .add(Dense::new(2))
        .build()?;
    let trained = |m: &Model| m.trainable_variables().len();
    assert_eq!(trained(&model), 10);
    model.set_trainable("middle/base/first", false)?;
    assert_eq!(trained(&model), 8);
    model.set_trainable("middle", false)?;
    assert_eq!(trained(&model), 2);
    model.set_trainable("middle/base/batch_normalization", true)?;
    assert_eq!(trained(&model), 4);
    let kernel = model.layer("middle/base/first")?.weights();
    assert_eq!(kernel[0].shape().axes(), [6, 5]);
    let moving = model.layer("middle/base/batch_normalization")?.weights();
    assert_eq!(moving.len(), 4);
    model.compile(SGD::new(0.1), MeanSquaredError::default(), [] as [&str; 0])?;
    model.fit(
        &(numbers(&[8, 6], 1), numbers(&[8, 2], 2)),
        Fit::epochs(1).full_batch(),
    )?;
    assert_eq!(model.layer("middle/base/first")?.weights(), kernel);
    let moved = model.layer("middle/base/batch_normalization")?.weights();
    assert!(moved.iter().zip(&moving).all(|(a, b)| a != b));
    // Written down, the flags are there again.
    let again = Model::from_json(&model.to_json())?;
    assert_eq!(trained(&again), 4);
    let e = model
        .set_trainable("middle/base/frist", false)
        .expect_err("no such layer");
    assert_eq!(e.message(), "unknown layer \"frist\"");
    Ok(())
}

#[test]
fn what_a_nested_model_cannot_take_is_refused() -> cornu::Result<()> {
    let base = base()?;
    let x = input([7]);
    let e = Model::new([&x], [&base.on(&x)]).expect_err("another shape");
    assert_eq!(
        e.message(),
        "the model was built for inputs [[6]], received [[7]]"
    );
    assert_eq!(e.path(), Some("functional/base"));
    let x = base.inputs();
    let y = Add::new().on([&base.outputs()[0], &base.on(&x)]);
    let e = Model::new(x, y).expect_err("the same weights twice");
    assert_eq!(
        e.message(),
        "the model holds this weight twice, under two names"
    );
    Ok(())
}

/// In use, a call of training is one of training, and the other way round.
#[test]
fn calls_say_whether_they_are_of_training() -> cornu::Result<()> {
    let base = base()?;
    let x = input([6]);
    let y = base.shared().training(false).on(&x);
    let mut model = Model::new([&x], [&y])?;
    model.compile(SGD::new(0.1), MeanSquaredError::default(), [] as [&str; 0])?;
    let statistics = |m: &Model| {
        m.layer("base/batch_normalization")
            .map(|l| l.weights()[2..].to_vec())
    };
    let before = statistics(&model)?;
    let data = (numbers(&[8, 6], 1), numbers(&[8, 4], 2));
    model.fit(&data, Fit::epochs(1).full_batch())?;
    assert_eq!(statistics(&model)?, before);
    let json = model.to_json();
    assert!(json.contains(r#""training":false"#), "{json}");
    assert_eq!(Model::from_json(&json)?.to_json(), json);
    Ok(())
}

#[test]
fn each_direction_of_a_bidirectional_layer_is_reached_by_its_name() -> cornu::Result<()> {
    let mut model = Sequential::new()
        .input([5, 3])
        .add(Bidirectional::new(GRU::new(4)))
        .add(Dense::new(1))
        .seed(8)
        .build()?;
    let weights = model.weights();
    let paths = model.weight_paths();
    assert_eq!(paths[0], "sequential/bidirectional/forward_gru/kernel");
    assert_eq!(paths[3], "sequential/bidirectional/backward_gru/kernel");
    let backward = model.layer("bidirectional/backward_gru")?;
    assert_eq!(backward.weights(), weights[3..6]);
    assert_eq!(backward.layer().class_name(), "GRU");
    backward.set_weights(&[
        numbers(&[3, 12], 1),
        numbers(&[4, 12], 2),
        numbers(&[2, 12], 3),
    ])?;
    assert_eq!(model.weights()[..3], weights[..3]);
    assert_eq!(model.weights()[3], numbers(&[3, 12], 1));
    let e = model
        .layer("bidirectional/backward_lstm")
        .expect_err("a GRU");
    assert!(e.to_string().contains("backward_gru"), "{e}");

    // One direction stays as it is, also behind a file.
    model.set_trainable("bidirectional/forward_gru", false)?;
    let path = std::env::temp_dir().join("cornu-test-directions.cornu");
    model.save(&path)?;
    let mut again = Model::load(&path)?;
    std::fs::remove_file(&path).ok();
    assert_eq!(again.to_json(), model.to_json());
    let data = (numbers(&[8, 5, 3], 4), numbers(&[8, 1], 5));
    for model in [&mut model, &mut again] {
        let before = model.weights();
        model.compile(
            Adam::new(0.01),
            MeanSquaredError::default(),
            [] as [&str; 0],
        )?;
        model.fit(&data, Fit::epochs(1).full_batch())?;
        let after = model.weights();
        assert_eq!(after[..3], before[..3]);
        assert!(after[3..].iter().zip(&before[3..]).all(|(a, b)| a != b));
    }
    assert_eq!(again.weights(), model.weights());
    model.set_trainable("bidirectional", true)?;
    assert_eq!(model.summary()?.non_trainable, 0);
    Ok(())
}
