//! Attention without heads: what fits a query is gathered by products or by a learnt comparison.

use serde::{Deserialize, Serialize};

use super::heads;
use super::scored::{self, Gathering};
use crate::choice::{Choice, Named};
use crate::error::Result;
use crate::graph::{Graph, Value};
use crate::layers::{Base, Context, Layer, WeightSpec, only};
use crate::shape::Shape;

/// Each place of the query gathers from the places of the value what fits it.
///
/// `y = softmax(scores) · value`, where `scores = scale · query · keyᵀ` with the score mode "dot", and
/// `scores = concat_score_weight · Σ tanh(scale · (query + key))` with "concat"; `scale` is learnt with `use_scale`, else 1
///
/// # Shapes
/// Query `[batch, t, features]`, value `[batch, s, ..]`, and key `[batch, s, features]`, which is the value where there is none;
/// output `[batch, t, the value's features]`, and with `return_attention_scores` the weights `[batch, t, s]`. Weights `scale` and
/// `concat_score_weight`, single numbers.
///
/// # Errors
/// Inputs that are not two or three such sequences; a dropout outside 0 to 1; an unknown score mode.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let (words, pictures) = (input([7, 16]), input([9, 16]));
/// let y = Attention::new().on([&words, &pictures]);
/// assert_eq!(Model::new([&words, &pictures], [&y])?.output_shape().axes(), &[7, 16]);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Source
/// Luong, Pham and Manning, "Effective Approaches to Attention-based Neural Machine Translation", 2015.
///
/// # Keras
/// `use_causal_mask` and `return_attention_scores` are arguments of Keras's call; here they are the layer's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attention {
    #[serde(skip)]
    base: Base,
    #[serde(default)]
    use_scale: bool,
    #[serde(default = "dot")]
    score_mode: Choice<ScoreMode>,
    #[serde(default)]
    dropout: f64,
    #[serde(default)]
    seed: Option<i64>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    use_causal_mask: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    return_attention_scores: bool,
}

/// How a query and a key are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScoreMode {
    /// By their product.
    Dot,
    /// By the hyperbolic tangent of their sum.
    Concat,
}

impl Named for ScoreMode {
    const WHAT: &'static str = "score_mode";
    fn from_name(name: &str) -> Option<Self> {
        match name {
            "dot" => Some(Self::Dot),
            "concat" => Some(Self::Concat),
            _ => None,
        }
    }
    fn name(&self) -> &str {
        match self {
            Self::Dot => "dot",
            Self::Concat => "concat",
        }
    }
    fn names() -> Vec<&'static str> {
        vec!["dot", "concat"]
    }
}

fn dot() -> Choice<ScoreMode> {
    Choice::Known(ScoreMode::Dot)
}

layer!(Attention);

impl Attention {
    /// By products, without a scale.
    pub fn new() -> Self {
        Self {
            base: Base::default(),
            use_scale: false,
            score_mode: dot(),
            dropout: 0.0,
            seed: None,
            use_causal_mask: false,
            return_attention_scores: false,
        }
    }

    setters! {
        /// Whether scores are scaled by a learnt number.
        use_scale: bool,
        /// "dot" or "concat".
        score_mode: Choice<ScoreMode>,
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

impl Default for Attention {
    fn default() -> Self {
        Self::new()
    }
}

/// `query + key` for each pair of places, `[batch, t, s, features]`.
pub(super) fn sums(g: &mut Graph, query: Value, key: Value) -> Result<Value> {
    let (q, k) = (g.shape(query).clone(), g.shape(key).clone());
    let query = g.reshape(query, [q[0], q[1], 1, q[2]])?;
    let key = g.reshape(key, [k[0], 1, k[1], k[2]])?;
    g.add(query, key)
}

impl Layer for Attention {
    layer_identity!(Attention);
    passes_mask!();

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        scored::check("Attention", inputs)?;
        heads::check_dropout(self.dropout, None, false)?;
        let number = |name: &str| WeightSpec::new(name, Shape::scalar(), "ones");
        let mut weights = Vec::new();
        if self.use_scale {
            weights.push(number("scale"));
        }
        if *self.score_mode.get()? == ScoreMode::Concat {
            weights.push(number("concat_score_weight"));
        }
        Ok(weights)
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        only(self.call_all(cx, inputs)?)
    }

    fn call_all(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Vec<Value>> {
        let [mut query, value, key] = heads::roles("Attention", inputs)?;
        let gathering = Gathering {
            causal: self.use_causal_mask,
            dropout: self.dropout,
            seed: self.seed,
            scores: self.return_attention_scores,
        };
        let scale = self.use_scale.then(|| cx.weight(0));
        if *self.score_mode.get()? == ScoreMode::Dot {
            if let Some(scale) = scale {
                query = cx.graph.mul(query, scale)?;
            }
            return gathering.by_products(cx, [query, value, key]);
        }
        let factor = cx.weight(usize::from(self.use_scale));
        let g = &mut *cx.graph;
        let mut pairs = sums(g, query, key)?;
        if let Some(scale) = scale {
            pairs = g.mul(pairs, scale)?;
        }
        let pairs = g.tanh(pairs)?;
        let scores = g.sum(pairs, &[3], false)?;
        let scores = g.mul(scores, factor)?;
        gathering.by_scores(cx, scores, value)
    }
}
