//! Texts as sequences of the numbers of their words, or as bags of them.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::encoding::{self, OutputMode};
use super::saved::saved;
use super::string_lookup::{StringLookup, text_type, utf8};
use super::texts::Texts;
use crate::choice::{Choice, Named};
use crate::error::{Error, Result};
use crate::layers::defaults::yes;
use crate::tensor::Tensor;

/// Turns texts into numbers: standardised, split into tokens, joined to n-grams, looked up in a vocabulary.
///
/// Number 0 is padding, 1 stands for unknown tokens, then comes the vocabulary, given or learnt. In the modes that join the tokens of a
/// text, there is no padding and unknown tokens have place 0.
///
/// # Shapes
/// `[texts]` or `[texts, 1]` → "int" `[texts, longest or output_sequence_length]`, "multi_hot", "count" and "tf_idf"
/// `[texts, vocabulary]`.
///
/// # Errors
/// No vocabulary yet, rows of several texts that are to be split, `output_sequence_length` with another output mode than "int".
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let mut words = TextVectorization::new().output_sequence_length(4);
/// words.adapt(["foo bar", "bar baz", "baz, Bada boom!"])?;
/// assert_eq!(words.get_vocabulary(), ["", "[UNK]", "baz", "bar", "foo", "boom", "bada"]);
/// assert_eq!(words.call(["bada, qux foo"])?.i32s()?, &[6, 1, 4, 0]);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Keras
/// Called outside of models, whose tensors hold no texts: see [`Texts`](crate::layers::Texts). As in Keras, letters beyond ASCII keep their
/// case. Functions of your own for standardising and splitting are applied to the texts beforehand. No sparse or ragged outputs:
/// [`TextVectorization::tokenize`] gives the tokens of each text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Config", into = "Config")]
pub struct TextVectorization {
    name: Option<String>,
    standardize: Option<Choice<Standardize>>,
    split: Option<Choice<Split>>,
    ngrams: Option<Ngrams>,
    output_sequence_length: Option<usize>,
    lookup: StringLookup,
}

/// What is done to a text before it is split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standardize {
    /// Small letters, and no punctuation.
    LowerAndStripPunctuation,
    /// Small letters.
    Lower,
    /// No punctuation.
    StripPunctuation,
}

impl Named for Standardize {
    const WHAT: &'static str = "standardize";
    fn from_name(name: &str) -> Option<Self> {
        match name {
            "lower_and_strip_punctuation" => Some(Self::LowerAndStripPunctuation),
            "lower" => Some(Self::Lower),
            "strip_punctuation" => Some(Self::StripPunctuation),
            _ => None,
        }
    }
    fn name(&self) -> &str {
        match self {
            Self::LowerAndStripPunctuation => "lower_and_strip_punctuation",
            Self::Lower => "lower",
            Self::StripPunctuation => "strip_punctuation",
        }
    }
    fn names() -> Vec<&'static str> {
        vec!["lower_and_strip_punctuation", "lower", "strip_punctuation"]
    }
}

/// Where a text is split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Split {
    /// Between words.
    Whitespace,
    /// Between characters.
    Character,
}

impl Named for Split {
    const WHAT: &'static str = "split";
    fn from_name(name: &str) -> Option<Self> {
        match name {
            "whitespace" => Some(Self::Whitespace),
            "character" => Some(Self::Character),
            _ => None,
        }
    }
    fn name(&self) -> &str {
        match self {
            Self::Whitespace => "whitespace",
            Self::Character => "character",
        }
    }
    fn names() -> Vec<&'static str> {
        vec!["whitespace", "character"]
    }
}

/// How many neighbouring tokens become one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Ngrams {
    /// One up to so many.
    UpTo(usize),
    /// These numbers of them.
    Each(Vec<usize>),
}

impl Ngrams {
    fn widths(&self) -> Vec<usize> {
        match self {
            Self::UpTo(n) => (1..=*n).collect(),
            Self::Each(widths) => widths.clone(),
        }
    }
}

