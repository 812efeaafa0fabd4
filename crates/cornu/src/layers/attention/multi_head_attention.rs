//! Attention by several heads, each with its own view of the features.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::graph::Value;
use crate::graph::ops::{Attending, BinaryKind};
use crate::initializers::InitializerConfig;
use crate::layers::defaults::{glorot_uniform, yes, zeros};
use crate::layers::{Base, Context, Layer, Pair, WeightSpec, inputs};
use crate::regularizers::Regularizer;
use crate::shape::{DType, Shape};

/// Each place of a sequence gathers from the places of another (or of its own) what fits it, in several ways at once.
///
/// `y = Σ_h softmax(q_h · k_hᵀ / √key_dim) · v_h · W_h + b`, with `q_h`, `k_h` and `v_h` products of query, key and value with
/// their kernels
///
/// # Shapes
/// On one input, `[batch, t, features]`: self-attention. On two, query `[batch, t, ..]` and value `[batch, s, ..]`, which is the
/// key as well; on three, the key `[batch, s, ..]` last, as in Keras. Output `[batch, t, output_shape or the query's features]`.
/// Kernels `query`, `key`, `value` `[features, heads, dim]`, `attention_output` `[heads, value_dim, output]`.
///
/// # Errors
/// Inputs that are not sequences of features, or keys and values of different lengths; no heads; a dropout outside 0 to 1; gates,
/// sliding windows, and attention over other axes.
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
/// `use_causal_mask` is an argument of Keras's call; here it is one of the layer. Masks of padding come with
/// the inputs, as Masking and Embedding make them; Keras takes them away from the inputs once they were used, here they stay.
/// `attention_mask` is not there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MultiHeadAttention {
    #[serde(skip)]
    base: Base,
    num_heads: usize,
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
    output_shape: Option<Vec<usize>>,
    /// The places among which queries and keys are; here always those of the one axis between batch and features.
    #[serde(default)]
    attention_axes: Option<Vec<usize>>,
    #[serde(default = "glorot_uniform")]
    kernel_initializer: InitializerConfig,
    #[serde(default = "zeros")]
    bias_initializer: InitializerConfig,
    #[serde(default)]
    kernel_regularizer: Option<Regularizer>,
    #[serde(default)]
    bias_regularizer: Option<Regularizer>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    use_causal_mask: bool,
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
            kernel_initializer: glorot_uniform(),
            bias_initializer: zeros(),
            kernel_regularizer: None,
            bias_regularizer: None,
            use_causal_mask: false,
        }
    }

    /// Features that each head gathers; as many as it compares without it.
    pub fn value_dim(mut self, value_dim: usize) -> Self {
        self.value_dim = Some(value_dim);
        self
    }

    /// The share of weights that training drops.
    pub fn dropout(mut self, dropout: f64) -> Self {
        self.dropout = dropout;
        self
    }

    /// Whether biases are added.
    pub fn use_bias(mut self, use_bias: bool) -> Self {
        self.use_bias = use_bias;
        self
    }

    /// Features of the output; the query's without it.
    pub fn output_shape(mut self, features: usize) -> Self {
        self.output_shape = Some(vec![features]);
        self
    }

    /// Whether each place sees itself and those before it alone.
    pub fn use_causal_mask(mut self, causal: bool) -> Self {
        self.use_causal_mask = causal;
        self
    }

    /// How the kernels begin.
    pub fn kernel_initializer(mut self, initializer: impl Into<InitializerConfig>) -> Self {
        self.kernel_initializer = initializer.into();
        self
    }

    /// How the biases begin.
    pub fn bias_initializer(mut self, initializer: impl Into<InitializerConfig>) -> Self {
        self.bias_initializer = initializer.into();
        self
    }

    /// What is added to the loss for the kernels.
    pub fn kernel_regularizer(mut self, regularizer: impl Into<Regularizer>) -> Self {
        self.kernel_regularizer = Some(regularizer.into());
        self
    }

    /// What is added to the loss for the biases.
    pub fn bias_regularizer(mut self, regularizer: impl Into<Regularizer>) -> Self {
        self.bias_regularizer = Some(regularizer.into());
        self
    }

    fn value_width(&self) -> usize {
        self.value_dim.unwrap_or(self.key_dim)
    }

    /// Which keys each query may see by the masks of the inputs, `[batch, queries, keys]`, if not all.
    fn seen(
        &self,
        cx: &mut Context<'_>,
        inputs: usize,
        shape: [usize; 3],
    ) -> Result<Option<Value>> {
        let mut masks = cx.masks.clone();
        masks.resize(inputs, None);
        let [query, value, key] = roles(self.class_name(), &masks)?;
        let [batch, queries, keys] = shape;
        let g = &mut *cx.graph;
        let mut seen = None;
        for (mask, shape) in [
            (query, [batch, queries, 1]),
            (value, [batch, 1, keys]),
            (key.filter(|_| key != value), [batch, 1, keys]),
        ] {
            let Some(mask) = mask else { continue };
            let mask = g.reshape(mask, shape)?;
            seen = Some(match seen {
                Some(others) => g.mul(others, mask)?,
                None => mask,
            });
        }
        let Some(mut seen) = seen else {
            return Ok(None);
        };
        if self.use_causal_mask {
            // Part of the mask, so that a query that sees no key weighs all alike, those after it too, as in Keras.
            let (row, column) = (g.iota([queries, keys], 0)?, g.iota([queries, keys], 1)?);
            let before = g.binary(BinaryKind::Ge, row, column)?;
            seen = g.mul(seen, before)?;
        }
        let seen = g.broadcast(seen, shape)?;
        g.cast(seen, DType::U8).map(Some)
    }

    /// A kernel and its bias.
    fn pair(&self, name: &str, kernel: [usize; 3], bias: &[usize]) -> Vec<WeightSpec> {
        let w = WeightSpec::new(
            &format!("{name}/kernel"),
            kernel,
            self.kernel_initializer.clone(),
        );
        let mut all = vec![w.regularized(self.kernel_regularizer.clone())];
        if self.use_bias {
            let b = WeightSpec::new(
                &format!("{name}/bias"),
                bias.to_vec(),
                self.bias_initializer.clone(),
            );
            all.push(b.regularized(self.bias_regularizer.clone()));
        }
        all
    }
}

