//! What the blocks of transformers share: attention and dense layers, each with a way past it.

use super::parts::Parts;
use crate::activations::Activation;
use crate::choice::Choice;
use crate::error::{Error, Result};
use crate::graph::Value;
use crate::initializers::InitializerConfig;
use crate::layers::regularization::drop;
use crate::layers::{Context, Dense, LayerNormalization, MultiHeadAttention, Pair, inputs};
use crate::regularizers::Regularizer;
use crate::shape::Shape;

/// The arguments that both blocks have.
#[derive(Clone, Debug)]
pub(super) struct Block {
    pub(super) intermediate_dim: usize,
    pub(super) num_heads: usize,
    pub(super) dropout: f64,
    pub(super) activation: Choice<Activation>,
    pub(super) layer_norm_epsilon: f64,
    pub(super) kernel_initializer: InitializerConfig,
    pub(super) bias_initializer: InitializerConfig,
    pub(super) kernel_regularizer: Option<Regularizer>,
    pub(super) bias_regularizer: Option<Regularizer>,
    pub(super) normalize_first: bool,
}

pub(super) fn relu() -> Choice<Activation> {
    "relu".into()
}

pub(super) fn epsilon() -> f64 {
    1e-5
}

impl Block {
    /// Refuses what is no sequence of features, and settings that cannot work.
    pub(super) fn check(&self, class: &str, x: &Shape) -> Result<()> {
        let [_, features] = **x else {
            return Err(Error::shape(format!(
                "{class} expects sequences [places, features], received {x}"
            )));
        };
        inputs::sizes([
            ("intermediate_dim", Pair::from(self.intermediate_dim)),
            ("num_heads", Pair::from(self.num_heads)),
        ])?;
        if features < self.num_heads {
            return Err(Error::config(format!(
                "num_heads must be at most the {features} features, received {}",
                self.num_heads
            )));
        }
        self.activation.get()?;
        Ok(())
    }

    /// Heads that share out the features.
    pub(super) fn attention(&self, features: usize) -> MultiHeadAttention {
        let mut layer = MultiHeadAttention::new(self.num_heads, features / self.num_heads.max(1))
            .dropout(self.dropout)
            .kernel_initializer(self.kernel_initializer.clone())
            .bias_initializer(self.bias_initializer.clone());
        if let Some(regularizer) = &self.kernel_regularizer {
            layer = layer.kernel_regularizer(regularizer.clone());
        }
        if let Some(regularizer) = &self.bias_regularizer {
            layer = layer.bias_regularizer(regularizer.clone());
        }
        layer
    }

    pub(super) fn norm(&self) -> LayerNormalization {
        LayerNormalization::new().epsilon(self.layer_norm_epsilon)
    }

    /// The two dense layers, in this order.
    pub(super) fn dense(&self, parts: Parts, x: &Shape) -> Parts {
        let made = |units: usize| {
            let mut layer = Dense::new(units)
                .kernel_initializer(self.kernel_initializer.clone())
                .bias_initializer(self.bias_initializer.clone());
            if let Some(regularizer) = &self.kernel_regularizer {
                layer = layer.kernel_regularizer(regularizer.clone());
            }
            if let Some(regularizer) = &self.bias_regularizer {
                layer = layer.bias_regularizer(regularizer.clone());
            }
            layer
        };
        let wide = Shape::from([x[0], self.intermediate_dim]);
        let first = made(self.intermediate_dim).activation(self.activation.clone());
        parts
            .with("feedforward_intermediate_dense", first, &[x])
            .with("feedforward_output_dense", made(x[1]), &[&wide])
    }