impl From<usize> for Ngrams {
    fn from(n: usize) -> Self {
        Self::UpTo(n)
    }
}

impl<const N: usize> From<[usize; N]> for Ngrams {
    fn from(widths: [usize; N]) -> Self {
        Self::Each(widths.to_vec())
    }
}

/// Keras's config.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    #[serde(default)]
    name: Option<String>,
    #[serde(default = "yes")]
    trainable: bool,
    #[serde(default = "text_type")]
    dtype: Json,
    #[serde(default)]
    max_tokens: Option<usize>,
    #[serde(default = "lower_and_strip_punctuation")]
    standardize: Option<Choice<Standardize>>,
    #[serde(default = "whitespace")]
    split: Option<Choice<Split>>,
    #[serde(default)]
    ngrams: Option<Ngrams>,
    #[serde(default = "encoding::int")]
    output_mode: Choice<OutputMode>,
    #[serde(default)]
    output_sequence_length: Option<usize>,
    #[serde(default)]
    pad_to_max_tokens: bool,
    #[serde(default)]
    sparse: bool,
    #[serde(default)]
    ragged: bool,
    #[serde(default)]
    vocabulary: Option<Vec<String>>,
    #[serde(default)]
    idf_weights: Option<Vec<f64>>,
    #[serde(default = "utf8")]
    encoding: String,
    #[serde(default)]
    vocabulary_size: Option<usize>,
}

#[expect(clippy::unnecessary_wraps, reason = "it is an argument's default")]
fn lower_and_strip_punctuation() -> Option<Choice<Standardize>> {
    Some(Choice::Known(Standardize::LowerAndStripPunctuation))
}

#[expect(clippy::unnecessary_wraps, reason = "it is an argument's default")]
fn whitespace() -> Option<Choice<Split>> {
    Some(Choice::Known(Split::Whitespace))
}

impl TryFrom<Config> for TextVectorization {
    type Error = String;

    fn try_from(c: Config) -> std::result::Result<Self, String> {
        if c.ragged || c.sparse {
            return Err("ragged and sparse must be false".to_owned());
        }
        if !c.encoding.eq_ignore_ascii_case("utf-8") {
            return Err(format!(
                "encoding must be \"utf-8\", received \"{}\"",
                c.encoding
            ));
        }
        let mut lookup = StringLookup::new()
            .mask_token("")
            .output_mode(c.output_mode)
            .pad_to_max_tokens(c.pad_to_max_tokens);
        if let Some(max) = c.max_tokens {
            lookup = lookup.max_tokens(max);
        }
        if let Some(vocabulary) = c.vocabulary {
            lookup.set_vocabulary(vocabulary);
        }
        if let Some(weights) = c.idf_weights {
            lookup = lookup.idf_weights(weights);
        }
        Ok(Self {
            name: c.name,
            standardize: c.standardize,
            split: c.split,
            ngrams: c.ngrams,
            output_sequence_length: c.output_sequence_length,
            lookup,
        })
    }
}

impl From<TextVectorization> for Config {
    fn from(layer: TextVectorization) -> Self {
        let known = layer.lookup.known();
        Self {
            name: layer.name.clone(),
            trainable: true,
            dtype: text_type(),
            max_tokens: known.max_tokens,
            standardize: layer.standardize.clone(),
            split: layer.split.clone(),
            ngrams: layer.ngrams.clone(),
            output_mode: layer.lookup.chosen_mode(),
            output_sequence_length: layer.output_sequence_length,
            pad_to_max_tokens: known.pad_to_max_tokens,
            sparse: false,
            ragged: false,
            vocabulary: known.given.map(<[String]>::to_vec),
            idf_weights: known.idf_weights.map(<[f64]>::to_vec),
            encoding: utf8(),
            vocabulary_size: Some(known.size()),
        }
    }
}

impl Default for TextVectorization {
    fn default() -> Self {
        Self::new()
    }
}

