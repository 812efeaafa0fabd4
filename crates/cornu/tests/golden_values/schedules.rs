//! Learning rate schedules: Keras's rates at recorded steps, Keras's configs, what is refused, and what a training makes of them.

use cornu::prelude::*;
use serde_json::{Map, Value as Json, json};

use super::cases::{cases, numbers};
use super::object;
use cornu::optimizers::{self, LearningRate, schedules};

#[test]
fn rates_are_those_of_keras() {
    let cases = cases("schedules.json");
    for (name, case) in &cases {
        let class = case["schedule"].as_str().expect("a case names its class");
        let schedule = schedules::deserialize(class, object(&case["config"])).expect(name);
        let steps = case["steps"].as_array().expect("a case has steps");
        let rates = numbers(&case["values"]);
        // Keras computes in single precision; near 0, a cosine's rate is the difference of larger numbers.
        let largest = rates.iter().copied().fold(0.0, f64::max);
        for (step, expected) in steps.iter().zip(rates) {
            let step = step.as_u64().expect("a step is a whole number");
            let rate = schedule.rate(step);
            assert!(
                (rate - expected).abs() <= 1e-6 * largest,
                "{name}: expected {expected} at step {step}, received {rate}"
            );
        }
        assert_eq!(schedule.config(), object(&case["config"]), "{name}");
    }
    assert!(cases.len() >= 17, "only {} cases were found", cases.len());
}

#[test]
fn an_optimizer_keeps_its_schedule() {
    let written = json!({
        "module": "keras.optimizers.schedules", "class_name": "CosineDecay", "registered_name": null,
        "config": {
            "initial_learning_rate": 0.01, "decay_steps": 15, "alpha": 0.1, "name": "CosineDecay", "warmup_target": 0.1,
            "warmup_steps": 5
        }
    });
    for name in optimizers::names() {
        // One that is made of others has no rate of its own.
        if ["Lookahead", "LossScaleOptimizer", "MultiOptimizer"].contains(&name) {
            continue;
        }
        let given = Map::from_iter([("learning_rate".to_owned(), written.clone())]);
        let one = optimizers::deserialize(name, given).expect(name);
        assert_eq!(one.base().learning_rate.at(5), 0.1, "{name}");
        assert_eq!(
            optimizers::serialize(&*one)["config"]["learning_rate"],
            written
        );
    }
    // A number of steps may be written as a real number, and need not be whole.
    let real = json!({"initial_learning_rate": 1, "decay_steps": 12.5, "decay_rate": 0.5, "staircase": true});
    let halved = schedules::deserialize("ExponentialDecay", object(&real)).expect("Keras's own");
    assert_eq!(
        [halved.rate(12), halved.rate(13), halved.rate(25)],
        [1.0, 0.5, 0.25]
    );
    assert_eq!(halved.config()["decay_steps"], json!(12.5));
    assert_ne!(
        LearningRate::from(CosineDecay::new(0.1, 10)),
        LearningRate::from(CosineDecay::new(0.1, 11))
    );
}

