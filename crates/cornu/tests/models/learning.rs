//! What layers promise of learning: small trainings whose end is known.

use cornu::prelude::*;
use cornu::regularizers::Regularizer;

use crate::{close, numbers};

/// A product of two matrices.
fn product(a: &Tensor, b: &Tensor) -> Tensor {
    let (n, k, m) = (a.shape()[0], a.shape()[1], b.shape()[1]);
    let (x, y) = (a.f32s().expect("floats"), b.f32s().expect("floats"));
    let at = |i: usize| (0..k).map(|j| x[i / m * k + j] * y[j * m + i % m]).sum();
    Tensor::new([n, m], (0..n * m).map(at).collect::<Vec<f32>>()).expect("sizes fit")
}

/// The largest singular value of a matrix, by many power iterations in `f64`.
fn largest_singular_value(matrix: &Tensor) -> f64 {
    let (rows, columns) = (matrix.shape()[0], matrix.shape()[1]);
    let w = matrix.f32s().expect("floats");
    let at = |i: usize, j: usize| f64::from(w[i * columns + j]);
    let mut u = vec![1.0; columns];
    let mut length = 0.0;
    for _ in 0..500 {
        let v: Vec<f64> = (0..rows)
            .map(|i| (0..columns).map(|j| at(i, j) * u[j]).sum())
            .collect();
        u = (0..columns)
            .map(|j| (0..rows).map(|i| at(i, j) * v[i]).sum())
            .collect();
        length = u.iter().map(|x| x * x).sum::<f64>().sqrt();
        for x in &mut u {
            *x /= length;
        }
    }
    length.sqrt()
}

#[test]
fn spectral_normalization_brings_the_largest_singular_value_to_one() -> cornu::Result<()> {
    // What is to be learnt stretches five times.
    let x = numbers(&[64, 6], 1);
    let y = product(
        &x,
        &Tensor::new(
            [6, 6],
            (0..36)
                .map(|i| if i % 7 == 0 { 5.0f32 } else { 0.0 })
                .collect::<Vec<_>>(),
        )?,
    );
    let train = |layer: Box<dyn Layer>, rate: f32, epochs: usize| -> cornu::Result<f64> {
        let mut model = Sequential::new()
            .input([6])
            .add_boxed(layer)
            .seed(4)
            .build()?;
        let start = numbers(&[6, 6], 2);
        let mut weights = model.weights();
        weights[0] = start;
        model.set_weights(&weights)?;
        model.compile(SGD::new(rate), MeanSquaredError::default(), [] as [&str; 0])?;
        model.fit(&(x.clone(), y.clone()), Fit::epochs(epochs).batch_size(16))?;
        Ok(largest_singular_value(&model.weights()[0]))
    };
    let plain = || Box::new(Dense::new(6).use_bias(false));
    let normalized =
        || Box::new(SpectralNormalization::new(Dense::new(6).use_bias(false)).power_iterations(3));
    let begin = largest_singular_value(&numbers(&[6, 6], 2));
    assert!(begin > 1.5, "it begins elsewhere: {begin}");
    // Without learning, the kernel is divided and nothing else.
    let still = train(normalized(), 0.0, 20)?;
    assert!((still - 1.0).abs() < 1e-4, "{still}");
    // The last step of the optimizer comes after the division.
    let held = train(normalized(), 0.01, 60)?;
    assert!((held - 1.0).abs() < 0.05, "{held}");
    let free = train(plain(), 0.1, 300)?;
    assert!((free - 5.0).abs() < 0.1, "{free}");
    Ok(())
}

