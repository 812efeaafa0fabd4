//! Numbers of categories as ones in their places.

use serde::{Deserialize, Serialize};

use super::encoding::{self, OutputMode};
use crate::choice::Choice;
use crate::error::{Error, Result};
use crate::graph::Value;
use crate::layers::{Base, Context, Layer, WeightSpec};
use crate::shape::{DType, Shape};

/// Encodes whole numbers below `num_tokens`: as ones in their places, or as how often each is there.
///
/// `y[b, k] = max_i [x[b, i] = k]` ("multi_hot"), `Σ_i w[b, i]·[x[b, i] = k]` ("count") or `y[b, i, k] = [x[b, i] = k]` ("one_hot").
///
/// # Shapes
/// `[batch, n] → [batch, num_tokens]`, with "one_hot" `[batch, n, num_tokens]`, and `[batch, num_tokens]` where `n` is 1. A second input of
/// the first one's shape, with "count", weighs the numbers. Numbers out of range have no place.
///
/// # Errors
/// No tokens, another output mode, weights with another mode than "count".
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let mut model = Sequential::new().input_of(DType::I32, [2]).add(CategoryEncoding::new(4)).build()?;
/// let y = model.predict(&Tensor::new([1, 2], vec![1, 3])?)?;
/// assert_eq!(y.f32s()?, &[0.0, 1.0, 0.0, 1.0]);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Keras
/// `count_weights` is a second input. No sparse outputs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CategoryEncoding {
    #[serde(skip)]
    base: Base,
    num_tokens: usize,
    #[serde(default = "encoding::multi_hot")]
    output_mode: Choice<OutputMode>,
    #[serde(default, skip_serializing)]
    sparse: bool,
}

layer!(CategoryEncoding);

impl CategoryEncoding {
    /// Of numbers from 0 to `num_tokens - 1`, as "multi_hot".
    pub fn new(num_tokens: usize) -> Self {
        Self {
            base: Base::default(),
            num_tokens,
            output_mode: encoding::multi_hot(),
            sparse: false,
        }
    }

    /// "multi_hot", "one_hot" or "count".
    pub fn output_mode(mut self, output_mode: impl Into<Choice<OutputMode>>) -> Self {
        self.output_mode = output_mode.into();
        self
    }

    fn mode(&self) -> Result<OutputMode> {
        use OutputMode::{Count, MultiHot, OneHot};
        encoding::chosen(
            "CategoryEncoding",
            &self.output_mode,
            &[MultiHot, OneHot, Count],
        )
    }
}

impl Layer for CategoryEncoding {
    layer_identity!(CategoryEncoding);

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        encoding::check_depth("num_tokens", self.num_tokens)?;
        encoding::dense(self.sparse)?;
        let mode = self.mode()?;
        match inputs {
            [_] => Ok(Vec::new()),
            [x, w] if x == w && mode == OutputMode::Count => Ok(Vec::new()),
            [x, w] if x == w => Err(Error::config(format!(
                "weights of numbers need the output_mode \"count\", received {}",
                self.output_mode
                    .get()
                    .map_or("", |m| crate::choice::Named::name(m))
            ))),
            _ => Err(Error::shape(format!(
                "CategoryEncoding expects numbers, or numbers and as many weights, received {inputs:?}"
            ))),
        }
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let g = &mut *cx.graph;
        let index = encoding::whole(g, inputs[0])?;
        let weights = inputs.get(1).map(|&w| g.cast(w, DType::F32));
        let weights = weights.transpose()?;
        encoding::encode(g, index, self.mode()?, self.num_tokens, weights)
    }
}
