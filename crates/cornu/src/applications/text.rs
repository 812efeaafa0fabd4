//! Networks for texts: sequences of numbered words, read by an LSTM or by transformers.
//!
//! # Example
//! ```
//! use cornu::applications::{GPT, LSTMClassifier, TransformerClassifier};
//! let reviews = LSTMClassifier::new().vocabulary_size(50).sequence_length(12).build()?;
//! assert_eq!(reviews.output_shape().axes(), &[2]);
//! let topics = TransformerClassifier::new().vocabulary_size(50).sequence_length(12).classes(4).build()?;
//! assert_eq!(topics.output_shape().axes(), &[4]);
//! let characters = GPT::new().vocabulary_size(65).sequence_length(32).width(16).heads(2).blocks(2);
//! assert_eq!(characters.build()?.output_shape().axes(), &[32, 65]);
//! # Ok::<(), cornu::Error>(())
//! ```

use crate::error::{Error, Result};
use crate::layers::classes::*;
use crate::model::{Apply, Shared, Symbol, input_of};
use crate::shape::DType;

arguments! {
    /// Two LSTMs that read a text in both directions, and a class for the text.
    ///
    /// With the arguments as they are, but one class and a sigmoid, it is Keras's example with 2,757,761 weights.
    ///
    /// # Shapes
    /// int32 `[sequence_length] → [classes]`, probabilities. Word 0 stands for padding and is passed over.
    ///
    /// # Errors
    /// As of its layers: sizes of 0.
    ///
    /// # Source
    /// Graves and Schmidhuber, "Framewise Phoneme Classification with Bidirectional LSTM Networks", 2005; in the form of Keras's
    /// example "Bidirectional LSTM on IMDB", with padding passed over.
    LSTMClassifier: 2_757_890 weights {
        /// Number of words, padding included; 20,000 without it.
        vocabulary_size: usize = 20_000,
        /// Words in a text; 200 without it.
        sequence_length: usize = 200,
        /// Features of a word; 128 without it.
        width: usize = 128,
        /// Units of each LSTM in each direction; 64 without it.
        units: usize = 64,
        /// The share that dropout drops before the classifier; 0 without it.
        dropout: f64 = 0.0,
        /// Number of classes; 2 without it.
        classes: usize = 2,
    }
    |own| {
        let words = input_of(DType::I32, [own.sequence_length]);
        let table = Embedding::new(own.vocabulary_size, own.width).mask_zero(true);
        let x = table.on(&words);
        let x = Bidirectional::new(LSTM::new(own.units).return_sequences(true)).on(&x);
        let x = Bidirectional::new(LSTM::new(own.units)).on(&x);
        Ok((words, classified(&x, own.dropout, own.classes), "lstm_classifier"))
    }
}

arguments! {
    /// A transformer block over the words of a text, their mean, and a class for the text.
    ///
    /// # Shapes
    /// int32 `[sequence_length] → [classes]`, probabilities. Word 0 stands for padding and is passed over.
    ///
    /// # Errors
    /// As of its layers: sizes of 0; heads that do not divide the width.
    ///
    /// # Source
    /// Vaswani, Shazeer, Parmar, Uszkoreit, Jones, Gomez, Kaiser and Polosukhin, "Attention Is All You Need", 2017, the encoder.
    TransformerClassifier: 1_342_914 weights {
        /// Number of words, padding included; 20,000 without it.
        vocabulary_size: usize = 20_000,
        /// Words in a text; 200 without it.
        sequence_length: usize = 200,
        /// Features of a word; 64 without it.
        width: usize = 64,
        /// Heads of attention; 4 without it.
        heads: usize = 4,
        /// Blocks one after another; 1 without it.
        blocks: usize = 1,
        /// The share that dropout drops; 0.1 without it.
        dropout: f64 = 0.1,
        /// Number of classes; 2 without it.
        classes: usize = 2,
    }
    |own| {
        let words = input_of(DType::I32, [own.sequence_length]);
        let table = Embedding::new(own.vocabulary_size, own.width).mask_zero(true);
        let x = table.name("token_embedding").on(&words);
        let place = PositionEmbedding::new(own.sequence_length).name("position_embedding").on(&x);
        let mut x = Add::new().on([&x, &place]);
        let key = divided(own.width, own.heads)?;
        for block in 0..own.blocks {
            let n = |part: &str| format!("block{block}_{part}");
            let seen = MultiHeadAttention::new(own.heads, key).name(n("attention")).on(&x);
            let seen = Dropout::new(own.dropout).name(n("attention_dropout")).on(&seen);
            x = Add::new().name(n("attention_add")).on([&x, &seen]);
            x = norm(n("attention_norm"), 1e-6, &x);
            let wide = Dense::new(4 * own.width).activation("relu").name(n("mlp_up")).on(&x);
            let y = Dense::new(own.width).name(n("mlp_down")).on(&wide);
            let y = Dropout::new(own.dropout).name(n("mlp_dropout")).on(&y);
            x = Add::new().name(n("mlp_add")).on([&x, &y]);
            x = norm(n("mlp_norm"), 1e-6, &x);
        }
        let x = GlobalAveragePooling1D::new().on(&x);
        Ok((words, classified(&x, own.dropout, own.classes), "transformer_classifier"))
    }
}

