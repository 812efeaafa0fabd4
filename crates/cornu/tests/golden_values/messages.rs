//! What is told before the first step when targets, predictions and arguments do not fit together.

use cornu::losses::{self, Loss, Targets};
use cornu::metrics::{MetricChoice, metric};
use cornu::optimizers::{self, Optimizer};
use cornu::{DType, Error, Shape};
use serde_json::{Map, Value as Json, json};

fn targets(shape: &[usize], dtype: DType, range: Option<(f64, f64)>) -> Targets {
    Targets {
        shape: shape.into(),
        dtype,
        range,
    }
}

fn labels(shape: &[usize], low: i32, high: i32) -> Targets {
    targets(shape, DType::I32, Some((low.into(), high.into())))
}

fn reals(shape: &[usize], low: f64, high: f64) -> Targets {
    targets(shape, DType::F32, Some((low, high)))
}

fn mistake(loss: &str, targets: &Targets, prediction: &[usize]) -> String {
    let loss = losses::loss(loss).expect("a known loss");
    let error = loss.check(targets, &prediction.into());
    error.expect_err("a mistake").to_string()
}

fn fits(loss: &str, targets: &Targets, prediction: &[usize]) {
    let loss = losses::loss(loss).expect("a known loss");
    loss.check(targets, &prediction.into()).expect("no mistake");
}

fn object(json: Json) -> Map<String, Json> {
    match json {
        Json::Object(map) => map,
        other => panic!("{other} is no object"),
    }
}

#[test]
fn class_numbers_where_one_hot_rows_are_wanted() {
    assert_eq!(
        mistake("categorical_crossentropy", &labels(&[], 0, 9), &[10]),
        "CategoricalCrossentropy expects one-hot targets of the predictions' shape [10], received []\n  \
         help these look like class numbers: use SparseCategoricalCrossentropy, or make one-hot rows of length 10"
    );
    assert_eq!(
        mistake("categorical_crossentropy", &reals(&[8], 0.0, 1.0), &[10]),
        "CategoricalCrossentropy expects one-hot targets of the predictions' shape [10], received [8]\n  \
         help each row needs one entry for each of the 10 predicted classes"
    );
    fits("categorical_crossentropy", &reals(&[10], 0.0, 1.0), &[10]);
    fits("categorical_crossentropy", &labels(&[10], 0, 1), &[10]);
}

#[test]
fn one_hot_rows_where_class_numbers_are_wanted() {
    assert_eq!(
        mistake(
            "sparse_categorical_crossentropy",
            &reals(&[10], 0.0, 1.0),
            &[10]
        ),
        "SparseCategoricalCrossentropy expects one integer label for each prediction [10], received targets of shape [10]\n  \
         help these look like one-hot labels: use CategoricalCrossentropy, or pass the class numbers"
    );
    assert_eq!(
        mistake(
            "sparse_categorical_crossentropy",
            &labels(&[5], 0, 9),
            &[7, 10]
        ),
        "SparseCategoricalCrossentropy expects one integer label for each prediction [7, 10], received targets of shape [5]\n  \
         help labels need the shape [7]"
    );
    assert_eq!(
        mistake(
            "sparse_categorical_crossentropy",
            &reals(&[], 0.0, 9.0),
            &[10]
        ),
        "SparseCategoricalCrossentropy expects integer labels, received float32\n  \
         help class numbers are int32; for real targets use MeanSquaredError"
    );
    fits("sparse_categorical_crossentropy", &labels(&[], 0, 9), &[10]);
    fits(
        "sparse_categorical_crossentropy",
        &labels(&[1], 0, 9),
        &[10],
    );
    fits(
        "sparse_categorical_crossentropy",
        &labels(&[7], 0, 9),
        &[7, 10],
    );
}

#[test]
fn labels_out_of_range() {
    let told = |bad: &str| {
        format!(
            "labels must be between 0 and 9 for 10 predicted classes, received {bad}\n  \
             help the last layer needs one unit a class, and classes are numbered from 0"
        )
    };
    let sparse = "sparse_categorical_crossentropy";
    assert_eq!(mistake(sparse, &labels(&[], 1, 10), &[10]), told("10"));
    assert_eq!(mistake(sparse, &labels(&[], -1, 9), &[10]), told("-1"));
    let ignoring = losses::SparseCategoricalCrossentropy::default().ignore_class(-1);
    let shape = Shape::from([10]);
    ignoring
        .check(&labels(&[], -1, 9), &shape)
        .expect("-1 is ignored");
    let error = ignoring.check(&labels(&[], -1, 10), &shape);
    assert_eq!(error.expect_err("10 is not").to_string(), told("10"));
}

