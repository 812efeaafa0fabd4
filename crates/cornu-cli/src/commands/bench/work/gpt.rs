//! W5: a small language model over characters, a transformer of pre-normalised blocks.

use cornu::model::Model;
use cornu::prelude::*;

use super::{Purpose, Sample, Target, Work};

const CONTEXT: usize = 128;
const CHARACTERS: usize = 65;
const WIDTH: usize = 128;
const HEADS: usize = 4;
const BLOCKS: usize = 4;

pub(super) const WORKS: &[Work] = &[Work {
    name: "W5-train",
    title: "GPT of 4 blocks, width 128, 128 characters, AdamW, batch 32",
    purpose: Purpose::Train,
    batch: 32,
    batches: 64,
    one_sample: false,
    sample: Sample::Tokens(CONTEXT, CHARACTERS),
    target: Target::Classes(CONTEXT, CHARACTERS),
    unit: ("tokens/s", CONTEXT),
    model,
}];

fn model(_: bool) -> cornu::Result<Model> {
    let text = input_of(DType::I32, [CONTEXT]);
    let x = Embedding::new(CHARACTERS, WIDTH)
        .name("token_embedding")
        .on(&text);
    let places = PositionEmbedding::new(CONTEXT)
        .name("position_embedding")
        .on(&x);
    let mut x = Add::new().on([&x, &places]);
    for number in 1..=BLOCKS {
        x = block(&x, &format!("block{number}"));
    }
    let scores = Dense::new(CHARACTERS)
        .name("head")
        .on(norm("final_norm", &x));
    let mut model = Model::new([&text], [&scores])?;
    let loss = SparseCategoricalCrossentropy::default().from_logits(true);
    model.compile(AdamW::new(0.001), loss, [] as [&str; 0])?;
    Ok(model)
}

fn norm(name: &str, x: &Symbol) -> Symbol {
    LayerNormalization::new().epsilon(1e-5).name(name).on(x)
}

fn block(x: &Symbol, name: &str) -> Symbol {
    let seen = MultiHeadAttention::new(HEADS, WIDTH / HEADS)
        .use_causal_mask(true)
        .name(format!("{name}_attention"))
        .on(norm(&format!("{name}_attention_norm"), x));
    let x = Add::new().on([x, &seen]);
    let wide = Dense::new(4 * WIDTH)
        .activation("gelu_approximate")
        .name(format!("{name}_mlp_up"))
        .on(norm(&format!("{name}_mlp_norm"), &x));
    let thought = Dense::new(WIDTH).name(format!("{name}_mlp_down")).on(&wide);
    Add::new().on([&x, &thought])
}