    /// `x` and what `f` makes of it, with the normalisation of this name before `f` or behind the sum.
    pub(super) fn beside<T>(
        &self,
        cx: &mut Context<'_>,
        parts: &Parts,
        norm: &str,
        x: Value,
        f: impl FnOnce(&mut Context<'_>, Value) -> Result<(Value, T)>,
    ) -> Result<(Value, T)> {
        let before = if self.normalize_first {
            parts.on(cx, norm, x)?
        } else {
            x
        };
        let (y, more) = f(cx, before)?;
        let shape = cx.graph.shape(y).clone();
        let y = drop::dropped(cx, None, self.dropout, y, &shape)?;
        let mut y = cx.graph.add(y, x)?;
        if !self.normalize_first {
            y = parts.on(cx, norm, y)?;
        }
        Ok((y, more))
    }

    /// The dense layers with a way past them.
    pub(super) fn feed_forward(
        &self,
        cx: &mut Context<'_>,
        parts: &Parts,
        x: Value,
    ) -> Result<Value> {
        let (y, ()) = self.beside(cx, parts, "feedforward_layer_norm", x, |cx, x| {
            let y = parts.on(cx, "feedforward_intermediate_dense", x)?;
            Ok((parts.on(cx, "feedforward_output_dense", y)?, ()))
        })?;
        Ok(y)
    }
}

/// A layer with the arguments of a block and more of its own.
macro_rules! block {
    (
        $(#[$doc:meta])*
        $name:ident {
            $($(#[$attribute:meta])* $field:ident: $type:ty = $default:expr,)*
        }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            #[serde(skip)]
            base: Base,
            intermediate_dim: usize,
            num_heads: usize,
            #[serde(default)]
            dropout: f64,
            #[serde(default = "relu")]
            activation: Choice<Activation>,
            #[serde(default = "epsilon")]
            layer_norm_epsilon: f64,
            #[serde(default = "glorot_uniform")]
            kernel_initializer: InitializerConfig,
            #[serde(default = "zeros")]
            bias_initializer: InitializerConfig,
            #[serde(default)]
            kernel_regularizer: Option<Regularizer>,
            #[serde(default)]
            bias_regularizer: Option<Regularizer>,
            #[serde(default)]
            normalize_first: bool,
            $($(#[$attribute])* $field: $type,)*
        }

        layer!($name);

        impl $name {
            /// With so many features between the two dense layers, and so many heads.
            pub fn new(intermediate_dim: usize, num_heads: usize) -> Self {
                Self {
                    base: Base::default(),
                    intermediate_dim,
                    num_heads,
                    dropout: 0.0,
                    activation: relu(),
                    layer_norm_epsilon: epsilon(),
                    kernel_initializer: glorot_uniform(),
                    bias_initializer: zeros(),
                    kernel_regularizer: None,
                    bias_regularizer: None,
                    normalize_first: false,
                    $($field: $default,)*
                }
            }

            setters! {
                /// The share that training drops of attention's weights and of what each part gives.
                dropout: f64,
                /// The function between the two dense layers.
                activation: Choice<Activation>,
                /// What is added to variances, so that nothing is divided by zero.
                layer_norm_epsilon: f64,
                /// How the kernels begin.
                kernel_initializer: InitializerConfig,
                /// How the biases begin.
                bias_initializer: InitializerConfig,
                /// What is added to the loss for the kernels.
                kernel_regularizer: Regularizer = Some,
                /// What is added to the loss for the biases.
                bias_regularizer: Regularizer = Some,
                /// Whether what goes into each part is normalised, rather than what comes out.
                normalize_first: bool,
            }

            fn block(&self) -> Block {
                Block {
                    intermediate_dim: self.intermediate_dim,
                    num_heads: self.num_heads,
                    dropout: self.dropout,
                    activation: self.activation.clone(),
                    layer_norm_epsilon: self.layer_norm_epsilon,
                    kernel_initializer: self.kernel_initializer.clone(),
                    bias_initializer: self.bias_initializer.clone(),
                    kernel_regularizer: self.kernel_regularizer.clone(),
                    bias_regularizer: self.bias_regularizer.clone(),
                    normalize_first: self.normalize_first,
                }
            }
        }
    };
}

pub(super) use block;
