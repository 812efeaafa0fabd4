//! What the recurrent layers share: settings, weights, and how a sequence is run, as one op or step by step.

use cornu_kernels::recurrent::Cell;

use crate::activations::Activation;
use crate::choice::{Choice, Named};
use crate::error::{Error, Result};
use crate::graph::{Graph, Value};
use crate::initializers::InitializerConfig;
use crate::layers::{Context, Pair, WeightSpec, inputs};
use crate::regularizers::Regularizer;
use crate::shape::Shape;

/// The settings of a recurrent layer, as its struct has them.
#[allow(clippy::struct_field_names)] // Keras's names
pub(super) struct Recurrent<'a> {
    pub(super) class: &'static str,
    pub(super) cell: Cell,
    pub(super) units: usize,
    pub(super) activation: &'a Choice<Activation>,
    /// That of the gates; a cell without gates has none.
    pub(super) recurrent_activation: Option<&'a Choice<Activation>>,
    pub(super) use_bias: bool,
    /// Kernel, recurrent kernel, bias.
    pub(super) initializers: [&'a InitializerConfig; 3],
    pub(super) regularizers: [&'a Option<Regularizer>; 3],
    /// Whether an LSTM's forget gate begins with a bias of 1.
    pub(super) forget_bias: bool,
    pub(super) dropout: f64,
    pub(super) recurrent_dropout: f64,
    pub(super) return_sequences: bool,
    pub(super) go_backwards: bool,
    pub(super) stateful: bool,
    pub(super) return_state: bool,
    pub(super) unroll: bool,
    /// Whether the output of a step that does not count is zero rather than the one before.
    pub(super) zero_output_for_mask: bool,
}

impl Recurrent<'_> {
    /// How many tensors the state is.
    fn states(&self) -> usize {
        1 + usize::from(self.cell == Cell::Lstm)
    }

    fn columns(&self) -> usize {
        self.cell.gates() * self.units
    }

    /// The weights; refuses settings and inputs that cannot work.
    pub(super) fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        let (x, states) = match inputs {
            [x, states @ ..] if states.is_empty() || states.len() == self.states() => (x, states),
            _ => {
                return Err(Error::shape(format!(
                    "{} expects a sequence, or a sequence and {} initial states, received {} inputs",
                    self.class,
                    self.states(),
                    inputs.len()
                )));
            }
        };
        let [_, features] = *x.axes() else {
            return Err(Error::shape(format!(
                "{} expects sequences [steps, features], received {x}",
                self.class
            ))
            .help("an Embedding makes sequences of features from numbers; Reshape gives a single step an axis of its own"));
        };
        inputs::sizes([("units", Pair::from(self.units))])?;
        inputs::number("dropout", self.dropout, 0.0, 1.0)?;
        inputs::number("recurrent_dropout", self.recurrent_dropout, 0.0, 1.0)?;
        if let Some(state) = states.iter().find(|s| s.axes() != [self.units]) {
            return Err(Error::shape(format!(
                "the initial states of {} must be [{}], received {state}",
                self.class, self.units
            )));
        }
        if self.stateful {
            return Err(Error::config("stateful must be false, received true").help(
                "hand states on as inputs: return_state gives them, further inputs take them",
            ));
        }
        self.activation.get()?;
        self.recurrent_activation.map(Choice::get).transpose()?;
        let columns = self.columns();
        let mut shapes = vec![
            ("kernel", Shape::from([features, columns])),
            ("recurrent_kernel", Shape::from([self.units, columns])),
        ];
        if self.use_bias {
            let bias = match self.cell {
                Cell::GruResetAfter => Shape::from([2, columns]),
                _ => Shape::from([columns]),
            };
            shapes.push(("bias", bias));
        }
        let specs = shapes.into_iter().enumerate().map(|(i, (name, shape))| {
            let mut initializer = self.initializers[i].clone();
            if name == "bias" && self.forget_bias {
                initializer = initializer.with_ones(self.units..2 * self.units);
            }
            WeightSpec::new(name, shape, initializer).regularized(self.regularizers[i].clone())
        });
        Ok(specs.collect())
    }

    /// Writes the layer's nodes: its output, and with `return_state` the state after the last step.
    pub(super) fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Vec<Value>> {
        let steps = cx.graph.shape(inputs[0])[1];
        let drops = |cx: &Context<'_>, rate: f64| cx.training && rate > 0.0;
        let is = |c: &Choice<Activation>, name| c.get().map(|a| a.name() == name);
        let gates_fit = match self.recurrent_activation {
            Some(a) => is(a, "sigmoid")?,
            None => true,
        };
        let at_once = is(self.activation, "tanh")?
            && gates_fit
            && !self.unroll
            && inputs.len() == 1
            && !drops(cx, self.recurrent_dropout);
        let (p, bias) = self.projections(cx, inputs[0])?;
        let (u, mask) = (cx.weight(1), cx.mask());
        let last = if self.go_backwards { 0 } else { steps - 1 };
        if at_once {
            let g = &mut *cx.graph;
            let (h, c) = g.recurrence(self.cell, self.go_backwards, p, u, bias, mask)?;
            let shown = match mask.filter(|_| self.zero_output_for_mask) {
                Some(mask) => {
                    let batch = g.shape(mask)[0];
                    let mask = g.reshape(mask, [batch, steps, 1])?;
                    g.mul(h, mask)?
                }
                None => h,
            };
            let mut outputs = vec![match (self.return_sequences, self.go_backwards) {
                (true, false) => shown,
                (true, true) => g.reverse(shown, 1)?,
                (false, _) => step_of(g, shown, last)?,
            }];
            if self.return_state {
                outputs.push(step_of(g, h, last)?);
                if let Some(c) = c {
                    outputs.push(step_of(g, c, 0)?);
                }
            }
            return Ok(outputs);
        }
        let (all, states) = self.unrolled(cx, p, bias, &inputs[1..])?;
        let mut outputs = vec![all[steps - 1]];
        if self.return_sequences {
            let batch = cx.graph.shape(outputs[0])[0];
            let all = all
                .iter()
                .map(|&h| cx.graph.reshape(h, [batch, 1, self.units]));
            let all = all.collect::<Result<Vec<_>>>()?;
            outputs = vec![cx.graph.concat(&all, 1)?];
        }
        if self.return_state {
            outputs.extend(&states[..self.states()]);
        }
        Ok(outputs)
    }

    /// The part of all gates' sums that does not depend on the state, and the bias that stays with a GRU's third product.
    fn projections(&self, cx: &mut Context<'_>, x: Value) -> Result<(Value, Option<Value>)> {
        let n = self.units;
        let shape = cx.graph.shape(x).clone();
        let kernel = cx.weight(0);
        // One mask for all steps of a sequence; with recurrent dropout, Keras draws one for each gate.
        let dropped = |cx: &mut Context<'_>| {
            let mask = scaled_mask(cx, &Shape::from([shape[0], 1, shape[2]]), self.dropout)?;
            cx.graph.mul(x, mask)
        };
        let mut p = if !cx.training || self.dropout == 0.0 {
            cx.graph.matmul(x, kernel)?
        } else if self.recurrent_dropout == 0.0 {
            let x = dropped(cx)?;
            cx.graph.matmul(x, kernel)?
        } else {
            let mut parts = Vec::new();
            for gate in 0..self.cell.gates() {
                let x = dropped(cx)?;
                let kernel = cx.graph.slice(kernel, 1, gate * n, n)?;
                parts.push(cx.graph.matmul(x, kernel)?);
            }
            cx.graph.concat(&parts, 2)?
        };
        if self.cell != Cell::GruResetAfter {
            if self.use_bias {
                p = cx.graph.add(p, cx.weight(2))?;
            }
            return Ok((p, None));
        }
        let g = &mut *cx.graph;
        if !self.use_bias {
            let zero = g.constant(0.0)?;
            return Ok((p, Some(g.broadcast(zero, [n])?)));
        }
        let part = |g: &mut Graph, row, from, len| {
            let b = g.slice(cx.weights[2], 0, row, 1)?;
            let b = g.slice(b, 1, from, len)?;
            g.reshape(b, [len])
        };
        let of_inputs = part(g, 0, 0, 3 * n)?;
        let of_gates = part(g, 1, 0, 2 * n)?;
        let of_gates = g.pad(of_gates, 0, 0, n)?;
        let bias = g.add(of_inputs, of_gates)?;
        Ok((g.add(p, bias)?, Some(part(g, 1, 2 * n, n)?)))
    }

    /// The output after each step, in the order in which they are taken, and the state at the end: for other activations than the usual ones, initial
    /// states, recurrent dropout, and where every step is to be differentiated again.
    fn unrolled(
        &self,
        cx: &mut Context<'_>,
        p: Value,
        bias: Option<Value>,
        initial: &[Value],
    ) -> Result<(Vec<Value>, [Value; 2])> {
        let n = self.units;
        let (batch, steps) = (cx.graph.shape(p)[0], cx.graph.shape(p)[1]);
        let u = cx.weight(1);
        let mut kernels = Vec::new();
        let mut masks = Vec::new();
        for gate in 0..self.cell.gates() {
            kernels.push(cx.graph.slice(u, 1, gate * n, n)?);
            if cx.training && self.recurrent_dropout > 0.0 {
                masks.push(scaled_mask(cx, &[batch, n].into(), self.recurrent_dropout)?);
            }
        }
        let step_mask = cx.mask();
        let g = &mut *cx.graph;
        let zero = g.constant(0.0)?;
        let zeros = g.broadcast(zero, [batch, n])?;
        let (mut h, mut c) = match *initial {
            [h, c] => (h, c),
            [h] => (h, zeros),
            _ => (zeros, zeros),
        };
        let (activation, gate_activation) = (
            self.activation.get()?,
            self.recurrent_activation.unwrap_or(self.activation).get()?,
        );
        let mut all = Vec::new();
        // Before the first step that counts, what comes out is zero, whatever the state begins with.
        let mut shown = zeros;
        for s in 0..steps {
            let t = if self.go_backwards { steps - 1 - s } else { s };
            let at_t = step_of(g, p, t)?;
            let projected = |g: &mut Graph, gate: usize| g.slice(at_t, 1, gate * n, n);
            let times = |g: &mut Graph, h: Value, gate: usize| {
                let h = match masks.get(gate) {
                    Some(&mask) => g.mul(h, mask)?,
                    None => h,
                };
                g.matmul(h, kernels[gate])
            };
            let sum = |g: &mut Graph, h: Value, gate: usize| {
                let (a, b) = (projected(g, gate)?, times(g, h, gate)?);
                g.add(a, b)
            };
            let gate = |g: &mut Graph, h: Value, k: usize| {
                let x = sum(g, h, k)?;
                gate_activation.apply(g, x)
            };
            let (next, inner) = match self.cell {
                Cell::Simple => {
                    let x = sum(g, h, 0)?;
                    (activation.apply(g, x)?, c)
                }
                Cell::Lstm => {
                    let (i, f, o) = (gate(g, h, 0)?, gate(g, h, 1)?, gate(g, h, 3)?);
                    let x = sum(g, h, 2)?;
                    let x = activation.apply(g, x)?;
                    let (old, new) = (g.mul(f, c)?, g.mul(i, x)?);
                    let inner = g.add(old, new)?;
                    let squashed = activation.apply(g, inner)?;
                    (g.mul(o, squashed)?, inner)
                }
                Cell::Gru | Cell::GruResetAfter => {
                    let (z, r) = (gate(g, h, 0)?, gate(g, h, 1)?);
                    let added = if let Some(bias) = bias {
                        let x = times(g, h, 2)?;
                        let x = g.add(x, bias)?;
                        g.mul(r, x)?
                    } else {
                        let reset = g.mul(r, h)?;
                        times(g, reset, 2)?
                    };
                    let x = projected(g, 2)?;
                    let x = g.add(x, added)?;
                    let x = activation.apply(g, x)?;
                    let (old, rest) = (g.mul(z, h)?, g.one_minus(z)?);
                    let new = g.mul(rest, x)?;
                    (g.add(old, new)?, c)
                }
            };
            match step_mask {
                None => (h, c, shown) = (next, inner, next),
                Some(mask) => {
                    let counts = g.slice(mask, 1, t, 1)?;
                    h = g.select(counts, next, h)?;
                    c = g.select(counts, inner, c)?;
                    let otherwise = if self.zero_output_for_mask {
                        zeros
                    } else {
                        shown
                    };
                    shown = g.select(counts, next, otherwise)?;
                }
            }
            all.push(shown);
        }
        Ok((all, [h, c]))
    }
}

