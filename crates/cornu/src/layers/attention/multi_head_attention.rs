//! Attention by several heads, each with its own view of the features.

use serde::{Deserialize, Serialize};

use super::heads::{self, Attend, Projections};
use super::sight::Sight;
use crate::constraints::Constraint;
use crate::error::{Error, Result};
use crate::graph::Value;
use crate::initializers::InitializerConfig;
use crate::layers::defaults::{glorot_uniform, yes, zeros};
use crate::layers::{Axes, Base, Context, Layer, Lengths, Pair, WeightSpec, inputs, only};
use crate::regularizers::Regularizer;
use crate::shape::Shape;

/// Each place of a sequence gathers from the places of another (or of its own) what fits it, in several ways at once.
///
/// `y = Σ_h softmax(q_h · k_hᵀ / √key_dim) · v_h · W_h + b`, with `q_h`, `k_h` and `v_h` products of query, key and value with
/// their kernels; with `use_gate`, what each head gathers is multiplied by the sigmoid of one more product of the query
///
/// # Shapes
/// On one input, `[batch, t, features]`: self-attention. On two, query `[batch, t, ..]` and value `[batch, s, ..]`, which is the
/// key as well; on three, the key `[batch, s, ..]` last, as in Keras. Output `[batch, t, output_shape or the query's features]`; with
/// `return_attention_scores` also the weights `[batch, heads, t, s]`. With `attention_mask`, the last input is one: `[batch, t, s]` or
/// `[batch, heads, t, s]`, 0 where a query may not see a key.
/// Kernels `query`, `key`, `value` (and `gate`) `[features, heads, dim]`, `attention_output` `[heads, value_dim, output]`.
/// Inputs may have further axes, `[batch, a, b, .., features]`: `attention_axes` are those whose places look at each other, all without it.
///
/// # Errors
/// Inputs that are not sequences of features, or keys and values of different lengths; no heads; a dropout outside 0 to 1; a mask that
/// does not fit; masks of padding, causal masks and sliding windows with more axes than one of places.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let x = input([16, 8]);
/// let y = MultiHeadAttention::new(2, 4).use_causal_mask(true).on(&x);
/// let model = Model::new([&x], [&y])?;
/// assert_eq!(model.count_params(), 4 * (8 * 8 + 8));
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Source
/// Vaswani et al., "Attention Is All You Need", 2017.
///
/// # Keras
/// `use_causal_mask`, `return_attention_scores` and whether there is an `attention_mask` are arguments of Keras's call; here they are
/// the layer's. Masks of padding come with the inputs, as Masking and Embedding make them; Keras takes them away from the inputs once
/// they were used, here they stay. `flash_attention` changes nothing: the table of scores is never held unless it is asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MultiHeadAttention {
    #[serde(skip)]
    base: Base,
    pub(super) num_heads: usize,
    key_dim: usize,
    #[serde(default)]
    value_dim: Option<usize>,
    #[serde(default)]
    dropout: f64,
    #[serde(default = "yes")]
    use_bias: bool,
    #[serde(default)]
    use_gate: bool,
    #[serde(default)]
    output_shape: Option<Lengths>,
    #[serde(default)]
    attention_axes: Option<Axes>,
    #[serde(default)]
    pub(super) sliding_window: Option<usize>,
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
    pub(super) use_causal_mask: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    attention_mask: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    return_attention_scores: bool,
    /// How many places there are at most where they come one at a time.
    #[serde(skip)]
    places: Option<usize>,
}

layer!(MultiHeadAttention);

