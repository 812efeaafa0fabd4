//! Attention in which several heads of queries share one of keys and values.

use serde::{Deserialize, Serialize};

use super::heads::{self, Attend, Projections};
use super::sight::Sight;
use crate::constraints::Constraint;
use crate::error::{Error, Result};
use crate::graph::Value;
use crate::initializers::InitializerConfig;
use crate::layers::defaults::{glorot_uniform, yes, zeros};
use crate::layers::{Base, Context, Layer, Pair, WeightSpec, inputs, only};
use crate::regularizers::Regularizer;
use crate::shape::Shape;

/// Attention by several heads, groups of which share their keys and values: less to keep while text is generated.
///
/// `y = Σ_h softmax(q_h · k_gᵀ / √head_dim) · v_g · W_h + b`, where `g` is the group of head `h`; with `use_gate`, what each head gathers
/// is multiplied by the sigmoid of one more product of the query
///
/// # Shapes
/// On one input, `[batch, t, features]`: self-attention. On two, query `[batch, t, ..]` and value `[batch, s, ..]`, which is the
/// key as well; on three, the key `[batch, s, ..]` last. Output `[batch, t, the query's features]`; with `return_attention_scores` also
/// the weights `[batch, query heads, t, s]`. With `attention_mask`, the last input is one, `[batch, t, s]`, 0 where a query may not see
/// a key. Kernels `query` (and `gate`) `[features, query heads, dim]`, `key` and `value` `[features, key and value heads, dim]`,
/// `attention_output` `[query heads, dim, features]`.
///
/// # Errors
/// Inputs that are not sequences of features, or keys and values of different lengths; heads of queries that cannot be shared out evenly;
/// a dropout outside 0 to 1; a mask that does not fit.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let x = input([16, 8]);
/// let y = GroupQueryAttention::new(4, 6, 2).use_causal_mask(true).on(&x);
/// let model = Model::new([&x], [&y])?;
/// assert_eq!(model.output_shape().axes(), &[16, 8]);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Source
/// Ainslie et al., "GQA: Training Generalized Multi-Query Transformer Models from Multi-Head Checkpoints", 2023.
///
/// # Keras
/// As [`MultiHeadAttention`](super::MultiHeadAttention): arguments of Keras's call are the layer's here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupQueryAttention {
    #[serde(skip)]
    base: Base,
    head_dim: usize,
    num_query_heads: usize,
    num_key_value_heads: usize,
    #[serde(default)]
    dropout: f64,
    #[serde(default = "yes")]
    use_bias: bool,
    #[serde(default)]
    use_gate: bool,
    #[serde(default)]
    sliding_window: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    flash_attention: Option<bool>,
    #[serde(default = "glorot_uniform")]
    kernel_initializer: InitializerConfig,
    #[serde(default = "zeros")]
    bias_initializer: InitializerConfig,
    #[serde(default)]
    kernel_regularizer: Option<Regularizer>,
    #[serde(default)]
    bias_regularizer: Option<Regularizer>,
    #[serde(default)]
    activity_regularizer: Option<Regularizer>,
    #[serde(default)]
    kernel_constraint: Option<Constraint>,
    #[serde(default)]
    bias_constraint: Option<Constraint>,
    #[serde(default)]
    seed: Option<i64>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    use_causal_mask: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    attention_mask: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    return_attention_scores: bool,
    /// How many places there are at most where they come one at a time.
    #[serde(skip)]
    places: Option<usize>,
}

layer!(GroupQueryAttention);

impl GroupQueryAttention {
    /// Heads that compare `head_dim` features, so many of queries, and so many of keys and values.
    pub fn new(head_dim: usize, num_query_heads: usize, num_key_value_heads: usize) -> Self {
        Self {
            base: Base::default(),
            head_dim,
            num_query_heads,
            num_key_value_heads,
            dropout: 0.0,
            use_bias: true,
            use_gate: false,
            sliding_window: None,
            flash_attention: None,
            kernel_initializer: glorot_uniform(),
            bias_initializer: zeros(),
            kernel_regularizer: None,
            bias_regularizer: None,
            activity_regularizer: None,
            kernel_constraint: None,
            bias_constraint: None,
            seed: None,
            use_causal_mask: false,
            attention_mask: false,
            return_attention_scores: false,
            places: None,
        }
    }

    setters! {
        /// The share of weights that training drops.
        dropout: f64,
        /// Whether biases are added.
        use_bias: bool,
        /// Whether what heads gather is let through by a gate of the query.
        use_gate: bool,
        /// How many places away the first key is that a query does not see, on either side.
        sliding_window: usize = Some,
        /// Changes nothing, but that dropout and scores are refused, as in Keras.
        flash_attention: bool = Some,
        /// Whether each place sees itself and those before it alone.
        use_causal_mask: bool,
        /// Whether the last input tells which keys each query may see.
        attention_mask: bool,
        /// Whether the weights are an output too.
        return_attention_scores: bool,
        /// A seed of the layer's own for its dropout.
        seed: i64 = Some,
        kernel_and_bias,
        /// What is added to the loss for what the projections give.
        activity_regularizer: Regularizer = Some,
    }

