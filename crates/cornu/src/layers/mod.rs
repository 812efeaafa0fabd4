//! The layers, one file each, under Keras's names and with Keras's defaults, in a folder for each family.
//!
//! A layer's struct is its Keras config. [`Layer::build`] declares its weights from the shapes it is given,
//! [`Layer::call`] writes its nodes into the graph. A new layer is one file and one line in the list of
//! its family (`convolutional/mod.rs`, …).

mod alone;
mod axis;
mod composed;
mod context;
mod defaults;
mod images;
mod inputs;
mod lengths;
pub(crate) mod mistakes;
mod registry;
mod settings;
mod sizes;

pub use alone::call;
pub use axis::Axes;
pub use composed::{Composed, Scope};
pub use context::{Context, WeightSpec};
pub use lengths::Lengths;
pub use registry::{FromConfig, deserialize, names, register};
pub use settings::{Base, DataFormat, Padding};
pub use sizes::{Pair, Sizes};

use std::fmt;

use serde_json::{Map, Value as Json};

use crate::error::{Error, Result};
use crate::graph::{Graph, Value};
use crate::shape::Shape;

/// A part of a network: weights, and how they turn inputs into an output.
///
/// # Example
/// A layer of your own: `x · scale`, whose size is part of the loss.
/// ```
/// use cornu::graph::Value;
/// use cornu::layers::{self, Base, Context, WeightSpec};
/// use cornu::prelude::*;
/// use serde_json::{Map, Value as Json, json};
///
/// #[derive(Clone, Debug, Default)]
/// struct Scale {
///     base: Base,
///     penalty: f64,
/// }
///
/// impl Layer for Scale {
///     fn class_name(&self) -> &'static str {
///         "Scale"
///     }
///     fn base(&self) -> &Base {
///         &self.base
///     }
///     fn base_mut(&mut self) -> &mut Base {
///         &mut self.base
///     }
///     fn config(&self) -> Map<String, Json> {
///         Map::from_iter([("penalty".to_owned(), json!(self.penalty))])
///     }
///     fn build(&self, inputs: &[Shape]) -> cornu::Result<Vec<WeightSpec>> {
///         Ok(vec![WeightSpec::new("scale", inputs[0].clone(), "ones")])
///     }
///     fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> cornu::Result<Value> {
///         let scale = cx.weight(0);
///         let squares = cx.graph.square(scale)?;
///         let sum = cx.graph.sum_all(squares)?;
///         let loss = cx.graph.scale(sum, self.penalty as f32)?;
///         cx.add_loss(loss)?;
///         cx.graph.mul(inputs[0], scale)
///     }
///     fn boxed(&self) -> Box<dyn Layer> {
///         Box::new(self.clone())
///     }
/// }
///
/// // Known by its name, it can be loaded from files.
/// layers::register("Scale", |config| {
///     let penalty = config["penalty"].as_f64().unwrap_or_default();
///     Ok(Box::new(Scale { penalty, ..Scale::default() }))
/// });
/// let model = Sequential::new().input([4]).add(Scale { penalty: 0.1, ..Scale::default() }).build()?;
/// let again = Model::from_json(&model.to_json())?;
/// assert_eq!(again.weight_paths(), ["sequential/scale/scale"]);
/// # Ok::<(), cornu::Error>(())
/// ```
pub trait Layer: fmt::Debug + Send + Sync {
    /// The class name, as in Keras: "Dense".
    fn class_name(&self) -> &'static str;

    /// Name and trainability, which every layer has.
    fn base(&self) -> &Base;

    /// Name and trainability, to change.
    fn base_mut(&mut self) -> &mut Base;

    /// The arguments, as in Keras's `get_config`, without those that every layer has.
    fn config(&self) -> Map<String, Json>;

    /// The weights for inputs of the shapes given (without the batch axis); refuses shapes and settings that cannot work.
    fn build(&self, _inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        Ok(Vec::new())
    }

    /// As [`Layer::build`], where batches may have a fixed size: what a layer remembers of each sample ([`WeightSpec::state`]) needs it.
    fn build_for(&self, inputs: &[Shape], _batch: Option<usize>) -> Result<Vec<WeightSpec>> {
        self.build(inputs)
    }

    /// Writes the layer's nodes.
    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value>;

