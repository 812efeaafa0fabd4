//! Texts as their numbers in a vocabulary, and back.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::encoding::{self, OutputMode};
use super::salt::Salt;
use super::saved::saved;
use super::texts::{Texts, encode};
use super::vocabulary::{NOWHERE, Vocabulary};
use crate::choice::Choice;
use crate::error::{Error, Result};
use crate::fingerprint::Bins;
use crate::layers::defaults::yes;
use crate::tensor::Tensor;

/// Looks texts up in a vocabulary, which is given or learnt.
///
/// The numbers begin with that of the mask token, if there is one and the output mode is "int", then those of unknown texts, then those
/// of the vocabulary in its order.
///
/// # Shapes
/// Any array of texts; "int", the default, keeps its shape, "one_hot" adds an axis, "multi_hot", "count" and "tf_idf" join the texts of a
/// sample: `[samples, n] → [samples, tokens]`.
///
/// # Errors
/// No vocabulary yet, one with a token twice or special tokens inside, unknown texts without a number for them.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let layer = StringLookup::new().vocabulary(["a", "b", "c", "d"]);
/// assert_eq!(layer.call([["a", "c", "d"], ["d", "z", "b"]])?.i32s()?, &[1, 3, 4, 4, 0, 2]);
/// let mut learnt = StringLookup::new();
/// learnt.adapt(["b", "a", "b"])?;
/// assert_eq!(learnt.get_vocabulary(), ["[UNK]", "b", "a"]);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Keras
/// Called outside of models, whose tensors hold no texts: see [`Texts`](crate::layers::Texts). Numbers have 32 bits.
/// [`StringLookup::adapt`] also replaces a vocabulary that was given; `inverse` is `invert` with [`StringLookup::texts`]. No sparse
/// outputs, no vocabulary files.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StringLookup {
    #[serde(default)]
    name: Option<String>,
    #[serde(default = "yes")]
    trainable: bool,
    #[serde(default = "text_type")]
    dtype: Json,
    #[serde(default)]
    invert: bool,
    #[serde(default)]
    max_tokens: Option<usize>,
    #[serde(default = "one")]
    num_oov_indices: usize,
    #[serde(default = "unknown")]
    oov_token: Option<String>,
    #[serde(default)]
    mask_token: Option<String>,
    #[serde(default = "encoding::int")]
    output_mode: Choice<OutputMode>,
    #[serde(default)]
    sparse: bool,
    #[serde(default)]
    pad_to_max_tokens: bool,
    #[serde(default)]
    idf_weights: Option<Vec<f64>>,
    #[serde(default)]
    vocabulary: Option<Vec<String>>,
    #[serde(default, skip_serializing)]
    vocabulary_size: Option<usize>,
    #[serde(default = "floormod")]
    oov_method: String,
    #[serde(default)]
    salt: Option<Salt>,
    #[serde(default = "utf8")]
    encoding: String,
    #[serde(skip)]
    numbers: Numbers,
}

fn one() -> usize {
    1
}

#[expect(clippy::unnecessary_wraps, reason = "it is an argument's default")]
fn unknown() -> Option<String> {
    Some("[UNK]".to_owned())
}

fn floormod() -> String {
    "floormod".to_owned()
}

pub(super) fn utf8() -> String {
    "utf-8".to_owned()
}

pub(super) fn text_type() -> Json {
    "string".into()
}

/// The number of each token, made when it is first asked for.
#[derive(Clone, Debug, Default)]
struct Numbers(OnceLock<Arc<HashMap<String, i32>>>);

impl PartialEq for Numbers {
    /// It follows from the vocabulary.
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Default for StringLookup {
    fn default() -> Self {
        Self::new()
    }
}

saved!(StringLookup);

impl StringLookup {
    /// Without a vocabulary yet; unknown texts have one number.
    pub fn new() -> Self {
        Self {
            name: None,
            trainable: true,
            dtype: text_type(),
            invert: false,
            max_tokens: None,
            num_oov_indices: 1,
            oov_token: unknown(),
            mask_token: None,
            output_mode: encoding::int(),
            sparse: false,
            pad_to_max_tokens: false,
            idf_weights: None,
            vocabulary: None,
            vocabulary_size: None,
            oov_method: floormod(),
            salt: None,
            encoding: utf8(),
            numbers: Numbers::default(),
        }
    }

