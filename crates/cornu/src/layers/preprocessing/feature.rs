//! How one column of a table is encoded.

use serde::{Deserialize, Serialize};

use super::encoding::OutputMode;
use super::texts::{Column, Texts};
use super::{Discretization, Hashing, IntegerLookup, Normalization, Rescaling, StringLookup};
use crate::choice::Choice;
use crate::error::{Error, Result};
use crate::layers::call;
use crate::shape::DType;
use crate::tensor::Tensor;

/// What is done to a column before it is encoded, as Keras writes layers: by class name and config.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "class_name", content = "config")]
enum Preprocessor {
    Identity,
    Normalization(Normalization),
    Rescaling(Rescaling),
    Discretization(Discretization),
    IntegerLookup(IntegerLookup),
    StringLookup(StringLookup),
    Hashing(Hashing),
}

/// The type of a column of a table, and how it is encoded: Keras's `FeatureSpace.float()` and the others.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Feature {
    dtype: String,
    preprocessor: Preprocessor,
    output_mode: Choice<OutputMode>,
}

impl Feature {
    fn new(dtype: &str, preprocessor: Preprocessor, mode: OutputMode) -> Self {
        Self {
            dtype: dtype.to_owned(),
            preprocessor,
            output_mode: Choice::Known(mode),
        }
    }

    /// Numbers as they are.
    pub fn float() -> Self {
        // Keras's output mode of numbers is "float"; they are not encoded.
        Self::new("float32", Preprocessor::Identity, OutputMode::Int)
    }

    /// Numbers brought to mean 0 and variance 1.
    pub fn float_normalized() -> Self {
        let layer = Preprocessor::Normalization(Normalization::new());
        Self::new("float32", layer, OutputMode::Int)
    }

    /// Numbers times `scale` plus `offset`.
    pub fn float_rescaled(scale: f64, offset: f64) -> Self {
        let layer = Preprocessor::Rescaling(Rescaling::new(scale).offset(offset));
        Self::new("float32", layer, OutputMode::Int)
    }

    /// Numbers in so many ranges of equal shares.
    pub fn float_discretized(num_bins: usize) -> Self {
        let layer = Preprocessor::Discretization(Discretization::with_bins(num_bins));
        Self::new("float32", layer, OutputMode::OneHot)
    }

    /// Numbers in ranges between these bounds.
    pub fn float_in_ranges(bin_boundaries: impl Into<Vec<f64>>) -> Self {
        let layer = Preprocessor::Discretization(Discretization::new(bin_boundaries));
        Self::new("float32", layer, OutputMode::OneHot)
    }

    /// Whole numbers that stand for categories.
    pub fn integer_categorical() -> Self {
        let layer = Preprocessor::IntegerLookup(IntegerLookup::new());
        Self::new("int32", layer, OutputMode::OneHot)
    }

    /// Texts that stand for categories.
    pub fn string_categorical() -> Self {
        let layer = Preprocessor::StringLookup(StringLookup::new());
        Self::new("string", layer, OutputMode::OneHot)
    }

    /// Whole numbers in so many bins.
    pub fn integer_hashed(num_bins: usize) -> Self {
        let layer = Preprocessor::Hashing(Hashing::new(num_bins));
        Self::new("int32", layer, OutputMode::OneHot)
    }

    /// Texts in so many bins.
    pub fn string_hashed(num_bins: usize) -> Self {
        let layer = Preprocessor::Hashing(Hashing::new(num_bins));
        Self::new("string", layer, OutputMode::OneHot)
    }

    /// "int" or "one_hot", of categories.
    pub fn output_mode(mut self, output_mode: impl Into<Choice<OutputMode>>) -> Self {
        self.output_mode = output_mode.into();
        self
    }

    /// How many categories there are at most, unknown ones with them.
    pub fn max_tokens(mut self, max_tokens: usize) -> Self {
        self.preprocessor = match self.preprocessor {
            Preprocessor::IntegerLookup(l) => Preprocessor::IntegerLookup(l.max_tokens(max_tokens)),
            Preprocessor::StringLookup(l) => Preprocessor::StringLookup(l.max_tokens(max_tokens)),
            other => other,
        };
        self
    }

    /// How many places unknown categories have.
    pub fn num_oov_indices(mut self, n: usize) -> Self {
        self.preprocessor = match self.preprocessor {
            Preprocessor::IntegerLookup(l) => Preprocessor::IntegerLookup(l.num_oov_indices(n)),
            Preprocessor::StringLookup(l) => Preprocessor::StringLookup(l.num_oov_indices(n)),
            other => other,
        };
        self
    }

    /// The feature of a type's name; hashes have `bins` bins, ranges are `ranges`.
    pub(super) fn named(name: &str, bins: usize, ranges: usize) -> Result<Self> {
        Ok(match name {
            "float" => Self::float(),
            "float_normalized" => Self::float_normalized(),
            "float_rescaled" => Self::float_rescaled(1.0, 0.0),
            "float_discretized" => Self::float_discretized(ranges),
            "integer_categorical" => Self::integer_categorical(),
            "string_categorical" => Self::string_categorical(),
            "integer_hashed" => Self::integer_hashed(bins),
            "string_hashed" => Self::string_hashed(bins),
            other => {
                let known = [
                    "float",
                    "float_normalized",
                    "float_rescaled",
                    "float_discretized",
                    "integer_categorical",
                    "string_categorical",
                    "integer_hashed",
                    "string_hashed",
                ];
                return Err(Error::unknown("type of a feature", other, known));
            }
        })
    }

