//! Long short-term memory whose products are convolutions: weights, one step, and what a whole sequence has in common.

use serde_json::json;

use super::cell::{Walk, Walked, step_by_step};
use super::gates::scaled_mask;
use crate::activations::Activation;
use crate::choice::Choice;
use crate::constraints::Constraint;
use crate::error::{Error, Result};
use crate::graph::{Graph, Value};
use crate::initializers::InitializerConfig;
use crate::layers::{Context, DataFormat, Layer, Padding, Sizes, WeightSpec, deserialize, inputs};
use crate::regularizers::Regularizer;
use crate::shape::Shape;

/// How many gates there are: input, forget, content, output.
const GATES: usize = 4;

/// The settings of a cell that convolves along `N` axes, as its struct has them.
#[allow(clippy::struct_field_names)] // Keras's names
pub(super) struct ConvGates<'a, const N: usize> {
    pub(super) class: &'static str,
    pub(super) filters: usize,
    pub(super) kernel_size: Sizes<N>,
    pub(super) strides: Sizes<N>,
    pub(super) padding: &'a Choice<Padding>,
    pub(super) data_format: &'a Choice<DataFormat>,
    pub(super) dilation_rate: Sizes<N>,
    pub(super) activation: &'a Choice<Activation>,
    pub(super) recurrent_activation: &'a Choice<Activation>,
    pub(super) use_bias: bool,
    /// Kernel, recurrent kernel, bias.
    pub(super) initializers: [&'a InitializerConfig; 3],
    pub(super) regularizers: [&'a Option<Regularizer>; 3],
    pub(super) constraints: [&'a Option<Constraint>; 3],
    pub(super) forget_bias: bool,
    pub(super) dropout: f64,
    pub(super) recurrent_dropout: f64,
    pub(super) seed: Option<i64>,
}

/// Masks of dropout, the same at all steps: one for each gate, or none.
struct Masks {
    inputs: Vec<Value>,
    states: Vec<Value>,
}

impl<const N: usize> ConvGates<'_, N> {
    /// The convolution of the inputs, or that of the state, with so many filters.
    fn convolution(&self, of_state: bool, filters: usize) -> Result<Box<dyn Layer>> {
        let config = if of_state {
            json!({
                "filters": filters,
                "kernel_size": self.kernel_size,
                "padding": "same",
                "data_format": self.data_format,
                "use_bias": false,
            })
        } else {
            json!({
                "filters": filters,
                "kernel_size": self.kernel_size,
                "strides": self.strides,
                "padding": self.padding,
                "data_format": self.data_format,
                "dilation_rate": self.dilation_rate,
                "use_bias": self.use_bias,
            })
        };
        deserialize(&format!("Conv{N}D"), &config)
    }

    /// The axis of the channels of a step with its batch.
    fn channel_axis(&self) -> Result<usize> {
        Ok(match self.data_format.get()? {
            DataFormat::ChannelsLast => N + 1,
            DataFormat::ChannelsFirst => 1,
        })
    }

    /// The shapes of the states.
    pub(super) fn state_shapes(&self, x: &Shape) -> Result<Vec<Shape>> {
        if x.rank() != N + 1 {
            return Err(Error::shape(format!(
                "{} expects {} axes and channels at each step, received {x}",
                self.class, N
            ))
            .help("a sequence of images has shape [steps, height, width, channels]"));
        }
        inputs::sizes([
            ("filters", Sizes::from(self.filters)),
            ("kernel_size", self.kernel_size),
            ("strides", self.strides),
            ("dilation_rate", self.dilation_rate),
        ])?;
        let padding = *self.padding.get()?;
        let channels = self.channel_axis()? - 1;
        let mut shape = x.to_vec();
        shape[channels] = self.filters;
        let lengths = (0..=N).filter(|&a| a != channels);
        for (i, axis) in lengths.enumerate() {
            let span = (self.kernel_size.0[i] - 1) * self.dilation_rate.0[i] + 1;
            let (before, after) = padding.amounts(x[axis], span, self.strides.0[i]);
            let room = (x[axis] + before + after).checked_sub(span);
            let room = room.ok_or_else(|| {
                Error::shape(format!("a kernel of {} does not fit {x}", self.kernel_size))
                    .help("use padding \"same\" or a smaller kernel")
            })?;
            shape[axis] = room / self.strides.0[i] + 1;
        }
        Ok(vec![Shape::new(shape)?; 2])
    }

    /// The weights; refuses settings and inputs that cannot work. The first input is one step's.
    pub(super) fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        let none = || Error::shape(format!("{} expects an input, received nothing", self.class));
        let (x, states) = inputs.split_first().ok_or_else(none)?;
        let wanted = self.state_shapes(x)?;
        inputs::number("dropout", self.dropout, 0.0, 1.0)?;
        inputs::number("recurrent_dropout", self.recurrent_dropout, 0.0, 1.0)?;
        self.activation.get()?;
        self.recurrent_activation.get()?;
        if states != wanted {
            return Err(Error::shape(format!(
                "{} expects the input of a step and the states {wanted:?}, received {inputs:?}",
                self.class
            )));
        }
        let columns = self.filters.checked_mul(GATES).ok_or_else(|| {
            Error::config(format!(
                "filters must be at most 2^28, received {}",
                self.filters
            ))
        })?;
        // The convolutions refuse what they cannot do.
        self.convolution(false, columns)?
            .build(std::slice::from_ref(x))?;
        self.convolution(true, columns)?.build(&wanted[..1])?;
        let channels = x[self.channel_axis()? - 1];
        let kernel = |from: usize| {
            let mut shape = self.kernel_size.0.to_vec();
            shape.extend([from, columns]);
            Shape::from(shape)
        };
        let mut shapes = vec![
            ("kernel", kernel(channels)),
            ("recurrent_kernel", kernel(self.filters)),
        ];
        if self.use_bias {
            shapes.push(("bias", Shape::from([columns])));
        }
        let specs = shapes.into_iter().enumerate().map(|(i, (name, shape))| {
            let mut initializer = self.initializers[i].clone();
            if name == "bias" && self.forget_bias {
                initializer = initializer.with_ones(self.filters..2 * self.filters);
            }
            WeightSpec::new(name, shape, initializer)
                .regularized(self.regularizers[i].clone())
                .constrained(self.constraints[i].clone())
        });
        Ok(specs.collect())
    }

    /// One step: the output, then the states after it.
    pub(super) fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Vec<Value>> {
        let (x, states) = (inputs[0], &inputs[1..]);
        let shape = cx.graph.shape(x).clone();
        let masks = self.masks(cx, &shape, &shape.without_batch(), shape[0])?;
        let p = self.project(cx, x, &masks)?;
        let (h, c) = self.step(cx, p, states, &masks)?;
        Ok(vec![h, h, c])
    }

    /// Walks along a sequence: the inputs of all steps are convolved at once.
    pub(super) fn walk(&self, cx: &mut Context<'_>, x: Value, along: &Walk<'_>) -> Result<Walked> {
        let shape = cx.graph.shape(x).to_vec();
        let (batch, steps) = (shape[0], shape[1]);
        let step = Shape::from(&shape[2..]);
        let states = along.begin(cx, self.state_shapes(&step)?, x)?;
        // The masks are the same at each step of a sequence.
        let mut once = shape.clone();
        once[1] = 1;
        let masks = self.masks(cx, &once.into(), &step, batch)?;
        let p = self.project(cx, x, &masks)?;
        let projected = cx.graph.shape(p).to_vec();
        let mut apart = vec![batch, steps];
        apart.extend(&projected[1..]);
        let p = cx.graph.reshape(p, apart)?;
        step_by_step(cx, p, along, states, |cx, p, states| {
            let (h, c) = self.step(cx, p, states, &masks)?;
            Ok((h, vec![h, c]))
        })
    }

    /// The masks of dropout; as in Keras, one for each gate, and a rate of 1 drops nothing.
    fn masks(
        &self,
        cx: &mut Context<'_>,
        inputs: &Shape,
        step: &Shape,
        batch: usize,
    ) -> Result<Masks> {
        let drops = |rate: f64| cx.training && rate > 0.0 && rate < 1.0;
        let count = |rate: f64| if drops(rate) { GATES } else { 0 };
        let (of_inputs, of_states) = (count(self.dropout), count(self.recurrent_dropout));
        let state = self.state_shapes(step)?[0].with_batch(batch);
        let inputs = (0..of_inputs).map(|_| scaled_mask(cx, self.seed, inputs, self.dropout));
        let inputs = inputs.collect::<Result<_>>()?;
        let states =
            (0..of_states).map(|_| scaled_mask(cx, self.seed, &state, self.recurrent_dropout));
        Ok(Masks {
            inputs,
            states: states.collect::<Result<_>>()?,
        })
    }

    /// The convolution of the inputs with all gates' kernels; steps of a sequence become a larger batch.
    fn project(&self, cx: &mut Context<'_>, x: Value, masks: &Masks) -> Result<Value> {
        let rank = cx.graph.shape(x).rank();
        let merged = |g: &mut Graph, x: Value| {
            if rank == N + 2 {
                return Ok(x);
            }
            let mut shape = g.shape(x).to_vec();
            let steps = shape.remove(1);
            shape[0] *= steps;
            g.reshape(x, shape)
        };
        let (kernel, bias) = (cx.weights[0], cx.weights.get(2).copied());
        if masks.inputs.is_empty() {
            let x = merged(cx.graph, x)?;
            return self.convolve(cx, false, x, GATES, kernel, bias);
        }
        let n = self.filters;
        let mut parts = Vec::with_capacity(GATES);
        for (gate, &mask) in masks.inputs.iter().enumerate() {
            let x = cx.graph.mul(x, mask)?;
            let x = merged(cx.graph, x)?;
            let kernel = cx.graph.slice(kernel, N + 1, gate * n, n)?;
            let bias = bias
                .map(|b| cx.graph.slice(b, 0, gate * n, n))
                .transpose()?;
            parts.push(self.convolve(cx, false, x, 1, kernel, bias)?);
        }
        cx.graph.concat(&parts, self.channel_axis()?)
    }

    /// The convolution of the inputs or the state for so many gates.
    fn convolve(
        &self,
        cx: &mut Context<'_>,
        of_state: bool,
        x: Value,
        gates: usize,
        kernel: Value,
        bias: Option<Value>,
    ) -> Result<Value> {
        let layer = self.convolution(of_state, gates * self.filters)?;
        let weights: Vec<Value> = [kernel].into_iter().chain(bias).collect();
        Ok(cx
            .apart(&weights, Vec::new(), |cx| layer.call(cx, &[x]))?
            .result)
    }

    /// The states after a step, of which the first is the output, from the step's projections.
    fn step(
        &self,
        cx: &mut Context<'_>,
        p: Value,
        states: &[Value],
        masks: &Masks,
    ) -> Result<(Value, Value)> {
        let (n, axis) = (self.filters, self.channel_axis()?);
        let u = cx.weights[1];
        let fed_back = if masks.states.is_empty() {
            self.convolve(cx, true, states[0], GATES, u, None)?
        } else {
            let mut parts = Vec::with_capacity(GATES);
            for (gate, &mask) in masks.states.iter().enumerate() {
                let h = cx.graph.mul(states[0], mask)?;
                let u = cx.graph.slice(u, N + 1, gate * n, n)?;
                parts.push(self.convolve(cx, true, h, 1, u, None)?);
            }
            cx.graph.concat(&parts, axis)?
        };
        let g = &mut *cx.graph;
        let (activation, gate_activation) =
            (self.activation.get()?, self.recurrent_activation.get()?);
        let sums = g.add(p, fed_back)?;
        let part = |g: &mut Graph, gate: usize, f: &Activation| {
            let x = g.slice(sums, axis, gate * n, n)?;
            f.apply(g, x)
        };
        let (i, f, o) = (
            part(g, 0, gate_activation)?,
            part(g, 1, gate_activation)?,
            part(g, 3, gate_activation)?,
        );
        let x = part(g, 2, activation)?;
        let (old, new) = (g.mul(f, states[1])?, g.mul(i, x)?);
        let c = g.add(old, new)?;
        let squashed = activation.apply(g, c)?;
        Ok((g.mul(o, squashed)?, c))
    }
}