impl MultiHeadAttention {
    /// So many heads, each comparing `key_dim` features.
    pub fn new(num_heads: usize, key_dim: usize) -> Self {
        Self {
            base: Base::default(),
            num_heads,
            key_dim,
            value_dim: Some(key_dim),
            dropout: 0.0,
            use_bias: true,
            use_gate: false,
            output_shape: None,
            attention_axes: None,
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

    /// The same for places that come one at a time, so many in all: keys and values of those before are kept.
    pub(super) fn kept(mut self, places: usize) -> Self {
        self.places = Some(places);
        self
    }

    setters! {
        /// Features that each head gathers; as many as it compares without it.
        value_dim: usize = Some,
        /// The share of weights that training drops.
        dropout: f64,
        /// Whether biases are added.
        use_bias: bool,
        /// Whether what heads gather is let through by a gate of the query.
        use_gate: bool,
        /// Features of the output; the query's without it.
        output_shape: Lengths = Some,
        /// The axes whose places look at each other; all between batch and features without it.
        attention_axes: Axes = Some,
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

    pub(super) fn value_width(&self) -> usize {
        self.value_dim.unwrap_or(self.key_dim)
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

    /// The axes whose places look at each other, of a query of so many axes.
    pub(super) fn axes(&self, rank: usize) -> Result<Vec<usize>> {
        let Some(axes) = &self.attention_axes else {
            return Ok((1..rank - 1).collect());
        };
        let axes = axes.resolve(rank)?;
        if axes.contains(&(rank - 1)) {
            return Err(Error::config(
                "attention_axes must be axes of places, received the one of the features",
            ));
        }
        Ok(axes)
    }

    /// Whether places lie along one axis alone, and all of them look at each other.
    fn is_plain(&self, rank: usize) -> Result<bool> {
        Ok(rank == 3 && self.axes(rank)? == [1])
    }
}

impl Layer for MultiHeadAttention {
    layer_identity!(MultiHeadAttention);
    passes_mask!();

    fn place_by_place(&self, places: usize, comes: &[bool]) -> Option<Box<dyn Layer>> {
        let plain = self.attention_axes.is_none() && !self.attention_mask;
        let others = comes.len() > 1 && comes[0] && comes[1..].iter().all(|&c| !c);
        if others && !self.use_causal_mask && self.sliding_window.is_none() && plain {
            // One more query of a sequence that is there already.
            return Some(self.boxed());
        }
        let own = comes.iter().all(|&c| c);
        let causal = own && self.use_causal_mask && plain && !self.return_attention_scores;
        causal.then(|| Box::new(self.clone().kept(places)) as Box<dyn Layer>)
    }

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        self.build_for(inputs, None)
    }

    fn build_for(&self, inputs: &[Shape], batch: Option<usize>) -> Result<Vec<WeightSpec>> {
        let class = "MultiHeadAttention";
        let (of, mask) = heads::without_mask(class, inputs, self.attention_mask)?;
        let all = heads::roles(class, of)?;
        if all.iter().any(|x| x.rank() < 2) {
            heads::check_sequences(class, of)?;
        }
        if self.is_plain(all[0].rank() + 1)? {
            let [query, value, _] = heads::check_sequences(class, of)?;
            heads::check_mask(mask, self.num_heads, [query[0], value[0]])?;
        } else {
            self.check_axes(&all, mask)?;
        }
        let [query, value, key] = all.map(|x| *x.last().unwrap_or(&1));
        let output: Vec<usize> = match &self.output_shape {
            None => vec![query],
            Some(Lengths(lengths)) => match lengths.iter().copied().collect::<Option<Vec<_>>>() {
                Some(lengths) if !lengths.is_empty() => lengths,
                _ => {
                    return Err(Error::config(format!(
                        "output_shape must have a length for each axis, received {}",
                        serde_json::json!(lengths)
                    )));
                }
            },
        };
        for &length in &output {
            inputs::sizes([("output_shape", Pair::from(length))])?;
        }
        inputs::sizes([
            ("num_heads", Pair::from(self.num_heads)),
            ("key_dim", Pair::from(self.key_dim)),
            ("value_dim", Pair::from(self.value_width())),
            (
                "sliding_window",
                Pair::from(self.sliding_window.unwrap_or(1)),
            ),
        ])?;
        heads::check_dropout(
            self.dropout,
            self.flash_attention,
            self.return_attention_scores,
        )?;
        let (h, k, v) = (self.num_heads, self.key_dim, self.value_width());
        let of = self.projections();
        let mut weights = of.weights("query", &[query, h, k], &[h, k]);
        weights.extend(of.weights("key", &[key, h, k], &[h, k]));
        if self.use_gate {
            weights.extend(of.weights("gate", &[query, h, v], &[h, v]));
        }
        weights.extend(of.weights("value", &[value, h, v], &[h, v]));
        let out = [&[h, v][..], &output].concat();
        weights.extend(of.weights("attention_output", &out, &output));
        if let Some(places) = self.places {
            weights.extend(heads::kept_weights(batch, places, [h, k, v])?);
        }
        Ok(weights)
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        only(self.call_all(cx, inputs)?)
    }

    fn call_all(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Vec<Value>> {
        let class = "MultiHeadAttention";
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
        let mut how = Attend {
            scale: 1.0 / (self.key_dim as f32).sqrt(),
            causal: self.use_causal_mask,
            allowed: None,
            dropout: self.dropout,
            seed: self.seed,
            scores: self.return_attention_scores,
            blind_gathers_nothing: self.dropout > 0.0 || self.return_attention_scores,
        };
        let (mut y, weights) = if let Some(places) = self.places {
            let window = self.sliding_window;
            let number = (number + 2) * (1 + usize::from(self.use_bias));
            let (of, allowed) = heads::kept(cx, number, [q, k, v], places, window)?;
            how.causal = false;
            how.allowed = Some(allowed);
            how.blind_gathers_nothing = false;
            heads::attend(cx, of, how)?
        } else if self.is_plain(cx.graph.shape(query).rank())? {
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
            (how.allowed, how.causal) = sight.allowed(cx.graph, table)?;
            heads::attend(cx, [q, k, v], how)?
        } else {
            how.blind_gathers_nothing = true;
            let (y, weights) = self.along(cx, [q, k, v], mask.copied(), how)?;
            (y, Some(weights).filter(|_| self.return_attention_scores))
        };
        if let Some(gate) = gate {
            y = cx.graph.mul(y, gate)?;
        }
        let y = projections.apply(cx, number + 1, y, 2)?;
        Ok([Some(y), weights].into_iter().flatten().collect())
    }
}