#[test]
fn what_cannot_be_a_schedule_is_told() {
    let of = |class: &str, config: Json| {
        let e = schedules::deserialize(class, object(&config)).expect_err("a mistake");
        e.to_string()
    };
    let cases = [
        (
            "CosineDecai",
            json!({}),
            "unknown learning rate schedule \"CosineDecai\"\n  help did you mean \"CosineDecay\"? known: CosineDecay, \
             CosineDecayRestarts, Cyclic, ExponentialDecay, InverseTimeDecay, Noam, OneCycle, PiecewiseConstantDecay, \
             PolynomialDecay, Warmup",
        ),
        (
            "CosineDecay",
            json!({"initial_learning_rate": 0.1}),
            "CosineDecay: missing field `decay_steps`",
        ),
        (
            "CosineDecay",
            json!({"initial_learning_rate": 0.1, "decay_steps": 9, "warmup_target": "high"}),
            "CosineDecay: warmup_target: invalid type: string \"high\", expected f64",
        ),
        (
            "CosineDecay",
            json!({"initial_learning_rate": 0.1, "decay_steps": 9, "alfa": 0.1}),
            "CosineDecay has no argument \"alfa\"\n  help did you mean \"alpha\"? known: initial_learning_rate, decay_steps, alpha, \
             name, warmup_target, warmup_steps",
        ),
        (
            "PolynomialDecay",
            json!({"initial_learning_rate": 0.1, "decay_steps": 0}),
            "PolynomialDecay: decay_steps must be a finite number above 0, received 0",
        ),
        (
            "ExponentialDecay",
            json!({"initial_learning_rate": -0.1, "decay_steps": 9, "decay_rate": 0.5}),
            "ExponentialDecay: initial_learning_rate must be a finite number of at least 0, received -0.1",
        ),
        (
            "CosineDecayRestarts",
            json!({"initial_learning_rate": 0.1, "first_decay_steps": 9, "t_mul": 0.5}),
            "CosineDecayRestarts: t_mul must be a finite number of at least 1, received 0.5",
        ),
        (
            "PiecewiseConstantDecay",
            json!({"boundaries": [], "values": [0.1]}),
            "PiecewiseConstantDecay: boundaries must be one step or more\n  help a rate that never changes is given as a number",
        ),
        (
            "PiecewiseConstantDecay",
            json!({"boundaries": [5], "values": [0.1]}),
            "PiecewiseConstantDecay: values must be one more than boundaries, received 1 values and 1 boundaries",
        ),
        (
            "PiecewiseConstantDecay",
            json!({"boundaries": [5, 5], "values": [0.1, 0.2, 0.3]}),
            "PiecewiseConstantDecay: boundaries must rise, received 5 before 5",
        ),
    ];
    for (class, config, told) in cases {
        assert_eq!(of(class, config), told);
    }
    let in_adam = |rate: Json| {
        let config = Map::from_iter([("learning_rate".to_owned(), rate)]);
        optimizers::deserialize("adam", config)
            .expect_err("a mistake")
            .to_string()
    };
    assert_eq!(
        in_adam(
            json!({"class_name": "InverseTimeDecay", "config": {"initial_learning_rate": 0.1, "decay_steps": 3}})
        ),
        "InverseTimeDecay: missing field `decay_rate`\n  at   Adam/learning_rate"
    );
    assert_eq!(
        in_adam(json!({"initial_learning_rate": 0.1})),
        "a learning rate schedule needs a class_name and a config\n  at   Adam/learning_rate\n  help known classes: CosineDecay, \
         CosineDecayRestarts, Cyclic, ExponentialDecay, InverseTimeDecay, Noam, OneCycle, PiecewiseConstantDecay, \
             PolynomialDecay, Warmup"
    );
    // Builder methods cannot fail: `compile` tells.
    let mut model = line();
    let error = model
        .compile(
            SGD::new(CosineDecay::new(0.1, 0)),
            MeanSquaredError::default(),
            [] as [&str; 0],
        )
        .expect_err("no steps");
    assert_eq!(
        error.message(),
        "CosineDecay: decay_steps must be a finite number above 0, received 0"
    );
}

/// `y = w·x`, from `w = 1`.
fn line() -> Model {
    let dense = Dense::new(1).use_bias(false).kernel_initializer("ones");
    let model = Sequential::new().input([1]).add(dense).build();
    model.expect("a valid model")
}

/// A schedule's rates are those of the steps, also after the model was saved and loaded; a callback cannot set another.
#[test]
fn training_follows_a_schedule() {
    let x = Tensor::new([4, 1], vec![1.0f32; 4]).expect("four numbers");
    let y = Tensor::new([4, 1], vec![0.0f32; 4]).expect("four numbers");
    let data = (x, y);
    let schedule = PiecewiseConstantDecay::new([0, 2, 4], [0.25, 0.125, 0.0625, 0.03125]);
    let mut model = line();
    let sgd = SGD::new(schedule.clone());
    model
        .compile(sgd, MeanSquaredError::default(), [] as [&str; 0])
        .expect("a valid compilation");
    let folder = std::env::temp_dir().join(format!("cornu-schedule-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let file = folder.join("model.cornu");
    let mut w = 1.0f32;
    for epoch in 0..3u64 {
        // Two steps an epoch; the gradient of w² is 2w.
        for step in 2 * epoch..2 * epoch + 2 {
            w -= schedule.rate(step) as f32 * 2.0 * w;
        }
        model
            .fit(&data, Fit::epochs(1).batch_size(2))
            .expect("trains");
        assert_eq!(model.weights()[0].f32s().expect("reals"), [w]);
        let next = schedule.rate(2 * epoch + 2) as f32;
        assert_eq!(model.learning_rate(), Some(next));
        model.save(&file).expect("saves");
        model = Model::load(&file).expect("loads");
        assert_eq!(model.learning_rate(), Some(next));
    }
    std::fs::remove_dir_all(folder).expect("removes");
    let told = "the learning rate follows a PiecewiseConstantDecay, it cannot be set";
    let error = model.set_learning_rate(0.5).expect_err("a schedule stands");
    assert_eq!(error.message(), told);
    let fit = Fit::epochs(1).callback(LearningRateScheduler::new(|_, rate| rate));
    let error = model
        .fit(&data, fit.batch_size(2))
        .expect_err("a schedule stands");
    assert_eq!(error.message(), told);
}