    /// How many tokens there are at most, special ones with them.
    pub fn max_tokens(mut self, max_tokens: usize) -> Self {
        self.max_tokens = Some(max_tokens);
        self
    }

    /// How many numbers stand for unknown texts; of several, a hash chooses.
    pub fn num_oov_indices(mut self, num_oov_indices: usize) -> Self {
        self.num_oov_indices = num_oov_indices;
        self
    }

    /// The token that stands for unknown texts in the vocabulary.
    pub fn oov_token(mut self, oov_token: impl Into<String>) -> Self {
        self.oov_token = Some(oov_token.into());
        self
    }

    /// The text that is padding: number 0, and no place in encoded outputs.
    pub fn mask_token(mut self, mask_token: impl Into<String>) -> Self {
        self.mask_token = Some(mask_token.into());
        self
    }

    /// "int", "one_hot", "multi_hot", "count" or "tf_idf".
    pub fn output_mode(mut self, output_mode: impl Into<Choice<OutputMode>>) -> Self {
        self.output_mode = output_mode.into();
        self
    }

    /// Whether encoded outputs have `max_tokens` places, also where there are fewer tokens.
    pub fn pad_to_max_tokens(mut self, pad: bool) -> Self {
        self.pad_to_max_tokens = pad;
        self
    }

    /// Whether numbers become texts, by [`StringLookup::texts`].
    pub fn invert(mut self, invert: bool) -> Self {
        self.invert = invert;
        self
    }

    /// The key of the hash that chooses among several numbers of unknown texts.
    pub fn salt(mut self, salt: impl Into<Salt>) -> Self {
        self.salt = Some(salt.into());
        self
    }

    /// The tokens in the order of their numbers, without the special ones or with all of them in front.
    pub fn vocabulary(mut self, vocabulary: impl Into<Texts>) -> Self {
        self.set_vocabulary(vocabulary);
        self
    }

    /// The weights of the tokens for "tf_idf".
    pub fn idf_weights(mut self, idf_weights: impl Into<Vec<f64>>) -> Self {
        self.idf_weights = Some(idf_weights.into());
        self
    }

    /// Replaces the vocabulary, and forgets weights of another length.
    pub fn set_vocabulary(&mut self, vocabulary: impl Into<Texts>) {
        let vocabulary = vocabulary.into().values().to_vec();
        self.idf_weights.take_if(|w| w.len() != vocabulary.len());
        self.vocabulary = Some(vocabulary);
        self.numbers = Numbers::default();
    }

    /// The tokens in the order of their numbers, special ones with them.
    pub fn get_vocabulary(&self) -> Vec<String> {
        self.tokens(true)
    }

    /// As [`StringLookup::get_vocabulary`], with or without the special tokens.
    pub fn tokens(&self, include_special_tokens: bool) -> Vec<String> {
        let oov = self.oov_token.clone().unwrap_or_default();
        self.known().all(&oov, include_special_tokens)
    }

    /// How many tokens there are, special ones with them.
    pub fn vocabulary_size(&self) -> usize {
        self.known().size()
    }

    /// Learns the vocabulary: the most frequent tokens first, of equally frequent ones the last in order. For "tf_idf" the weights too, of
    /// samples as they are along the first axis.
    ///
    /// # Errors
    /// Settings that cannot work; data without tokens.
    pub fn adapt(&mut self, data: impl Into<Texts>) -> Result<()> {
        let data = data.into();
        self.learn(data.samples())
    }

    /// As [`StringLookup::adapt`], of samples of different lengths.
    pub(super) fn learn<'a>(&mut self, samples: impl Iterator<Item = &'a [String]>) -> Result<()> {
        let mut bare = self.clone();
        (bare.vocabulary, bare.idf_weights) = (None, None);
        bare.check()?;
        let learnt = bare.known().learn(samples.map(|s| s.iter().collect()))?;
        self.vocabulary = Some(learnt.tokens);
        self.idf_weights = learnt.idf;
        self.numbers = Numbers::default();
        Ok(())
    }

