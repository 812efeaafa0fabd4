//! What all of Keras's image networks are given: a struct of arguments with one method each, and what they share.

use serde::{Deserialize, Serialize};

use crate::activations::Activation;
use crate::choice::{Choice, Named};
use crate::error::{Error, Result};
use crate::layers::Layer;
use crate::layers::classes::*;
use crate::model::{Apply, Model, Symbol, input};

/// A network that was published, with its arguments.
pub trait Application: std::fmt::Debug {
    /// The class name, as in Keras: "ResNet50".
    fn class_name(&self) -> &'static str;

    /// Builds the network, with weights drawn from its seed.
    ///
    /// # Errors
    /// Arguments that are out of their range or unknown; an image that is too small.
    fn build(&self) -> Result<Model>;
}

/// How maps become features where there is no classifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Pooling {
    /// The mean of each map.
    Avg,
    /// The maximum of each map.
    Max,
}

impl Named for Pooling {
    const WHAT: &'static str = "pooling";
    fn from_name(name: &str) -> Option<Self> {
        match name {
            "avg" => Some(Self::Avg),
            "max" => Some(Self::Max),
            _ => None,
        }
    }
    fn name(&self) -> &str {
        match self {
            Self::Avg => "avg",
            Self::Max => "max",
        }
    }
    fn names() -> Vec<&'static str> {
        vec!["avg", "max"]
    }
}

/// The arguments that all image networks take, checked.
#[derive(Clone, Debug)]
pub(super) struct Common {
    pub(super) include_top: bool,
    /// Height, width and channels.
    pub(super) input_shape: [usize; 3],
    pub(super) pooling: Option<Pooling>,
    pub(super) classes: usize,
    pub(super) classifier_activation: Choice<Activation>,
}

/// The sizes of images that a network takes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sizes {
    /// Height, width and channels where none are given.
    pub(super) usual: [usize; 3],
    pub(super) least: usize,
}

impl Common {
    pub(super) fn new(
        (include_top, classes): (bool, usize),
        input_shape: Option<[usize; 3]>,
        weights: Option<&str>,
        pooling: Option<&Choice<Pooling>>,
        activation: Option<&Choice<Activation>>,
        sizes: Sizes,
    ) -> Result<Self> {
        if let Some(weights) = weights {
            return Err(Error::config(format!(
                "weights=\"{weights}\" cannot be loaded: Keras's own files of weights come later"
            ))
            .help("leave weights out, or give null: they are drawn from the seed"));
        }
        let input_shape = input_shape.unwrap_or(sizes.usual);
        let [height, width, _] = input_shape;
        if height.min(width) < sizes.least {
            return Err(Error::config(format!(
                "input_shape must be at least {0}×{0} pixels, received {height}×{width}",
                sizes.least
            )));
        }
        let pooling = pooling.map(Choice::get).transpose()?.copied();
        Ok(Self {
            include_top,
            input_shape,
            pooling,
            classes,
            classifier_activation: activation.cloned().unwrap_or_else(|| "linear".into()),
        })
    }

    /// The image that goes in.
    pub(super) fn image(&self) -> Symbol {
        input(self.input_shape)
    }

    /// Keras's end of a network: the classifier, or features by pooling, or the maps themselves.
    pub(super) fn end(
        &self,
        x: &Symbol,
        named: bool,
        classifier: impl FnOnce(&Symbol) -> Symbol,
    ) -> Symbol {
        let name = |name: &str| named.then(|| name.to_owned());
        match self.pooling {
            _ if self.include_top => classifier(x),
            Some(Pooling::Avg) => called(GlobalAveragePooling2D::new(), name("avg_pool")).on(x),
            Some(Pooling::Max) => called(GlobalMaxPooling2D::new(), name("max_pool")).on(x),
            None => x.clone(),
        }
    }

    /// The usual classifier: the mean of each map, then "predictions".
    pub(super) fn averaged(&self, x: &Symbol) -> Symbol {
        let x = GlobalAveragePooling2D::new().name("avg_pool").on(x);
        self.predictions().on(&x)
    }