#[test]
fn a_single_class() {
    for (loss, class, y) in [
        (
            "sparse_categorical_crossentropy",
            "SparseCategoricalCrossentropy",
            labels(&[], 0, 1),
        ),
        (
            "categorical_crossentropy",
            "CategoricalCrossentropy",
            reals(&[1], 0.0, 1.0),
        ),
    ] {
        assert_eq!(
            mistake(loss, &y, &[1]),
            format!(
                "{class} expects predictions for at least 2 classes, received [1]\n  \
                 help for yes or no from one unit use BinaryCrossentropy and a sigmoid"
            )
        );
        assert_eq!(
            mistake(loss, &y, &[]),
            format!(
                "{class} expects predictions with an axis of classes, received one number a sample\n  \
                 help the last layer needs one unit a class"
            )
        );
    }
}

#[test]
fn targets_that_are_no_probabilities() {
    assert_eq!(
        mistake("binary_crossentropy", &reals(&[1], -1.0, 1.0), &[1]),
        "BinaryCrossentropy expects targets between 0 and 1, received -1\n  \
         help 0 and 1 stand for no and yes; for -1 and 1 add 1 and halve"
    );
    assert_eq!(
        mistake("bce", &labels(&[], 0, 3), &[1]),
        "BinaryCrossentropy expects targets between 0 and 1, received 3\n  \
         help 0 and 1 stand for no and yes; for -1 and 1 add 1 and halve"
    );
    let nan = reals(&[1], f64::NAN, f64::NAN);
    assert!(
        mistake("bce", &nan, &[1])
            .starts_with("BinaryCrossentropy expects targets between 0 and 1, received NaN")
    );
    fits("bce", &labels(&[], 0, 1), &[1]);
    fits("bce", &reals(&[4], 0.0, 1.0), &[4]);
}

#[test]
fn shapes_that_do_not_match() {
    assert_eq!(
        mistake("mse", &reals(&[3], 0.0, 1.0), &[1]),
        "MeanSquaredError expects targets of the predictions' shape [1], received [3]\n  \
         help shapes are those of one sample, without the batch axis"
    );
    assert_eq!(
        mistake("mse", &reals(&[], 0.0, 1.0), &[4]),
        "MeanSquaredError expects targets of the predictions' shape [4], received []\n  \
         help the last layer needs one unit for one target a sample"
    );
    assert_eq!(
        mistake("bce", &labels(&[], 0, 9), &[10]),
        "BinaryCrossentropy expects targets of the predictions' shape [10], received []\n  \
         help for one class number a sample use SparseCategoricalCrossentropy"
    );
}

/// `[batch]` and `[batch, 1]` are the same column: neither is spread over the other into a square.
#[test]
fn a_column_with_and_without_its_last_axis() {
    fits("mse", &reals(&[], 0.0, 1.0), &[1]);
    fits("mse", &reals(&[1], 0.0, 1.0), &[]);
    let column = [0.5f32, 1.0, 3.0];
    for (y_shape, x_shape) in [
        (vec![3], vec![3, 1]),
        (vec![3, 1], vec![3]),
        (vec![3], vec![3]),
    ] {
        let mut p = super::Program::default();
        let y = p.feed(cornu::Tensor::new(y_shape, column.to_vec()).expect("a column"));
        let x = p.feed(cornu::Tensor::new(x_shape, vec![0.0f32; 3]).expect("a column"));
        let mse = losses::MeanSquaredError::default();
        let each = mse.call(&mut p.graph, y, x).expect("the same column");
        for (way, seen) in p.run(&[each]) {
            super::assert_close(way, &seen[0], &[0.25, 1.0, 9.0], 1e-6);
        }
    }
}

fn refused(class: &str, config: Json) -> String {
    let error = optimizers::deserialize(class, object(config));
    error.expect_err("a mistake").to_string()
}

