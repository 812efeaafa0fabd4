//! The arguments that all convolutions share, written once: struct, constructor and builder methods.

use crate::initializers::InitializerConfig;
use crate::layers::WeightSpec;

/// The arguments of a weight: how it begins, what is added to the loss for it, and what it is brought back to.
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

            /// Pixels between neighbouring places of the kernel.
            pub fn strides(mut self, strides: impl Into<$crate::layers::Sizes<$n>>) -> Self {
                self.strides = strides.into();
                self
            }

            /// What happens at the edges: "valid", "same", or of a sequence "causal".
            pub fn padding(mut self, padding: impl Into<$crate::choice::Choice<$crate::layers::Padding>>) -> Self {
                self.padding = padding.into();
                self
            }

            /// Where the channels are: "`channels_last`" or "`channels_first`".
            pub fn data_format(
                mut self,
                data_format: impl Into<$crate::choice::Choice<$crate::layers::DataFormat>>,
            ) -> Self {
                self.data_format = data_format.into();
                self
            }

            /// Pixels between neighbouring taps of the kernel.
            pub fn dilation_rate(mut self, dilation_rate: impl Into<$crate::layers::Sizes<$n>>) -> Self {
                self.dilation_rate = dilation_rate.into();
                self
            }

            $($(#[$own_doc])*
            pub fn $own(mut self, $own: $take) -> Self {
                self.$own = $set;
                self
            })*

            /// The function applied to the result.
            pub fn activation(
                mut self,
                activation: impl Into<$crate::choice::Choice<$crate::activations::Activation>>,
            ) -> Self {
                self.activation = activation.into();
                self
            }

            /// Whether a bias is added.
            pub fn use_bias(mut self, use_bias: bool) -> Self {
                self.use_bias = use_bias;
                self
            }

            $(
                #[doc = concat!("How the ", $kernel, " begins.")]
                pub fn $initializer(mut self, initializer: impl Into<$crate::initializers::InitializerConfig>) -> Self {
                    self.$initializer = initializer.into();
                    self
                }

                #[doc = concat!("What is added to the loss for the ", $kernel, ".")]
                pub fn $regularizer(mut self, regularizer: impl Into<$crate::regularizers::Regularizer>) -> Self {
                    self.$regularizer = Some(regularizer.into());
                    self
                }

                #[doc = concat!("What the ", $kernel, " is brought back to after each step.")]
                pub fn $constraint(mut self, constraint: impl Into<$crate::constraints::Constraint>) -> Self {
                    self.$constraint = Some(constraint.into());
                    self
                }
            )+

            /// How the bias begins.
            pub fn bias_initializer(mut self, initializer: impl Into<$crate::initializers::InitializerConfig>) -> Self {
                self.bias_initializer = initializer.into();
                self
            }

            /// What is added to the loss for the bias.
            pub fn bias_regularizer(mut self, regularizer: impl Into<$crate::regularizers::Regularizer>) -> Self {
                self.bias_regularizer = Some(regularizer.into());
                self
            }

            /// What is added to the loss for the layer's output, divided by the size of the batch.
            pub fn activity_regularizer(mut self, regularizer: impl Into<$crate::regularizers::Regularizer>) -> Self {
                self.activity_regularizer = Some(regularizer.into());
                self
            }

            /// What the bias is brought back to after each step.
            pub fn bias_constraint(mut self, constraint: impl Into<$crate::constraints::Constraint>) -> Self {
                self.bias_constraint = Some(constraint.into());
                self
            }

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
