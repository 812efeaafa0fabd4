//! Praise or blame: an LSTM that reads film reviews in both directions.
//!
//! Reaches 80.5 % of the test set; Tai et al. ("Improved Semantic Representations From Tree-Structured Long Short-Term Memory Networks",
//! 2015) tell 85 to 88 % for LSTMs that begin with word vectors learnt from 840 billion words, which this one does not have.
//! `CORNU_DATA=... cargo run --release --example sentiment_lstm [-- --quick]`; without SST-2 it reads made-up reviews.

// An example prints what it found.
#![allow(clippy::print_stdout)]

#[path = "texts/reviews.rs"]
mod reviews;

use cornu::prelude::*;
use reviews::{LENGTH, WORDS};

fn main() -> cornu::Result<()> {
    let quick = std::env::args().any(|a| a == "--quick");
    let reviews = reviews::load(if quick { 600 } else { usize::MAX })?;
    let mut model = Sequential::new()
        .input_of(DType::I32, [LENGTH])
        .add(Embedding::new(WORDS, 64).mask_zero(true))
        .add(SpatialDropout1D::new(0.4))
        .add(Bidirectional::new(
            LSTM::new(48).dropout(0.2).return_sequences(true),
        ))
        .add(GlobalAveragePooling1D::new())
        .add(Dropout::new(0.5))
        .add(Dense::new(1).activation("sigmoid"))
        .build()?;
    println!("{}", model.summary()?);
    let epochs = if quick { 2 } else { 12 };
    let steps = reviews.train.0.shape()[0].div_ceil(32) * epochs;
    let rate = CosineDecay::new(1e-3, steps);
    model.compile(
        AdamW::new(rate).weight_decay(0.1),
        BinaryCrossentropy::default(),
        [metric("accuracy")],
    )?;
    let fit = Fit::epochs(epochs)
        .batch_size(32)
        .validation(&reviews.dev)
        .callback(ProgbarLogger::stdout())
        .callback(
            EarlyStopping::new("val_accuracy")
                .patience(4)
                .restore_best_weights(true),
        );
    model.fit(&reviews.train, fit)?;
    let score = model.evaluate(&reviews.test)?;
    println!(
        "test accuracy {:.1} %",
        100.0 * score.get("accuracy").unwrap_or(0.0)
    );
    Ok(())
}