/// A cell that convolves along so many axes.
macro_rules! conv_cell {
    ($(#[$doc:meta])* $name:ident, $n:literal) => {
        recurrent! {
            $(#[$doc])*
            cell $name {
                new(filters: usize => usize, kernel_size: Sizes<$n> => impl Into<Sizes<$n>>) "A cell with so many filters.";
                /// Pixels between neighbouring places of the kernel on the input.
                strides: Sizes<$n> = "crate::layers::defaults::one" => crate::layers::defaults::one(), Sizes<$n>;
                /// "valid" or "same", of the input; the state's is "same".
                padding: Choice<Padding> = "crate::layers::defaults::valid" => crate::layers::defaults::valid(), Choice<Padding>;
                /// "channels_last" or "channels_first".
                data_format: Choice<DataFormat> = "crate::layers::defaults::channels_last" => crate::layers::defaults::channels_last(), Choice<DataFormat>;
                /// Pixels between neighbouring taps of the kernel on the input.
                dilation_rate: Sizes<$n> = "crate::layers::defaults::one" => crate::layers::defaults::one(), Sizes<$n>;
                /// The function of the gates.
                recurrent_activation: Choice<Activation> = "arguments::sigmoid" => arguments::sigmoid(), Choice<Activation>;
                /// Whether the forget gate's bias begins at 1, so that the state is kept at first.
                unit_forget_bias: bool = "yes" => true, bool;
            }
        }

        impl $name {
            fn gates(&self) -> ConvGates<'_, $n> {
                ConvGates {
                    class: stringify!($name),
                    filters: self.filters,
                    kernel_size: self.kernel_size,
                    strides: self.strides,
                    padding: &self.padding,
                    data_format: &self.data_format,
                    dilation_rate: self.dilation_rate,
                    activation: &self.activation,
                    recurrent_activation: &self.recurrent_activation,
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
                    forget_bias: self.unit_forget_bias,
                    dropout: self.dropout,
                    recurrent_dropout: self.recurrent_dropout,
                    seed: self.seed,
                }
            }
        }

        $crate::layers::recurrent::arguments::cell_of_gates!($name);
    };
}

/// A layer that walks along a sequence with such a cell.
macro_rules! conv_lstm {
    ($(#[$doc:meta])* $name:ident with $cell:ident, $n:literal) => {
        recurrent! {
            $(#[$doc])*
            walks $name with $cell {
                new(filters: usize => usize, kernel_size: Sizes<$n> => impl Into<Sizes<$n>>) "A layer with so many filters, which gives the state after the last step.";
                /// Pixels between neighbouring places of the kernel on the input.
                strides: Sizes<$n> = "crate::layers::defaults::one" => crate::layers::defaults::one(), Sizes<$n>;
                /// "valid" or "same", of the input; the state's is "same".
                padding: Choice<Padding> = "crate::layers::defaults::valid" => crate::layers::defaults::valid(), Choice<Padding>;
                /// "channels_last" or "channels_first".
                data_format: Choice<DataFormat> = "crate::layers::defaults::channels_last" => crate::layers::defaults::channels_last(), Choice<DataFormat>;
                /// Pixels between neighbouring taps of the kernel on the input.
                dilation_rate: Sizes<$n> = "crate::layers::defaults::one" => crate::layers::defaults::one(), Sizes<$n>;
                /// The function of the gates.
                recurrent_activation: Choice<Activation> = "arguments::sigmoid" => arguments::sigmoid(), Choice<Activation>;
                /// Whether the forget gate's bias begins at 1, so that the state is kept at first.
                unit_forget_bias: bool = "yes" => true, bool;
            }
        }
    };
}

pub(super) use {conv_cell, conv_lstm};
