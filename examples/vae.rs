//! An autoencoder and a variational autoencoder of handwritten digits: 784 pixels through a few numbers and back.
//!
//! The variational one reaches at most 100 nats a picture of the test set in 30 epochs; Kingma and Welling ("Auto-Encoding Variational Bayes", 2014) show about 100 nats for 20 numbers on binary digits.
//! `CORNU_DATA=... cargo run --release --example vae [-- --quick]` writes `vae/` with digits and their reconstructions, and with digits
//! made from noise; without MNIST it learns the built-in shapes in grey.

// An example prints what it found.
#![allow(clippy::print_stdout)]

#[path = "pictures/grey.rs"]
mod grey;

use cornu::graph::Value;
use cornu::prelude::*;
use grey::{PIXELS, pixels, sheet};

const BATCH: usize = 128;
const CODE: usize = 16;
const ACROSS: usize = 12;

fn encoder(outputs: usize) -> cornu::Result<Model> {
    Sequential::new()
        .input([PIXELS])
        .add(Dense::new(400).activation("relu"))
        .add(Dense::new(200).activation("relu"))
        .add(Dense::new(outputs))
        .build()
}

fn decoder() -> cornu::Result<Model> {
    Sequential::new()
        .seed(1)
        .input([CODE])
        .add(Dense::new(200).activation("relu"))
        .add(Dense::new(400).activation("relu"))
        .add(Dense::new(PIXELS))
        .build()
}

/// Nats that a picture's pixels cost: the cross-entropy of each with what was decoded, added up.
fn nats(t: &mut Tape, x: Value, decoded: Value) -> cornu::Result<Value> {
    // max(s, 0) - s·x + ln(1 + e^-|s|) for a score s.
    let (above, linear) = (t.relu(decoded)?, t.mul(decoded, x)?);
    let size = t.abs(decoded)?;
    let size = t.neg(size)?;
    let tail = t.exp(size)?;
    let tail = t.log1p(tail)?;
    let sum = t.sub(above, linear)?;
    let sum = t.add(sum, tail)?;
    let sum = t.sum(sum, &[1], false)?;
    t.mean_all(sum)
}

/// Mean and logarithm of the variance of the code, a code drawn from them, and how far it is from the standard normal distribution:
/// `½ Σ (μ² + σ² - 1 - ln σ²)`.
fn code(t: &mut Tape, both: Value) -> cornu::Result<(Value, Value)> {
    let (mean, log_variance) = (t.slice(both, 1, 0, CODE)?, t.slice(both, 1, CODE, CODE)?);
    let half = t.scale(log_variance, 0.5)?;
    let deviation = t.exp(half)?;
    let noise = t.normal([CODE])?;
    let moved = t.mul(noise, deviation)?;
    let drawn = t.add(mean, moved)?;
    let (square, variance) = (t.square(mean)?, t.exp(log_variance)?);
    let sum = t.add(square, variance)?;
    let sum = t.sub(sum, log_variance)?;
    let sum = t.add_scalar(sum, -1.0)?;
    let sum = t.sum(sum, &[1], false)?;
    let sum = t.scale(sum, 0.5)?;
    Ok((drawn, t.mean_all(sum)?))
}

fn main() -> cornu::Result<()> {
    let quick = std::env::args().any(|a| a == "--quick");
    let data = grey::digits()?;
    let limit = if quick { 1_280 } else { usize::MAX };
    let train = pixels(&data.train.take(limit))?;
    let test = pixels(&data.test.take(limit))?;
    let epochs = if quick { 1 } else { 30 };

    // The plain one is a network like any other: its target is its input.
    let (wide, narrow) = (encoder(CODE)?, decoder()?);
    let x = input([PIXELS]);
    let squeezed = wide.on(&x);
    let y = Activation::new("sigmoid").on(narrow.on(&squeezed));
    let mut plain = Model::new([&x], [&y])?;
    plain.compile(
        Adam::default(),
        BinaryCrossentropy::default(),
        [] as [&str; 0],
    )?;
    let fit = Fit::epochs(epochs / 3 + 1)
        .batch_size(BATCH)
        .callback(ProgbarLogger::stdout());
    plain.fit(&(train.clone(), train.clone()), fit)?;
    let loss = plain.evaluate(&(test.clone(), test.clone()))?;
    let plain_nats = loss.get("loss").unwrap_or(f64::NAN) * PIXELS as f64;
    println!("autoencoder: {plain_nats:.1} nats a picture of the test set");

    let (to_code, from_code) = (encoder(2 * CODE)?, decoder()?);
    let mut step = TrainStep::new(BATCH, |t| {
        let x = t.input([PIXELS])?;
        let both = t.call(&to_code, x)?;
        let (drawn, distance) = code(t, both)?;
        let decoded = t.call(&from_code, drawn)?;
        let told = nats(t, x, decoded)?;
        let loss = t.add(told, distance)?;
        t.minimize(loss, &[&to_code, &from_code], Adam::new(1e-3))?;
        Ok([told, distance])
    })?;
    let mut judge = TrainStep::new(BATCH, |t| {
        let x = t.input([PIXELS])?;
        let both = t.infer(&to_code, x)?;
        let (drawn, distance) = code(t, both)?;
        let decoded = t.infer(&from_code, drawn)?;
        let told = nats(t, x, decoded)?;
        let bound = t.add(told, distance)?;
        let seen = t.sigmoid(decoded)?;
        let noise = t.normal([CODE])?;
        let dreamt = t.infer(&from_code, noise)?;
        Ok((bound, seen, t.sigmoid(dreamt)?))
    })?;
    for epoch in 0..epochs {
        let (mut told, mut distance) = (0.0, 0.0);
        let steps = train.shape()[0] / BATCH;
        for i in 0..steps {
            let [a, b] = step.run(&[&grey::batch(&train, epoch, i, &[BATCH, PIXELS])?])?;
            told += a.f32s()?[0] / steps as f32;
            distance += b.f32s()?[0] / steps as f32;
        }
        println!(
            "epoch {}/{epochs}: {told:.1} nats of pixels, {distance:.1} of codes",
            epoch + 1
        );
    }
    let (mut bound, batches) = (0.0, test.shape()[0] / BATCH);
    for i in 0..batches {
        let batch = test.f32s()?[i * BATCH * PIXELS..][..BATCH * PIXELS].to_vec();
        let batch = Tensor::new([BATCH, PIXELS], batch)?;
        let (nats, seen, dreamt) = judge.run(&[&batch])?;
        bound += nats.f32s()?[0] / batches as f32;
        if i == 0 {
            let row = ACROSS * PIXELS;
            let both = [&batch.f32s()?[..row], &seen.f32s()?[..row]].concat();
            sheet(&both, ACROSS, "vae/reconstructed.png")?;
            sheet(&dreamt.f32s()?[..6 * row], ACROSS, "vae/dreamt.png")?;
        }
    }
    println!("variational autoencoder: at most {bound:.1} nats a picture of the test set");
    Ok(())
}
