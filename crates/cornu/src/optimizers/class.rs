//! What is the same in every optimizer's file, written once: its struct, its builder methods, its identity.

/// The methods that set the arguments of [`Base`].
macro_rules! base_arguments {
    ($name:ident) => {
        crate::optimizers::class::base_arguments!($name, base);
    };
    ($name:ident, $($base:ident).+) => {
        impl $name {
            /// How far a step goes: a number, or a schedule by steps.
            pub fn learning_rate(
                mut self,
                learning_rate: impl Into<crate::optimizers::LearningRate>,
            ) -> Self {
                self.$($base).+.learning_rate = learning_rate.into();
                self
            }

            /// Each step first shrinks the weight by this share times the learning rate.
            pub fn weight_decay(mut self, share: f64) -> Self {
                self.$($base).+.weight_decay = Some(share);
                self
            }

            /// Scales each gradient down to this length at most.
            pub fn clipnorm(mut self, length: f64) -> Self {
                self.$($base).+.clipnorm = Some(length);
                self
            }

            /// Scales all gradients together down to this length at most.
            pub fn global_clipnorm(mut self, length: f64) -> Self {
                self.$($base).+.global_clipnorm = Some(length);
                self
            }

            /// Holds each element of a gradient within plus and minus this.
            pub fn clipvalue(mut self, limit: f64) -> Self {
                self.$($base).+.clipvalue = Some(limit);
                self
            }

            /// Whether a running mean of each weight is kept, which takes the weight's place when `fit` ends.
            pub fn use_ema(mut self, use_ema: bool) -> Self {
                self.$($base).+.use_ema = use_ema;
                self
            }

            /// How much of that mean stays at each step.
            pub fn ema_momentum(mut self, momentum: f64) -> Self {
                self.$($base).+.ema_momentum = momentum;
                self
            }

            /// After how many steps the mean takes the weight's place during the training, again and again.
            pub fn ema_overwrite_frequency(mut self, steps: u64) -> Self {
                self.$($base).+.ema_overwrite_frequency = Some(steps);
                self
            }

            /// What the loss is multiplied by before gradients are taken of it, and gradients are divided by.
            pub fn loss_scale_factor(mut self, factor: f64) -> Self {
                self.$($base).+.loss_scale_factor = Some(factor);
                self
            }

            /// Changes weights once in so many steps, by the mean gradient of those steps.
            pub fn gradient_accumulation_steps(mut self, steps: u64) -> Self {
                self.$($base).+.gradient_accumulation_steps = Some(steps);
                self
            }

            /// Treats the weights apart whose paths hold a pattern.
            pub fn group(mut self, group: crate::optimizers::Group) -> Self {
                self.$($base).+.groups.push(group);
                self
            }

            /// Spares the weights whose paths hold a pattern the decay: "bias|gamma|beta".
            pub fn exclude_from_weight_decay(
                self,
                pattern: impl Into<crate::optimizers::Pattern>,
            ) -> Self {
                self.group(crate::optimizers::Group::of(pattern).weight_decay(0.0))
            }
        }
    };
}
pub(super) use base_arguments;

/// The trait's methods that are the same for every struct with a field `base`.
macro_rules! optimizer_identity {
    ($name:ident) => {
        fn class_name(&self) -> &'static str {
            stringify!($name)
        }

        fn base(&self) -> &Base {
            &self.base
        }

        fn base_mut(&mut self) -> &mut Base {
            &mut self.base
        }

        fn boxed(&self) -> Box<dyn Optimizer> {
            Box::new(self.clone())
        }
    };
}
pub(super) use optimizer_identity;

/// The trait's methods that are those of the optimizer in the field `inner`, and the identity.
macro_rules! around_another {
    ($name:ident) => {
        fn class_name(&self) -> &'static str {
            stringify!($name)
        }

        fn full_config(&self) -> Map<String, Json> {
            self.config()
        }

        fn base(&self) -> &Base {
            self.inner.base()
        }

        fn base_mut(&mut self) -> &mut Base {
            self.inner.base_mut()
        }

        fn slots(&self, weight: Weight<'_>) -> Vec<Slot> {
            self.inner.slots(weight)
        }

        fn step(&self, g: &mut Graph, step: Step<'_>) -> Result<Stepped> {
            self.inner.step(g, step)
        }

        fn rates(&self, own: f32, step: u64) -> Vec<f32> {
            self.inner.rates(own, step)
        }

        fn boxed(&self) -> Box<dyn Optimizer> {
            Box::new(self.clone())
        }
    };
}
pub(super) use around_another;

/// An optimizer's struct with Keras's arguments and defaults, `new` with a learning rate, and a builder method for each argument.
macro_rules! optimizer_class {
    (
        $(#[$doc:meta])*
        pub struct $name:ident {
            learning_rate = $rate:expr $(, weight_decay = $decay:expr)?;
            $($(#[$what:meta])* $field:ident: $type:ty = $default:expr,)*
        }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        pub struct $name {
            #[serde(skip)]
            pub(super) base: crate::optimizers::Base,
            $($field: $type,)*
        }

        impl Default for $name {
            fn default() -> Self {
                Self::new($rate)
            }
        }

        crate::optimizers::class::base_arguments!($name);

        impl $name {
            /// The usual arguments, with a learning rate.
            pub fn new(learning_rate: impl Into<crate::optimizers::LearningRate>) -> Self {
                Self {
                    base: crate::optimizers::Base::new(learning_rate)$(.decaying($decay))?,
                    $($field: $default,)*
                }
            }

            $($(#[$what])*
            pub fn $field(mut self, $field: $type) -> Self {
                self.$field = $field;
                self
            })*
        }
    };
}
pub(super) use optimizer_class;
