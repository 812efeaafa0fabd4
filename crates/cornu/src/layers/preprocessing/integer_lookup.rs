//! Whole numbers as their places in a vocabulary, and back.

use serde::{Deserialize, Serialize};

use super::encoding::{self, OutputMode};
use super::salt::Salt;
use super::vocabulary::{NOWHERE, Vocabulary};
use crate::choice::Choice;
use crate::error::{Error, Result};
use crate::fingerprint::Bins;
use crate::graph::Value;
use crate::graph::ops::{Code, Others};
use crate::layers::{Base, Context, Layer, WeightSpec, inputs};
use crate::shape::{DType, Shape};
use crate::tensor::Tensor;

/// Looks whole numbers up in a vocabulary, which is given or learnt.
///
/// The places begin with that of the mask token, if there is one and the output mode is "int", then those of unknown numbers, then those
/// of the vocabulary in its order.
///
/// # Shapes
/// Any; "int", the default, keeps it, "one_hot" adds an axis, "multi_hot", "count" and "tf_idf" join the numbers of a sample:
/// `[batch, n] → [batch, tokens]`.
///
/// # Errors
/// No vocabulary yet, one with a token twice or special tokens inside, numbers beyond 32 bits.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let lookup = IntegerLookup::new().vocabulary([12, 36, 1138, 42]);
/// let mut model = Sequential::new().input_of(DType::I32, [3]).add(lookup.output_mode("count")).build()?;
/// let y = model.predict(&Tensor::new([1, 3], vec![12, 1138, 7])?)?;
/// assert_eq!(y.f32s()?, &[1.0, 1.0, 0.0, 1.0, 0.0]);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Keras
/// The vocabulary, also a learnt one, is in the config. Numbers have 32 bits; [`IntegerLookup::adapt`] also replaces a vocabulary that was
/// given; with `num_oov_indices` of 0 an unknown number has the place -1 rather than being refused. No sparse outputs, no vocabulary files.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IntegerLookup {
    #[serde(skip)]
    base: Base,
    #[serde(default)]
    invert: bool,
    #[serde(default)]
    max_tokens: Option<usize>,
    #[serde(default = "one")]
    num_oov_indices: usize,
    #[serde(default = "minus_one")]
    oov_token: i64,
    #[serde(default)]
    mask_token: Option<i64>,
    #[serde(default = "encoding::int")]
    output_mode: Choice<OutputMode>,
    #[serde(default)]
    sparse: bool,
    #[serde(default)]
    pad_to_max_tokens: bool,
    #[serde(default = "int64")]
    vocabulary_dtype: String,
    #[serde(default)]
    idf_weights: Option<Vec<f64>>,
    #[serde(default)]
    vocabulary: Option<Vec<i64>>,
    #[serde(default, skip_serializing)]
    vocabulary_size: Option<usize>,
    #[serde(default = "floormod")]
    oov_method: String,
    #[serde(default)]
    salt: Option<Salt>,
}

fn one() -> usize {
    1
}

fn minus_one() -> i64 {
    -1
}

fn int64() -> String {
    "int64".to_owned()
}

fn floormod() -> String {
    "floormod".to_owned()
}

layer!(IntegerLookup);

impl Default for IntegerLookup {
    fn default() -> Self {
        Self::new()
    }
}

impl IntegerLookup {
    /// Without a vocabulary yet; unknown numbers have one place.
    pub fn new() -> Self {
        Self {
            base: Base::default(),
            invert: false,
            max_tokens: None,
            num_oov_indices: 1,
            oov_token: -1,
            mask_token: None,
            output_mode: encoding::int(),
            sparse: false,
            pad_to_max_tokens: false,
            vocabulary_dtype: int64(),
            idf_weights: None,
            vocabulary: None,
            vocabulary_size: None,
            oov_method: floormod(),
            salt: None,
        }
    }

    /// How many tokens there are at most, special ones with them.
    pub fn max_tokens(mut self, max_tokens: usize) -> Self {
        self.max_tokens = Some(max_tokens);
        self
    }

    /// How many places unknown numbers have; of several, the remainder or a hash chooses.
    pub fn num_oov_indices(mut self, num_oov_indices: usize) -> Self {
        self.num_oov_indices = num_oov_indices;
        self
    }

    /// The number that stands for unknown ones on the way back.
    pub fn oov_token(mut self, oov_token: i64) -> Self {
        self.oov_token = oov_token;
        self
    }