    /// As [`Layer::call`], for layers that can give several outputs.
    fn call_all(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Vec<Value>> {
        self.call(cx, inputs).map(|y| vec![y])
    }

    /// Which steps of the output count, `[batch, steps]` of 1 and 0, given the masks of the inputs; `None` where all do.
    ///
    /// Keras's `compute_mask`. A layer that says nothing of masks ends them: what comes after it counts every step. Of several outputs
    /// it is the first one's; a call tells of the others with [`Context::set_masks`].
    fn mask(
        &self,
        _g: &mut Graph,
        _inputs: &[Value],
        _masks: &[Option<Value>],
    ) -> Result<Option<Value>> {
        Ok(None)
    }

    /// The layers of which this one is made, with their names: those of a model.
    fn inner(&self) -> &[(String, Box<dyn Layer>)] {
        &[]
    }

    /// The layers of which this one is made, to change.
    fn inner_mut(&mut self) -> &mut [(String, Box<dyn Layer>)] {
        &mut []
    }

    /// As a model that is a layer of another, if it is one.
    fn as_nested(&self) -> Option<&crate::model::Nested> {
        None
    }

    /// Keras's name of the type that the layer gives: of numbers of categories it is a whole one.
    fn dtype(&self) -> &'static str {
        "float32"
    }

    /// As the cell of an [`RNN`], if it is one.
    fn as_cell(&self) -> Option<&dyn RnnCell> {
        None
    }

    /// The layer for sequences of which each call brings one more place, `places` in all, and sees those before it by what it kept of
    /// them; `comes` tells which of its inputs come so. Itself where places do not look at each other; `None` where
    /// that cannot be done, which [`Generator`](crate::generate::Generator) then does without.
    fn place_by_place(&self, _places: usize, _comes: &[bool]) -> Option<Box<dyn Layer>> {
        None
    }

    /// A copy in a box.
    fn boxed(&self) -> Box<dyn Layer>;
}

/// The only output of a call.
fn only(outputs: Vec<Value>) -> Result<Value> {
    match outputs[..] {
        [y] => Ok(y),
        _ => Err(Error::config(format!(
            "one output is wanted here, but the layer gives {}",
            outputs.len()
        ))
        .help("call_all gives them all")),
    }
}

impl Clone for Box<dyn Layer> {
    fn clone(&self) -> Self {
        self.boxed()
    }
}

/// What the serialisable struct of a layer gets for free: `.name(…)`, `.trainable(…)`, and the parts of [`Layer`] that all share.
macro_rules! layer {
    ($name:ident) => {
        impl $name {
            /// Names the layer; without it, Keras's rule applies: the class in small letters, numbered.
            pub fn name(mut self, name: impl Into<String>) -> Self {
                self.base.name = Some(name.into());
                self
            }
            /// Whether training changes the layer's weights.
            pub fn trainable(mut self, trainable: bool) -> Self {
                self.base.trainable = trainable;
                self
            }
        }
    };
}

