//! Attention that compares by a sum rather than a product.

use serde::{Deserialize, Serialize};

use super::attention::sums;
use super::heads;
use super::scored::{self, Gathering};
use crate::error::Result;
use crate::graph::Value;
use crate::layers::defaults::yes;
use crate::layers::{Base, Context, Layer, WeightSpec, only};
use crate::shape::Shape;

/// Each place of the query gathers from the places of the value what fits it, compared feature by feature.
///
/// `y = softmax(scores) · value` with `scores = Σ_f scale_f · tanh(query_f + key_f)`; `scale` is learnt with `use_scale`, else 1
///
/// # Shapes
/// Query `[batch, t, features]`, value `[batch, s, ..]`, and key `[batch, s, features]`, which is the value where there is none;
/// output `[batch, t, the value's features]`, and with `return_attention_scores` the weights `[batch, t, s]`. Weight `scale` `[features]`.
///
/// # Errors
/// Inputs that are not two or three such sequences; a dropout outside 0 to 1.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let (words, pictures) = (input([7, 16]), input([9, 16]));
/// let y = AdditiveAttention::new().on([&words, &pictures]);
/// assert_eq!(Model::new([&words, &pictures], [&y])?.output_shape().axes(), &[7, 16]);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Source
/// Bahdanau, Cho and Bengio, "Neural Machine Translation by Jointly Learning to Align and Translate", 2014.
///
/// # Keras
/// `use_causal_mask` and `return_attention_scores` are arguments of Keras's call; here they are the layer's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdditiveAttention {
    #[serde(skip)]
    base: Base,
    #[serde(default = "yes")]
    use_scale: bool,
    #[serde(default)]
    dropout: f64,
    #[serde(default)]
    seed: Option<i64>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    use_causal_mask: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    return_attention_scores: bool,
}

layer!(AdditiveAttention);

impl AdditiveAttention {
    /// With a learnt scale of each feature.
    pub fn new() -> Self {
        Self {
            base: Base::default(),
            use_scale: true,
            dropout: 0.0,
            seed: None,
            use_causal_mask: false,
            return_attention_scores: false,
        }
    }

    setters! {
        /// Whether features are weighed by learnt numbers.
        use_scale: bool,
        /// The share of weights that training drops.
        dropout: f64,
        /// A seed of the layer's own for its dropout.
        seed: i64 = Some,
        /// Whether each place sees keys up to its own place alone.
        use_causal_mask: bool,
        /// Whether the weights are an output too.
        return_attention_scores: bool,
    }
}

impl Default for AdditiveAttention {
    fn default() -> Self {
        Self::new()
    }
}

impl Layer for AdditiveAttention {
    layer_identity!(AdditiveAttention);
    passes_mask!();

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        scored::check("AdditiveAttention", inputs)?;
        heads::check_dropout(self.dropout, None, false)?;
        let scale = WeightSpec::new("scale", [inputs[0][1]], "glorot_uniform");
        Ok(if self.use_scale { vec![scale] } else { vec![] })
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        only(self.call_all(cx, inputs)?)
    }

    fn call_all(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Vec<Value>> {
        let [query, value, key] = heads::roles("AdditiveAttention", inputs)?;
        let scale = self.use_scale.then(|| cx.weight(0));
        let g = &mut *cx.graph;
        let pairs = sums(g, query, key)?;
        let mut pairs = g.tanh(pairs)?;
        if let Some(scale) = scale {
            pairs = g.mul(pairs, scale)?;
        }
        let scores = g.sum(pairs, &[3], false)?;
        let gathering = Gathering {
            causal: self.use_causal_mask,
            dropout: self.dropout,
            seed: self.seed,
            scores: self.return_attention_scores,
        };
        gathering.by_scores(cx, scores, value)
    }
}
