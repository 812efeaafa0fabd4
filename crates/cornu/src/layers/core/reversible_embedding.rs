//! A table of vectors that is read both ways: numbers to vectors, and vectors to a score of each number.

use serde::{Deserialize, Serialize};

use super::embedding::counted;
use crate::constraints::Constraint;
use crate::error::{Error, Result};
use crate::graph::{Graph, Value};
use crate::initializers::InitializerConfig;
use crate::layers::defaults::{uniform, yes};
use crate::layers::{Base, Context, Layer, Pair, WeightSpec, inputs};
use crate::regularizers::Regularizer;
use crate::shape::{DType, Shape};

/// Replaces each whole number by its row of a table, and compares vectors with all rows of the same table.
///
/// Of whole numbers, `y[.., :] = embeddings[x[..], :]`; of vectors, `y = x · embeddingsᵀ`, with a `logit_soft_cap` `c`
/// `c · tanh(x · embeddingsᵀ / c)`. Without `tie_weights`, the way back has a matrix of its own.
///
/// # Shapes
/// Whole numbers `[batch, ..] → [batch, .., output_dim]`; floats `[batch, .., output_dim] → [batch, .., input_dim]`. Weights
/// `embeddings` `[input_dim, output_dim]`, without `tie_weights` also `reverse_embeddings` `[output_dim, input_dim]`.
///
/// # Errors
/// No rows or columns; vectors of another length than `output_dim`; when it runs, a number outside `0..input_dim`.
///
/// # Example
/// A language model whose words are the same at its beginning and at its end:
/// ```
/// use cornu::prelude::*;
/// let words = input_of(DType::I32, [12]);
/// let table = Shared::new(ReversibleEmbedding::new(100, 8));
/// let x = Dense::new(8).activation("relu").on(&table.on(&words));
/// let model = Model::new([&words], [&table.on(&x)])?;
/// assert_eq!(model.output_shape().axes(), &[12, 100]);
/// assert_eq!(model.count_params(), 100 * 8 + 8 * 8 + 8);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Source
/// Press and Wolf, "Using the Output Embedding to Improve Language Models", 2016.
///
/// # Keras
/// Whether a call is the way back is an argument of Keras's call; here the input's type says it: int32 is looked up, float32 compared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReversibleEmbedding {
    #[serde(skip)]
    base: Base,
    input_dim: usize,
    output_dim: usize,
    #[serde(default = "yes")]
    tie_weights: bool,
    #[serde(default = "uniform")]
    embeddings_initializer: InitializerConfig,
    #[serde(default)]
    embeddings_regularizer: Option<Regularizer>,
    #[serde(default)]
    activity_regularizer: Option<Regularizer>,
    #[serde(default)]
    embeddings_constraint: Option<Constraint>,
    #[serde(default)]
    mask_zero: bool,
    #[serde(default)]
    reverse_dtype: Option<String>,
    #[serde(default)]
    logit_soft_cap: Option<f64>,
}

layer!(ReversibleEmbedding);

impl ReversibleEmbedding {
    /// A table of `input_dim` vectors of length `output_dim`.
    pub fn new(input_dim: usize, output_dim: usize) -> Self {
        Self {
            base: Base::default(),
            input_dim,
            output_dim,
            tie_weights: true,
            embeddings_initializer: uniform(),
            embeddings_regularizer: None,
            activity_regularizer: None,
            embeddings_constraint: None,
            mask_zero: false,
            reverse_dtype: None,
            logit_soft_cap: None,
        }
    }

    setters! {
        /// Whether the table is the same both ways.
        tie_weights: bool,
        /// Whether 0 stands for padding, which the layers after this one pass over.
        mask_zero: bool,
        /// The bound that scores approach and never reach.
        logit_soft_cap: f64 = Some,
        /// How the table begins.
        embeddings_initializer: InitializerConfig,
        /// What is added to the loss for the table.
        embeddings_regularizer: Regularizer = Some,
        /// What is added to the loss for the output.
        activity_regularizer: Regularizer = Some,
        /// What the table is brought back to after each step.
        embeddings_constraint: Constraint = Some,
    }
}

impl Layer for ReversibleEmbedding {
    layer_identity!(ReversibleEmbedding);
    keeps_places!();

    fn mask(
        &self,
        g: &mut Graph,
        inputs: &[Value],
        masks: &[Option<Value>],
    ) -> Result<Option<Value>> {
        if g.dtype(inputs[0]) == DType::F32 {
            return Ok(masks.first().copied().flatten());
        }
        let mask = self.mask_zero.then(|| counted(g, inputs[0]));
        mask.transpose()
    }

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        inputs::single("ReversibleEmbedding", inputs)?;
        let (rows, columns) = (self.input_dim, self.output_dim);
        inputs::sizes([
            ("input_dim", Pair::from(rows)),
            ("output_dim", Pair::from(columns)),
        ])?;
        if let Some(other) = self.reverse_dtype.as_ref().filter(|d| *d != "float32") {
            return Err(Error::config(format!(
                "reverse_dtype must be \"float32\" or null, received \"{other}\""
            )));
        }
        if let Some(cap) = self.logit_soft_cap {
            inputs::number("logit_soft_cap", cap, f64::MIN_POSITIVE, f64::MAX)?;
        }
        let weight = |name: &str, shape: [usize; 2]| {
            WeightSpec::new(name, shape, self.embeddings_initializer.clone())
        };
        let table = weight("embeddings", [rows, columns]);
        let mut weights = vec![
            table
                .regularized(self.embeddings_regularizer.clone())
                .constrained(self.embeddings_constraint.clone()),
        ];
        if !self.tie_weights {
            weights.push(weight("reverse_embeddings", [columns, rows]));
        }
        Ok(weights)
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let (x, table) = (inputs[0], cx.weight(0));
        let y = if cx.graph.dtype(x) == DType::F32 {
            if cx.graph.shape(x).last() != Some(&self.output_dim) || cx.graph.shape(x).rank() < 2 {
                return Err(Error::shape(format!(
                    "ReversibleEmbedding expects int32 to look up, or vectors of length {}, received floats {}",
                    self.output_dim,
                    cx.graph.shape(x).without_batch()
                ))
                .help("inputs of whole numbers are made with input_of(DType::I32, ..)"));
            }
            let matrix = if self.tie_weights {
                cx.graph.transpose(table, &[1, 0])?
            } else {
                cx.weight(1)
            };
            let mut y = cx.graph.matmul(x, matrix)?;
            if let Some(cap) = self.logit_soft_cap {
                y = cx.graph.scale(y, (1.0 / cap) as f32)?;
                y = cx.graph.tanh(y)?;
                y = cx.graph.scale(y, cap as f32)?;
            }
            y
        } else {
            cx.graph.gather(table, x)?
        };
        cx.regularize_activity(self.activity_regularizer.as_ref(), y)?;
        Ok(y)
    }
}