    fn mistyped(&self, column: &Column) -> Error {
        let given = match column {
            Column::Texts(_) => "texts".to_owned(),
            Column::Numbers(t) => t.dtype().to_string(),
        };
        Error::dtype(format!(
            "the column should be of {}, received {given}",
            self.dtype
        ))
    }

    fn numbers(&self, column: &Column) -> Result<Tensor> {
        let Column::Numbers(t) = column else {
            return Err(self.mistyped(column));
        };
        let column_of = Tensor::new([t.shape().elements(), 1], t.data().clone())?;
        if self.dtype == "int32" && column_of.dtype() != DType::I32 {
            return Err(self.mistyped(column));
        }
        if self.dtype == "float32" && column_of.dtype() != DType::F32 {
            return Tensor::new(column_of.shape().clone(), super::floats_of(&column_of));
        }
        Ok(column_of)
    }

    fn texts(&self, column: &Column) -> Result<Texts> {
        match column {
            Column::Texts(t) => Ok(Texts::of([t.values().len(), 1].into(), t.values().to_vec())),
            Column::Numbers(_) => Err(self.mistyped(column)),
        }
    }

    /// Learns what the encoding needs of the data.
    pub(super) fn adapt(&mut self, column: &Column) -> Result<()> {
        match &self.preprocessor {
            Preprocessor::Identity | Preprocessor::Rescaling(_) | Preprocessor::Hashing(_) => {}
            Preprocessor::Normalization(_) => {
                let mut learnt = Normalization::new();
                learnt.adapt(&self.numbers(column)?)?;
                // The statistics become arguments, so that they are part of the config.
                self.preprocessor = Preprocessor::Normalization(learnt.fixed()?);
            }
            Preprocessor::Discretization(layer) if layer.learns() => {
                let mut layer = layer.clone();
                layer.adapt(&self.numbers(column)?)?;
                self.preprocessor = Preprocessor::Discretization(layer);
            }
            Preprocessor::Discretization(_) => {}
            Preprocessor::IntegerLookup(layer) => {
                let mut layer = layer.clone();
                layer.adapt(&self.numbers(column)?)?;
                self.preprocessor = Preprocessor::IntegerLookup(layer);
            }
            Preprocessor::StringLookup(layer) => {
                let mut layer = layer.clone();
                layer.adapt(self.texts(column)?)?;
                self.preprocessor = Preprocessor::StringLookup(layer);
            }
        }
        Ok(())
    }

    /// Whether the feature still has to see data.
    pub(super) fn waits(&self) -> bool {
        match &self.preprocessor {
            Preprocessor::Normalization(layer) => layer.learns(),
            Preprocessor::Discretization(layer) => layer.bin_boundaries().is_none(),
            Preprocessor::IntegerLookup(layer) => layer.tokens(false).is_empty(),
            Preprocessor::StringLookup(layer) => layer.tokens(false).is_empty(),
            _ => false,
        }
    }

    /// The column as numbers, `[rows, 1]`: floats, or numbers of categories.
    pub(super) fn numbered(&self, column: &Column) -> Result<Tensor> {
        let x = match &self.preprocessor {
            Preprocessor::StringLookup(layer) => return layer.call(self.texts(column)?),
            Preprocessor::Hashing(layer) if self.dtype == "string" => {
                return layer.texts(self.texts(column)?);
            }
            _ => self.numbers(column)?,
        };
        let outputs = match &self.preprocessor {
            Preprocessor::Normalization(layer) => call(layer, &[&x])?,
            Preprocessor::Rescaling(layer) => call(layer, &[&x])?,
            Preprocessor::Discretization(layer) => call(layer, &[&x])?,
            Preprocessor::IntegerLookup(layer) => call(layer, &[&x])?,
            Preprocessor::Hashing(layer) => call(layer, &[&x])?,
            _ => vec![x],
        };
        outputs
            .into_iter()
            .next()
            .ok_or_else(|| Error::data("a layer gave nothing for a column"))
    }

    /// How many categories there are, if the feature is to be encoded as ones in their places.
    pub(super) fn places(&self) -> Result<Option<usize>> {
        if *self.output_mode.get()? != OutputMode::OneHot {
            return Ok(None);
        }
        Ok(Some(match &self.preprocessor {
            Preprocessor::Discretization(layer) => {
                layer.bin_boundaries().map_or(0, <[f64]>::len) + 1
            }
            Preprocessor::IntegerLookup(layer) => layer.vocabulary_size(),
            Preprocessor::StringLookup(layer) => layer.vocabulary_size(),
            Preprocessor::Hashing(layer) => layer.num_bins(),
            _ => {
                return Err(Error::config(
                    "numbers have no categories: output_mode \"one_hot\" needs some",
                ));
            }
        }))
    }
}
