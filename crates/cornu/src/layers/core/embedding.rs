//! Numbers turned into vectors by looking them up.

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::graph::{Graph, Value};
use crate::initializers::InitializerConfig;
use crate::layers::{Base, Context, Layer, Pair, WeightSpec, inputs};
use crate::regularizers::Regularizer;
use crate::shape::{DType, Shape};

/// Replaces each whole number by its row of a table that is trained.
///
/// `y[.., :] = embeddings[x[..], :]`
///
/// # Shapes
/// `[batch, ..] → [batch, .., output_dim]`; embeddings `[input_dim, output_dim]`.
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
    mask_zero: bool,
}

fn uniform() -> InitializerConfig {
    InitializerConfig::named("random_uniform")
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
            mask_zero: false,
        }
    }

    /// Whether 0 stands for padding, which the layers after this one pass over.
    pub fn mask_zero(mut self, mask_zero: bool) -> Self {
        self.mask_zero = mask_zero;
        self
    }

    /// How the table begins.
    pub fn embeddings_initializer(mut self, initializer: impl Into<InitializerConfig>) -> Self {
        self.embeddings_initializer = initializer.into();
        self
    }

    /// What is added to the loss for the table.
    pub fn embeddings_regularizer(mut self, regularizer: impl Into<Regularizer>) -> Self {
        self.embeddings_regularizer = Some(regularizer.into());
        self
    }
}

impl Layer for Embedding {
    layer_identity!(Embedding);

    fn mask(&self, g: &mut Graph, inputs: &[Value], _: &[Option<Value>]) -> Result<Option<Value>> {
        if !self.mask_zero {
            return Ok(None);
        }
        let index = g.cast(inputs[0], DType::I32)?;
        let index = g.cast(index, DType::F32)?;
        let zero = g.constant(0.0)?;
        g.not_equal(index, zero).map(Some)
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
        Ok(vec![table.regularized(self.embeddings_regularizer.clone())])
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let index = cx.graph.cast(inputs[0], DType::I32)?;
        cx.graph.gather(cx.weight(0), index)
    }
}
