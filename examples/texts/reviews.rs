//! Sentences of film reviews with what they think of the film, as numbers of words: what the examples on sentiment share.
//!
//! Socher et al., "Recursive Deep Models for Semantic Compositionality Over a Sentiment Treebank", 2013 (SST-2: 6,920 sentences to learn
//! from, 872 to choose by, 1,821 to be judged by).

use cornu::prelude::*;
use datasets::{Layout, Table};

/// The longest sentence in words; what is beyond is cut off.
pub(crate) const LENGTH: usize = 48;

/// Words that are known.
pub(crate) const WORDS: usize = 10_000;

/// Numbers of words `[sentences, LENGTH]`, 0 where a sentence is over, and 1 for praise.
pub(crate) type Part = (Tensor, Tensor);

/// What to learn from, to choose by and to be judged by.
pub(crate) struct Reviews {
    pub(crate) train: Part,
    pub(crate) dev: Part,
    pub(crate) test: Part,
}

/// The sentences and labels of one file, or made-up ones.
fn sentences(name: &str, limit: usize) -> cornu::Result<(Vec<String>, Vec<i32>)> {
    let Ok(folder) = datasets::Options::default().folder("sst2") else {
        return Ok(made_up(name.len() * 131, limit.min(2_000)));
    };
    let table = Table::read(folder.join(name), Layout::tsv())?;
    let texts = table.texts(0)?.into_iter().take(limit);
    let labels = table.numbers(1)?.into_iter().take(limit);
    Ok((
        texts.map(str::to_owned).collect(),
        labels.map(|l| l as i32).collect(),
    ))
}

/// Praise and blame of films that do not exist.
fn made_up(salt: usize, n: usize) -> (Vec<String>, Vec<i32>) {
    const FILMS: [&str; 4] = ["the film", "this story", "her debut", "the sequel"];
    const GOOD: [&str; 4] = ["a delight", "moving", "superb", "full of wit"];
    const BAD: [&str; 4] = ["a bore", "clumsy", "dull", "without wit"];
    let pick = |i: usize, k: usize| (i * 7919 + salt * 31 + k * 104_729) / 97 % 4;
    let sentence = |i: usize| {
        let good = (i * 7919 + salt) / 13 % 2 == 1;
        let word = if good { GOOD } else { BAD }[pick(i, 1)];
        let text = format!("{} is {word} from start to end", FILMS[pick(i, 2)]);
        (text, i32::from(good))
    };
    (0..n).map(sentence).unzip()
}

/// All three parts; the vocabulary is that of the part to learn from.
pub(crate) fn load(limit: usize) -> cornu::Result<Reviews> {
    let mut words = TextVectorization::new()
        .max_tokens(WORDS)
        .output_sequence_length(LENGTH);
    words.adapt(sentences("train.tsv", limit)?.0)?;
    let part = |name: &str| -> cornu::Result<Part> {
        let (texts, labels) = sentences(name, limit)?;
        let n = labels.len();
        Ok((words.call(texts)?, Tensor::new([n, 1], labels)?))
    };
    Ok(Reviews {
        train: part("train.tsv")?,
        dev: part("dev.tsv")?,
        test: part("test.tsv")?,
    })
}

impl Reviews {
    /// Trains a model of one probability with this decay of its weights, keeps the epoch that the part to choose by likes best, and prints
    /// what it is worth on the last part.
    pub(crate) fn judge(&self, model: &mut Model, decay: f64, quick: bool) -> cornu::Result<()> {
        let epochs = if quick { 2 } else { 12 };
        let steps = self.train.0.shape()[0].div_ceil(32) * epochs;
        let rate = CosineDecay::new(1e-3, steps);
        model.compile(
            AdamW::new(rate).weight_decay(decay),
            BinaryCrossentropy::default(),
            [metric("accuracy")],
        )?;
        let fit = Fit::epochs(epochs)
            .batch_size(32)
            .validation(&self.dev)
            .callback(ProgbarLogger::stdout())
            .callback(
                EarlyStopping::new("val_accuracy")
                    .patience(4)
                    .restore_best_weights(true),
            );
        model.fit(&self.train, fit)?;
        let score = model.evaluate(&self.test)?;
        println!(
            "test accuracy {:.1} %",
            100.0 * score.get("accuracy").unwrap_or(0.0)
        );
        Ok(())
    }
}
