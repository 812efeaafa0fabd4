//! Sequences written on by a model, one place after another: text from a prompt, a translation from a sentence.

mod masks;
mod sampler;
mod steps;
mod window;
mod writing;

pub use sampler::Sampler;

use steps::Steps;
use window::Window;
use writing::Writing;

use crate::error::{Error, Result};
use crate::model::Model;
use crate::shape::DType;
use crate::tensor::Tensor;

/// Writes sequences on with a model that tells, for each place, what comes next.
///
/// The model has an input of whole numbers `[places]` and gives `[places, numbers]`, the scores of each number to come after each place.
/// Where all of its layers can take places one by one (attention with a causal mask, the blocks and embeddings of transformers, dense
/// and normalising layers), keys and values of the places before are kept, so that each new place costs one place; a model that cannot is
/// run anew over the whole sequence. What other inputs it has (the sentence to translate) are read once. A sequence longer than the places
/// is seen through a window that slides on, with [`Generator::overlap`].
///
/// # Example
/// ```
/// use cornu::generate::{Generator, Sampler};
/// use cornu::prelude::*;
/// let characters = input_of(DType::I32, [16]);
/// let x = Embedding::new(65, 8).on(&characters);
/// let x = Add::new().on([&x, &PositionEmbedding::new(16).on(&x)]);
/// let x = TransformerDecoder::new(32, 2).normalize_first(true).on(&x);
/// let mut model = Model::new([&characters], [&Dense::new(65).on(&x)])?;
/// let mut generator = Generator::new(&mut model).max_length(12);
/// let texts = generator.generate(&[vec![3, 1, 4], vec![1, 5]], &Sampler::top_k(5))?;
/// assert_eq!((texts[0].len(), &texts[0][..3]), (12, &[3, 1, 4][..]));
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Keras
/// KerasHub's `CausalLM.generate` with a sampler.
#[derive(Debug)]
pub struct Generator<'a> {
    model: &'a mut Model,
    tokens: usize,
    max_length: Option<usize>,
    overlap: Option<usize>,
    end_token: Option<i32>,
    logits: bool,
    keep: bool,
    others: Vec<Tensor>,
    steps: Option<Steps>,
    rows: usize,
}

impl<'a> Generator<'a> {
    /// With a model whose first input are the numbers, and whose first output are logits.
    pub fn new(model: &'a mut Model) -> Self {
        Self {
            model,
            tokens: 0,
            max_length: None,
            overlap: None,
            end_token: None,
            logits: true,
            keep: true,
            others: Vec::new(),
            steps: None,
            rows: 0,
        }
    }

    /// Which of the model's inputs are the numbers that are written on; the first without it.
    pub fn tokens_input(mut self, number: usize) -> Self {
        self.tokens = number;
        self
    }

    /// How long sequences get, prompts included; as many places as the model has without it, and more only with [`Generator::overlap`].
    pub fn max_length(mut self, places: usize) -> Self {
        self.max_length = Some(places);
        self
    }

    /// Lets sequences get longer than the model has places: when all are full, the last `numbers` of them become the first of a new window,
    /// for which keys and values are computed anew.
    ///
    /// What comes next is judged by `numbers + 1` to all of the places, and each number costs `places / (places - numbers)` of what it costs
    /// without a window.
    ///
    /// # Example
    /// ```
    /// use cornu::generate::{Generator, Sampler};
    /// use cornu::prelude::*;
    /// let numbers = input_of(DType::I32, [8]);
    /// let x = TransformerDecoder::new(16, 2).on(Embedding::new(9, 4).on(&numbers));
    /// let mut model = Model::new([&numbers], [&Dense::new(9).on(&x)])?;
    /// let mut generator = Generator::new(&mut model).max_length(50).overlap(4);
    /// let texts = generator.generate(&[vec![3, 1, 4]], &Sampler::greedy())?;
    /// assert_eq!(texts[0].len(), 50);
    /// # Ok::<(), cornu::Error>(())
    /// ```
    pub fn overlap(mut self, numbers: usize) -> Self {
        self.overlap = Some(numbers);
        self
    }

