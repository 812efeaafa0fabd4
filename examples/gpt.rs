//! A small language model that reads characters: a transformer of a few pre-normalised blocks, written in the functional way.
//!
//! Trains on a text of your own and then continues it. It has 4 blocks of width 128, sees 128 characters, and takes STEPS steps
//! of 32 windows each (300 without it).
//! `cargo run --release --example gpt TEXT.txt [STEPS]`

// An example prints what it found.
#![allow(clippy::print_stdout)]

use cornu::generate::{Generator, Sampler};
use cornu::prelude::*;

/// What a small GPT is made of.
struct Gpt {
    blocks: usize,
    heads: usize,
    width: usize,
    context: usize,
    characters: usize,
}

impl Gpt {
    /// Attention and a two-layer network, each behind a normalisation and beside a path that carries `x` on.
    fn block(&self, x: &Symbol) -> Symbol {
        let norm = || LayerNormalization::new().epsilon(1e-5);
        let attention = MultiHeadAttention::new(self.heads, self.width / self.heads);
        let seen = attention.use_causal_mask(true).on(&norm().on(x));
        let x = Add::new().on([x, &seen]);
        let wide = Dense::new(4 * self.width)
            .activation("gelu")
            .on(&norm().on(&x));
        let thought = Dense::new(self.width).on(&wide);
        Add::new().on([&x, &thought])
    }

    /// From characters to the scores of the next one, at every place.
    fn model(&self) -> cornu::Result<Model> {
        let text = input_of(DType::I32, [self.context]);
        let x = Embedding::new(self.characters, self.width).on(&text);
        let places = PositionEmbedding::new(self.context).on(&x);
        let mut x = Add::new().on([&x, &places]);
        for _ in 0..self.blocks {
            x = self.block(&x);
        }
        let x = LayerNormalization::new().epsilon(1e-5).on(&x);
        let scores = Dense::new(self.characters).use_bias(false).on(&x);
        Model::new([&text], [&scores])
    }
}

/// The characters of a text, and the text as their numbers.
fn numbered(text: &str) -> (Vec<char>, Vec<i32>) {
    let mut characters: Vec<char> = text.chars().collect();
    characters.sort_unstable();
    characters.dedup();
    let number = |c: char| characters.binary_search(&c).map_or(0, |i| i as i32);
    let numbers = text.chars().map(number).collect();
    (characters, numbers)
}

/// Windows of the text, and the same moved on by one character.
fn windows(text: &[i32], context: usize, count: usize) -> cornu::Result<(Tensor, Tensor)> {
    let last = text.len().saturating_sub(context + 1);
    let starts: Vec<usize> = (0..count).map(|i| i * 7919 % (last + 1)).collect();
    let cut = |shift: usize| {
        let rows = starts
            .iter()
            .flat_map(|&s| &text[s + shift..s + shift + context]);
        Tensor::new([count, context], rows.copied().collect::<Vec<i32>>())
    };
    Ok((cut(0)?, cut(1)?))
}

fn main() -> cornu::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let Some(path) = arguments.next() else {
        println!("usage: gpt TEXT.txt [STEPS]");
        return Ok(());
    };
    let steps: usize = arguments.next().and_then(|s| s.parse().ok()).unwrap_or(300);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(e) => {
            println!("cannot read {path}: {e}");
            return Ok(());
        }
    };
    let (characters, numbers) = numbered(&text);
    let gpt = Gpt {
        blocks: 4,
        heads: 4,
        width: 128,
        context: 128,
        characters: characters.len(),
    };
    if numbers.len() < gpt.context + 2 {
        println!(
            "the text has {} characters; {} are the least",
            numbers.len(),
            gpt.context + 2
        );
        return Ok(());
    }
    let mut model = gpt.model()?;
    println!("{}", model.summary()?);
    let loss = SparseCategoricalCrossentropy::default().from_logits(true);
    model.compile(AdamW::new(1e-3), loss, ["accuracy"])?;
    let data = windows(&numbers, gpt.context, 32 * steps)?;
    let began = std::time::Instant::now();
    let history = model.fit(&data, Fit::epochs(1).batch_size(32))?;
    let tokens = (32 * steps * gpt.context) as f64;
    println!(
        "loss {:.3}, {:.0} characters/s",
        history
            .last()
            .and_then(|logs| logs.get("loss"))
            .unwrap_or(f64::NAN),
        tokens / began.elapsed().as_secs_f64()
    );
    let prompt = numbers[..16].to_vec();
    let mut generator = Generator::new(&mut model);
    for sampler in [Sampler::greedy(), Sampler::top_p(0.9), Sampler::beam(4)] {
        let written = generator.generate(std::slice::from_ref(&prompt), &sampler)?;
        let said: String = written[0].iter().map(|&i| characters[i as usize]).collect();
        println!("{sampler:?}\n{said}\n");
    }
    Ok(())
}