/// Builder methods that set an argument of the same name: `units: usize`; with `= Some` where the argument may be absent. `kernel_and_bias`
/// and `gamma_and_beta` stand for how these weights begin, what is added to the loss for them, and what they are brought back to.
macro_rules! setters {
    () => {};
    (kernel_and_bias, $($rest:tt)*) => {
        setters! {
            /// How the kernel begins.
            kernel_initializer: $crate::initializers::InitializerConfig,
            /// What is added to the loss for the kernel.
            kernel_regularizer: $crate::regularizers::Regularizer = Some,
            /// What the kernel is brought back to after each step.
            kernel_constraint: $crate::constraints::Constraint = Some,
            /// How the bias begins.
            bias_initializer: $crate::initializers::InitializerConfig,
            /// What is added to the loss for the bias.
            bias_regularizer: $crate::regularizers::Regularizer = Some,
            /// What the bias is brought back to after each step.
            bias_constraint: $crate::constraints::Constraint = Some,
            $($rest)*
        }
    };
    (gamma_and_beta, $($rest:tt)*) => {
        setters! {
            /// Whether `gamma` is multiplied in.
            scale: bool,
            /// Whether `beta` is added.
            center: bool,
            /// How `gamma` begins.
            gamma_initializer: $crate::initializers::InitializerConfig,
            /// What is added to the loss for `gamma`.
            gamma_regularizer: $crate::regularizers::Regularizer = Some,
            /// What `gamma` is brought back to after each step.
            gamma_constraint: $crate::constraints::Constraint = Some,
            /// How `beta` begins.
            beta_initializer: $crate::initializers::InitializerConfig,
            /// What is added to the loss for `beta`.
            beta_regularizer: $crate::regularizers::Regularizer = Some,
            /// What `beta` is brought back to after each step.
            beta_constraint: $crate::constraints::Constraint = Some,
            $($rest)*
        }
    };
    // Whole numbers as they are: a literal would not know what to become.
    ($(#[$doc:meta])* $name:ident: usize = Some, $($rest:tt)*) => {
        $(#[$doc])*
        pub fn $name(mut self, $name: usize) -> Self {
            self.$name = Some($name);
            self
        }
        setters!($($rest)*);
    };
    ($(#[$doc:meta])* $name:ident: usize, $($rest:tt)*) => {
        $(#[$doc])*
        pub fn $name(mut self, $name: usize) -> Self {
            self.$name = $name;
            self
        }
        setters!($($rest)*);
    };
    ($(#[$doc:meta])* $name:ident: $type:ty = Some, $($rest:tt)*) => {
        $(#[$doc])*
        pub fn $name(mut self, $name: impl Into<$type>) -> Self {
            self.$name = Some($name.into());
            self
        }
        setters!($($rest)*);
    };
    ($(#[$doc:meta])* $name:ident: $type:ty, $($rest:tt)*) => {
        $(#[$doc])*
        pub fn $name(mut self, $name: impl Into<$type>) -> Self {
            self.$name = $name.into();
            self
        }
        setters!($($rest)*);
    };
}

/// The parts of `impl Layer` that are the same for every layer made with [`layer!`].
macro_rules! layer_identity {
    ($name:ident) => {
        fn class_name(&self) -> &'static str {
            stringify!($name)
        }
        fn base(&self) -> &$crate::layers::Base {
            &self.base
        }
        fn base_mut(&mut self) -> &mut $crate::layers::Base {
            &mut self.base
        }
        fn config(&self) -> serde_json::Map<String, serde_json::Value> {
            match serde_json::to_value(self) {
                Ok(serde_json::Value::Object(map)) => map,
                other => unreachable!("a layer's struct is an object: {other:?}"),
            }
        }
        fn boxed(&self) -> Box<dyn $crate::layers::Layer> {
            Box::new(self.clone())
        }
    };
}

/// [`Layer::place_by_place`] of a layer that makes each place of its output of the same place of its inputs, where the condition given
/// holds.
macro_rules! keeps_places {
    () => {
        keeps_places!(|_layer: &Self| true);
    };
    ($condition:expr) => {
        fn place_by_place(
            &self,
            _: usize,
            comes: &[bool],
        ) -> Option<Box<dyn $crate::layers::Layer>> {
            let keeps: fn(&Self) -> bool = $condition;
            (keeps(self) && comes.iter().all(|&c| c)).then(|| $crate::layers::Layer::boxed(self))
        }
    };
}

/// [`Layer::mask`] of a layer whose output has the steps of its first input, where the condition given holds.
macro_rules! passes_mask {
    () => {
        passes_mask!(|_layer: &Self| true);
    };
    ($condition:expr) => {
        fn mask(
            &self,
            _: &mut $crate::graph::Graph,
            _: &[$crate::graph::Value],
            masks: &[Option<$crate::graph::Value>],
        ) -> $crate::error::Result<Option<$crate::graph::Value>> {
            let passes: fn(&Self) -> bool = $condition;
            Ok(masks.first().copied().flatten().filter(|_| passes(self)))
        }
    };
}

/// The layers of one family: a module and a line of the family's table for each, with other names it goes by in Keras.
macro_rules! family {
    ($($module:ident :: $name:ident $(= $($alias:ident)|+)?,)*) => {
        $(mod $module; pub use $module::$name;)*

        $($($(
            #[doc = concat!("[`", stringify!($name), "`] under another name.")]
            pub type $alias = $name;
        )+)?)*

        /// Other names of the family's classes.
        pub(super) const ALIASES: &[(&str, &str)] = &[
            $($($((stringify!($alias), stringify!($name)),)+)?)*
        ];

        /// The family's classes and how each is made from its config.
        pub(super) const TABLE: &[(&str, $crate::layers::FromConfig)] = &[
            $((stringify!($name), |config| {
                $crate::layers::registry::from_struct::<$name>(config)
                    .map(|l| Box::new(l) as Box<dyn $crate::layers::Layer>)
            }),)*
        ];
    };
}

macro_rules! families {
    ($($family:ident,)*) => {
        $(mod $family; pub use self::$family::*;)*

        /// The layers alone, for a `use` of all of them.
        pub mod classes {
            $(pub use super::$family::*;)*
        }

        /// The tables of all families.
        const FAMILIES: &[&[(&str, FromConfig)]] = &[$($family::TABLE,)*];

        /// Other names of all families' classes, (other name, class).
        const ALIASES: &[&[(&str, &str)]] = &[$($family::ALIASES,)*];
    };
}

families! {
    core,
    activation,
    convolutional,
    pooling,
    recurrent,
    normalization,
    regularization,
    attention,
    reshaping,
    merging,
    preprocessing,
    augmentation,
}

#[cfg(test)]
mod newcomer;