#[test]
fn arguments_of_optimizers_out_of_range() {
    let cases = [
        (
            "adam",
            json!({"learning_rate": -0.1}),
            "Adam: learning_rate must be a finite number of at least 0, received -0.1",
        ),
        (
            "adam",
            json!({"learning_rate": 1e300}),
            "Adam: learning_rate must be a finite number of at least 0, received inf",
        ),
        (
            "Adam",
            json!({"beta_1": 1.0}),
            "Adam: beta_1 must be at least 0 and below 1, received 1",
        ),
        (
            "AdamW",
            json!({"beta_2": -0.5}),
            "AdamW: beta_2 must be at least 0 and below 1, received -0.5",
        ),
        (
            "adam",
            json!({"epsilon": -1e-7}),
            "Adam: epsilon must be a finite number of at least 0, received -0.0000001",
        ),
        (
            "sgd",
            json!({"momentum": 1.5}),
            "SGD: momentum must be from 0 to 1, received 1.5",
        ),
        (
            "RMSprop",
            json!({"rho": 2}),
            "RMSprop: rho must be at least 0 and below 1, received 2",
        ),
        (
            "sgd",
            json!({"weight_decay": -0.01}),
            "SGD: weight_decay must be a finite number of at least 0, received -0.01",
        ),
        (
            "sgd",
            json!({"clipnorm": 0.0}),
            "SGD: clipnorm must be a finite number above 0, received 0",
        ),
        (
            "sgd",
            json!({"clipnorm": 1.0, "clipvalue": 0.5}),
            "SGD: only one kind of clipping can be set, received clipnorm and clipvalue\n  \
             help clipnorm limits each gradient, global_clipnorm all together, clipvalue each element",
        ),
        (
            "adam",
            json!({"learning_rate": "fast"}),
            "Adam: learning_rate: invalid type: string \"fast\", expected a number or a schedule",
        ),
        (
            "adam",
            json!({"amsgrad": 1}),
            "Adam: amsgrad: invalid type: integer `1`, expected a boolean",
        ),
        (
            "adam",
            json!({"ema_momentum": 1.5}),
            "Adam: ema_momentum must be from 0 to 1, received 1.5",
        ),
        (
            "sgd",
            json!({"gradient_accumulation_steps": 1}),
            "SGD: gradient_accumulation_steps must be at least 2, received 1",
        ),
        (
            "Lookahead",
            json!({"k": 3}),
            "Lookahead: inner_optimizer must be an optimizer: a name, or an object with class_name and config",
        ),
        (
            "LossScaleOptimizer",
            json!({"inner_optimizer": "adam", "initial_scale": 0}),
            "LossScaleOptimizer: initial_scale must be a finite number above 0, received 0",
        ),
        (
            "MultiOptimizer",
            json!({"optimizer_map": {"default_optimizer": "adam", "optimizer_map": {".*": "multioptimizer"}}}),
            "MultiOptimizer: default_optimizer must be an optimizer: a name, or an object with class_name and config",
        ),
        (
            "Rprop",
            json!({"etas": [1.5, 1.2]}),
            "Rprop: etas must be one number between 0 and 1 and one above 1, received 1.5 and 1.2",
        ),
    ];
    for (class, config, told) in cases {
        assert_eq!(refused(class, config), told);
    }
    // Builder methods cannot fail: the check tells.
    for (class, built) in [
        ("Adam", optimizers::Adam::new(f32::NAN).check()),
        ("RMSprop", optimizers::RMSprop::new(f32::NAN).check()),
        ("SGD", optimizers::SGD::new(f32::NAN).check()),
        ("AdamW", optimizers::AdamW::new(f32::NAN).check()),
    ] {
        assert_eq!(
            built.expect_err("NaN is no rate").message(),
            format!("{class}: learning_rate must be a finite number of at least 0, received NaN")
        );
    }
}

