//! Handwritten digits out of noise: a generator of transposed convolutions against a discriminator, two optimizers, two losses, one of the
//! two frozen at a time.
//!
//! Digits can be told in the grids from the fifth epoch on. Networks in the manner of Radford et al., "Unsupervised Representation
//! Learning with Deep Convolutional GANs", 2015.
//! `CORNU_DATA=... cargo run --release --example dcgan [-- --quick]` writes grids of samples to `dcgan/`; without MNIST it learns the
//! built-in shapes in grey.

// An example prints what it found.
#![allow(clippy::print_stdout)]

#[path = "pictures/grey.rs"]
mod grey;

use cornu::graph::Value;
use cornu::prelude::*;
use grey::{SIDE, pixels, sheet};

const BATCH: usize = 128;
const NOISE: usize = 64;

fn generator() -> cornu::Result<Model> {
    let wide = |filters| {
        Conv2DTranspose::new(filters, 4)
            .strides(2)
            .padding("same")
            .use_bias(false)
    };
    let last = Conv2DTranspose::new(1, 4).strides(2).padding("same");
    let model = Sequential::new()
        .seed(1)
        .input([NOISE])
        .add(Dense::new(7 * 7 * 64).use_bias(false))
        .add(BatchNormalization::new().momentum(0.9))
        .add(ReLU::new())
        .add(Reshape::new([7, 7, 64]))
        .add(wide(32))
        .add(BatchNormalization::new().momentum(0.9))
        .add(ReLU::new())
        .add(last.activation("sigmoid"))
        .build()?;
    Ok(model.named("generator"))
}

fn discriminator() -> cornu::Result<Model> {
    let narrow = |filters| Conv2D::new(filters, 4).strides(2).padding("same");
    let model = Sequential::new()
        .seed(2)
        .input([SIDE, SIDE, 1])
        .add(narrow(32))
        .add(LeakyReLU::new().negative_slope(0.2))
        .add(Dropout::new(0.3))
        .add(narrow(64))
        .add(LeakyReLU::new().negative_slope(0.2))
        .add(Dropout::new(0.3))
        .add(Flatten::new())
        .add(Dense::new(1))
        .build()?;
    Ok(model.named("discriminator"))
}

/// First the discriminator learns to tell real from made, the generator frozen; then the generator learns to be taken for real by it.
fn adversaries(made_by: &Model, judge: &Model) -> cornu::Result<TrainStep<[Value; 2]>> {
    let entropy = BinaryCrossentropy::default().from_logits(true);
    let smooth = BinaryCrossentropy::default()
        .from_logits(true)
        .label_smoothing(0.1);
    TrainStep::new(BATCH, |t| {
        let real = t.input([SIDE, SIDE, 1])?;
        let noise = t.normal([NOISE])?;
        let fake = t.call(made_by, noise)?;
        let (ones, zeros) = (t.full([1], 1.0)?, t.full([1], 0.0)?);

        let still = t.stop_gradient(fake)?;
        let (on_real, on_fake) = (t.call(judge, real)?, t.call(judge, still)?);
        let (a, b) = (
            t.loss(&smooth, ones, on_real)?,
            t.loss(&entropy, zeros, on_fake)?,
        );
        let told = t.add(a, b)?;
        t.minimize(told, judge, Adam::new(2e-4).beta_1(0.5))?;

        let on_fake = t.call(judge, fake)?;
        let taken = t.loss(&entropy, ones, on_fake)?;
        t.minimize(taken, made_by, Adam::new(2e-4).beta_1(0.5))?;
        Ok([told, taken])
    })
}

fn main() -> cornu::Result<()> {
    let quick = std::env::args().any(|a| a == "--quick");
    let real = pixels(&grey::digits()?.train)?;
    let (generator, judge) = (generator()?, discriminator()?);
    println!("{}\n{}", generator.summary()?, judge.summary()?);
    let mut step = adversaries(&generator, &judge)?;
    let mut sample = TrainStep::new(100, |t| {
        let noise = t.normal([NOISE])?;
        Ok([t.infer(&generator, noise)?])
    })?;

    let epochs = if quick { 1 } else { 25 };
    let steps = if quick { 20 } else { real.shape()[0] / BATCH };
    for epoch in 0..epochs {
        let (mut told, mut taken) = (0.0, 0.0);
        for i in 0..steps {
            let batch = grey::batch(&real, epoch, i, &[BATCH, SIDE, SIDE, 1])?;
            let [a, b] = step.run(&[&batch])?;
            told += a.f32s()?[0] / steps as f32;
            taken += b.f32s()?[0] / steps as f32;
        }
        println!(
            "epoch {}/{epochs}: discriminator {told:.3}, generator {taken:.3}",
            epoch + 1
        );
        if (epoch + 1) % 5 == 0 || epoch + 1 == epochs {
            let [pictures] = sample.run(&[])?;
            let file = format!("dcgan/epoch-{:02}.png", epoch + 1);
            sheet(pictures.f32s()?, 10, file)?;
        }
    }
    Ok(())
}
