//! Categories hashed into bins, so that no vocabulary is needed.

use serde::{Deserialize, Serialize};

use super::encoding::{self, OutputMode};
use super::salt::Salt;
use super::texts::Texts;
use crate::choice::Choice;
use crate::error::{Error, Result};
use crate::fingerprint::Bins;
use crate::graph::Value;
use crate::graph::ops::{Code, Others};
use crate::layers::{Base, Context, Layer, WeightSpec, inputs};
use crate::shape::{DType, Shape};
use crate::tensor::Tensor;

/// Hashes numbers or texts into bins.
///
/// `y = FarmHash64(digits of x) mod num_bins`, with a salt `SipHash64`; with a mask value, bin 0 is its own.
///
/// # Shapes
/// Any; "int", the default, keeps it, the other output modes are as those of
/// [`CategoryEncoding`](crate::layers::CategoryEncoding).
///
/// # Errors
/// No bins, an unknown output mode.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let layer = Hashing::new(3);
/// assert_eq!(layer.texts(["A", "B", "C", "D", "E"])?.i32s()?, &[1, 0, 1, 1, 2]);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Source
/// Weinberger et al., "Feature Hashing for Large Scale Multitask Learning", 2009.
///
/// # Keras
/// Numbers are hashed in models, texts before them by [`Hashing::texts`]. Numbers have 32 bits; fractions are cut off. No sparse
/// outputs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hashing {
    #[serde(skip)]
    base: Base,
    num_bins: usize,
    #[serde(default)]
    salt: Option<Salt>,
    #[serde(default)]
    mask_value: Option<MaskValue>,
    #[serde(default = "encoding::int")]
    output_mode: Choice<OutputMode>,
    #[serde(default)]
    sparse: bool,
}

/// What is no category: a number or a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum MaskValue {
    /// A number.
    Number(i64),
    /// A text.
    Text(String),
}

impl From<i64> for MaskValue {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<&str> for MaskValue {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

layer!(Hashing);

impl Hashing {
    /// Into so many bins.
    pub fn new(num_bins: usize) -> Self {
        Self {
            base: Base::default(),
            num_bins,
            salt: None,
            mask_value: None,
            output_mode: encoding::int(),
            sparse: false,
        }
    }

    /// The key of another hash: one number or two.
    pub fn salt(mut self, salt: impl Into<Salt>) -> Self {
        self.salt = Some(salt.into());
        self
    }

    /// What has bin 0 for itself.
    pub fn mask_value(mut self, mask_value: impl Into<MaskValue>) -> Self {
        self.mask_value = Some(mask_value.into());
        self
    }

    /// "int", "one_hot", "multi_hot" or "count".
    pub fn output_mode(mut self, output_mode: impl Into<Choice<OutputMode>>) -> Self {
        self.output_mode = output_mode.into();
        self
    }

    pub(super) fn num_bins(&self) -> usize {
        self.num_bins
    }

    fn mode(&self) -> Result<OutputMode> {
        use OutputMode::{Count, Int, MultiHot, OneHot};
        encoding::chosen(
            "Hashing",
            &self.output_mode,
            &[Int, OneHot, MultiHot, Count],
        )
    }

    fn check(&self) -> Result<OutputMode> {
        encoding::check_depth("num_bins", self.num_bins)?;
        encoding::dense(self.sparse)?;
        self.mode()
    }

    /// Whether a bin is kept for the mask; a single one is not.
    fn masks(&self) -> bool {
        self.mask_value.is_some() && self.num_bins > 1
    }

    fn bins(&self) -> Bins {
        Bins {
            count: (self.num_bins - usize::from(self.masks())) as u32,
            key: self.salt.map(Salt::key),
        }
    }

    /// The bins of texts, or what the output mode makes of them.
    pub fn texts(&self, texts: impl Into<Texts>) -> Result<Tensor> {
        let mode = self.check()?;
        let texts = texts.into();
        let bins = self.bins();
        let bin = |text: &String| match &self.mask_value {
            Some(MaskValue::Text(mask)) if self.masks() && mask == text => 0,
            _ => bins.of(text.as_bytes()) as i32 + i32::from(self.masks()),
        };
        let index = texts.values().iter().map(bin).collect();
        super::texts::encode(texts.shape(), index, mode, self.num_bins, &[])
    }
}

impl Layer for Hashing {
    layer_identity!(Hashing);

    fn dtype(&self) -> &'static str {
        match self.output_mode.get() {
            Ok(OutputMode::Int) => "int64",
            _ => "float32",
        }
    }

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        inputs::single("Hashing", inputs)?;
        self.check()?;
        if let Some(MaskValue::Text(text)) = &self.mask_value {
            return Err(Error::config(format!(
                "mask_value must be a number where numbers are hashed, received \"{text}\""
            )));
        }
        Ok(Vec::new())
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let g = &mut *cx.graph;
        let x = g.cast(inputs[0], DType::I32)?;
        let mask = match self.mask_value {
            Some(MaskValue::Number(n)) if self.masks() => i32::try_from(n).ok(),
            _ => None,
        };
        let code = Code::Table {
            entries: mask.map(|m| (m, 0)).into_iter().collect(),
            others: Others::Hashed {
                first: i32::from(self.masks()),
                bins: self.bins(),
            },
        };
        let index = g.recode(&[x], code)?;
        encoding::encode(g, index, self.mode()?, self.num_bins, None)
    }
}