#[test]
fn low_rank_learning_changes_its_pair_alone_and_equals_the_merged_kernel() -> cornu::Result<()> {
    let x = numbers(&[32, 12], 3);
    let y = numbers(&[32, 4], 4);
    let build = || {
        Sequential::new()
            .input([12])
            .add(Dense::new(8).use_bias(false).name("wide"))
            .add(Dense::new(4).name("head"))
            .seed(5)
            .build()
    };
    let mut model = build()?;
    let start = model.weights();
    model.enable_lora("wide", 2, Some(3.0))?;
    model.set_trainable("head", false)?;
    model.compile(
        Adam::new(0.02),
        MeanSquaredError::default(),
        [] as [&str; 0],
    )?;
    let data = (x.clone(), y);
    let before = model.evaluate(&data)?.get("loss").expect("a loss");
    let drawn = model.layer("wide")?.weights();
    model.fit(&data, Fit::epochs(40).full_batch())?;
    let after = model.evaluate(&data)?.get("loss").expect("a loss");
    assert!(after < 0.9 * before, "{before} {after}");
    let learnt = model.layer("wide")?.weights();
    assert_eq!(learnt[0], start[0], "the kernel stays");
    assert_eq!(
        model.layer("head")?.weights(),
        start[1..],
        "so does what is frozen"
    );
    assert!(
        learnt[1..].iter().zip(&drawn[1..]).all(|(a, b)| a != b),
        "the pair learns"
    );

    let mut merged = build()?;
    let change = product(&learnt[1], &learnt[2]);
    let sum = start[0]
        .f32s()?
        .iter()
        .zip(change.f32s()?)
        .map(|(w, c)| w + 1.5 * c);
    let kernel = Tensor::new([12, 8], sum.collect::<Vec<f32>>())?;
    merged.layer("wide")?.set_weights(&[kernel])?;
    merged.layer("head")?.set_weights(&start[1..])?;
    assert!(close(&merged.predict(&x)?, &model.predict(&x)?));
    Ok(())
}

#[test]
fn a_penalty_of_activity_changes_loss_and_gradient_as_its_formula_says() -> cornu::Result<()> {
    let (x, y) = (numbers(&[8, 5], 6), numbers(&[8, 3], 7));
    let data = (x.clone(), y);
    let build = |penalty: f64| -> cornu::Result<Model> {
        let layer = Dense::new(3)
            .use_bias(false)
            .activity_regularizer(Regularizer::l2(penalty));
        let mut model = Sequential::new().input([5]).add(layer).seed(6).build()?;
        model.compile(SGD::new(0.5), MeanSquaredError::default(), [] as [&str; 0])?;
        Ok(model)
    };
    let (mut with, mut without) = (build(0.3)?, build(0.0)?);
    assert_eq!(with.weights(), without.weights());
    let output = without.predict(&x)?;
    let squares = |t: &Tensor| -> cornu::Result<f32> { Ok(t.f32s()?.iter().map(|v| v * v).sum()) };
    let (loss, gradient) = with.gradients(&data)?;
    let (bare, bare_gradient) = without.gradients(&data)?;
    // 0.3 · Σ y² / batch; its gradient for the kernel is 2 · 0.3 / batch · xᵀ y.
    assert!(
        (loss - bare - 0.3 * squares(&output)? / 8.0).abs() < 1e-5,
        "{loss} {bare}"
    );
    let turned: Vec<f32> = (0..40)
        .map(|i| x.f32s().expect("floats")[i % 8 * 5 + i / 8])
        .collect();
    let added = product(&Tensor::new([5, 8], turned)?, &output);
    let sum = bare_gradient[0]
        .1
        .f32s()?
        .iter()
        .zip(added.f32s()?)
        .map(|(g, a)| g + 0.6 / 8.0 * a);
    let expected = Tensor::new([5, 3], sum.collect::<Vec<f32>>())?;
    assert!(close(&gradient[0].1, &expected));
    for model in [&mut with, &mut without] {
        model.fit(&data, Fit::epochs(50).full_batch())?;
    }
    let (small, free) = (
        squares(&with.predict(&x)?)?,
        squares(&without.predict(&x)?)?,
    );
    assert!(small < 0.5 * free, "{small} {free}");
    Ok(())
}

#[test]
fn a_ternary_layer_finds_the_signs_it_is_shown() -> cornu::Result<()> {
    let signs: Vec<f32> = (0..24)
        .map(|i| [1.0, 0.0, -1.0, -1.0, 1.0][i * 3 % 5])
        .collect();
    let signs = Tensor::new([8, 3], signs)?;
    let x = numbers(&[128, 8], 8);
    let data = (x.clone(), product(&x, &signs));
    let layer = TernaryDense::new(3).use_bias(false).threshold(0.3);
    let mut model = Sequential::new().input([8]).add(layer).seed(7).build()?;
    model.compile(
        Adam::new(0.02),
        MeanSquaredError::default(),
        [] as [&str; 0],
    )?;
    let before = model.evaluate(&data)?.get("loss").expect("a loss");
    assert!(before > 0.3, "{before}");
    model.fit(&data, Fit::epochs(60).batch_size(16))?;
    let rounded = model.weights()[0]
        .f32s()?
        .iter()
        .map(|&k| if k.abs() > 0.3 { k.signum() } else { 0.0 })
        .collect::<Vec<f32>>();
    assert_eq!(rounded, signs.f32s()?);
    assert!(close(&model.predict(&x)?, &data.1));
    Ok(())
}