    /// The number after which a sequence is done.
    pub fn end_token(mut self, number: i32) -> Self {
        self.end_token = Some(number);
        self
    }

    /// Whether the model gives logits, or else probabilities.
    pub fn from_logits(mut self, logits: bool) -> Self {
        self.logits = logits;
        self
    }

    /// Whether what can be kept of the places before is kept; `false` runs the model anew over the whole sequence for each place.
    pub fn keep(mut self, keep: bool) -> Self {
        self.keep = keep;
        self
    }

    /// The model's other inputs, in their order, with a row for each prompt.
    pub fn others(mut self, others: impl Into<Vec<Tensor>>) -> Self {
        self.others = others.into();
        self
    }

    /// Each prompt written on, the prompt included, up to the end token (included too) or the greatest length.
    ///
    /// # Errors
    /// A model that is none for this; an empty prompt, or one longer than a sequence may get; sequences longer than the model's places
    /// without an overlap, or an overlap that is not from 1 to one less than the places; a sampler that cannot work.
    pub fn generate(&mut self, prompts: &[Vec<i32>], sampler: &Sampler) -> Result<Vec<Vec<i32>>> {
        sampler.check()?;
        let (longest, window) = self.check(prompts)?;
        let beams = sampler.beams();
        let each = beams.map_or(1, |(n, _)| n);
        let rows = prompts.len() * each;
        let mut writing = Writing {
            sequences: (0..rows).map(|r| prompts[r / each].clone()).collect(),
            prompts: prompts.iter().map(Vec::len).collect(),
            scores: (0..rows)
                .map(|r| {
                    if r % each == 0 {
                        0.0
                    } else {
                        f64::NEG_INFINITY
                    }
                })
                .collect(),
            done: vec![false; rows],
            each,
            end: self.end_token,
        };
        self.begin(rows, each, longest.min(window.places))?;
        for place in 0..longest.saturating_sub(1) {
            if writing.done.iter().all(|&d| d) {
                break;
            }
            let said = self.said(&writing.sequences, window.begin(place), place)?;
            let numbers = *said.shape().last().unwrap_or(&1);
            let scores: Vec<Vec<f64>> = said
                .f32s()?
                .chunks(numbers.max(1))
                .map(|row| sampler.scores(row, self.logits))
                .collect();
            let from = match beams {
                None => {
                    writing.choose(&scores, place, sampler);
                    continue;
                }
                Some(_) => writing.widen(&scores, place),
            };
            if let Some(steps) = &mut self.steps {
                steps.reorder(&from)?;
            }
        }
        Ok(writing.best(beams.map_or(0.0, |(_, power)| power)))
    }

    /// Refuses what cannot be written on; the greatest length, and what the model sees at once.
    fn check(&self, prompts: &[Vec<i32>]) -> Result<(usize, Window)> {
        let name = self.model.name().to_owned();
        let a = &self.model.architecture;
        let fits = |dtype: DType, rank: usize| dtype == DType::I32 && rank == 1;
        let Some(input) = a
            .inputs
            .get(self.tokens)
            .filter(|i| fits(i.dtype, i.shape.rank()))
        else {
            return Err(Error::config(format!(
                "a model that writes sequences on needs input {} to be int32 [places]",
                self.tokens
            ))
            .at(name)
            .help("input_of(DType::I32, [places]) makes it"));
        };
        let (places, output) = (input.shape[0], self.model.output_shape());
        if output.rank() != 2 || output[0] != places {
            return Err(Error::shape(format!(
                "a model that writes sequences on gives [{places}, numbers], received {output}"
            ))
            .at(name));
        }
        let longest = self.max_length.unwrap_or(places);
        let window = match self.overlap {
            Some(overlap) if overlap == 0 || overlap >= places => {
                return Err(Error::config(format!(
                    "overlap must be above 0 and below the model's {places} places, received {overlap}"
                ))
                .at(name));
            }
            None if longest > places => {
                return Err(Error::config(format!(
                    "max_length must be at most the model's {places} places, received {longest}"
                ))
                .at(name)
                .help("overlap(numbers) goes on with so many of the last numbers when the places are full"));
            }
            overlap => Window {
                places,
                overlap: overlap.unwrap_or(0),
            },
        };
        for prompt in prompts {
            if prompt.is_empty() || prompt.len() > longest {
                return Err(Error::data(format!(
                    "a prompt must have from 1 to {longest} numbers, received {}",
                    prompt.len()
                ))
                .at(name));
            }
        }
        if self.others.len() + 1 != a.inputs.len() {
            return Err(Error::data(format!(
                "the model has {} other inputs, received {}",
                a.inputs.len() - 1,
                self.others.len()
            ))
            .at(name)
            .help("hand them over with others([..])"));
        }
        for other in &self.others {
            if other.shape().first() != Some(&prompts.len()) {
                return Err(Error::shape(format!(
                    "other inputs need a row for each of the {} prompts, received {}",
                    prompts.len(),
                    other.shape()
                ))
                .at(name));
            }
        }
        Ok((longest, window))
    }

