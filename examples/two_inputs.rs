//! A functional model of two inputs that share their first layers: the upper and the lower half of a picture.
//!
//! Reaches 74 % on the built-in shapes after 5 epochs on 20,000 pictures; guessing would be 10 %.
//! `cargo run --release --example two_inputs [EPOCHS]`

// An example prints what it found.
#![allow(clippy::print_stdout)]

use cornu::prelude::*;

/// Pictures cut in halves, with their classes: (upper and lower halves, labels).
fn halves(set: &ImageSet) -> cornu::Result<(Vec<Tensor>, Tensor)> {
    let [height, width, channels] = set.image_shape();
    let all: Vec<usize> = (0..set.len()).collect();
    let half = height / 2 * width * channels;
    let mut pixels = vec![0.0f32; 2 * half * set.len()];
    set.fill_inputs(&all, &mut [RowsMut::F32(&mut pixels)]);
    let part = |offset: usize| -> cornu::Result<Tensor> {
        let rows = pixels.chunks(2 * half);
        let x: Vec<f32> = rows
            .flat_map(|p| &p[offset..offset + half])
            .copied()
            .collect();
        Tensor::new([set.len(), height / 2, width, channels], x)
    };
    let labels = Tensor::new([set.len()], set.labels().to_vec())?;
    Ok((vec![part(0)?, part(half)?], labels))
}

fn main() -> cornu::Result<()> {
    let epochs = std::env::args().nth(1).and_then(|n| n.parse().ok());
    let data = datasets::shapes_sized(0, 20_000, 2_000);
    let (train, test) = (halves(&data.train)?, halves(&data.test)?);

    let (upper, lower) = (input([16, 32, 3]), input([16, 32, 3]));
    let conv1 = Shared::new(Conv2D::new(24, 3).padding("same").activation("relu"));
    let conv2 = Shared::new(Conv2D::new(32, 3).padding("same").activation("relu"));
    let pool = |x: &Symbol| MaxPooling2D::new(2).on(x);
    let seen = |x: &Symbol| Flatten::new().on(pool(&conv2.on(pool(&conv1.on(x)))));
    let joined = Concatenate::new().on([&seen(&upper), &seen(&lower)]);
    let hidden = Dense::new(64).activation("relu").on(&joined);
    let y = Dense::new(10).activation("softmax").on(&hidden);
    let mut model = Model::new([&upper, &lower], [&y])?;
    println!("{}", model.summary()?);

    let loss = SparseCategoricalCrossentropy::default();
    model.compile(Adam::default(), loss, [metric("accuracy")])?;
    let fit = Fit::epochs(epochs.unwrap_or(5))
        .batch_size(64)
        .validation(&test);
    let history = model.fit(&train, fit)?;
    println!(
        "test accuracy, epoch by epoch: {:.3?}",
        history.series("val_accuracy")
    );
    Ok(())
}
