//! The columns of a table, each encoded in its way, as one row of numbers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::encoding::{OutputMode, rows};
use super::feature::Feature;
use super::hashed_crossing::HashedCrossing;
use super::saved::saved;
use super::texts::Column;
use crate::choice::Choice;
use crate::error::{Error, Result};
use crate::shape::Shape;
use crate::tensor::{Data, Tensor};

/// Encodes the columns of a table: numbers brought to one scale, categories as ones in their places, pairs of them crossed.
///
/// # Shapes
/// Columns `[rows]` or `[rows, 1]`; [`FeatureSpace::call`] gives `[rows, places]`, the features in the order of their names, then the
/// crosses in theirs; [`FeatureSpace::encode`] gives each alone.
///
/// # Errors
/// Columns that are missing, of another type or of different lengths; features that have to be adapted first; crosses of floats.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let mut space = FeatureSpace::new()
///     .feature("age", Feature::float_normalized())
///     .feature("town", Feature::string_categorical())
///     .feature("rooms", Feature::integer_categorical());
/// let columns = [
///     ("age", Tensor::new([3], vec![10.0f32, 20.0, 30.0])?.into()),
///     ("town", ["Rome", "Oslo", "Rome"].into()),
///     ("rooms", Tensor::new([3], vec![1, 2, 2])?.into()),
/// ];
/// space.adapt(&columns)?;
/// assert_eq!(space.call(&columns)?.shape().axes(), &[3, 1 + 3 + 3]);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Keras
/// `keras.utils.FeatureSpace`, called beside a model on its table. `output_mode="dict"` is [`FeatureSpace::encode`]. Categories of given
/// ranges are encoded too, which Keras leaves as numbers.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeatureSpace {
    #[serde(default)]
    name: Option<String>,
    features: BTreeMap<String, Feature>,
    #[serde(default)]
    crosses: Vec<Cross>,
    #[serde(default = "dimension")]
    crossing_dim: usize,
    #[serde(default = "dimension")]
    hashing_dim: usize,
    #[serde(default = "dimension")]
    num_discretization_bins: usize,
}

/// Features that are crossed.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cross {
    feature_names: Vec<String>,
    crossing_dim: usize,
    output_mode: Choice<OutputMode>,
}

impl Cross {
    fn name(&self) -> String {
        self.feature_names.join("_X_")
    }
}

fn dimension() -> usize {
    32
}

impl Default for FeatureSpace {
    fn default() -> Self {
        Self::new()
    }
}

saved!(FeatureSpace);

impl FeatureSpace {
    /// Without features yet.
    pub fn new() -> Self {
        Self {
            name: None,
            features: BTreeMap::new(),
            crosses: Vec::new(),
            crossing_dim: dimension(),
            hashing_dim: dimension(),
            num_discretization_bins: dimension(),
        }
    }

    /// With a feature: the column of this name, encoded so.
    pub fn feature(mut self, column: impl Into<String>, feature: Feature) -> Self {
        self.features.insert(column.into(), feature);
        self
    }

    /// With a feature of a type that is named: "float", "float_normalized", "float_rescaled", "float_discretized", "integer_categorical",
    /// "string_categorical", "integer_hashed" or "string_hashed".
    ///
    /// # Errors
    /// An unknown name.
    pub fn typed(self, column: impl Into<String>, kind: &str) -> Result<Self> {
        let feature = Feature::named(kind, self.hashing_dim, self.num_discretization_bins)?;
        Ok(self.feature(column, feature))
    }

    /// How many bins crosses have that come after.
    pub fn crossing_dim(mut self, crossing_dim: usize) -> Self {
        self.crossing_dim = crossing_dim;
        self
    }

    /// How many bins hashed features have that are named after.
    pub fn hashing_dim(mut self, hashing_dim: usize) -> Self {
        self.hashing_dim = hashing_dim;
        self
    }

    /// How many ranges features have that are named after.
    pub fn num_discretization_bins(mut self, bins: usize) -> Self {
        self.num_discretization_bins = bins;
        self
    }

    /// Crosses features: each combination of their categories falls into a bin.
    pub fn cross(mut self, features: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.crosses.push(Cross {
            feature_names: features.into_iter().map(Into::into).collect(),
            crossing_dim: self.crossing_dim,
            output_mode: Choice::Known(OutputMode::OneHot),
        });
        self
    }