    /// The number that is padding: place 0, and none in encoded outputs.
    pub fn mask_token(mut self, mask_token: i64) -> Self {
        self.mask_token = Some(mask_token);
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

    /// Whether places become numbers again.
    pub fn invert(mut self, invert: bool) -> Self {
        self.invert = invert;
        self
    }

    /// What chooses among several places of unknown numbers: "floormod" or "farmhash".
    pub fn oov_method(mut self, oov_method: impl Into<String>) -> Self {
        self.oov_method = oov_method.into();
        self
    }

    /// The key of the hash that "farmhash" stands for.
    pub fn salt(mut self, salt: impl Into<Salt>) -> Self {
        self.salt = Some(salt.into());
        self
    }

    /// The numbers in the order of their places, without the special ones or with all of them in front.
    pub fn vocabulary(mut self, vocabulary: impl Into<Vec<i64>>) -> Self {
        self.set_vocabulary(vocabulary);
        self
    }

    /// The weights of the tokens for "tf_idf".
    pub fn idf_weights(mut self, idf_weights: impl Into<Vec<f64>>) -> Self {
        self.idf_weights = Some(idf_weights.into());
        self
    }

    /// Replaces the vocabulary, and forgets weights of another length.
    pub fn set_vocabulary(&mut self, vocabulary: impl Into<Vec<i64>>) {
        let vocabulary = vocabulary.into();
        self.idf_weights.take_if(|w| w.len() != vocabulary.len());
        self.vocabulary = Some(vocabulary);
    }

    /// The tokens in the order of their places, special ones with them.
    pub fn get_vocabulary(&self) -> Vec<i64> {
        self.tokens(true)
    }

    /// As [`IntegerLookup::get_vocabulary`], with or without the special tokens.
    pub fn tokens(&self, include_special_tokens: bool) -> Vec<i64> {
        self.known().all(&self.oov_token, include_special_tokens)
    }

    /// How many tokens there are, special ones with them.
    pub fn vocabulary_size(&self) -> usize {
        self.known().size()
    }

    /// Learns the vocabulary: the most frequent numbers first, of equally frequent ones the larger. For "tf_idf" the weights too, of
    /// samples as they are along the first axis.
    ///
    /// # Errors
    /// Settings that cannot work; data without tokens, or of floats.
    pub fn adapt(&mut self, data: &Tensor) -> Result<()> {
        let mut bare = self.clone();
        (bare.vocabulary, bare.idf_weights) = (None, None);
        bare.check()?;
        let values: Vec<i64> = data.i32s()?.iter().map(|&v| v.into()).collect();
        let row = match data.shape().rank() {
            0 | 1 => 1,
            _ => data.shape().row(),
        };
        let samples = values.chunks(row.max(1)).map(|s| s.iter().collect());
        let learnt = bare.known().learn(samples)?;
        self.vocabulary = Some(learnt.tokens);
        self.idf_weights = learnt.idf;
        Ok(())
    }

    fn known(&self) -> Vocabulary<'_, i64> {
        Vocabulary {
            class: "IntegerLookup",
            max_tokens: self.max_tokens,
            num_oov_indices: self.num_oov_indices,
            mask_token: self.mask_token.as_ref(),
            oov_token: Some(&self.oov_token),
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
        if !["floormod", "farmhash"].contains(&self.oov_method.as_str()) {
            return Err(Error::unknown(
                "oov_method",
                &self.oov_method,
                ["floormod", "farmhash"],
            ));
        }
        if self.salt.is_some() && self.oov_method != "farmhash" {
            return Err(Error::config(
                "salt needs the oov_method \"farmhash\", received floormod",
            ));
        }
        if self.vocabulary_dtype != "int64" {
            return Err(Error::config(format!(
                "vocabulary_dtype must be \"int64\", received \"{}\"",
                self.vocabulary_dtype
            )));
        }
        self.known().check()
    }

    /// What becomes of which number.
    fn code(&self) -> Result<Code> {
        let known = self.known();
        let short = |n: i64| {
            i32::try_from(n).map_err(|_| {
                Error::config(format!("numbers have 32 bits here, the vocabulary has {n}"))
            })
        };
        let start = known.token_start();
        let mut entries = Vec::with_capacity(known.size());
        for (i, &token) in known.tokens().iter().enumerate() {
            let place = (start + i) as i32;
            let token = short(token)?;
            entries.push(if self.invert {
                (place, token)
            } else {
                (token, place)
            });
        }
        if let Some(&mask) = known.mask_token {
            let mask = short(mask)?;
            let place = if known.mode == OutputMode::Int {
                0
            } else {
                NOWHERE
            };
            entries.push(if self.invert {
                (0, mask)
            } else {
                (mask, place)
            });
        }
        entries.sort_unstable();
        let first = known.oov_start() as i32;
        let others = match self.num_oov_indices {
            _ if self.invert => Others::One(short(self.oov_token)?),
            0 => Others::One(-1),
            1 => Others::One(first),
            n if self.oov_method == "farmhash" => Others::Hashed {
                first,
                bins: Bins {
                    count: n as u32,
                    key: self.salt.map(Salt::key),
                },
            },
            n => Others::Modulo {
                first,
                count: n as i32,
            },
        };
        let entries = entries.into();
        Ok(Code::Table { entries, others })
    }
}

impl Layer for IntegerLookup {
    layer_identity!(IntegerLookup);

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        inputs::single("IntegerLookup", inputs)?;
        self.check()?;
        self.known().ready()?;
        self.code()?;
        Ok(Vec::new())
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let g = &mut *cx.graph;
        let known = self.known();
        let x = g.cast(inputs[0], DType::I32)?;
        let index = g.recode(&[x], self.code()?)?;
        let y = encoding::encode(g, index, known.mode, known.depth(), None)?;
        if known.mode != OutputMode::TfIdf {
            return Ok(y);
        }
        let idf = g.literal([known.depth()], &known.idf())?;
        g.mul(y, idf)
    }
}
