//! Numbers turned into vectors by looking them up.

use serde::{Deserialize, Serialize};

use super::low_rank::LowRank;
use crate::constraints::Constraint;
use crate::error::Result;
use crate::graph::{Graph, Value};
use crate::initializers::InitializerConfig;
use crate::layers::defaults::uniform;
use crate::layers::{Base, Context, Layer, Pair, WeightSpec, inputs};
use crate::regularizers::Regularizer;
use crate::shape::{DType, Shape};

/// Replaces each whole number by its row of a table that is trained.
///
/// `y[.., :] = embeddings[x[..], :]`; with a `lora_rank`, the table stays as it is and `lora_alpha / lora_rank · A · B` is learnt beside it
///
/// # Shapes
/// `[batch, ..] → [batch, .., output_dim]`; embeddings `[input_dim, output_dim]`; with a `lora_rank` also `lora_embeddings_a`
/// `[input_dim, rank]` and `lora_embeddings_b` `[rank, output_dim]`.
///
/// # Errors
/// No rows or columns; when it runs, a number outside `0..input_dim`, which is told before anything is computed if
/// it was fed.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let mut model = Sequential::new().input_of(DType::I32, [3]).add(Embedding::new(10, 4)).build()?;
/// let y = model.predict(&Tensor::new([1, 3], vec![7, 0, 7])?)?;
/// assert_eq!(y.f32s()?[0..4], y.f32s()?[8..12]);
/// let e = model.predict(&Tensor::new([1, 3], vec![7, 10, 7])?).unwrap_err();
/// assert!(e.message().contains("between 0 and 9") && e.message().contains("received 10"));
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Keras
/// Inputs may be int32 or floats that hold whole numbers. With optimizers that square gradients, Keras on TensorFlow squares those of a
/// row that was looked up twice before it adds them up; here, as with its other backends, they are added up first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Embedding {
    #[serde(skip)]
    base: Base,
    input_dim: usize,
    output_dim: usize,
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lora_rank: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lora_alpha: Option<f64>,
}

layer!(Embedding);

impl Embedding {
    /// A table of `input_dim` vectors of length `output_dim`.
    pub fn new(input_dim: usize, output_dim: usize) -> Self {
        Self {
            base: Base::default(),
            input_dim,
            output_dim,
            embeddings_initializer: uniform(),
            embeddings_regularizer: None,
            activity_regularizer: None,
            embeddings_constraint: None,
            mask_zero: false,
            lora_rank: None,
            lora_alpha: None,
        }
    }

    setters! {
        /// Whether 0 stands for padding, which the layers after this one pass over.
        mask_zero: bool,
        /// How the table begins.
        embeddings_initializer: InitializerConfig,
        /// What is added to the loss for the table.
        embeddings_regularizer: Regularizer = Some,
        /// What is added to the loss for the output.
        activity_regularizer: Regularizer = Some,
        /// What the table is brought back to after each step.
        embeddings_constraint: Constraint = Some,
        /// Of which rank a matrix is learnt beside the table, which stays as it is.
        lora_rank: usize = Some,
        /// How strong that matrix is: times `lora_alpha / lora_rank`; without it as it is.
        lora_alpha: f64 = Some,
    }

    fn low_rank(&self) -> LowRank {
        LowRank {
            rank: self.lora_rank,
            alpha: self.lora_alpha,
        }
    }
}

/// 1 for whole numbers that are not 0, which stands for padding.
pub(super) fn counted(g: &mut Graph, x: Value) -> Result<Value> {
    let index = g.cast(x, DType::I32)?;
    let index = g.cast(index, DType::F32)?;
    let zero = g.constant(0.0)?;
    g.not_equal(index, zero)
}

impl Layer for Embedding {
    layer_identity!(Embedding);
    keeps_places!();

    fn mask(&self, g: &mut Graph, inputs: &[Value], _: &[Option<Value>]) -> Result<Option<Value>> {
        let mask = self.mask_zero.then(|| counted(g, inputs[0]));
        mask.transpose()
    }

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        inputs::single("Embedding", inputs)?;
        inputs::sizes([
            ("input_dim", Pair::from(self.input_dim)),
            ("output_dim", Pair::from(self.output_dim)),
        ])?;
        let table = WeightSpec::new(
            "embeddings",
            [self.input_dim, self.output_dim],
            self.embeddings_initializer.clone(),
        );
        self.low_rank().join(
            table
                .regularized(self.embeddings_regularizer.clone())
                .constrained(self.embeddings_constraint.clone()),
            None,
            "lora_embeddings",
            self.embeddings_regularizer.as_ref(),
            self.embeddings_constraint.as_ref(),
        )
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let index = cx.graph.cast(inputs[0], DType::I32)?;
        let mut y = cx.graph.gather(cx.weight(0), index)?;
        if self.lora_rank.is_some() {
            let a = cx.graph.gather(cx.weight(1), index)?;
            y = self.low_rank().add(cx.graph, y, [a, cx.weight(2)])?;
        }
        cx.regularize_activity(self.activity_regularizer.as_ref(), y)?;
        Ok(y)
    }
}
