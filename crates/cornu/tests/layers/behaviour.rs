//! What single layers promise beyond the common measure.

use cornu::Tensor;
use cornu::autodiff::gradients;
use cornu::exec::interpreter;
use cornu::graph::{Array, Graph, Value};
use cornu::layers::{
    BatchNormalization, Context, Dropout, Layer, RandomBrightness, RandomContrast, RandomFlip,
    RandomSaturation, deserialize,
};
use serde_json::{Value as Json, json};

use crate::check::{Call, numbers};

fn ones(shape: &[usize]) -> Tensor {
    let n = shape.iter().product();
    Tensor::new(shape.to_vec(), vec![1.0; n]).expect("sizes fit")
}

fn floats(t: &Tensor) -> Vec<f32> {
    t.f32s().expect("floats").to_vec()
}

#[test]
fn dropout_drops_its_share_and_scales_the_rest() {
    let layer = Dropout::new(0.25);
    let call = |step| Call::new(&layer, vec![ones(&[64, 1000])], true, step).run();
    let first = call(1);
    let (y, dx) = (floats(&first[0]), floats(&first[1]));
    let dropped = y.iter().filter(|v| **v == 0.0).count() as f64 / y.len() as f64;
    assert!((dropped - 0.25).abs() < 0.01, "{dropped}");
    let scale = 1.0f32 / 0.75;
    assert!(y.iter().all(|&v| v == 0.0 || (v - scale).abs() < 1e-6));
    // The loss is Σ y², so the gradient at 1 is 2·y·scale where kept and 0 where dropped.
    for (y, dx) in y.iter().zip(&dx) {
        assert!((dx - 2.0 * y * scale).abs() < 1e-5, "{y} {dx}");
    }
    assert_eq!(floats(&call(1)[0]), y, "one step, one mask");
    assert_ne!(floats(&call(2)[0]), y, "another step, another mask");
}

#[test]
fn dropout_drops_whole_axes_of_length_one_in_its_noise_shape() {
    let layer = Dropout::new(0.5).noise_shape([None, Some(1), None]);
    let y = floats(&Call::new(&layer, vec![ones(&[8, 16, 4])], true, 3).run()[0]);
    for sample in y.chunks(64) {
        for row in sample.chunks(4) {
            assert_eq!(row, &sample[..4]);
        }
    }
    assert!(y.contains(&0.0) && y.contains(&2.0));
}

/// Images whose pixels all differ, from 0 to 1.
fn pictures(batch: usize) -> Tensor {
    let x = (0..batch * 24).map(|i| (i * 37 % 101) as f32 / 101.0);
    Tensor::new([batch, 2, 4, 3], x.collect::<Vec<f32>>()).expect("sizes fit")
}

#[test]
fn random_flip_mirrors_about_half_of_the_images_and_each_as_a_whole() {
    // Where the pixel (i, j) of a mirrored image comes from.
    type Turn = fn(usize, usize) -> (usize, usize);
    let modes: [(&str, Turn); 3] = [
        ("horizontal", |i, j| (i, 3 - j)),
        ("vertical", |i, j| (1 - i, j)),
        ("horizontal_and_vertical", |i, j| (1 - i, 3 - j)),
    ];
    for (mode, turn) in modes {
        let x = pictures(512);
        let y = floats(&Call::new(&RandomFlip::new(mode), vec![x.clone()], true, 1).run()[0]);
        let mut mirrored = 0;
        for (x, y) in floats(&x).chunks(24).zip(y.chunks(24)) {
            let turned: Vec<f32> = (0..24)
                .map(|k| {
                    let (i, j) = turn(k / 12, k / 3 % 4);
                    x[i * 12 + j * 3 + k % 3]
                })
                .collect();
            assert!(y == x || y == turned, "{mode}");
            mirrored += usize::from(y != x);
        }
        assert!((200..312).contains(&mirrored), "{mode}: {mirrored}");
    }
}

#[test]
fn colours_change_by_one_factor_an_image_within_the_range_given() {
    let x = pictures(512);
    let call =
        |layer: &dyn Layer, step| floats(&Call::new(layer, vec![x.clone()], true, step).run()[0]);
    // No pixel reaches an end of so wide a range.
    let brightness = RandomBrightness::new((-0.1, 0.3)).value_range(-5.0, 5.0);
    let y = call(&brightness, 1);
    let mut deltas = Vec::new();
    for (x, y) in floats(&x).chunks(24).zip(y.chunks(24)) {
        let delta = y[0] - x[0];
        assert!(x.iter().zip(y).all(|(x, y)| (y - x - delta).abs() < 1e-5));
        deltas.push(delta);
    }
    let mean = deltas.iter().sum::<f32>() / 512.0;
    assert!(deltas.iter().all(|d| (-1.0..=3.0).contains(d)));
    assert!((mean - 1.0).abs() < 0.2, "{mean}");
    assert_eq!(call(&brightness, 1), y, "one step, one draw");
    assert_ne!(call(&brightness, 2), y, "another step, another draw");

    let contrast = RandomContrast::new((0.5, 0.5)).value_range(-5.0, 5.0);
    let saturation = RandomSaturation::new((0.4, 0.6)).value_range(0.0, 1.0);
    for layer in [&contrast as &dyn Layer, &saturation] {
        let y = call(layer, 1);
        assert_ne!(y, floats(&x));
        assert_eq!(
            floats(&Call::new(layer, vec![x.clone()], false, 1).run()[0]),
            floats(&x)
        );
    }
    // Contrast keeps the mean of a channel, saturation the lightest channel of a pixel.
    for (x, y) in floats(&x).chunks(24).zip(call(&contrast, 1).chunks(24)) {
        let mean = |x: &[f32]| x.iter().step_by(3).sum::<f32>();
        assert!((mean(x) - mean(y)).abs() < 1e-4);
    }
    for (x, y) in floats(&x).chunks(3).zip(call(&saturation, 1).chunks(3)) {
        let most = |x: &[f32]| x.iter().copied().fold(0.0, f32::max);
        assert!((most(x) - most(y)).abs() < 1e-6);
    }
}

