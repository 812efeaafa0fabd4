//! Sequences written on: what is kept of the places before changes nothing, and the best are found.

use cornu::generate::{Generator, Sampler};
use cornu::prelude::*;

/// A model of 12 places and 7 numbers whose weights are large enough to matter.
fn writer(body: impl Fn(&Symbol) -> Symbol) -> Model {
    let tokens = input_of(DType::I32, [12]);
    let x = Embedding::new(7, 8)
        .embeddings_initializer("glorot_normal")
        .on(&tokens);
    let y = Dense::new(7).on(body(&x));
    let mut model = Model::seeded([&tokens], [&y], 5).expect("a valid model");
    spread(&mut model);
    model
}

/// Scales weights up, so that what a model says is far from even.
fn spread(model: &mut Model) {
    let louder = |t: &Tensor| -> Tensor {
        let x = t.f32s().expect("floats").iter().map(|x| 3.0 * x);
        Tensor::new(t.shape().clone(), x.collect::<Vec<f32>>()).expect("sizes fit")
    };
    let weights: Vec<Tensor> = model.weights().iter().map(louder).collect();
    model.set_weights(&weights).expect("the same shapes");
}

fn prompts() -> Vec<Vec<i32>> {
    vec![vec![1, 2, 3], vec![4], vec![5, 6, 0, 1, 2]]
}

/// The same with and without what is kept, for every way to choose, within the places and beyond them.
fn check_kept(model: &mut Model, others: &[Tensor]) {
    let samplers = [
        Sampler::greedy(),
        Sampler::random().seed(3),
        Sampler::top_k(3).seed(1),
        Sampler::top_p(0.8).temperature(1.5),
        Sampler::beam(3),
    ];
    for (sampler, length) in samplers.iter().flat_map(|s| [(s, 12), (s, 31)]) {
        let mut written = [true, false].map(|keep| {
            let generator = Generator::new(model).others(others).keep(keep);
            let mut generator = generator.max_length(length).overlap(5);
            let first = generator.generate(&prompts(), sampler).expect("it writes");
            let again = generator.generate(&prompts(), sampler).expect("it writes");
            assert_eq!(first, again, "{sampler:?}: a second time");
            first
        });
        assert_eq!(written[0], written[1], "{sampler:?}");
        for (text, prompt) in written[0].iter_mut().zip(prompts()) {
            assert_eq!(text.len(), length);
            assert_eq!(text[..prompt.len()], prompt);
        }
    }
}

#[test]
fn what_is_kept_of_places_before_changes_nothing() {
    check_kept(
        &mut writer(|x| {
            let x = Add::new().on([x, &PositionEmbedding::new(12).on(x)]);
            let x = TransformerDecoder::new(16, 2).dropout(0.1).on(&x);
            TransformerDecoder::new(16, 4)
                .normalize_first(true)
                .activation("gelu")
                .on(&x)
        }),
        &[],
    );
    check_kept(
        &mut writer(|x| {
            let x = Add::new().on([x, &SinePositionEncoding::new().on(x)]);
            let y = GroupQueryAttention::new(4, 4, 2)
                .use_causal_mask(true)
                .sliding_window(3)
                .on(LayerNormalization::new().on(&x));
            let x = Add::new().on([&x, &y]);
            let y = MultiHeadAttention::new(2, 4)
                .use_causal_mask(true)
                .use_gate(true)
                .on(RotaryEmbedding::new().on(&x));
            RMSNormalization::new().on(Add::new().on([&x, &y]))
        }),
        &[],
    );
}

/// Each place turned by a number that comes with it, here its token.
#[test]
fn places_that_bring_their_numbers_are_turned_by_them() {
    let tokens = input_of(DType::I32, [12]);
    let x = Embedding::new(7, 8)
        .embeddings_initializer("glorot_normal")
        .on(&tokens);
    let turned = RotaryEmbedding::new().on([&x, &tokens]);
    let y = MultiHeadAttention::new(2, 4)
        .use_causal_mask(true)
        .on(&turned);
    let y = Dense::new(7).on(Add::new().on([&x, &y]));
    let mut model = Model::seeded([&tokens], [&y], 5).expect("a valid model");
    spread(&mut model);
    check_kept(&mut model, &[]);
}

#[test]
fn a_model_that_cannot_keep_anything_writes_too() {
    // A convolution of places before alone would need to be taught.
    let mut model = writer(|x| LSTM::new(6).return_sequences(true).on(x));
    check_kept(&mut model, &[]);
}

#[test]
fn other_inputs_and_their_padding_are_read_once() {
    let (words, tokens) = (input_of(DType::I32, [5]), input_of(DType::I32, [12]));
    let read = Embedding::new(9, 8).mask_zero(true).on(&words);
    let read = TransformerEncoder::new(16, 2).on(&read);
    let table = Shared::new(ReversibleEmbedding::new(7, 8));
    let x = table.on(&tokens);
    let x = Add::new().on([&x, &PositionEmbedding::new(12).on(&x)]);
    let x = TransformerDecoder::new(16, 2).on([&x, &read]);
    let y = table.on(&x);
    let mut model = Model::seeded([&tokens, &words], [&y], 8).expect("a valid model");
    spread(&mut model);
    let sentences =
        Tensor::new([3, 5], vec![1, 2, 3, 0, 0, 4, 5, 6, 7, 8, 3, 0, 0, 0, 0]).expect("sizes fit");
    check_kept(&mut model, &[sentences]);
    // What is read changes what is written.
    let mut write = |words: Vec<i32>| {
        let words = Tensor::new([3, 5], words).expect("sizes fit");
        let mut generator = Generator::new(&mut model).others([words]);
        generator
            .generate(&prompts(), &Sampler::greedy())
            .expect("it writes")
    };
    assert_ne!(write(vec![1; 15]), write(vec![8; 15]));
}

