//! The arguments that all convolutions share, written once: struct, constructor and builder methods.

use crate::initializers::InitializerConfig;
use crate::layers::WeightSpec;

/// The arguments of a weight: how it begins, what is added to the loss for it, and what it is brought back to.
#[derive(Clone, Copy)]
pub(super) struct Weighed<'a> {
    pub(super) initializer: &'a InitializerConfig,
    pub(super) regularizer: &'a Option<crate::regularizers::Regularizer>,
    pub(super) constraint: &'a Option<crate::constraints::Constraint>,
}

impl Weighed<'_> {
    /// The weight of a name and shape.
    pub(super) fn weight(&self, name: &str, shape: Vec<usize>) -> WeightSpec {
        WeightSpec::new(name, shape, self.initializer.clone())
            .regularized(self.regularizer.clone())
            .constrained(self.constraint.clone())
    }
}

/// A convolution's struct, constructor and builder methods: `Name<axes>(first arguments) { own arguments }`, then the arguments
/// of each kernel.
macro_rules! convolution {
    (
        $(#[$doc:meta])*
        $name:ident<$n:literal>($($first:ident)?) {
            $($(#[$own_doc:meta])* $own:ident: $own_type:ty = $own_default:literal => $own_value:expr, $take:ty => $set:expr;)*
        }
        $($kernel:literal: $initializer:ident, $regularizer:ident, $constraint:ident;)+
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, ::serde::Serialize, ::serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            #[serde(skip)]
            base: $crate::layers::Base,
            $($first: usize,)?
            kernel_size: $crate::layers::Sizes<$n>,
            #[serde(default = "crate::layers::defaults::one")]
            strides: $crate::layers::Sizes<$n>,
            #[serde(default = "crate::layers::defaults::valid")]
            padding: $crate::choice::Choice<$crate::layers::Padding>,
            $(#[serde(default = $own_default)] $own: $own_type,)*
            #[serde(default = "crate::layers::defaults::channels_last")]
            data_format: $crate::choice::Choice<$crate::layers::DataFormat>,
            #[serde(default = "crate::layers::defaults::one")]
            dilation_rate: $crate::layers::Sizes<$n>,
            #[serde(default = "crate::layers::defaults::linear")]
            activation: $crate::choice::Choice<$crate::activations::Activation>,
            #[serde(default = "crate::layers::defaults::yes")]
            use_bias: bool,
            $(
                #[serde(default = "crate::layers::defaults::glorot_uniform")]
                $initializer: $crate::initializers::InitializerConfig,
            )+
            #[serde(default = "crate::layers::defaults::zeros")]
            bias_initializer: $crate::initializers::InitializerConfig,
            $(
                #[serde(default)]
                $regularizer: Option<$crate::regularizers::Regularizer>,
            )+
            #[serde(default)]
            bias_regularizer: Option<$crate::regularizers::Regularizer>,
            #[serde(default)]
            activity_regularizer: Option<$crate::regularizers::Regularizer>,
            $(
                #[serde(default)]
                $constraint: Option<$crate::constraints::Constraint>,
            )+
            #[serde(default)]
            bias_constraint: Option<$crate::constraints::Constraint>,
        }

        layer!($name);

        impl $name {
            /// Kernels of a size, with stride 1, no padding, linear and with a bias.
            pub fn new($($first: usize,)? kernel_size: impl Into<$crate::layers::Sizes<$n>>) -> Self {
                Self {
                    base: $crate::layers::Base::default(),
                    $($first,)?
                    kernel_size: kernel_size.into(),
                    strides: $crate::layers::defaults::one(),
                    padding: $crate::layers::defaults::valid(),
                    $($own: $own_value,)*
                    data_format: $crate::layers::defaults::channels_last(),
                    dilation_rate: $crate::layers::defaults::one(),
                    activation: $crate::layers::defaults::linear(),
                    use_bias: true,
                    $($initializer: $crate::layers::defaults::glorot_uniform(),)+
                    bias_initializer: $crate::layers::defaults::zeros(),
                    $($regularizer: None,)+
                    bias_regularizer: None,
                    activity_regularizer: None,
                    $($constraint: None,)+
                    bias_constraint: None,
                }
            }

            setters! {
                /// Pixels between neighbouring places of the kernel.
                strides: $crate::layers::Sizes<$n>,
                /// What happens at the edges: "valid", "same", or of a sequence "causal".
                padding: $crate::choice::Choice<$crate::layers::Padding>,
                /// Where the channels are: "`channels_last`" or "`channels_first`".
                data_format: $crate::choice::Choice<$crate::layers::DataFormat>,
                /// Pixels between neighbouring taps of the kernel.
                dilation_rate: $crate::layers::Sizes<$n>,
                /// The function applied to the result.
                activation: $crate::choice::Choice<$crate::activations::Activation>,
                /// Whether a bias is added.
                use_bias: bool,
                $(
                    #[doc = concat!("How the ", $kernel, " begins.")]
                    $initializer: $crate::initializers::InitializerConfig,
                    #[doc = concat!("What is added to the loss for the ", $kernel, ".")]
                    $regularizer: $crate::regularizers::Regularizer = Some,
                    #[doc = concat!("What the ", $kernel, " is brought back to after each step.")]
                    $constraint: $crate::constraints::Constraint = Some,
                )+
                /// How the bias begins.
                bias_initializer: $crate::initializers::InitializerConfig,
                /// What is added to the loss for the bias.
                bias_regularizer: $crate::regularizers::Regularizer = Some,
                /// What is added to the loss for the output, divided by the size of the batch.
                activity_regularizer: $crate::regularizers::Regularizer = Some,
                /// What the bias is brought back to after each step.
                bias_constraint: $crate::constraints::Constraint = Some,
            }

            $($(#[$own_doc])*
            pub fn $own(mut self, $own: $take) -> Self {
                self.$own = $set;
                self
            })*

            fn sliding(&self) -> super::sliding::Sliding<'_, $n> {
                super::sliding::Sliding {
                    class: stringify!($name),
                    kernel_size: self.kernel_size,
                    strides: self.strides,
                    padding: &self.padding,
                    data_format: &self.data_format,
                    dilation_rate: self.dilation_rate,
                    activation: &self.activation,
                    activity_regularizer: self.activity_regularizer.as_ref(),
                    kernels: vec![$(super::arguments::Weighed {
                        initializer: &self.$initializer,
                        regularizer: &self.$regularizer,
                        constraint: &self.$constraint,
                    },)+],
                    bias: self.use_bias.then_some(super::arguments::Weighed {
                        initializer: &self.bias_initializer,
                        regularizer: &self.bias_regularizer,
                        constraint: &self.bias_constraint,
                    }),
                }
            }
        }
    };
}

pub(super) use convolution;