arguments! {
    /// GPT: at each place of a text, a score of each word for the next place.
    ///
    /// With the arguments as they are it is GPT-2, 124,439,808 weights; words are the same vectors at its beginning and at its end.
    ///
    /// # Shapes
    /// int32 `[sequence_length] → [sequence_length, vocabulary_size]`, scores before softmax.
    ///
    /// # Errors
    /// As of its layers: sizes of 0; heads that do not divide the width.
    ///
    /// # Source
    /// Radford, Wu, Child, Luan, Amodei and Sutskever, "Language Models are Unsupervised Multitask Learners", 2019.
    GPT: 124_439_808 weights {
        /// Number of words; 50,257 without it.
        vocabulary_size: usize = 50_257,
        /// Words that it sees; 1024 without it.
        sequence_length: usize = 1024,
        /// Features of a word; 768 without it.
        width: usize = 768,
        /// Heads of attention; 12 without it.
        heads: usize = 12,
        /// Blocks one after another; 12 without it.
        blocks: usize = 12,
        /// The share that dropout drops; 0.1 without it.
        dropout: f64 = 0.1,
    }
    |own| {
        let words = input_of(DType::I32, [own.sequence_length]);
        let normal = || crate::initializers::Initializer::RandomNormal { mean: 0.0, stddev: 0.02 };
        let table = ReversibleEmbedding::new(own.vocabulary_size, own.width);
        let table = Shared::new(table.embeddings_initializer(normal()).name("token_embedding"));
        let x = table.on(&words);
        let place = PositionEmbedding::new(own.sequence_length).initializer(normal());
        let place = place.name("position_embedding").on(&x);
        let x = Add::new().name("embedded").on([&x, &place]);
        let mut x = Dropout::new(own.dropout).name("embedded_dropout").on(&x);
        let key = divided(own.width, own.heads)?;
        for block in 0..own.blocks {
            let n = |part: &str| format!("block{block}_{part}");
            let seen = MultiHeadAttention::new(own.heads, key).use_causal_mask(true);
            let seen = seen.dropout(own.dropout).kernel_initializer(normal());
            let seen = seen.name(n("attention")).on(norm(n("attention_norm"), 1e-5, &x));
            let seen = Dropout::new(own.dropout).name(n("attention_dropout")).on(&seen);
            x = Add::new().name(n("attention_add")).on([&x, &seen]);
            let wide = Dense::new(4 * own.width).activation("gelu_approximate");
            let wide = wide.kernel_initializer(normal()).name(n("mlp_up"));
            let y = wide.on(norm(n("mlp_norm"), 1e-5, &x));
            let narrow = Dense::new(own.width).kernel_initializer(normal());
            let y = narrow.name(n("mlp_down")).on(&y);
            let y = Dropout::new(own.dropout).name(n("mlp_dropout")).on(&y);
            x = Add::new().name(n("mlp_add")).on([&x, &y]);
        }
        let scores = table.on(norm("final_norm".to_owned(), 1e-5, &x));
        Ok((words, scores, "gpt"))
    }
}

fn norm(name: String, epsilon: f64, x: &Symbol) -> Symbol {
    LayerNormalization::new().epsilon(epsilon).name(name).on(x)
}

/// Features of each head.
fn divided(width: usize, heads: usize) -> Result<usize> {
    if heads == 0 || !width.is_multiple_of(heads) {
        return Err(Error::config(format!(
            "heads must divide the width, received {heads} heads for {width} features"
        )));
    }
    Ok(width / heads)
}

fn classified(x: &Symbol, dropout: f64, classes: usize) -> Symbol {
    let x = match dropout > 0.0 {
        true => Dropout::new(dropout).on(x),
        false => x.clone(),
    };
    let classes = Dense::new(classes).activation("softmax");
    classes.name("predictions").on(&x)
}
