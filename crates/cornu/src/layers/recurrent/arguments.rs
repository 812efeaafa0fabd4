//! The arguments that cells and recurrent layers share: fields, constructor and builder methods.

use crate::choice::Choice;
use crate::initializers::InitializerConfig;

use crate::activations::Activation;

pub(super) fn tanh() -> Choice<Activation> {
    Choice::from("tanh")
}

pub(super) fn sigmoid() -> Choice<Activation> {
    Choice::from("sigmoid")
}

pub(super) fn orthogonal() -> InitializerConfig {
    InitializerConfig::named("orthogonal")
}

/// A cell's struct, or, with `walks`, that of the layer that walks along a sequence with it: the arguments all have, and the class's
/// own between them.
macro_rules! recurrent {
    ($(#[$doc:meta])* walks $name:ident with $cell:ident {
        new($($required:ident: $required_type:ty => $given:ty),*) $new_doc:literal;
        $($(#[$field_doc:meta])* $field:ident: $type:ty = $default:literal => $value:expr, $take:ty;)*
    }) => {
        recurrent! {
            @struct $(#[$doc])* $name
            [return_sequences return_state go_backwards stateful unroll zero_output_for_mask]
            [activity_regularizer]
            {
                new($($required: $required_type => $given),*) $new_doc;
                $($(#[$field_doc])* $field: $type = $default => $value, $take;)*
            }
        }
        $crate::layers::recurrent::arguments::walking!($name);

        impl $name {
            /// What is added to the loss for the outputs.
            pub fn activity_regularizer(mut self, regularizer: impl Into<Regularizer>) -> Self {
                self.activity_regularizer = Some(regularizer.into());
                self
            }

            /// The cell that does what the layer does at a step.
            fn cell(&self) -> $cell {
                $cell {
                    base: Base::default(),
                    $($required: self.$required.clone(),)*
                    activation: self.activation.clone(),
                    $($field: self.$field.clone(),)*
                    use_bias: self.use_bias,
                    kernel_initializer: self.kernel_initializer.clone(),
                    recurrent_initializer: self.recurrent_initializer.clone(),
                    bias_initializer: self.bias_initializer.clone(),
                    kernel_regularizer: self.kernel_regularizer.clone(),
                    recurrent_regularizer: self.recurrent_regularizer.clone(),
                    bias_regularizer: self.bias_regularizer.clone(),
                    kernel_constraint: self.kernel_constraint.clone(),
                    recurrent_constraint: self.recurrent_constraint.clone(),
                    bias_constraint: self.bias_constraint.clone(),
                    dropout: self.dropout,
                    recurrent_dropout: self.recurrent_dropout,
                    seed: self.seed,
                }
            }
        }

        impl Layer for $name {
            layer_identity!($name);
            passes_mask!(|layer| layer.return_sequences);

            fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
                self.build_for(inputs, None)
            }

            fn build_for(&self, inputs: &[Shape], batch: Option<usize>) -> Result<Vec<WeightSpec>> {
                self.over().build(&self.cell(), inputs, batch)
            }

            fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
                only(self.call_all(cx, inputs)?)
            }

            fn call_all(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Vec<Value>> {
                let outputs = self.over().call(&self.cell(), cx, inputs)?;
                for &y in &outputs {
                    cx.regularize_activity(self.activity_regularizer.as_ref(), y)?;
                }
                Ok(outputs)
            }
        }
    };
    ($(#[$doc:meta])* cell $name:ident { $($own:tt)* }) => {
        recurrent! { @struct $(#[$doc])* $name [] [] { $($own)* } }
    };
    (
        @struct $(#[$doc:meta])* $name:ident [$($walk:ident)*] [$($activity:ident)?] {
            new($($required:ident: $required_type:ty => $given:ty),*) $new_doc:literal;
            $($(#[$field_doc:meta])* $field:ident: $type:ty = $default:literal => $value:expr, $take:ty;)*
        }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            #[serde(skip)]
            pub(super) base: Base,
            $(#[serde(default)] $walk: bool,)*
            $(pub(super) $required: $required_type,)*
            #[serde(default = "arguments::tanh")]
            pub(super) activation: Choice<Activation>,
            $(#[serde(default = $default)] pub(super) $field: $type,)*
            #[serde(default = "yes")]
            pub(super) use_bias: bool,
            #[serde(default = "glorot_uniform")]
            pub(super) kernel_initializer: InitializerConfig,
            #[serde(default = "arguments::orthogonal")]
            pub(super) recurrent_initializer: InitializerConfig,
            #[serde(default = "zeros")]
            pub(super) bias_initializer: InitializerConfig,
            #[serde(default)]
            pub(super) kernel_regularizer: Option<Regularizer>,
            #[serde(default)]
            pub(super) recurrent_regularizer: Option<Regularizer>,
            #[serde(default)]
            pub(super) bias_regularizer: Option<Regularizer>,
            $(#[serde(default)]
            $activity: Option<Regularizer>,)?
            #[serde(default)]
            pub(super) kernel_constraint: Option<Constraint>,
            #[serde(default)]
            pub(super) recurrent_constraint: Option<Constraint>,
            #[serde(default)]
            pub(super) bias_constraint: Option<Constraint>,
            #[serde(default)]
            pub(super) dropout: f64,
            #[serde(default)]
            pub(super) recurrent_dropout: f64,
            #[serde(default)]
            pub(super) seed: Option<i64>,
        }

        layer!($name);

        impl $name {
            #[doc = $new_doc]
            pub fn new($($required: $given),*) -> Self {
                Self {
                    base: Base::default(),
                    $($walk: false,)*
                    $($required: $required.into(),)*
                    activation: arguments::tanh(),
                    $($field: $value,)*
                    use_bias: true,
                    kernel_initializer: glorot_uniform(),
                    recurrent_initializer: arguments::orthogonal(),
                    bias_initializer: zeros(),
                    kernel_regularizer: None,
                    recurrent_regularizer: None,
                    bias_regularizer: None,
                    $($activity: None,)?
                    kernel_constraint: None,
                    recurrent_constraint: None,
                    bias_constraint: None,
                    dropout: 0.0,
                    recurrent_dropout: 0.0,
                    seed: None,
                }
            }

            $($(#[$field_doc])*
            pub fn $field(mut self, $field: impl Into<$take>) -> Self {
                self.$field = $field.into();
                self
            })*

            /// The function of the new content; others than tanh are run step by step, which is slower.
            pub fn activation(mut self, activation: impl Into<Choice<Activation>>) -> Self {
                self.activation = activation.into();
                self
            }

            /// Whether biases are added.
            pub fn use_bias(mut self, use_bias: bool) -> Self {
                self.use_bias = use_bias;
                self
            }

            /// How the kernel of the inputs begins.
            pub fn kernel_initializer(mut self, initializer: impl Into<InitializerConfig>) -> Self {
                self.kernel_initializer = initializer.into();
                self
            }

            /// How the kernel of the state begins.
            pub fn recurrent_initializer(mut self, initializer: impl Into<InitializerConfig>) -> Self {
                self.recurrent_initializer = initializer.into();
                self
            }

            /// How the bias begins.
            pub fn bias_initializer(mut self, initializer: impl Into<InitializerConfig>) -> Self {
                self.bias_initializer = initializer.into();
                self
            }

            /// What is added to the loss for the kernel of the inputs.
            pub fn kernel_regularizer(mut self, regularizer: impl Into<Regularizer>) -> Self {
                self.kernel_regularizer = Some(regularizer.into());
                self
            }

            /// What is added to the loss for the kernel of the state.
            pub fn recurrent_regularizer(mut self, regularizer: impl Into<Regularizer>) -> Self {
                self.recurrent_regularizer = Some(regularizer.into());
                self
            }

            /// What is added to the loss for the bias.
            pub fn bias_regularizer(mut self, regularizer: impl Into<Regularizer>) -> Self {
                self.bias_regularizer = Some(regularizer.into());
                self
            }

            /// What the kernel of the inputs is brought back to after each step of training.
            pub fn kernel_constraint(mut self, constraint: impl Into<Constraint>) -> Self {
                self.kernel_constraint = Some(constraint.into());
                self
            }

            /// What the kernel of the state is brought back to after each step of training.
            pub fn recurrent_constraint(mut self, constraint: impl Into<Constraint>) -> Self {
                self.recurrent_constraint = Some(constraint.into());
                self
            }

            /// What the bias is brought back to after each step of training.
            pub fn bias_constraint(mut self, constraint: impl Into<Constraint>) -> Self {
                self.bias_constraint = Some(constraint.into());
                self
            }

            /// The share of the inputs' features that is dropped in training, the same at all steps.
            pub fn dropout(mut self, rate: f64) -> Self {
                self.dropout = rate;
                self
            }

            /// The share of the state's features that is not fed back in training, the same at all steps. The steps are then
            /// run one by one, which is slower.
            pub fn recurrent_dropout(mut self, rate: f64) -> Self {
                self.recurrent_dropout = rate;
                self
            }

            /// A seed of its own for the masks of dropout, in place of the run's.
            pub fn seed(mut self, seed: i64) -> Self {
                self.seed = Some(seed);
                self
            }
        }
    };
}

/// The builder methods of a layer that walks along a sequence, and its settings.
macro_rules! walking {
    ($name:ident) => {
        impl $name {
            /// Whether the outputs after all steps are given, `[batch, steps, ..]`, rather than the last alone.
            pub fn return_sequences(mut self, return_sequences: bool) -> Self {
                self.return_sequences = return_sequences;
                self
            }

            /// Whether the states after the last step are given too, as further outputs: for an LSTM `h` and `c`.
            pub fn return_state(mut self, return_state: bool) -> Self {
                self.return_state = return_state;
                self
            }

            /// Whether the last step is taken first; a sequence of outputs then begins with that of the last step.
            pub fn go_backwards(mut self, go_backwards: bool) -> Self {
                self.go_backwards = go_backwards;
                self
            }

            /// Whether the states after a batch are those before the next one, in training and in use, until
            /// [`Model::reset_states`](crate::model::Model::reset_states); the model's input then says `.batch_size(n)`.
            pub fn stateful(mut self, stateful: bool) -> Self {
                self.stateful = stateful;
                self
            }

            /// Whether the steps are written one by one: slower, but gradients can be differentiated again.
            pub fn unroll(mut self, unroll: bool) -> Self {
                self.unroll = unroll;
                self
            }

            /// Whether the output of a step that a mask passes over is zero rather than the one before it.
            pub fn zero_output_for_mask(mut self, zero: bool) -> Self {
                self.zero_output_for_mask = zero;
                self
            }

            fn over(&self) -> $crate::layers::recurrent::over::Over {
                $crate::layers::recurrent::over::Over {
                    class: self.class_name(),
                    return_sequences: self.return_sequences,
                    return_state: self.return_state,
                    go_backwards: self.go_backwards,
                    stateful: self.stateful,
                    unroll: self.unroll,
                    zero_output_for_mask: self.zero_output_for_mask,
                }
            }
        }
    };
}

/// A cell with gates: its settings, and what makes it a layer and a cell.
macro_rules! gated {
    ($name:ident, |$layer:ident| ($cell:expr, $gates:expr, $forget:expr)) => {
        impl $name {
            fn gates(&self) -> Gates<'_> {
                let $layer = self;
                Gates {
                    class: stringify!($name),
                    cell: $cell,
                    units: self.units,
                    activation: &self.activation,
                    recurrent_activation: $gates,
                    use_bias: self.use_bias,
                    initializers: [
                        &self.kernel_initializer,
                        &self.recurrent_initializer,
                        &self.bias_initializer,
                    ],
                    regularizers: [
                        &self.kernel_regularizer,
                        &self.recurrent_regularizer,
                        &self.bias_regularizer,
                    ],
                    constraints: [
                        &self.kernel_constraint,
                        &self.recurrent_constraint,
                        &self.bias_constraint,
                    ],
                    forget_bias: $forget,
                    dropout: self.dropout,
                    recurrent_dropout: self.recurrent_dropout,
                    seed: self.seed,
                }
            }
        }

        $crate::layers::recurrent::arguments::cell_of_gates!($name);
    };
}

/// What makes a struct with `gates` a layer and a cell.
macro_rules! cell_of_gates {
    ($name:ident) => {
        impl Layer for $name {
            layer_identity!($name);

            fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
                self.gates().build(inputs)
            }

            fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
                Ok(self.call_all(cx, inputs)?[0])
            }

            fn call_all(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Vec<Value>> {
                self.gates().call(cx, inputs)
            }

            fn as_cell(&self) -> Option<&dyn RnnCell> {
                Some(self)
            }
        }

        impl RnnCell for $name {
            fn state_shapes(&self, x: &Shape) -> Result<Vec<Shape>> {
                self.gates().state_shapes(x)
            }

            fn walk(&self, cx: &mut Context<'_>, x: Value, along: &Walk<'_>) -> Result<Walked> {
                self.gates().walk(cx, x, along)
            }
        }
    };
}

pub(super) use {cell_of_gates, gated, recurrent, walking};
