//! Several categories as one: their combination, hashed.

use serde::{Deserialize, Serialize};

use super::encoding::{self, OutputMode};
use super::texts::{Column, encode};
use crate::choice::Choice;
use crate::error::{Error, Result};
use crate::fingerprint::fingerprint;
use crate::graph::Value;
use crate::graph::ops::{Code, crossed};
use crate::layers::{Base, Context, Layer, WeightSpec};
use crate::shape::{DType, Shape};
use crate::tensor::Tensor;

/// Crosses categories: each combination of them falls into a bin.
///
/// `y = hash(x₁, x₂, ..) mod num_bins`
///
/// # Shapes
/// Two inputs or more, single numbers or `[1]` each; "int", the default, keeps that, "one_hot" gives `[batch, num_bins]`.
///
/// # Errors
/// Fewer than two inputs, inputs of several numbers or different shapes, another output mode.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let layer = HashedCrossing::new(5);
/// let fruit = ["A", "B", "A", "B", "A"].into();
/// let size = Tensor::new([5], vec![101, 101, 101, 102, 102])?.into();
/// assert_eq!(layer.columns(&[fruit, size])?.i32s()?, &[1, 4, 1, 1, 3]);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Keras
/// Numbers are crossed in models, columns among which are texts before them by [`HashedCrossing::columns`]. Numbers have 32 bits.
/// No sparse outputs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HashedCrossing {
    #[serde(skip)]
    base: Base,
    num_bins: usize,
    #[serde(default = "encoding::int")]
    output_mode: Choice<OutputMode>,
    #[serde(default)]
    sparse: bool,
}

layer!(HashedCrossing);

impl HashedCrossing {
    /// Into so many bins.
    pub fn new(num_bins: usize) -> Self {
        Self {
            base: Base::default(),
            num_bins,
            output_mode: encoding::int(),
            sparse: false,
        }
    }

    /// "int" or "one_hot".
    pub fn output_mode(mut self, output_mode: impl Into<Choice<OutputMode>>) -> Self {
        self.output_mode = output_mode.into();
        self
    }

    fn check(&self) -> Result<OutputMode> {
        encoding::check_depth("num_bins", self.num_bins)?;
        encoding::dense(self.sparse)?;
        self.mode()
    }

    fn mode(&self) -> Result<OutputMode> {
        let allowed = [OutputMode::Int, OutputMode::OneHot];
        encoding::chosen("HashedCrossing", &self.output_mode, &allowed)
    }

    /// The bins of columns of texts and numbers, or what the output mode makes of them.
    ///
    /// # Errors
    /// Fewer than two columns, columns of different lengths or of floats.
    pub fn columns(&self, columns: &[Column]) -> Result<Tensor> {
        let mode = self.check()?;
        let shapes: Vec<Shape> = columns.iter().map(|c| c.shape().clone()).collect();
        check_shapes(&shapes, 1)?;
        let mut all = vec![Vec::with_capacity(columns.len()); shapes[0].elements()];
        for column in columns {
            match column {
                Column::Texts(texts) => {
                    for (to, text) in all.iter_mut().zip(texts.values()) {
                        to.push(fingerprint(text.as_bytes()));
                    }
                }
                Column::Numbers(numbers) => {
                    for (to, &n) in all.iter_mut().zip(numbers.i32s()?) {
                        to.push(i64::from(n).cast_unsigned());
                    }
                }
            }
        }
        let index = all
            .into_iter()
            .map(|f| crossed(self.num_bins as u32, f))
            .collect();
        encode(&shapes[0], index, mode, self.num_bins, &[])
    }
}

/// Two shapes or more, of one number a sample, with so many axes of samples.
fn check_shapes(shapes: &[Shape], samples: usize) -> Result<()> {
    let one = |s: &Shape| s.rank() == samples || (s.rank() == samples + 1 && s.last() == Some(&1));
    if shapes.len() < 2 || !shapes.iter().all(|s| one(s) && *s == shapes[0]) {
        return Err(Error::shape(format!(
            "HashedCrossing expects two inputs or more of one number a sample, received {shapes:?}"
        )));
    }
    Ok(())
}

impl Layer for HashedCrossing {
    layer_identity!(HashedCrossing);

    fn dtype(&self) -> &'static str {
        match self.output_mode.get() {
            Ok(OutputMode::Int) => "int64",
            _ => "float32",
        }
    }

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        self.check()?;
        check_shapes(inputs, 0)?;
        Ok(Vec::new())
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let g = &mut *cx.graph;
        let inputs = inputs.iter().map(|&x| g.cast(x, DType::I32));
        let inputs = inputs.collect::<Result<Vec<_>>>()?;
        let bins = self.num_bins as u32;
        let index = g.recode(&inputs, Code::Crossed { bins })?;
        encoding::encode(g, index, self.mode()?, self.num_bins, None)
    }
}
