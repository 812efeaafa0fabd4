//! A learnt vector in front of a sequence, in which a transformer gathers what it sees of the whole.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::graph::Value;
use crate::initializers::InitializerConfig;
use crate::layers::defaults::zeros;
use crate::layers::{Base, Context, Layer, WeightSpec, inputs};
use crate::shape::Shape;

/// Puts a vector that is trained, the same for all samples, before each sequence.
///
/// `y[b, 0, :] = token`, `y[b, 1 + t, :] = x[b, t, :]`
///
/// # Shapes
/// `[batch, places, features] → [batch, 1 + places, features]`; `token` `[features]`.
///
/// # Errors
/// An input that is no sequence of features.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let model = Sequential::new().input([49, 8]).add(ClassToken::new()).build()?;
/// assert_eq!((model.output_shape().axes(), model.count_params()), (&[50, 8][..], 8));
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Source
/// Dosovitskiy et al., "An Image is Worth 16x16 Words: Transformers for Image Recognition at Scale", 2020, after the `[CLS]` of Devlin
/// et al., "BERT", 2018.
///
/// # Keras
/// Keras has no such layer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassToken {
    #[serde(skip)]
    base: Base,
    #[serde(default = "zeros")]
    initializer: InitializerConfig,
}

layer!(ClassToken);

impl Default for ClassToken {
    fn default() -> Self {
        Self::new()
    }
}

impl ClassToken {
    /// A vector that begins with zeros.
    pub fn new() -> Self {
        Self {
            base: Base::default(),
            initializer: zeros(),
        }
    }

    /// How the vector begins.
    pub fn initializer(mut self, initializer: impl Into<InitializerConfig>) -> Self {
        self.initializer = initializer.into();
        self
    }
}

impl Layer for ClassToken {
    layer_identity!(ClassToken);

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        let x = inputs::single("ClassToken", inputs)?;
        let [_, features] = *x.axes() else {
            return Err(Error::shape(format!(
                "ClassToken expects sequences [places, features], received {x}"
            )));
        };
        let token = WeightSpec::new("token", [features], self.initializer.clone());
        Ok(vec![token])
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let mut shape = cx.graph.shape(inputs[0]).to_vec();
        shape[1] = 1;
        let token = cx.graph.broadcast(cx.weight(0), Shape::from(shape))?;
        cx.graph.concat(&[token, inputs[0]], 1)
    }
}
