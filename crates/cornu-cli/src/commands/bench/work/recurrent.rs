//! W3: a text read word by word, where each step waits for the one before.

use cornu::layers::Layer;
use cornu::model::Model;
use cornu::prelude::*;

use super::{Purpose, Sample, Target, Work};

const WORDS: usize = 20_000;
const LENGTH: usize = 200;
const WIDTH: usize = 128;

pub(super) const WORKS: &[Work] = &[
    work(
        "W3-lstm",
        "Embedding 20000×128, LSTM 128 over 200 steps, Adam, batch 32",
        |_| model(LSTM::new(WIDTH)),
    ),
    work("W3-gru", "the same with a GRU", |_| model(GRU::new(WIDTH))),
    work(
        "W3-bilstm",
        "the same with an LSTM in both directions",
        |_| model(Bidirectional::new(LSTM::new(WIDTH))),
    ),
];

const fn work(
    name: &'static str,
    title: &'static str,
    model: fn(bool) -> cornu::Result<Model>,
) -> Work {
    Work {
        name,
        title,
        purpose: Purpose::Train,
        batch: 32,
        batches: 64,
        one_sample: false,
        sample: Sample::Tokens(LENGTH, WORDS),
        target: Target::Binary,
        unit: ("texts/s", 1),
        model,
    }
}

fn model(reader: impl Layer + 'static) -> cornu::Result<Model> {
    let text = input_of(DType::I32, [LENGTH]);
    let x = Embedding::new(WORDS, WIDTH).on(&text);
    let verdict = Dense::new(1).activation("sigmoid").on(reader.on(&x));
    let mut model = Model::new([&text], [&verdict])?;
    model.compile(
        Adam::default(),
        BinaryCrossentropy::default(),
        [] as [&str; 0],
    )?;
    Ok(model)
}