#[test]
fn a_frozen_batch_normalization_uses_and_keeps_its_statistics() {
    let x = || vec![Tensor::new([4, 3], numbers(12, 5)).expect("sizes fit")];
    let frozen = BatchNormalization::new().trainable(false);
    let training = Call::new(&frozen, x(), true, 0);
    assert_eq!(training.updates, 0);
    let used = Call::new(&frozen, x(), false, 0);
    assert_eq!(training.run()[0], used.run()[0]);
    let free = Call::new(&BatchNormalization::new(), x(), true, 0);
    assert_eq!(free.updates, 2);
    assert_ne!(free.run()[0], used.run()[0]);
}

#[test]
fn batch_normalization_keeps_its_digits_far_from_zero() {
    // Mean 4096, deviations of 1: E[x²] - E[x]² would leave two digits of the variance in float32.
    let x: Vec<f32> = (0..512)
        .map(|i| 4096.0 + if i % 2 == 0 { 1.0 } else { -1.0 })
        .collect();
    let x = Tensor::new([512, 1], x).expect("sizes fit");
    let layer = BatchNormalization::new().epsilon(1e-6);
    let y = floats(&Call::new(&layer, vec![x], true, 0).run()[0]);
    assert!(
        y.iter().all(|v| (v.abs() - 1.0).abs() < 1e-5),
        "{:?}",
        &y[..4]
    );
}

#[test]
fn classes_answer_to_the_other_names_that_keras_has_for_them() {
    let pool = json!({ "pool_size": 2 });
    let conv = json!({ "filters": 2, "kernel_size": 3 });
    let none = json!({});
    let names = [
        ("Convolution1D", "Conv1D", &conv),
        ("Convolution2D", "Conv2D", &conv),
        ("Convolution3D", "Conv3D", &conv),
        ("Convolution1DTranspose", "Conv1DTranspose", &conv),
        ("Convolution2DTranspose", "Conv2DTranspose", &conv),
        ("Convolution3DTranspose", "Conv3DTranspose", &conv),
        ("SeparableConvolution1D", "SeparableConv1D", &conv),
        ("SeparableConvolution2D", "SeparableConv2D", &conv),
        ("AvgPool1D", "AveragePooling1D", &pool),
        ("AvgPool2D", "AveragePooling2D", &pool),
        ("AvgPool3D", "AveragePooling3D", &pool),
        ("MaxPool1D", "MaxPooling1D", &pool),
        ("MaxPool2D", "MaxPooling2D", &pool),
        ("MaxPool3D", "MaxPooling3D", &pool),
        ("GlobalAvgPool1D", "GlobalAveragePooling1D", &none),
        ("GlobalAvgPool2D", "GlobalAveragePooling2D", &none),
        ("GlobalAvgPool3D", "GlobalAveragePooling3D", &none),
        ("GlobalMaxPool1D", "GlobalMaxPooling1D", &none),
        ("GlobalMaxPool2D", "GlobalMaxPooling2D", &none),
        ("GlobalMaxPool3D", "GlobalMaxPooling3D", &none),
    ];
    for (other, class, config) in names {
        let layer = deserialize(other, config).unwrap_or_else(|e| panic!("{other}: {e}"));
        assert_eq!(layer.class_name(), class);
        let same = deserialize(class, config).expect("a class");
        assert_eq!(layer.config(), same.config(), "{other}");
    }
    let layer: cornu::layers::Convolution2D = cornu::layers::Conv2D::new(2, 3);
    assert_eq!(layer.class_name(), "Conv2D");
}

