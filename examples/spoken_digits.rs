//! Spoken digits: sounds become mel spectrograms inside the model, and a small convolutional network hears which digit was said.
//!
//! Reaches 55 % so far, which is too little: it still learns when it ends, on the authors' split (Free Spoken Digit Dataset: recordings 0 to 4 of each speaker and digit are the test); augmented by shifts
//! in time, loudness, speed and noise, and by hidden bands (Park et al., "SpecAugment", 2019).
//! `CORNU_DATA=... cargo run --release --example spoken_digits [-- --quick]`; without recordings it hums digits of its own.

// An example prints what it found.
#![allow(clippy::print_stdout)]

use cornu::prelude::*;
use datasets::audio_file::read_wav;
use datasets::{Layout, Table};

const RATE: usize = 8000;
const LENGTH: usize = 8000;
const MELS: usize = 40;
const STRIDE: usize = 80;

/// Sounds at 8 kHz with their digits.
#[derive(Default)]
struct Said {
    sounds: Vec<Vec<f32>>,
    digits: Vec<i32>,
}

/// Uniform random numbers in -1 to 1 that are the same on every machine.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> f32 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    }
}

/// What to learn from and what to be judged by.
fn recordings() -> cornu::Result<(Said, Said)> {
    let (mut train, mut test) = (Said::default(), Said::default());
    if let Ok(folder) = datasets::Options::default().folder("fsdd") {
        let labels = Table::read(folder.join("labels.csv"), Layout::csv().header(true))?;
        let files = labels.texts(labels.column("file")?)?;
        let digits = labels.numbers(labels.column("digit")?)?;
        let splits = labels.texts(labels.column("split")?)?;
        for ((file, digit), split) in files.into_iter().zip(digits).zip(splits) {
            let part = if split == "test" {
                &mut test
            } else {
                &mut train
            };
            part.sounds
                .push(read_wav(folder.join("recordings").join(file))?.samples);
            part.digits.push(digit as i32);
        }
        return Ok((train, test));
    }
    println!("no fsdd folder was found: hummed digits");
    let mut dice = Dice(1);
    for i in 0..300 {
        let (digit, pitch) = (i % 10, 1.0 + 0.1 * dice.roll());
        let wave = |t: usize| {
            let slide = 1.0 + 0.4 * (digit % 3) as f32 * t as f32 / LENGTH as f32;
            let hertz = (200.0 + 90.0 * digit as f32) * pitch * slide;
            (t as f32 * hertz * std::f32::consts::TAU / RATE as f32).sin() * 0.3
        };
        let part = if i % 3 == 0 { &mut test } else { &mut train };
        part.sounds.push((0..4_000).map(wave).collect());
        part.digits.push(digit);
    }
    Ok((train, test))
}

/// A sound in the middle of a second, or moved, at another speed and loudness, with noise.
fn placed(sound: &[f32], change: Option<&mut Dice>) -> Vec<f32> {
    let peak = sound.iter().fold(1e-6f32, |m, x| m.max(x.abs()));
    let Some(dice) = change else {
        return laid(sound, 1.0, 0.0, |x, _| x / peak);
    };
    let (speed, moved) = (1.0 + 0.15 * dice.roll(), 0.12 * dice.roll());
    let (loud, noise) = (2f32.powf(dice.roll()) / peak, 0.01 * (1.0 + dice.roll()));
    let mut hiss = Dice(dice.0 ^ 0x5555);
    laid(sound, speed, moved, |x, _| x * loud + noise * hiss.roll())
}

/// A sound at a speed, moved by a part of the second.
fn laid(
    sound: &[f32],
    speed: f32,
    moved: f32,
    mut change: impl FnMut(f32, usize) -> f32,
) -> Vec<f32> {
    let length = (sound.len() as f32 / speed) as isize;
    let start = (LENGTH as isize - length) / 2 + (moved * LENGTH as f32) as isize;
    let at = |t: isize| {
        let place = (t - start) as f32 * speed;
        if place < 0.0 || place as usize + 1 >= sound.len() {
            return 0.0;
        }
        let (i, part) = (place as usize, place.fract());
        sound[i] * (1.0 - part) + sound[i + 1] * part
    };
    (0..LENGTH).map(|t| change(at(t as isize), t)).collect()
}

/// Each sound as it is (or is changed), so many times.
fn samples(said: &Said, copies: usize, mut dice: Option<Dice>) -> cornu::Result<(Tensor, Tensor)> {
    let (mut x, mut y) = (Vec::new(), Vec::new());
    for _ in 0..copies {
        for (sound, &digit) in said.sounds.iter().zip(&said.digits) {
            x.extend(placed(sound, dice.as_mut()));
            y.push(digit);
        }
    }
    Ok((
        Tensor::new([y.len(), LENGTH], x)?,
        Tensor::new([y.len()], y)?,
    ))
}

fn main() -> cornu::Result<()> {
    let quick = std::env::args().any(|a| a == "--quick");
    let (train, test) = recordings()?;
    let copies = if quick { 1 } else { 12 };
    let (train, test) = (
        samples(&train, copies, Some(Dice(7)))?,
        samples(&test, 1, None)?,
    );
    println!(
        "{} sounds to learn from, {} to be judged by",
        train.0.shape()[0],
        test.0.shape()[0]
    );

    let frames = LENGTH / STRIDE + 1;
    let conv = |filters| Conv2D::new(filters, 3).padding("same").use_bias(false);
    let mel = MelSpectrogram::new()
        .fft_length(256)
        .sequence_stride(STRIDE)
        .sampling_rate(RATE as f64)
        .num_mel_bins(MELS);
    let mut net = Sequential::new()
        .input([LENGTH])
        .add(mel)
        .add(Rescaling::new(1.0 / 40.0).offset(1.0))
        // Bands of pitch and of time that are hidden in training.
        .add(Dropout::new(0.1).noise_shape([None, Some(MELS), Some(1)]))
        .add(Dropout::new(0.1).noise_shape([None, Some(1), Some(frames)]))
        .add(Reshape::new([MELS as i64, frames as i64, 1]));
    for filters in [16, 32, 64] {
        net = net
            .add(conv(filters))
            .add(BatchNormalization::new().momentum(0.9))
            .add(ReLU::new())
            .add(MaxPooling2D::new(2));
    }
    let mut model = net
        // Where in pitch and time a sound stands tells the digit: nothing is averaged away.
        .add(Flatten::new())
        .add(Dropout::new(0.4))
        .add(Dense::new(64).activation("relu"))
        .add(Dropout::new(0.3))
        .add(Dense::new(10).activation("softmax"))
        .build()?;
    println!("{}", model.summary()?);

    let epochs = if quick { 2 } else { 12 };
    let steps = train.0.shape()[0].div_ceil(32) * epochs;
    let rate = CosineDecay::new(1e-3, steps);
    let loss = SparseCategoricalCrossentropy::default();
    model.compile(Adam::new(rate), loss, [metric("accuracy")])?;
    let fit = Fit::epochs(epochs)
        .batch_size(32)
        .validation(&test)
        .callback(ProgbarLogger::stdout());
    model.fit(&train, fit)?;
    let score = model.evaluate(&test)?;
    println!(
        "test accuracy {:.1} %",
        100.0 * score.get("accuracy").unwrap_or(0.0)
    );
    Ok(())
}