#[test]
fn beams_find_the_likeliest_sequence_and_end_where_it_ends() {
    let mut model = writer(|x| TransformerDecoder::new(16, 2).on(x));
    // All continuations of [2] by three numbers, and how likely each is.
    let mut best = (f64::NEG_INFINITY, Vec::new());
    for code in 0..343 {
        let text = [2, code / 49, code / 7 % 7, code % 7];
        let mut padded = text.to_vec();
        padded.resize(12, 0);
        let said = model
            .predict(&Tensor::new([1, 12], padded).expect("sizes fit"))
            .expect("it predicts");
        let rows: Vec<&[f32]> = said.f32s().expect("floats").chunks(7).collect();
        let score: f64 = (0..3)
            .map(|t| {
                let sum: f64 = rows[t].iter().map(|&x| f64::from(x).exp()).sum();
                f64::from(rows[t][text[t + 1] as usize]) - sum.ln()
            })
            .sum();
        if score > best.0 {
            best = (score, text.to_vec());
        }
    }
    let mut generator = Generator::new(&mut model).max_length(4);
    let found = generator
        .generate(&[vec![2]], &Sampler::beam(49))
        .expect("it writes");
    assert_eq!(found, [best.1]);
    let greedy = generator
        .generate(&[vec![2]], &Sampler::greedy())
        .expect("it writes");
    let one = generator
        .generate(&[vec![2]], &Sampler::beam(1))
        .expect("it writes");
    assert_eq!(greedy, one);

    let end = greedy[0][2];
    let mut generator = Generator::new(&mut model).max_length(4).end_token(end);
    let ended = generator
        .generate(&[vec![2]], &Sampler::greedy())
        .expect("it writes");
    let first = greedy[0]
        .iter()
        .skip(1)
        .position(|&n| n == end)
        .expect("it is there");
    assert_eq!(ended[0], greedy[0][..first + 2]);
}

#[test]
fn beyond_its_places_a_model_goes_on_from_the_end_of_what_it_saw() {
    let mut model = writer(|x| {
        let x = Add::new().on([x, &PositionEmbedding::new(12).on(x)]);
        TransformerDecoder::new(16, 2).on(&x)
    });
    // By hand: of 12 numbers the last 5 stay.
    let (mut text, mut seen) = (vec![2], vec![2]);
    while text.len() < 40 {
        let mut padded = seen.clone();
        padded.resize(12, 0);
        let said = model
            .predict(&Tensor::new([1, 12], padded).expect("sizes fit"))
            .expect("it predicts");
        let scores = &said.f32s().expect("floats")[(seen.len() - 1) * 7..][..7];
        let likeliest = (0..7).fold(0, |a, b| if scores[b] > scores[a] { b } else { a });
        if seen.len() == 12 {
            seen.drain(..7);
        }
        text.push(likeliest as i32);
        seen.push(likeliest as i32);
    }
    let mut write = |prompt: &[i32], length: usize, overlap: Option<usize>| {
        let mut generator = Generator::new(&mut model).max_length(length);
        if let Some(overlap) = overlap {
            generator = generator.overlap(overlap);
        }
        generator
            .generate(&[prompt.to_vec()], &Sampler::greedy())
            .expect("it writes")
            .concat()
    };
    assert_eq!(write(&[2], 40, Some(5)), text);
    // A prompt may be longer than the places.
    assert_eq!(write(&text[..20], 40, Some(5)), text);
    // Within the places nothing changes.
    assert_eq!(write(&[2], 12, Some(5)), write(&[2], 12, None));
    assert_ne!(write(&[2], 40, Some(11)), text);
}

#[test]
fn what_cannot_be_written_on_is_told() {
    let mut model = writer(|x| TransformerDecoder::new(16, 2).on(x));
    let mut said = |prompts: &[Vec<i32>], sampler: Sampler| {
        let mut generator = Generator::new(&mut model).max_length(6);
        let error = generator.generate(prompts, &sampler).expect_err("refused");
        error.message().to_owned()
    };
    assert!(said(&[vec![]], Sampler::greedy()).contains("from 1 to 6 numbers"));
    assert!(said(&[vec![1; 7]], Sampler::greedy()).contains("received 7"));
    assert!(said(&[vec![1]], Sampler::top_k(0)).contains("at least 1"));
    assert!(said(&[vec![70]], Sampler::greedy()).contains("between 0 and 6"));
    let refused = |mut generator: Generator<'_>| {
        generator
            .generate(&[vec![1]], &Sampler::greedy())
            .expect_err("refused")
    };
    let long = refused(Generator::new(&mut model).max_length(13));
    assert!(long.message().contains("12 places, received 13"));
    assert!(long.to_string().contains("overlap(numbers)"), "{long}");
    for overlap in [0, 12] {
        let error = refused(Generator::new(&mut model).max_length(30).overlap(overlap));
        let told = format!("below the model's 12 places, received {overlap}");
        assert!(error.message().contains(&told), "{error}");
    }
    let x = input([4]);
    let mut model = Model::new([&x], [&Dense::new(3).on(&x)]).expect("a valid model");
    let refused = Generator::new(&mut model).generate(&[vec![1]], &Sampler::greedy());
    assert!(refused.expect_err("refused").message().contains("int32"));
}