#[test]
fn a_dilated_transposed_convolution_is_the_way_back_of_the_convolution() {
    // TensorFlow computes none on a CPU, so there is no recorded case.
    let cases: [(&str, Json, &[usize], &[usize]); 4] = [
        (
            "Conv1D",
            json!({ "kernel_size": 3, "dilation_rate": 2 }),
            &[9, 2],
            &[5, 3],
        ),
        (
            "Conv1D",
            json!({ "kernel_size": 4, "dilation_rate": 3, "padding": "same" }),
            &[6, 2],
            &[6, 3],
        ),
        (
            "Conv2D",
            json!({ "kernel_size": [3, 2], "dilation_rate": [2, 3], "padding": "same" }),
            &[5, 4, 2],
            &[5, 4, 3],
        ),
        (
            "Conv3D",
            json!({ "kernel_size": 2, "dilation_rate": [1, 2, 2] }),
            &[3, 5, 4, 2],
            &[2, 3, 2, 3],
        ),
    ];
    for (class, config, small, large) in cases {
        let layer = |class: &str, filters: usize| {
            let mut config = config.clone();
            config["filters"] = filters.into();
            config["use_bias"] = false.into();
            deserialize(class, &config).expect("valid")
        };
        let there = layer(class, large[large.len() - 1]);
        let back = layer(&format!("{class}Transpose"), small[small.len() - 1]);
        let mut g = Graph::new();
        let rng = g.constant(0.0).expect("a number");
        let mut feeds = Vec::new();
        let mut feed = |g: &mut Graph, shape: &[usize]| {
            let n = shape.iter().product();
            let tensor = Tensor::new(shape.to_vec(), numbers(n, feeds.len())).expect("sizes fit");
            feeds.push(Array::from(&tensor));
            g.feed("x", shape, false).expect("a feed")
        };
        let with_batch = |shape: &[usize]| [&[2], shape].concat();
        let x = feed(&mut g, &with_batch(small));
        let dy = feed(&mut g, &with_batch(large));
        // Both layers lay their kernels out so that one fits the other.
        let kernel = there.build(&[small.into()]).expect("valid")[0]
            .shape
            .clone();
        let w = [feed(&mut g, kernel.axes())];
        let mut updates = Vec::new();
        let mut call = |g: &mut Graph, layer: &dyn Layer, x: Value| {
            layer
                .call(&mut Context::new(g, false, &w, rng, &mut updates), &[x])
                .expect("a valid call")
        };
        let y = call(&mut g, &*there, x);
        let enlarged = call(&mut g, &*back, dy);
        let loss = g.mul(y, dy).and_then(|p| g.sum_all(p)).expect("a sum");
        let dx = gradients(&mut g, loss, &[x]).expect("a gradient")[0];
        let apart = g.sub(dx, enlarged).expect("the same shape");
        let values = interpreter::run(&g, &feeds, &[]);
        let last = &values[values.len() - 1][0];
        assert_eq!(&last.shape, g.shape(apart));
        assert!(last.data.iter().all(|d| d.abs() < 1e-9), "{class} {config}");
        assert!(
            values[values.len() - 2]
                .iter()
                .any(|a| a.data.iter().any(|v| v.abs() > 0.1))
        );
    }
}

#[test]
fn configs_say_what_keras_would() {
    let conv = deserialize("Conv1D", &json!({ "filters": 2, "kernel_size": 3 })).expect("valid");
    let conv = conv.config();
    for (key, value) in [
        ("kernel_size", json!([3])),
        ("strides", json!([1])),
        ("padding", json!("valid")),
        ("data_format", json!("channels_last")),
        ("dilation_rate", json!([1])),
        ("groups", json!(1)),
        ("activation", json!("linear")),
        ("kernel_constraint", json!(null)),
    ] {
        assert_eq!(conv[key], value, "{key}");
    }
    let crop = deserialize("Cropping1D", &json!({ "cropping": 2 })).expect("valid");
    assert_eq!(crop.config()["cropping"], json!([2, 2]));
    let pad = deserialize("ZeroPadding3D", &json!({ "padding": [1, 2, 0] })).expect("valid");
    assert_eq!(pad.config()["padding"], json!([[1, 1], [2, 2], [0, 0]]));
    let pool =
        deserialize("MaxPooling2D", &json!({ "pool_size": 3, "strides": null })).expect("valid");
    assert_eq!(
        serde_json::Value::Object(pool.config()),
        json!({ "pool_size": [3, 3], "padding": "valid", "strides": [3, 3], "data_format": "channels_last" })
    );
    let norm = BatchNormalization::new().config();
    assert_eq!(
        (&norm["momentum"], &norm["epsilon"]),
        (&json!(0.99), &json!(0.001))
    );
    let old = json!({ "axis": [3], "momentum": 0.99 });
    let old = deserialize("BatchNormalization", &old).expect("a list of one axis, as in old files");
    assert_eq!(old.config()["axis"], json!(3));
}

#[test]
fn an_angle_that_is_not_there_has_no_gradient() {
    use cornu::exec::compute;
    let (y, x) = (
        Tensor::zeros([3]),
        Tensor::new([3], vec![0.0f32, 2.0, -0.0]).expect("sizes fit"),
    );
    let slopes = compute(&[&y, &x], |g, at| {
        let angle = g.atan2(at[0], at[1])?;
        gradients(g, angle, at)
    });
    let slopes = slopes.expect("computes");
    assert_eq!(floats(&slopes[0]), [0.0, 0.5, 0.0]);
    assert_eq!(floats(&slopes[1]), [0.0, 0.0, 0.0]);
}