    /// Learns what the encodings need of a table: means, ranges, vocabularies.
    ///
    /// # Errors
    /// A column that is missing or of another type.
    pub fn adapt(&mut self, columns: &[(&str, Column)]) -> Result<()> {
        for (name, feature) in &mut self.features {
            feature
                .adapt(column(columns, name)?)
                .map_err(|e| e.at(name.clone()))?;
        }
        Ok(())
    }

    /// Each feature and each cross by its name: floats, numbers of categories, or ones in their places.
    ///
    /// # Errors
    /// A column that is missing, of another type or length; a feature that was not adapted; a cross of floats.
    pub fn encode(&self, columns: &[(&str, Column)]) -> Result<BTreeMap<String, Tensor>> {
        let parts = self.parts(columns)?;
        Ok(parts.into_iter().collect())
    }

    /// All features in the order of their names, then all crosses, side by side.
    ///
    /// # Errors
    /// As [`FeatureSpace::encode`]; a feature whose categories are numbers.
    pub fn call(&self, columns: &[(&str, Column)]) -> Result<Tensor> {
        let parts = self.parts(columns)?;
        let count = parts.first().map_or(0, |(_, t)| t.shape()[0]);
        let mut width = 0;
        for (name, part) in &parts {
            if matches!(part.data(), Data::I32(_)) {
                return Err(Error::config(
                    "categories that are numbers cannot stand beside other features",
                )
                .at(name.clone())
                .help("use the output_mode \"one_hot\", or encode(..), which gives each feature alone"));
            }
            width += part.shape()[1];
        }
        let mut all = Vec::with_capacity(Shape::new([count, width])?.elements());
        for row in 0..count {
            for (_, part) in &parts {
                let n = part.shape()[1];
                all.extend_from_slice(&part.f32s()?[row * n..][..n]);
            }
        }
        Tensor::new([count, width], all)
    }

    /// The features in the order of their names, then the crosses in theirs.
    fn parts(&self, columns: &[(&str, Column)]) -> Result<Vec<(String, Tensor)>> {
        if self.features.is_empty() {
            return Err(Error::config("FeatureSpace has no features"));
        }
        let mut numbered: BTreeMap<&str, Tensor> = BTreeMap::new();
        let mut length = None;
        for (name, feature) in &self.features {
            let at = |e: Error| e.at(name.clone());
            if feature.waits() {
                return Err(at(Error::config("the feature does not know its data yet")
                    .help("call adapt with some of the table first")));
            }
            let x = feature.numbered(column(columns, name)?).map_err(at)?;
            let rows = x.shape()[0];
            if *length.get_or_insert(rows) != rows {
                return Err(at(Error::data(format!(
                    "the column has {rows} rows, another one {}",
                    length.unwrap_or_default()
                ))));
            }
            numbered.insert(name, x);
        }
        let mut parts = Vec::new();
        for (name, feature) in &self.features {
            let x = numbered[name.as_str()].clone();
            let x = match feature.places().map_err(|e| e.at(name.clone()))? {
                Some(places) => one_hot(&x, places)?,
                None => x,
            };
            parts.push((name.clone(), x));
        }
        let mut crosses: Vec<&Cross> = self.crosses.iter().collect();
        crosses.sort_by_key(|c| c.name());
        for cross in crosses {
            let mut crossed = Vec::new();
            for name in &cross.feature_names {
                let x = numbered.get(name.as_str()).ok_or_else(|| {
                    Error::unknown("feature", name, self.features.keys().map(String::as_str))
                })?;
                crossed.push(Column::Numbers(x.clone()));
            }
            let x = HashedCrossing::new(cross.crossing_dim).columns(&crossed);
            let x = x.map_err(|e| e.at(cross.name()))?;
            let x = match cross.output_mode.get()? {
                OutputMode::Int => x,
                _ => one_hot(&x, cross.crossing_dim)?,
            };
            parts.push((cross.name(), x));
        }
        Ok(parts)
    }
}

/// The column of a name.
fn column<'a>(columns: &'a [(&str, Column)], name: &str) -> Result<&'a Column> {
    let found = columns.iter().find(|c| c.0 == name);
    found.map(|c| &c.1).ok_or_else(|| {
        Error::data(format!("the table has no column \"{name}\"")).help(format!(
            "it has {}",
            columns.iter().map(|c| c.0).collect::<Vec<_>>().join(", ")
        ))
    })
}

/// Numbers of categories `[rows, 1]` as ones in their places.
fn one_hot(x: &Tensor, places: usize) -> Result<Tensor> {
    let each: Vec<Vec<i32>> = x.i32s()?.iter().map(|&i| vec![i]).collect();
    rows(&each, OutputMode::MultiHot, places, None, &[])
}
