//! Whole trainings: they learn, they repeat to the last bit, they survive being saved.

use cornu::optimizers::LossScaleOptimizer;
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

#[test]
fn any_damage_to_a_model_file_is_told() {
    let data = xor(64);
    let mut model = classifier();
    model
        .fit(&data, Fit::epochs(1).batch_size(32))
        .expect("trains");
    let folder = std::env::temp_dir().join(format!("cornu-damage-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let file = folder.join("model.cornu");
    model.save(&file).expect("saves");
    let whole = std::fs::read(&file).expect("reads");
    model.save(&file).expect("saves");
    assert_eq!(
        std::fs::read(&file).expect("reads"),
        whole,
        "a file's bytes follow from the model"
    );
    let load = |bytes: &[u8]| {
        std::fs::write(&file, bytes).expect("writes");
        Model::load(&file)
    };
    load(&whole).expect("a whole file loads");
    for cut in [0, 1, 7, 8, 100, whole.len() / 2, whole.len() - 1] {
        assert!(load(&whole[..cut]).is_err(), "cut to {cut} bytes");
    }
    // The header begins with its length; its padding with spaces is the only place where a change may mean nothing.
    for at in (0..whole.len()).step_by(97) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        let header = u64::from_le_bytes(whole[..8].try_into().expect("eight bytes")) as usize + 8;
        match load(&bytes) {
            Err(e) => assert!(!e.message().is_empty()),
            Ok(again) => assert!(
                at < header && again.weights() == model.weights(),
                "a flipped bit at byte {at} of {} passed unseen",
                whole.len()
            ),
        }
    }
    std::fs::remove_dir_all(folder).expect("removes");
}

#[test]
fn a_loss_that_stops_being_a_number_keeps_the_last_good_weights() {
    let data = xor(64);
    let mut model = Sequential::new()
        .input([2])
        .add(Dense::new(16).name("hidden").activation("exponential"))
        .add(Dense::new(1).name("out"))
        .build()
        .expect("a valid model");
    model
        .compile(SGD::new(1e6), MeanSquaredError::default(), [] as [&str; 0])
        .expect("compiles");
    let (x, y) = data;
    let y: Vec<f32> = y
        .i32s()
        .expect("labels")
        .iter()
        .map(|&v| v as f32)
        .collect();
    let data = (x, Tensor::new([64, 1], y).expect("sizes fit"));
    let error = model
        .fit(&data, Fit::epochs(20).batch_size(32))
        .expect_err("such a rate diverges");
    assert_eq!(error.kind(), cornu::error::Kind::Numeric);
    assert!(error.message().contains("epoch 1, step"), "{error}");
    assert!(error.message().contains("came out of the op"), "{error}");
    assert!(
        error.path().is_some_and(|p| p.contains("sequential/")),
        "{error}"
    );
    for w in model.weights() {
        assert!(w.f32s().expect("floats").iter().all(|v| v.is_finite()));
    }
}

#[test]
fn what_cannot_work_is_told_before_the_first_step() {
    let (x, y) = xor(10);
    let mut model = classifier();
    let mut told = |data: &(Tensor, Tensor), fit: Fit<'_>| {
        model.fit(data, fit).expect_err("refused").to_string()
    };
    let message = told(&(x.clone(), y.clone()), Fit::epochs(1).batch_size(32));
    assert!(
        message.starts_with("batch_size 32 is larger than the training set of 10 samples"),
        "{message}"
    );
    let wide = Tensor::zeros([10, 3]);
    let message = told(&(wide, y.clone()), Fit::epochs(1).batch_size(5));
    assert!(
        message.contains("expects samples of shape [2], the training samples have shape [3]"),
        "{message}"
    );
    let few = Tensor::new([9], vec![0i32; 9]).expect("sizes fit");
    let message = told(&(x.clone(), few), Fit::epochs(1).batch_size(5));
    assert!(
        message.contains("received 10 in input 0 and 9 targets"),
        "{message}"
    );
    let far = Tensor::new([10], vec![0, 1, 2, 0, 1, 0, 1, 0, 1, 0]).expect("sizes fit");
    let message = told(&(x.clone(), far), Fit::epochs(1).batch_size(5));
    assert!(
        message.contains('2') && message.contains("help"),
        "{message}"
    );
    let hot = Tensor::zeros([10, 2]);
    let message = told(&(x.clone(), hot), Fit::epochs(1).batch_size(5));
    assert!(message.contains("CategoricalCrossentropy"), "{message}");
    let mut values = x.f32s().expect("floats").to_vec();
    values[7] = f32::NAN;
    let holes = Tensor::new([10, 2], values).expect("sizes fit");
    let message = told(&(holes, y.clone()), Fit::epochs(1).batch_size(5));
    assert!(
        message.contains("received NaN in sample 3, element 1"),
        "{message}"
    );
    let none = (
        Tensor::zeros([0, 2]),
        Tensor::new([0], Vec::<i32>::new()).expect("sizes fit"),
    );
    let message = told(&none, Fit::epochs(1).batch_size(5));
    assert!(
        message.starts_with("the training set holds no samples"),
        "{message}"
    );
    let one = (
        Tensor::zeros([1, 2]),
        Tensor::new([1], vec![0]).expect("sizes fit"),
    );
    assert!(
        model.fit(&one, Fit::epochs(1).batch_size(1)).is_ok(),
        "one sample can be learned"
    );
}