/// One step of `[batch, steps, n]`, as `[batch, n]`.
fn step_of(g: &mut Graph, x: Value, t: usize) -> Result<Value> {
    let shape = g.shape(x).clone();
    let x = g.slice(x, 1, t, 1)?;
    g.reshape(x, [shape[0], shape[2]])
}

/// Zeros with probability `rate`, else `1 / (1 - rate)`.
fn scaled_mask(cx: &mut Context<'_>, shape: &Shape, rate: f64) -> Result<Value> {
    let mask = cx.bernoulli(shape, (1.0 - rate) as f32)?;
    // Where everything is dropped, nothing is scaled.
    let scale = if rate < 1.0 { 1.0 / (1.0 - rate) } else { 0.0 };
    cx.graph.scale(mask, scale as f32)
}

pub(super) fn tanh() -> Choice<Activation> {
    Choice::from("tanh")
}

pub(super) fn sigmoid() -> Choice<Activation> {
    Choice::from("sigmoid")
}

pub(super) fn orthogonal() -> InitializerConfig {
    InitializerConfig::named("orthogonal")
}

/// A recurrent layer's struct, constructor and builder methods: the arguments all have, and the class's own between them.
macro_rules! recurrent {
    (
        $(#[$doc:meta])*
        $name:ident {
            $($(#[$field_doc:meta])* $field:ident: $type:ty = $default:literal => $value:expr, $take:ty;)*
        }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            #[serde(skip)]
            base: Base,
            #[serde(default)]
            return_sequences: bool,
            #[serde(default)]
            return_state: bool,
            #[serde(default)]
            go_backwards: bool,
            #[serde(default)]
            stateful: bool,
            #[serde(default)]
            unroll: bool,
            #[serde(default)]
            zero_output_for_mask: bool,
            units: usize,
            #[serde(default = "sequence::tanh")]
            activation: Choice<Activation>,
            $(#[serde(default = $default)] $field: $type,)*
            #[serde(default = "yes")]
            use_bias: bool,
            #[serde(default = "glorot_uniform")]
            kernel_initializer: InitializerConfig,
            #[serde(default = "sequence::orthogonal")]
            recurrent_initializer: InitializerConfig,
            #[serde(default = "zeros")]
            bias_initializer: InitializerConfig,
            #[serde(default)]
            kernel_regularizer: Option<Regularizer>,
            #[serde(default)]
            recurrent_regularizer: Option<Regularizer>,
            #[serde(default)]
            bias_regularizer: Option<Regularizer>,
            #[serde(default)]
            dropout: f64,
            #[serde(default)]
            recurrent_dropout: f64,
            #[serde(default)]
            seed: Option<i64>,
        }

        layer!($name);

        impl $name {
            /// A layer with a state of so many units, which gives the state after the last step.
            pub fn new(units: usize) -> Self {
                Self {
                    base: Base::default(),
                    return_sequences: false,
                    return_state: false,
                    go_backwards: false,
                    stateful: false,
                    unroll: false,
                    zero_output_for_mask: false,
                    units,
                    activation: sequence::tanh(),
                    $($field: $value,)*
                    use_bias: true,
                    kernel_initializer: glorot_uniform(),
                    recurrent_initializer: sequence::orthogonal(),
                    bias_initializer: zeros(),
                    kernel_regularizer: None,
                    recurrent_regularizer: None,
                    bias_regularizer: None,
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

            /// Whether the states after all steps are given, `[batch, steps, units]`, rather than the last alone.
            pub fn return_sequences(mut self, return_sequences: bool) -> Self {
                self.return_sequences = return_sequences;
                self
            }

            /// Whether the state after the last step is given too, as further outputs: for an LSTM `h` and `c`.
            pub fn return_state(mut self, return_state: bool) -> Self {
                self.return_state = return_state;
                self
            }

            /// Whether the output of a step that a mask passes over is zero rather than the one before it.
            pub fn zero_output_for_mask(mut self, zero: bool) -> Self {
                self.zero_output_for_mask = zero;
                self
            }

            /// Whether the last step is taken first; a sequence of states then begins with that of the last step.
            pub fn go_backwards(mut self, go_backwards: bool) -> Self {
                self.go_backwards = go_backwards;
                self
            }

            /// Whether the steps are written one by one: slower, but gradients can be differentiated again.
            pub fn unroll(mut self, unroll: bool) -> Self {
                self.unroll = unroll;
                self
            }

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
        }
    };
}

/// The settings of a recurrent layer from its struct.
macro_rules! settings {
    ($layer:ident, $cell:expr, $gates:expr, $forget:expr) => {
        sequence::Recurrent {
            class: $layer.class_name(),
            cell: $cell,
            units: $layer.units,
            activation: &$layer.activation,
            recurrent_activation: $gates,
            use_bias: $layer.use_bias,
            initializers: [
                &$layer.kernel_initializer,
                &$layer.recurrent_initializer,
                &$layer.bias_initializer,
            ],
            regularizers: [
                &$layer.kernel_regularizer,
                &$layer.recurrent_regularizer,
                &$layer.bias_regularizer,
            ],
            forget_bias: $forget,
            dropout: $layer.dropout,
            recurrent_dropout: $layer.recurrent_dropout,
            return_sequences: $layer.return_sequences,
            go_backwards: $layer.go_backwards,
            stateful: $layer.stateful,
            return_state: $layer.return_state,
            unroll: $layer.unroll,
            zero_output_for_mask: $layer.zero_output_for_mask,
        }
    };
}

pub(super) use recurrent;
pub(super) use settings;