saved!(TextVectorization);

impl TextVectorization {
    /// Of words in small letters without punctuation, as sequences of their numbers.
    pub fn new() -> Self {
        Self {
            name: None,
            standardize: lower_and_strip_punctuation(),
            split: whitespace(),
            ngrams: None,
            output_sequence_length: None,
            lookup: StringLookup::new().mask_token(""),
        }
    }

    /// How many tokens the vocabulary has at most, special ones with them.
    pub fn max_tokens(mut self, max_tokens: usize) -> Self {
        self.lookup = self.lookup.max_tokens(max_tokens);
        self
    }

    /// "lower_and_strip_punctuation", "lower" or "strip_punctuation".
    pub fn standardize(mut self, standardize: impl Into<Choice<Standardize>>) -> Self {
        self.standardize = Some(standardize.into());
        self
    }

    /// Leaves texts as they are: Keras's `standardize=None`.
    pub fn as_it_is(mut self) -> Self {
        self.standardize = None;
        self
    }

    /// "whitespace" or "character".
    pub fn split(mut self, split: impl Into<Choice<Split>>) -> Self {
        self.split = Some(split.into());
        self
    }

    /// Each text is one token: Keras's `split=None`.
    pub fn unsplit(mut self) -> Self {
        self.split = None;
        self
    }

    /// Also joins neighbouring tokens: up to so many, or these numbers of them.
    pub fn ngrams(mut self, ngrams: impl Into<Ngrams>) -> Self {
        self.ngrams = Some(ngrams.into());
        self
    }

    /// "int", "one_hot", "multi_hot", "count" or "tf_idf".
    pub fn output_mode(mut self, output_mode: impl Into<Choice<OutputMode>>) -> Self {
        self.lookup = self.lookup.output_mode(output_mode);
        self
    }

    /// The length of every sequence, which is padded with 0 or cut.
    pub fn output_sequence_length(mut self, length: usize) -> Self {
        self.output_sequence_length = Some(length);
        self
    }

    /// Whether encoded outputs have `max_tokens` places, also where there are fewer tokens.
    pub fn pad_to_max_tokens(mut self, pad: bool) -> Self {
        self.lookup = self.lookup.pad_to_max_tokens(pad);
        self
    }

    /// The tokens in the order of their numbers, without the special ones or with all of them in front.
    pub fn vocabulary(mut self, vocabulary: impl Into<Texts>) -> Self {
        self.set_vocabulary(vocabulary);
        self
    }

    /// The weights of the tokens for "tf_idf".
    pub fn idf_weights(mut self, idf_weights: impl Into<Vec<f64>>) -> Self {
        self.lookup = self.lookup.idf_weights(idf_weights);
        self
    }

    /// Replaces the vocabulary.
    pub fn set_vocabulary(&mut self, vocabulary: impl Into<Texts>) {
        self.lookup.set_vocabulary(vocabulary);
    }

    /// The tokens in the order of their numbers, special ones with them.
    pub fn get_vocabulary(&self) -> Vec<String> {
        self.lookup.get_vocabulary()
    }

    /// How many tokens there are, special ones with them.
    pub fn vocabulary_size(&self) -> usize {
        self.lookup.vocabulary_size()
    }

    /// Learns the vocabulary of texts: the most frequent tokens first, of equally frequent ones the last in order.
    ///
    /// # Errors
    /// Settings that cannot work; texts without tokens.
    pub fn adapt(&mut self, texts: impl Into<Texts>) -> Result<()> {
        let tokens = self.tokenize(texts)?;
        self.lookup.learn(tokens.iter().map(Vec::as_slice))
    }