/// `w·x` from `w = 1` on samples whose gradient of w² is 2w, each step by hand.
fn line() -> (Model, (Tensor, Tensor)) {
    let dense = Dense::new(1).use_bias(false).kernel_initializer("ones");
    let model = Sequential::new().input([1]).add(dense).build();
    let x = Tensor::new([4, 1], vec![1.0f32; 4]).expect("sizes fit");
    let y = Tensor::new([4, 1], vec![0.0f32; 4]).expect("sizes fit");
    (model.expect("a valid model"), (x, y))
}

#[test]
fn running_means_take_the_weights_places_when_the_training_ends() {
    let (mut model, data) = line();
    let sgd = SGD::new(0.25).use_ema(true).ema_momentum(0.5);
    model
        .compile(sgd, MeanSquaredError::default(), [] as [&str; 0])
        .expect("compiles");
    model
        .fit(&data, Fit::epochs(1).batch_size(2))
        .expect("trains");
    // Two steps: w = 0.5, 0.25; the mean begins at 0.5.
    assert_eq!(model.weights()[0].f32s().expect("floats"), [0.375]);
}

#[test]
fn gradients_are_gathered_and_the_loss_is_scaled() {
    let (mut model, data) = line();
    let sgd = SGD::new(0.25)
        .gradient_accumulation_steps(2)
        .loss_scale_factor(8.0);
    model
        .compile(sgd, MeanSquaredError::default(), [] as [&str; 0])
        .expect("compiles");
    let after = |model: &mut Model| {
        model
            .fit(&data, Fit::epochs(1).batch_size(4))
            .expect("trains");
        model.weights()[0].f32s().expect("floats")[0]
    };
    assert_eq!(after(&mut model), 1.0);
    let folder = std::env::temp_dir().join(format!("cornu-gathered-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let file = folder.join("model.cornu");
    // What was gathered is saved with the model.
    model.save(&file).expect("saves");
    let mut model = Model::load(&file).expect("loads");
    assert_eq!(after(&mut model), 0.5);
    assert_eq!(after(&mut model), 0.5);
    std::fs::remove_dir_all(folder).expect("removes");
}

#[test]
fn a_loss_scale_of_its_own_changes_no_step() {
    let weights = |optimizer: Box<dyn Optimizer>| {
        let (mut model, data) = line();
        model
            .compile(optimizer, MeanSquaredError::default(), [] as [&str; 0])
            .expect("compiles");
        model
            .fit(&data, Fit::epochs(2).batch_size(2))
            .expect("trains");
        model.weights()
    };
    let scaled = LossScaleOptimizer::new(Adam::new(0.1)).dynamic_growth_steps(2);
    assert_eq!(weights(scaled.into()), weights(Adam::new(0.1).into()));
}

#[test]
fn nothing_is_no_sample_and_nan_stays_in_its_row() {
    let mut model = Sequential::new()
        .input([2])
        .add(Dense::new(1).kernel_initializer("ones"))
        .build()
        .expect("a model");
    let none = model
        .predict(&Tensor::zeros([0, 2]))
        .expect_err("no samples");
    assert_eq!(none.kind(), cornu::error::Kind::Data);
    let x = Tensor::new([3, 2], vec![1.0f32, 2.0, f32::NAN, 0.0, 3.0, 4.0]).expect("sizes fit");
    let y = model.predict(&x).expect("a prediction");
    let y = y.f32s().expect("floats");
    assert!(y[0] == 3.0 && y[1].is_nan() && y[2] == 7.0, "{y:?}");
}