    /// The layer that gives a number for each class.
    pub(super) fn predictions(&self) -> Dense {
        Dense::new(self.classes)
            .activation(self.classifier_activation.clone())
            .name("predictions")
    }
}

/// A layer with a name, or without one: Keras's rule names it then.
pub(super) fn called<L: Layer>(mut layer: L, name: Option<String>) -> L {
    layer.base_mut().name = name;
    layer
}

/// A struct with Keras's arguments of an image network, a method for each, and the rest of what a network is.
macro_rules! application {
    (
        $(#[$doc:meta])*
        $name:ident: $params:literal weights, $usual:literal pixels, at least $least:literal, named $($rest:tt)*
    ) => {
        application! {
            $(#[$doc])*
            $name: $params weights, $usual pixels, at least $least, 1000 classes of 3 channels, named $($rest)*
        }
    };
    (
        $(#[$doc:meta])*
        $name:ident: $params:literal weights, $usual:literal pixels, at least $least:literal,
        $classes:literal classes of $channels:literal channels,
        named $default_name:expr,
        { $( $(#[$field_doc:meta])+ $field:ident: $type:ty = $default:expr, )* }
        |$own:ident, $common:ident, $image:ident| $body:expr
    ) => {
        $(#[$doc])*
        ///
        #[doc = concat!("As published, for images of ", stringify!($usual), "×", stringify!($usual), " pixels and ", stringify!($classes), " classes, it has ", stringify!($params), " weights.")]
        ///
        /// # Shapes
        /// `[height, width, channels] → [classes]`; without `include_top` features `[channels]` if there is `pooling`, else maps
        /// `[height, width, channels]`.
        ///
        /// # Errors
        #[doc = concat!("Images of less than ", stringify!($least), "×", stringify!($least), " pixels; unknown names; `weights` other than none, as Keras's files cannot be loaded yet.")]
        ///
        /// # Keras
        #[doc = concat!("`keras.applications.", stringify!($name), "`: the same layers, names and weights in the same order. `weights` are none by default, and a size that is not given is the published one, where Keras leaves it open.")]
        #[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name {
            include_top: bool,
            weights: Option<String>,
            input_shape: Option<[usize; 3]>,
            pooling: Option<$crate::choice::Choice<$crate::applications::Pooling>>,
            classes: usize,
            classifier_activation: Option<$crate::choice::Choice<$crate::activations::Activation>>,
            name: Option<String>,
            seed: u64,
            $( $field: $type, )*
        }

        impl Default for $name {
            fn default() -> Self {
                Self {
                    include_top: true,
                    weights: None,
                    input_shape: None,
                    pooling: None,
                    classes: $classes,
                    classifier_activation: Some("softmax".into()),
                    name: None,
                    seed: 0,
                    $( $field: $default, )*
                }
            }
        }

        impl $name {
            /// Elements of all weights of the network as it was published.
            pub const PUBLISHED: usize = $params;

            /// The network as it was published, with its classifier.
            pub fn new() -> Self {
                Self::default()
            }

            /// Whether the classifier is there; true without it.
            pub fn include_top(mut self, include_top: bool) -> Self {
                self.include_top = include_top;
                self
            }

            /// Where trained weights come from: none for now.
            pub fn weights<'a>(mut self, weights: impl Into<Option<&'a str>>) -> Self {
                self.weights = weights.into().map(str::to_owned);
                self
            }

            /// Height, width and channels of the images.
            pub fn input_shape(mut self, shape: [usize; 3]) -> Self {
                self.input_shape = Some(shape);
                self
            }

            /// "avg" or "max": how maps become features where there is no classifier; maps without it.
            pub fn pooling<'a>(mut self, pooling: impl Into<Option<&'a str>>) -> Self {
                self.pooling = pooling.into().map(Into::into);
                self
            }

            #[doc = concat!("Number of classes; ", stringify!($classes), " without it.")]
            pub fn classes(mut self, classes: usize) -> Self {
                self.classes = classes;
                self
            }

            /// The function applied to the classes' scores; "softmax" without it, `None` hands out scores.
            pub fn classifier_activation<'a>(mut self, activation: impl Into<Option<&'a str>>) -> Self {
                self.classifier_activation = activation.into().map(Into::into);
                self
            }

            /// Names the model.
            pub fn name(mut self, name: impl Into<String>) -> Self {
                self.name = Some(name.into());
                self
            }

            /// The seed from which the weights are drawn; 0 without it.
            pub fn seed(mut self, seed: u64) -> Self {
                self.seed = seed;
                self
            }

            $(
                $(#[$field_doc])+
                pub fn $field(mut self, $field: $type) -> Self {
                    self.$field = $field;
                    self
                }
            )*

            /// Builds the network, with weights drawn from the seed.
            ///
            /// # Errors
            /// Arguments that are out of their range or unknown; an image that is too small.
            pub fn build(&self) -> $crate::error::Result<$crate::model::Model> {
                let build = || {
                    let $own = self;
                    let sizes = $crate::applications::settings::Sizes { usual: [$usual, $usual, $channels], least: $least };
                    let $common = &$crate::applications::settings::Common::new(
                        (self.include_top, self.classes),
                        self.input_shape,
                        self.weights.as_deref(),
                        self.pooling.as_ref(),
                        self.classifier_activation.as_ref(),
                        sizes,
                    )?;
                    let $image = &$common.image();
                    let y: $crate::model::Symbol = $body;
                    let name = self.name.clone().unwrap_or_else(|| String::from($default_name));
                    Ok((name, $image.clone(), y))
                };
                let (name, image, y) =
                    build().map_err(|e: $crate::error::Error| e.at(stringify!($name)))?;
                Ok($crate::model::Model::seeded([&image], [&y], self.seed)?.named(&name))
            }
        }

        impl $crate::applications::Application for $name {
            fn class_name(&self) -> &'static str {
                stringify!($name)
            }
            fn build(&self) -> $crate::error::Result<$crate::model::Model> {
                self.build()
            }
        }
    };
}

/// A struct of arguments with a method for each, for a network of its own kind: `|own|` gives its input, its output and its name.
macro_rules! arguments {
    (
        $(#[$doc:meta])*
        $name:ident: $params:literal weights { $( $(#[$field_doc:meta])+ $field:ident: $type:ty = $default:expr, )* }
        |$own:ident| $body:expr
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name {
            name: Option<String>,
            seed: u64,
            $( $field: $type, )*
        }

        impl Default for $name {
            fn default() -> Self {
                Self { name: None, seed: 0, $( $field: $default, )* }
            }
        }

        impl $name {
            /// Elements of all weights of the network with its usual arguments.
            pub const PUBLISHED: usize = $params;

            /// The network with its usual arguments.
            pub fn new() -> Self {
                Self::default()
            }

            /// Names the model.
            pub fn name(mut self, name: impl Into<String>) -> Self {
                self.name = Some(name.into());
                self
            }

            /// The seed from which the weights are drawn; 0 without it.
            pub fn seed(mut self, seed: u64) -> Self {
                self.seed = seed;
                self
            }

            $(
                $(#[$field_doc])+
                pub fn $field(mut self, $field: $type) -> Self {
                    self.$field = $field;
                    self
                }
            )*

            /// Builds the network, with weights drawn from the seed.
            ///
            /// # Errors
            /// Arguments that are out of their range.
            pub fn build(&self) -> $crate::error::Result<$crate::model::Model> {
                let build = || -> $crate::error::Result<_> {
                    let $own = self;
                    $body
                };
                let (input, output, name) = build().map_err(|e| e.at(stringify!($name)))?;
                let name = self.name.as_deref().unwrap_or(name);
                Ok($crate::model::Model::seeded([&input], [&output], self.seed)?.named(name))
            }
        }

        impl $crate::applications::Application for $name {
            fn class_name(&self) -> &'static str {
                stringify!($name)
            }
            fn build(&self) -> $crate::error::Result<$crate::model::Model> {
                self.build()
            }
        }
    };
}