/// Query, value and key of the one to three inputs of an attention.
pub(super) fn roles<T: Clone>(class: &str, inputs: &[T]) -> Result<[T; 3]> {
    match inputs {
        [x] => Ok([x.clone(), x.clone(), x.clone()]),
        [query, value] => Ok([query.clone(), value.clone(), value.clone()]),
        [query, value, key] => Ok([query.clone(), value.clone(), key.clone()]),
        _ => Err(Error::shape(format!(
            "{class} expects one input, or query and value, or query, value and key, received {}",
            inputs.len()
        ))),
    }
}

/// Refuses what is no sequence of features, and keys and values that do not belong together.
pub(super) fn check_sequences(class: &str, inputs: &[Shape]) -> Result<[Shape; 3]> {
    let all = roles(class, inputs)?;
    if let Some(bad) = all.iter().find(|s| s.rank() != 2) {
        return Err(Error::shape(format!(
            "{class} expects sequences [places, features], received {bad}"
        )));
    }
    if all[1][0] != all[2][0] {
        return Err(Error::shape(format!(
            "{class} expects a key for each value, received values {} and keys {}",
            all[1], all[2]
        )));
    }
    Ok(all)
}

/// Refuses a share of dropped weights outside 0 to 1.
pub(super) fn check_dropout(dropout: f64) -> Result<()> {
    if (0.0..1.0).contains(&dropout) {
        return Ok(());
    }
    Err(Error::config(format!(
        "dropout must be at least 0 and below 1, received {dropout}"
    )))
}

impl Layer for MultiHeadAttention {
    layer_identity!(MultiHeadAttention);
    passes_mask!();

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        let [query, value, key] = check_sequences("MultiHeadAttention", inputs)?;
        let output = match self.output_shape.as_deref() {
            None => query[1],
            Some(&[features]) => features,
            Some(other) => {
                return Err(Error::config(format!(
                    "output_shape must be one number of features, received {other:?}"
                )));
            }
        };
        if let Some(axes) = self.attention_axes.as_ref().filter(|a| ***a != [1]) {
            return Err(Error::config(format!(
                "attention_axes must be [1] or null, received {axes:?}"
            )));
        }
        inputs::sizes([
            ("num_heads", Pair::from(self.num_heads)),
            ("key_dim", Pair::from(self.key_dim)),
            ("value_dim", Pair::from(self.value_width())),
            ("output_shape", Pair::from(output)),
        ])?;
        check_dropout(self.dropout)?;
        if self.use_gate {
            return Err(Error::config(
                "use_gate must be false: gated attention is not there yet",
            ));
        }
        let (h, k, v) = (self.num_heads, self.key_dim, self.value_width());
        Ok([
            self.pair("query", [query[1], h, k], &[h, k]),
            self.pair("key", [key[1], h, k], &[h, k]),
            self.pair("value", [value[1], h, v], &[h, v]),
            self.pair("attention_output", [h, v, output], &[output]),
        ]
        .concat())
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let [query, value, key] = roles("MultiHeadAttention", inputs)?;
        let (h, k, v) = (self.num_heads, self.key_dim, self.value_width());
        let step = 1 + usize::from(self.use_bias);
        // Heads are columns of one product each for query, key and value.
        let project = |cx: &mut Context<'_>, x: Value, number: usize, columns: usize| {
            let w = cx.weight(number * step);
            let rows = cx.graph.shape(w).elements() / columns.max(1);
            let w = cx.graph.reshape(w, [rows, columns])?;
            let y = cx.graph.matmul(x, w)?;
            if !self.use_bias {
                return Ok(y);
            }
            let b = cx.weight(number * step + 1);
            let b = cx.graph.reshape(b, [columns])?;
            cx.graph.add(y, b)
        };
        let mut heads = [query; 3];
        for (number, (x, width)) in [(query, k), (key, k), (value, v)].into_iter().enumerate() {
            let y = project(cx, x, number, h * width)?;
            let shape = cx.graph.shape(y);
            heads[number] = cx.graph.reshape(y, [shape[0], shape[1], h, width])?;
        }
        let (q, s) = (
            cx.graph.shape(heads[0]).clone(),
            cx.graph.shape(heads[1])[1],
        );
        let mut kept = None;
        if cx.training && self.dropout > 0.0 {
            let table = Shape::from([q[0], h, q[1], s]);
            let mask = cx.bernoulli_bytes(&table, (1.0 - self.dropout) as f32)?;
            kept = Some((mask, (1.0 / (1.0 - self.dropout)) as f32));
        }
        let seen = self.seen(cx, inputs.len(), [q[0], q[1], s])?;
        let causal = self.use_causal_mask && seen.is_none();
        let how = Attending::new(1.0 / (k as f32).sqrt()).causal(causal);
        let y = cx.graph.attention(heads, how, seen, kept)?;
        let joined = cx.graph.reshape(y, [q[0], q[1], h * v])?;
        let w = cx.weight(3 * step);
        let output = *cx.graph.shape(w).last().unwrap_or(&1);
        project(cx, joined, 3, output)
    }
}
