//! What layers draw: shares, means and spreads as published, and seeds of their own.

use cornu::Tensor;
use cornu::layers::{
    AlphaDropout, Dropout, GaussianDropout, GaussianNoise, Layer, SpatialDropout1D,
    SpatialDropout2D, SpatialDropout3D,
};

use crate::check::Call;

fn filled(shape: &[usize], x: f32) -> Tensor {
    let n = shape.iter().product();
    Tensor::new(shape.to_vec(), vec![x; n]).expect("sizes fit")
}

fn output(layer: &dyn Layer, x: Tensor, step: i32) -> Vec<f32> {
    let y = Call::new(layer, vec![x], true, step).run();
    y[0].f32s().expect("floats").to_vec()
}

/// Mean and standard deviation.
fn moments(x: &[f32]) -> (f64, f64) {
    let n = x.len() as f64;
    let mean = x.iter().map(|&v| f64::from(v)).sum::<f64>() / n;
    let square = x
        .iter()
        .map(|&v| (f64::from(v) - mean).powi(2))
        .sum::<f64>();
    (mean, (square / n).sqrt())
}

#[test]
fn gaussian_dropout_and_noise_have_their_means_and_spreads() {
    let y = output(&GaussianDropout::new(0.2), filled(&[64, 1000], 3.0), 1);
    let (mean, spread) = moments(&y);
    // √(0.2 / 0.8) = 0.5, times 3.
    assert!(
        (mean - 3.0).abs() < 0.03 && (spread - 1.5).abs() < 0.02,
        "{mean} {spread}"
    );
    let y = output(&GaussianNoise::new(0.25), filled(&[64, 1000], 3.0), 1);
    let (mean, spread) = moments(&y);
    assert!(
        (mean - 3.0).abs() < 0.01 && (spread - 0.25).abs() < 0.005,
        "{mean} {spread}"
    );
}

#[test]
fn alpha_dropout_keeps_mean_and_variance_of_normalized_inputs() {
    // Inputs of mean 0 and standard deviation 1.
    let x = output(&GaussianNoise::new(1.0), filled(&[64, 1000], 0.0), 7);
    let x = Tensor::new([64, 1000], x).expect("sizes fit");
    let y = output(&AlphaDropout::new(0.3), x, 1);
    let (mean, spread) = moments(&y);
    assert!(
        mean.abs() < 0.02 && (spread - 1.0).abs() < 0.02,
        "{mean} {spread}"
    );
    // Of ones, those that are dropped all become one number, and those that are kept another.
    let y = output(&AlphaDropout::new(0.3), filled(&[64, 1000], 1.0), 1);
    let least = y.iter().copied().fold(f32::MAX, f32::min);
    let dropped = y.iter().filter(|&&v| v == least).count() as f64 / y.len() as f64;
    assert!((dropped - 0.3).abs() < 0.01, "{dropped}");
    let alpha = -1.758_099_3_f64;
    let a = (0.7 * (1.0 + 0.3 * alpha * alpha)).powf(-0.5);
    let b = -a * alpha * 0.3;
    assert!((f64::from(least) - (a * alpha + b)).abs() < 1e-5, "{least}");
}

#[test]
fn spatial_dropout_drops_channels_as_a_whole() {
    let layers: [(&dyn Layer, &[usize]); 3] = [
        (&SpatialDropout1D::new(0.25), &[32, 6, 50]),
        (&SpatialDropout2D::new(0.25), &[32, 2, 3, 50]),
        (&SpatialDropout3D::new(0.25), &[32, 3, 1, 2, 50]),
    ];
    for (layer, shape) in layers {
        let y = output(layer, filled(shape, 3.0), 2);
        let mut dropped = 0;
        for sample in y.chunks(6 * 50) {
            for place in sample.chunks(50) {
                assert_eq!(place, &sample[..50], "{}", layer.class_name());
            }
            dropped += sample[..50].iter().filter(|&&v| v == 0.0).count();
        }
        assert!(y.iter().all(|&v| v == 0.0 || (v - 4.0).abs() < 1e-5));
        let share = dropped as f64 / (32.0 * 50.0);
        assert!(
            (share - 0.25).abs() < 0.04,
            "{}: {share}",
            layer.class_name()
        );
    }
}

#[test]
fn a_seed_of_its_own_makes_a_layer_draw_the_same_beside_any_others() {
    use cornu::model::Sequential;
    use cornu::train::Fit;
    use cornu::{layers, losses::MeanSquaredError, optimizers::SGD};

    // What a dropout with a seed makes of ones, read off the gradient of the weights behind it.
    let learnt = |dropout: Dropout, run: u64, before: bool| {
        let mut model = Sequential::new().input([40]);
        if before {
            model = model.add(Dropout::new(1e-9));
        }
        let mut model = model
            .add(dropout)
            .add(
                layers::Dense::new(1)
                    .use_bias(false)
                    .kernel_initializer("zeros"),
            )
            .build()
            .expect("a valid model");
        model
            .compile(
                SGD::new(1.0),
                MeanSquaredError::default(),
                ["mean_squared_error"],
            )
            .expect("it compiles");
        let data = (filled(&[1, 40], 1.0), filled(&[1, 1], 1.0));
        let fit = Fit::epochs(1).batch_size(1).seed(run).shuffle(false);
        model.fit(&data, fit).expect("it trains");
        model.weights()[0].f32s().expect("floats").to_vec()
    };
    let seeded = || Dropout::new(0.5).seed(11);
    let first = learnt(seeded(), 1, false);
    assert!(first.contains(&0.0) && first.iter().any(|&w| w != 0.0));
    assert_eq!(learnt(seeded(), 2, false), first, "another seed of the run");
    assert_eq!(learnt(seeded(), 1, true), first, "another layer before it");
    assert_ne!(learnt(Dropout::new(0.5).seed(12), 1, false), first);
    assert_ne!(
        learnt(Dropout::new(0.5), 1, false),
        learnt(Dropout::new(0.5), 2, false),
        "without a seed the run's counts"
    );
}
