//! A block of a transformer that writes: every place looks at those before it, and at another sequence.

use serde::{Deserialize, Serialize};

use super::block::{Block, block, epsilon, relu};
use super::parts::Parts;
use crate::activations::Activation;
use crate::choice::Choice;
use crate::error::{Error, Result};
use crate::graph::Value;
use crate::initializers::InitializerConfig;
use crate::layers::defaults::{glorot_uniform, yes, zeros};
use crate::layers::{Base, Context, Layer, WeightSpec, only};
use crate::regularizers::Regularizer;
use crate::shape::Shape;

block! {
    /// Attention of a sequence to what came before, to another sequence if there is one, and two dense layers, each with a way past it and a
    /// normalisation.
    ///
    /// `x ← norm(x + attention(x))`, `x ← norm(x + attention(x, encoded))`, `x ← norm(x + W₂ · activation(W₁ · x))`; with
    /// `normalize_first` `x ← x + attention(norm(x))` and so on
    ///
    /// # Shapes
    /// `[batch, places, features] → [batch, places, features]`, of one input or of two, the second one the sequence of an encoder
    /// `[batch, s, ..]`; each head has `features / num_heads` features. Places that a mask of an input passes over are not seen.
    ///
    /// # Errors
    /// Inputs that are no sequences of features; more heads than features; a dropout outside 0 to 1.
    ///
    /// # Example
    /// ```
    /// use cornu::prelude::*;
    /// let (german, english) = (input([12, 64]), input([10, 64]));
    /// let y = TransformerDecoder::new(128, 8).on([&german, &english]);
    /// assert_eq!(Model::new([&german, &english], [&y])?.output_shape().axes(), &[12, 64]);
    /// # Ok::<(), cornu::Error>(())
    /// ```
    ///
    /// # Source
    /// Vaswani et al., "Attention Is All You Need", 2017.
    ///
    /// # Keras
    /// The layer of this name in KerasHub. Its padding masks are the masks of the inputs; `use_causal_mask` is an argument of its call, and
    /// of the layer here. Its caches are kept by [`Generator`](crate::generate::Generator).
    TransformerDecoder {
        #[serde(default = "yes", skip_serializing_if = "Clone::clone")]
        use_causal_mask: bool = true,
        /// How many places there are at most where they come one at a time.
        #[serde(skip)]
        places: Option<usize> = None,
    }
}

impl TransformerDecoder {
    setters! {
        /// Whether each place sees itself and those before it alone.
        use_causal_mask: bool,
    }

    fn parts(&self, x: &Shape, encoded: Option<&Shape>) -> Parts {
        let block = self.block();
        let features = x.last().copied().unwrap_or(1);
        let mut attention = block
            .attention(features)
            .use_causal_mask(self.use_causal_mask);
        if let Some(places) = self.places {
            attention = attention.kept(places);
        }
        let mut parts = Parts::new().with("self_attention", attention, &[x]).with(
            "self_attention_layer_norm",
            block.norm(),
            &[x],
        );
        if let Some(encoded) = encoded {
            parts = parts
                .with("cross_attention", block.attention(features), &[x, encoded])
                .with("cross_attention_layer_norm", block.norm(), &[x]);
        }
        let parts = block.dense(parts, x);
        parts.with("feedforward_layer_norm", block.norm(), &[x])
    }
}

impl Layer for TransformerDecoder {
    layer_identity!(TransformerDecoder);
    passes_mask!();

    fn place_by_place(&self, places: usize, comes: &[bool]) -> Option<Box<dyn Layer>> {
        let fits = matches!(comes, [true] | [true, false]);
        (self.use_causal_mask && fits).then(|| {
            let mut layer = self.clone();
            layer.places = Some(places);
            Box::new(layer) as Box<dyn Layer>
        })
    }

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        self.build_for(inputs, None)
    }

    fn build_for(&self, inputs: &[Shape], batch: Option<usize>) -> Result<Vec<WeightSpec>> {
        let (x, encoded) = match inputs {
            [x] => (x, None),
            [x, encoded] => (x, Some(encoded)),
            _ => {
                return Err(Error::shape(format!(
                    "TransformerDecoder expects a sequence, or a sequence and an encoder's, received {}",
                    inputs.len()
                )));
            }
        };
        self.block().check("TransformerDecoder", x)?;
        self.parts(x, encoded).weights(batch)
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let shape = |i: usize| inputs.get(i).map(|&x| cx.graph.shape(x).without_batch());
        let (x, encoded) = (shape(0).unwrap_or_default(), shape(1));
        let parts = self.parts(&x, encoded.as_ref());
        let block = self.block();
        let mask = |i: usize, cx: &Context<'_>| cx.masks.get(i).copied().flatten();
        let (own, other) = (mask(0, cx), mask(1, cx));
        let (mut x, ()) = block.beside(
            cx,
            &parts,
            "self_attention_layer_norm",
            inputs[0],
            |cx, x| {
                let y = parts.call(cx, "self_attention", &[x], vec![own])?;
                Ok((only(y)?, ()))
            },
        )?;
        if let Some(&encoded) = inputs.get(1) {
            (x, ()) = block.beside(cx, &parts, "cross_attention_layer_norm", x, |cx, x| {
                let y = parts.call(cx, "cross_attention", &[x, encoded], vec![own, other])?;
                Ok((only(y)?, ()))
            })?;
        }
        block.feed_forward(cx, &parts, x)
    }
}