    /// The output mode as it was chosen.
    pub(super) fn chosen_mode(&self) -> Choice<OutputMode> {
        self.output_mode.clone()
    }

    pub(super) fn known(&self) -> Vocabulary<'_, String> {
        Vocabulary {
            class: "StringLookup",
            max_tokens: self.max_tokens,
            num_oov_indices: self.num_oov_indices,
            mask_token: self.mask_token.as_ref(),
            oov_token: self.oov_token.as_ref(),
            mode: self.output_mode.get().map_or(OutputMode::Int, |m| *m),
            pad_to_max_tokens: self.pad_to_max_tokens,
            invert: self.invert,
            given: self.vocabulary.as_deref(),
            idf_weights: self.idf_weights.as_deref(),
        }
    }

    fn check(&self) -> Result<()> {
        self.output_mode.get()?;
        encoding::dense(self.sparse)?;
        if !self.encoding.eq_ignore_ascii_case("utf-8") {
            return Err(Error::config(format!(
                "encoding must be \"utf-8\", received \"{}\"",
                self.encoding
            )));
        }
        self.known().check()
    }

    /// The numbers of texts.
    pub(super) fn numbers<'a>(&self, texts: impl Iterator<Item = &'a String>) -> Result<Vec<i32>> {
        let known = self.known();
        let start = known.token_start();
        let table = self.numbers.0.get_or_init(|| {
            let tokens = known.tokens().iter().enumerate();
            Arc::new(
                tokens
                    .map(|(i, t)| (t.clone(), (start + i) as i32))
                    .collect(),
            )
        });
        let mask = self.mask_token.as_ref();
        let mask_number = if known.mode == OutputMode::Int {
            0
        } else {
            NOWHERE
        };
        let bins = Bins {
            count: self.num_oov_indices as u32,
            key: self.salt.map(Salt::key),
        };
        let number = |text: &String| {
            if mask == Some(text) {
                return Ok(mask_number);
            }
            if let Some(&number) = table.get(text) {
                return Ok(number);
            }
            let first = known.oov_start() as i32;
            match self.num_oov_indices {
                0 => Err(Error::data(format!(
                    "\"{text}\" is not in the vocabulary, and num_oov_indices is 0"
                ))
                .help("with num_oov_indices of 1 or more, unknown texts have a number too")),
                1 => Ok(first),
                _ => Ok(first + bins.of(text.as_bytes()) as i32),
            }
        };
        texts.map(number).collect()
    }

    /// The numbers of texts, or what the output mode makes of them.
    ///
    /// # Errors
    /// No vocabulary yet, or one that cannot work; unknown texts where none may be.
    pub fn call(&self, texts: impl Into<Texts>) -> Result<Tensor> {
        self.ready()?;
        if self.invert {
            return Err(
                Error::config("a StringLookup with invert takes numbers, received texts")
                    .help("texts(numbers) gives the texts of numbers"),
            );
        }
        let texts = texts.into();
        let known = self.known();
        let index = self.numbers(texts.values().iter())?;
        encode(
            texts.shape(),
            index,
            known.mode,
            known.depth(),
            &known.idf(),
        )
    }

    /// Refuses to begin without a vocabulary or with settings that cannot work.
    pub(super) fn ready(&self) -> Result<()> {
        self.check()?;
        self.known().ready()
    }

    /// The texts of numbers: the way back, for a layer made with `invert`. Numbers that no token has are unknown.
    ///
    /// # Errors
    /// A layer without `invert` or a vocabulary; numbers that are not whole.
    pub fn texts(&self, numbers: &Tensor) -> Result<Texts> {
        self.ready()?;
        if !self.invert {
            return Err(
                Error::config("texts are looked up by a StringLookup with invert")
                    .help("StringLookup::new().invert(true).vocabulary(..) has the same numbers"),
            );
        }
        let known = self.known();
        let oov = self.oov_token.clone().unwrap_or_default();
        let all = known.all(&oov, true);
        let text = |&i: &i32| {
            let found = usize::try_from(i).ok().and_then(|i| all.get(i));
            found.unwrap_or(&oov).clone()
        };
        let values = numbers.i32s()?.iter().map(text).collect();
        Ok(Texts::of(numbers.shape().clone(), values))
    }
}