#[test]
fn names_that_nothing_has() {
    assert_eq!(
        refused("adam", json!({"beta1": 0.9})),
        "Adam has no argument \"beta1\"\n  help did you mean \"beta_1\"? known: learning_rate, weight_decay, clipnorm, \
         global_clipnorm, clipvalue, use_ema, ema_momentum, ema_overwrite_frequency, loss_scale_factor, gradient_accumulation_steps, \
         beta_1, beta_2, epsilon, amsgrad, groups"
    );
    assert_eq!(
        refused("addam", json!({})).split(" known: ").next(),
        Some("unknown optimizer \"addam\"\n  help did you mean \"adam\"?")
    );
    let told = |e: Result<Box<dyn Loss>, Error>| e.expect_err("a mistake").to_string();
    assert_eq!(
        told(losses::deserialize(
            "mse",
            object(json!({"from_logits": true}))
        )),
        "MeanSquaredError has no argument \"from_logits\"\n  help known: reduction"
    );
    assert_eq!(
        told(losses::deserialize(
            "bce",
            object(json!({"label_smoothing": 1.5}))
        )),
        "BinaryCrossentropy: label_smoothing must be from 0 to 1, received 1.5"
    );
    assert_eq!(
        told(losses::deserialize(
            "mse",
            object(json!({"reduction": "avg"}))
        )),
        "unknown reduction \"avg\"\n  help known: sum_over_batch_size, sum, mean_with_sample_weight, none"
    );
    assert_eq!(
        told(losses::deserialize(
            "sparse_categorical_crossentropy",
            object(json!({"axis": 1}))
        )),
        "SparseCategoricalCrossentropy: axis must be -1, received 1\n  help classes stand in the last axis"
    );
    assert_eq!(
        told(losses::loss("categorical_crosentropy"))
            .split(" known: ")
            .next(),
        Some(
            "unknown loss \"categorical_crosentropy\"\n  help did you mean \"categorical_crossentropy\"?"
        )
    );
    let error = metric("acuracy").resolve(&labels(&[], 0, 9), &[10].into());
    assert_eq!(
        error.expect_err("a mistake").to_string(),
        "unknown metric \"acuracy\"\n  help did you mean \"accuracy\"?"
    );
    let error = MetricChoice::from_json(&json!(7)).expect_err("a mistake");
    assert_eq!(
        error.message(),
        "expected a metric's name, or an object with class_name and config, received 7"
    );
}

/// The rule of Keras for the name "accuracy".
#[test]
fn accuracy_is_the_one_that_fits() {
    let chosen = |targets: &Targets, prediction: &[usize]| {
        let m = metric("acc")
            .resolve(targets, &prediction.into())
            .expect("an accuracy fits");
        assert_eq!(m.name(), "acc");
        m.class_name()
    };
    assert_eq!(
        chosen(&labels(&[], 0, 9), &[10]),
        "SparseCategoricalAccuracy"
    );
    assert_eq!(
        chosen(&labels(&[1], 0, 9), &[10]),
        "SparseCategoricalAccuracy"
    );
    assert_eq!(
        chosen(&labels(&[7], 0, 9), &[7, 10]),
        "SparseCategoricalAccuracy"
    );
    assert_eq!(
        chosen(&reals(&[10], 0.0, 1.0), &[10]),
        "CategoricalAccuracy"
    );
    assert_eq!(chosen(&labels(&[], 0, 1), &[1]), "BinaryAccuracy");
    assert_eq!(chosen(&reals(&[1], 0.0, 1.0), &[1]), "BinaryAccuracy");
    assert_eq!(chosen(&reals(&[], 0.0, 1.0), &[]), "BinaryAccuracy");
}

#[test]
fn what_keras_writes_is_read() {
    let written = json!({
        "module": "keras.metrics", "class_name": "BinaryAccuracy", "registered_name": null,
        "config": {"name": "hits", "dtype": "float32", "threshold": 0.25}
    });
    let choice = MetricChoice::from_json(&written).expect("Keras's own");
    assert_eq!(
        choice.to_json()["config"],
        json!({"name": "hits", "threshold": 0.25})
    );
    let config = object(
        json!({"name": "scce", "reduction": "sum", "from_logits": true, "ignore_class": 255}),
    );
    let loss =
        losses::deserialize("SparseCategoricalCrossentropy", config.clone()).expect("Keras's own");
    let own: Map<String, Json> = config.into_iter().filter(|(k, _)| k != "name").collect();
    assert_eq!(loss.config(), own);
    let sgd = optimizers::SGD::new(0.5)
        .momentum(0.25)
        .nesterov(true)
        .clipvalue(0.5);
    assert_eq!(
        optimizers::serialize(&sgd)["config"],
        json!({
            "name": "sgd", "learning_rate": 0.5, "weight_decay": null, "clipnorm": null, "global_clipnorm": null,
            "clipvalue": 0.5, "momentum": 0.25, "nesterov": true, "use_ema": false, "ema_momentum": 0.99,
            "ema_overwrite_frequency": null, "loss_scale_factor": null, "gradient_accumulation_steps": null
        })
    );
}
