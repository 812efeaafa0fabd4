//! A block of a transformer that reads: every place looks at all others.

use serde::{Deserialize, Serialize};

use super::block::{Block, block, epsilon, relu};
use super::heads;
use super::parts::Parts;
use crate::activations::Activation;
use crate::choice::Choice;
use crate::error::Result;
use crate::graph::Value;
use crate::initializers::InitializerConfig;
use crate::layers::defaults::{glorot_uniform, zeros};
use crate::layers::{Base, Context, Layer, WeightSpec, only};
use crate::regularizers::Regularizer;
use crate::shape::Shape;

block! {
    /// Attention of a sequence to itself and two dense layers, each with a way past it and a normalisation.
    ///
    /// `x ← norm(x + attention(x))`, `x ← norm(x + W₂ · activation(W₁ · x))`; with `normalize_first` `x ← x + attention(norm(x))` and so on
    ///
    /// # Shapes
    /// `[batch, places, features] → [batch, places, features]`; each head has `features / num_heads` of them. With `attention_mask`, the last
    /// input is one, `[batch, places, places]`, 0 where a place may not be seen. With `return_attention_scores` also the weights
    /// `[batch, heads, places, places]`. Places that a mask of the input passes over are not seen.
    ///
    /// # Errors
    /// An input that is no sequence of features; more heads than features; a dropout outside 0 to 1.
    ///
    /// # Example
    /// ```
    /// use cornu::prelude::*;
    /// let model = Sequential::new().input([10, 64]).add(TransformerEncoder::new(128, 8)).build()?;
    /// assert_eq!(model.output_shape().axes(), &[10, 64]);
    /// # Ok::<(), cornu::Error>(())
    /// ```
    ///
    /// # Source
    /// Vaswani et al., "Attention Is All You Need", 2017.
    ///
    /// # Keras
    /// The layer of this name in KerasHub. Its `padding_mask` is the mask of the input; `attention_mask` and `return_attention_scores` are
    /// arguments of its call, and of the layer here.
    TransformerEncoder {
        #[serde(default)]
        activity_regularizer: Option<Regularizer> = None,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        attention_mask: bool = false,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        return_attention_scores: bool = false,
    }
}

impl TransformerEncoder {
    setters! {
        /// What is added to the loss for the output.
        activity_regularizer: Regularizer = Some,
        /// Whether the last input tells which places each place may see.
        attention_mask: bool,
        /// Whether the weights of attention are an output too.
        return_attention_scores: bool,
    }

    fn parts(&self, x: &Shape, mask: Option<&Shape>) -> Parts {
        let block = self.block();
        let attention = block
            .attention(x.last().copied().unwrap_or(1))
            .attention_mask(self.attention_mask)
            .return_attention_scores(self.return_attention_scores);
        let seen: Vec<&Shape> = [Some(x), mask].into_iter().flatten().collect();
        let parts = Parts::new()
            .with("self_attention_layer", attention, &seen)
            .with("self_attention_layer_norm", block.norm(), &[x])
            .with("feedforward_layer_norm", block.norm(), &[x]);
        block.dense(parts, x)
    }
}

impl Layer for TransformerEncoder {
    layer_identity!(TransformerEncoder);
    passes_mask!();

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        let class = "TransformerEncoder";
        let (of, mask) = heads::without_mask(class, inputs, self.attention_mask)?;
        let x = crate::layers::inputs::single(class, of)?;
        self.block().check(class, x)?;
        self.parts(x, mask).weights(None)
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        only(self.call_all(cx, inputs)?)
    }

    fn call_all(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Vec<Value>> {
        let shape = |i: usize| inputs.get(i).map(|&x| cx.graph.shape(x).without_batch());
        let (x, mask) = (shape(0).unwrap_or_default(), shape(1));
        let parts = self.parts(&x, mask.as_ref());
        let block = self.block();
        let padding = cx.mask();
        let (x, weights) = block.beside(
            cx,
            &parts,
            "self_attention_layer_norm",
            inputs[0],
            |cx, x| {
                let mut of = vec![x];
                of.extend(&inputs[1..]);
                let all = parts.call(cx, "self_attention_layer", &of, vec![padding])?;
                Ok((all[0], all.get(1).copied()))
            },
        )?;
        let y = block.feed_forward(cx, &parts, x)?;
        cx.regularize_activity(self.activity_regularizer.as_ref(), y)?;
        Ok([Some(y), weights].into_iter().flatten().collect())
    }
}