    fn projections(&self) -> Projections<'_> {
        Projections {
            use_bias: self.use_bias,
            kernel: (
                &self.kernel_initializer,
                &self.kernel_regularizer,
                &self.kernel_constraint,
            ),
            bias: (
                &self.bias_initializer,
                &self.bias_regularizer,
                &self.bias_constraint,
            ),
            activity_regularizer: self.activity_regularizer.as_ref(),
        }
    }

    /// Each head of keys or values once for each head of queries that shares it.
    fn shared(&self, cx: &mut Context<'_>, x: Value) -> Result<Value> {
        let (heads, groups) = (self.num_query_heads, self.num_key_value_heads);
        let g = &mut *cx.graph;
        let [b, s, _, d] = g.shape(x)[..] else {
            unreachable!("a projection to heads has four axes")
        };
        let x = g.reshape(x, [b, s, groups, 1, d])?;
        let x = g.broadcast(x, [b, s, groups, heads / groups, d])?;
        g.reshape(x, [b, s, heads, d])
    }
}

impl Layer for GroupQueryAttention {
    layer_identity!(GroupQueryAttention);
    passes_mask!();

    fn place_by_place(&self, places: usize, comes: &[bool]) -> Option<Box<dyn Layer>> {
        let plain = !self.attention_mask;
        let others = comes.len() > 1 && comes[0] && comes[1..].iter().all(|&c| !c);
        if others && !self.use_causal_mask && self.sliding_window.is_none() && plain {
            return Some(self.boxed());
        }
        let own = comes.iter().all(|&c| c);
        let causal = own && self.use_causal_mask && plain && !self.return_attention_scores;
        causal.then(|| {
            let mut layer = self.clone();
            layer.places = Some(places);
            Box::new(layer) as Box<dyn Layer>
        })
    }

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        self.build_for(inputs, None)
    }

    fn build_for(&self, inputs: &[Shape], batch: Option<usize>) -> Result<Vec<WeightSpec>> {
        let class = "GroupQueryAttention";
        let (of, mask) = heads::without_mask(class, inputs, self.attention_mask)?;
        let [query, value, key] = heads::check_sequences(class, of)?;
        let (u, g, d) = (
            self.num_query_heads,
            self.num_key_value_heads,
            self.head_dim,
        );
        inputs::sizes([
            ("num_query_heads", Pair::from(u)),
            ("num_key_value_heads", Pair::from(g)),
            ("head_dim", Pair::from(d)),
            (
                "sliding_window",
                Pair::from(self.sliding_window.unwrap_or(1)),
            ),
        ])?;
        if !u.is_multiple_of(g) {
            return Err(Error::config(format!(
                "num_query_heads must be a multiple of num_key_value_heads, received {u} and {g}"
            )));
        }
        heads::check_mask(mask, u, [query[0], value[0]])?;
        heads::check_dropout(
            self.dropout,
            self.flash_attention,
            self.return_attention_scores,
        )?;
        let of = self.projections();
        let mut weights = of.weights("query", &[query[1], u, d], &[u, d]);
        weights.extend(of.weights("key", &[key[1], g, d], &[g, d]));
        if self.use_gate {
            weights.extend(of.weights("gate", &[query[1], u, d], &[u, d]));
        }
        weights.extend(of.weights("value", &[value[1], g, d], &[g, d]));
        weights.extend(of.weights("attention_output", &[u, d, query[1]], &[query[1]]));
        if let Some(places) = self.places {
            weights.extend(heads::kept_weights(batch, places, [g, d, d])?);
        }
        Ok(weights)
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        only(self.call_all(cx, inputs)?)
    }

    fn call_all(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Vec<Value>> {
        let class = "GroupQueryAttention";
        let (of, mask) = heads::without_mask(class, inputs, self.attention_mask)?;
        let [query, value, key] = heads::roles(class, of)?;
        let projections = self.projections();
        let q = projections.apply(cx, 0, query, 1)?;
        let k = projections.apply(cx, 1, key, 1)?;
        let mut gate = None;
        if self.use_gate {
            let y = projections.apply(cx, 2, query, 1)?;
            gate = Some(cx.graph.sigmoid(y)?);
        }
        let number = 2 + usize::from(self.use_gate);
        let v = projections.apply(cx, number, value, 1)?;
        let (mut k, mut v) = (k, v);
        let mut kept = None;
        if let Some(places) = self.places {
            let number = (number + 2) * (1 + usize::from(self.use_bias));
            let (of, allowed) = heads::kept(cx, number, [q, k, v], places, self.sliding_window)?;
            [_, k, v] = of;
            kept = Some(allowed);
        }
        let (k, v) = (self.shared(cx, k)?, self.shared(cx, v)?);
        let mut masks = cx.masks.clone();
        masks.resize(of.len(), None);
        let sight = Sight {
            masks: heads::roles(class, &masks)?,
            given: mask.copied(),
            causal: self.use_causal_mask,
            window: self.sliding_window,
        };
        let shape = cx.graph.shape(q);
        let table = [shape[0], shape[1], cx.graph.shape(k)[1]];
        let (allowed, causal) = match kept {
            Some(kept) => (Some(kept), false),
            None => sight.allowed(cx.graph, table)?,
        };
        let how = Attend {
            scale: 1.0 / (self.head_dim as f32).sqrt(),
            causal,
            allowed,
            dropout: self.dropout,
            seed: self.seed,
            scores: self.return_attention_scores,
            blind_gathers_nothing: self.dropout > 0.0 || self.return_attention_scores,
        };
        let (mut y, weights) = heads::attend(cx, [q, k, v], how)?;
        if let Some(gate) = gate {
            y = cx.graph.mul(y, gate)?;
        }
        let y = projections.apply(cx, number + 1, y, 2)?;
        let outputs: Vec<Value> = [Some(y), weights].into_iter().flatten().collect();
        // As in Keras, the layer's outputs count beside those of its parts, although the last part's is one of them.
        for &y in &outputs {
            cx.regularize_activity(self.activity_regularizer.as_ref(), y)?;
        }
        Ok(outputs)
    }
}