    /// The tokens of each text, standardised, split and joined to n-grams.
    ///
    /// # Errors
    /// Unknown settings; rows of several texts, which cannot be split.
    pub fn tokenize(&self, texts: impl Into<Texts>) -> Result<Vec<Vec<String>>> {
        let texts = texts.into();
        let split = self.split.as_ref().map(Choice::get).transpose()?.copied();
        let standardize = self
            .standardize
            .as_ref()
            .map(Choice::get)
            .transpose()?
            .copied();
        let widths = self.ngrams.as_ref().map(Ngrams::widths);
        if widths
            .as_ref()
            .is_some_and(|w| w.is_empty() || w.contains(&0))
        {
            return Err(Error::config(format!(
                "ngrams must be at least 1, received {:?}",
                widths.unwrap_or_default()
            )));
        }
        let mut all = Vec::new();
        for sample in texts.samples() {
            if split.is_some() && sample.len() != 1 {
                return Err(Error::shape(format!(
                    "TextVectorization splits one text a sample, received {}",
                    texts.shape()
                )));
            }
            let mut tokens = Vec::new();
            for text in sample {
                let text = standardized(text, standardize);
                match split {
                    None => tokens.push(text),
                    Some(Split::Whitespace) => {
                        let words = text.split(is_space).filter(|w| !w.is_empty());
                        tokens.extend(words.map(str::to_owned));
                    }
                    Some(Split::Character) => tokens.extend(text.chars().map(String::from)),
                }
            }
            if let Some(widths) = &widths {
                let joined = widths.iter().flat_map(|&n| tokens.windows(n));
                tokens = joined.map(|w| w.join(" ")).collect();
            }
            all.push(tokens);
        }
        Ok(all)
    }

    /// The numbers of texts, or what the output mode makes of them.
    ///
    /// # Errors
    /// No vocabulary yet, or one that cannot work; settings that contradict each other.
    pub fn call(&self, texts: impl Into<Texts>) -> Result<Tensor> {
        self.lookup.ready()?;
        let known = self.lookup.known();
        let mode = known.mode;
        if self.output_sequence_length.is_some() && mode != OutputMode::Int {
            return Err(Error::config(format!(
                "output_sequence_length needs the output_mode \"int\", received \"{}\"",
                mode.name()
            )));
        }
        let texts = texts.into();
        if self.split.is_none() && self.ngrams.is_none() && self.output_sequence_length.is_none() {
            // Each text is a token where it stands.
            let standardize = self
                .standardize
                .as_ref()
                .map(Choice::get)
                .transpose()?
                .copied();
            let tokens = texts.values().iter().map(|t| standardized(t, standardize));
            let tokens: Vec<String> = tokens.collect();
            let index = self.lookup.numbers(tokens.iter())?;
            return super::texts::encode(texts.shape(), index, mode, known.depth(), &known.idf());
        }
        let tokens = self.tokenize(texts)?;
        let rows = tokens.iter().map(|t| self.lookup.numbers(t.iter()));
        let rows = rows.collect::<Result<Vec<_>>>()?;
        if mode != OutputMode::OneHot {
            let length = self.output_sequence_length;
            return encoding::rows(&rows, mode, known.depth(), length, &known.idf());
        }
        let length = rows.first().map_or(0, Vec::len);
        if rows.iter().any(|r| r.len() != length) {
            return Err(Error::data(
                "output_mode \"one_hot\" needs texts of as many tokens each",
            ));
        }
        let shape = [rows.len(), length].into();
        super::texts::encode(&shape, rows.concat(), mode, known.depth(), &[])
    }
}

/// What separates words: white space of ASCII, as in TensorFlow.
fn is_space(c: char) -> bool {
    c.is_ascii_whitespace() || c == '\x0b'
}

fn standardized(text: &str, how: Option<Standardize>) -> String {
    use Standardize::{Lower, LowerAndStripPunctuation, StripPunctuation};
    let text = match how {
        Some(Lower | LowerAndStripPunctuation) => text.to_ascii_lowercase(),
        _ => text.to_owned(),
    };
    match how {
        Some(StripPunctuation | LowerAndStripPunctuation) => {
            text.chars().filter(|c| !c.is_ascii_punctuation()).collect()
        }
        _ => text,
    }
}