    /// Makes ready for so many rows, so many of each prompt.
    fn begin(&mut self, rows: usize, each: usize, places: usize) -> Result<()> {
        if rows == 0 {
            return Ok(());
        }
        if self.keep && (self.steps.is_none() || self.rows != rows) {
            self.steps = Steps::of(self.model, self.tokens, places, rows)?;
        }
        self.rows = rows;
        let others = self.repeated(each)?;
        match &mut self.steps {
            Some(steps) => steps.begin(&others),
            None => Ok(()),
        }
    }

    /// The other inputs with each row so many times.
    fn repeated(&self, each: usize) -> Result<Vec<Tensor>> {
        let repeat = |t: &Tensor| -> Result<Tensor> {
            let mut axes = t.shape().to_vec();
            let row = t.shape().row();
            axes[0] *= each;
            if t.dtype() == DType::I32 {
                let x = t.i32s()?;
                let rows = x.chunks(row.max(1)).flat_map(|r| r.repeat(each));
                return Tensor::new(axes, rows.collect::<Vec<i32>>());
            }
            let x = t.f32s()?;
            let rows = x.chunks(row.max(1)).flat_map(|r| r.repeat(each));
            Tensor::new(axes, rows.collect::<Vec<f32>>())
        };
        self.others.iter().map(repeat).collect()
    }

    /// What the model says of the number after a place, `[rows, numbers]`, when it sees the sequences from another place on.
    fn said(&mut self, sequences: &[Vec<i32>], begin: usize, place: usize) -> Result<Tensor> {
        // A sequence that is done goes on with its last number, which nobody reads.
        let at = |s: &Vec<i32>, i: usize| s.get(i).or(s.last()).copied().unwrap_or(0);
        if let Some(steps) = &mut self.steps {
            let y = steps.up_to(begin, place, |i| {
                sequences.iter().map(|s| at(s, i)).collect()
            })?;
            let numbers = *y.shape().last().unwrap_or(&1);
            return Tensor::new([sequences.len(), numbers], y.f32s()?.to_vec());
        }
        let places = self.model.input_shapes()[self.tokens][0];
        let padded = sequences
            .iter()
            .flat_map(|s| (begin..begin + places).map(|i| if i <= place { at(s, i) } else { 0 }));
        let tokens = Tensor::new([sequences.len(), places], padded.collect::<Vec<i32>>())?;
        let mut inputs = self.repeated(sequences.len() / self.others_rows(sequences.len()))?;
        inputs.insert(self.tokens, tokens);
        let y = self
            .model
            .predict_all(&inputs, sequences.len())?
            .swap_remove(0);
        let numbers = *y.shape().last().unwrap_or(&1);
        let rows = y.f32s()?.chunks(places * numbers);
        let here = rows.flat_map(|r| r[(place - begin) * numbers..][..numbers].iter().copied());
        Tensor::new([sequences.len(), numbers], here.collect::<Vec<f32>>())
    }

    fn others_rows(&self, rows: usize) -> usize {
        let first = self.others.first().and_then(|t| t.shape().first());
        first.copied().unwrap_or(rows).max(1)
    }
}
