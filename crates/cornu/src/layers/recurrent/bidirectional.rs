//! A recurrent layer run in both directions.

use std::sync::OnceLock;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::wrapped::Wrapped;
use crate::choice::{Choice, Named};
use crate::error::{Error, Result};
use crate::graph::Value;
use crate::layers::{Base, Context, Layer, WeightSpec, only};
use crate::model::snake_case;
use crate::shape::Shape;

/// Runs a recurrent layer and a copy of it that begins at the last step, and merges what they give.
///
/// `y = merge(layer(x), backward_layer(x))`, where sequences are merged step by step: what the copy gave is turned round.
///
/// # Shapes
/// `[batch, steps, features]`; with the merge mode "concat", the default, the last axis has `2·units`, with "sum", "mul" and
/// "ave" `units`. The weights are those of both layers. Further inputs are the initial states of the layer, then of the backward one.
///
/// # Errors
/// A layer that is not recurrent, two layers of the same direction, an unknown merge mode.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let model = Sequential::new().input([20, 8]).add(Bidirectional::new(LSTM::new(16))).build()?;
/// assert_eq!(model.output_shape().axes(), &[32]);
/// // Each direction is a layer within, under Keras's name.
/// let backward = model.layer("bidirectional/backward_lstm")?;
/// assert_eq!(backward.weights().len(), 3);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Source
/// Schuster and Paliwal, "Bidirectional Recurrent Neural Networks", 1997.
///
/// # Keras
/// The merge mode `None`, which gives a list of two outputs, is [`Bidirectional::unmerged`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bidirectional {
    #[serde(skip)]
    base: Base,
    #[serde(default = "concat")]
    merge_mode: Option<Choice<Merge>>,
    layer: Wrapped,
    #[serde(default)]
    backward_layer: Option<Wrapped>,
    #[serde(skip)]
    directions: Directions,
}

/// The layers of both directions with their names, once somebody asks for them; it follows from the arguments.
#[derive(Clone, Debug, Default)]
struct Directions(OnceLock<Vec<(String, Box<dyn Layer>)>>);

impl PartialEq for Directions {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// How two directions become one output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Merge {
    /// Side by side.
    Concat,
    /// Added.
    Sum,
    /// Multiplied.
    Mul,
    /// Their mean.
    Ave,
}

impl Named for Merge {
    const WHAT: &'static str = "merge_mode";
    fn from_name(name: &str) -> Option<Self> {
        match name {
            "concat" => Some(Self::Concat),
            "sum" => Some(Self::Sum),
            "mul" => Some(Self::Mul),
            "ave" => Some(Self::Ave),
            _ => None,
        }
    }
    fn name(&self) -> &str {
        match self {
            Self::Concat => "concat",
            Self::Sum => "sum",
            Self::Mul => "mul",
            Self::Ave => "ave",
        }
    }
    fn names() -> Vec<&'static str> {
        vec!["concat", "sum", "mul", "ave"]
    }
}

#[expect(clippy::unnecessary_wraps, reason = "it is an argument's default")]
fn concat() -> Option<Choice<Merge>> {
    Some(Choice::Known(Merge::Concat))
}

layer!(Bidirectional);

impl Bidirectional {
    /// Both directions of a layer, side by side.
    pub fn new(layer: impl Layer + 'static) -> Self {
        Self {
            base: Base::default(),
            merge_mode: concat(),
            layer: Wrapped(Box::new(layer)),
            backward_layer: None,
            directions: Directions::default(),
        }
    }

    /// "concat", "sum", "mul" or "ave".
    pub fn merge_mode(mut self, merge_mode: impl Into<Choice<Merge>>) -> Self {
        self.merge_mode = Some(merge_mode.into());
        self
    }

    /// Gives the outputs of both directions beside each other: Keras's merge mode `None`.
    pub fn unmerged(mut self) -> Self {
        self.merge_mode = None;
        self
    }

    /// The layer of the other direction, where it is not to be a copy; its `go_backwards` must be the opposite.
    pub fn backward_layer(mut self, layer: impl Layer + 'static) -> Self {
        self.backward_layer = Some(Wrapped(Box::new(layer)));
        self.directions = Directions::default();
        self
    }

    /// Whether the output has a place for each step.
    fn gives_sequences(&self) -> bool {
        self.layer.config().get("return_sequences") == Some(&true.into())
    }

    /// Both layers.
    fn layers(&self) -> Result<[Wrapped; 2]> {
        let class = self.layer.0.class_name();
        let is =
            |layer: &Wrapped, argument: &str| layer.config().get(argument) == Some(&true.into());
        let Some(Json::Bool(backwards)) = self.layer.config().remove("go_backwards") else {
            return Err(Error::config(format!(
                "Bidirectional needs a recurrent layer, received {class}"
            ))
            .help("layers with go_backwards, as LSTM, GRU and SimpleRNN, can be run in both directions"));
        };
        // As in Keras, sequences of both directions show zeros where a step does not count, whatever their layers say.
        let zeros = |layer: &Wrapped| {
            layer.with(&[("zero_output_for_mask", is(layer, "return_sequences").into())])
        };
        let forward = zeros(&self.layer)?;
        let backward = if let Some(given) = &self.backward_layer {
            zeros(given)?
        } else {
            let name = self.layer.0.base().name.clone();
            let name = name.unwrap_or_else(|| snake_case(class));
            let name = name.strip_prefix("forward_").unwrap_or(&name);
            forward.with(&[
                ("name", format!("backward_{name}").into()),
                ("go_backwards", (!backwards).into()),
            ])?
        };
        if is(&backward, "go_backwards") == backwards {
            return Err(Error::config(
                "layer and backward_layer must have opposite go_backwards",
            ));
        }
        for argument in ["stateful", "return_sequences", "return_state"] {
            if is(&forward, argument) != is(&backward, argument) {
                return Err(Error::config(format!(
                    "layer and backward_layer must have the same {argument}"
                )));
            }
        }
        Ok([forward, backward])
    }
}

/// What each direction is given: the sequence, and its half of the initial states.
fn halves<T: Clone>(inputs: &[T]) -> Result<[Vec<T>; 2]> {
    let Some((x, states)) = inputs.split_first().filter(|(_, s)| s.len() % 2 == 0) else {
        return Err(Error::shape(format!(
            "Bidirectional expects a sequence, or a sequence and the initial states of both directions, received {} inputs",
            inputs.len()
        )));
    };
    let with = |states: &[T]| [x].into_iter().chain(states).cloned().collect();
    let (forward, backward) = states.split_at(states.len() / 2);
    Ok([with(forward), with(backward)])
}

impl Layer for Bidirectional {
    fn class_name(&self) -> &'static str {
        "Bidirectional"
    }

    fn base(&self) -> &Base {
        &self.base
    }

    fn base_mut(&mut self) -> &mut Base {
        &mut self.base
    }

    fn config(&self) -> Map<String, Json> {
        let mut own = self.clone();
        if let Some([(_, forward), (_, backward)]) = self.directions.0.get().map(Vec::as_slice) {
            own.layer.0.base_mut().trainable = forward.base().trainable;
            if let Some(given) = &mut own.backward_layer {
                given.0.base_mut().trainable = backward.base().trainable;
            } else if backward.base().trainable != forward.base().trainable {
                own.backward_layer = Some(Wrapped(backward.clone()));
            }
        }
        match serde_json::to_value(own) {
            Ok(Json::Object(map)) => map,
            other => unreachable!("a layer's struct is an object: {other:?}"),
        }
    }

    fn boxed(&self) -> Box<dyn Layer> {
        Box::new(self.clone())
    }

    /// None where the arguments do not fit together, which `build` tells.
    fn inner(&self) -> &[(String, Box<dyn Layer>)] {
        self.directions.0.get_or_init(|| {
            let layers = self.layers().into_iter().flatten();
            let named = layers
                .zip(["forward", "backward"])
                .map(|(layer, direction)| {
                    let name = format!("{direction}_{}", snake_case(layer.0.class_name()));
                    (name, layer.0)
                });
            named.collect()
        })
    }

    fn inner_mut(&mut self) -> &mut [(String, Box<dyn Layer>)] {
        self.inner();
        self.directions
            .0
            .get_mut()
            .map_or(&mut [], Vec::as_mut_slice)
    }

    passes_mask!(Self::gives_sequences);

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        self.build_for(inputs, None)
    }

    fn build_for(&self, inputs: &[Shape], batch: Option<usize>) -> Result<Vec<WeightSpec>> {
        self.merge_mode.as_ref().map(Choice::get).transpose()?;
        let mut weights = Vec::new();
        let inputs = halves(inputs)?;
        self.layers()?;
        for ((name, layer), inputs) in self.inner().iter().zip(inputs) {
            for mut weight in layer.build_for(&inputs, batch)? {
                weight.name = format!("{name}/{}", weight.name);
                weights.push(weight);
            }
        }
        Ok(weights)
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        only(self.call_all(cx, inputs)?)
    }

    fn call_all(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Vec<Value>> {
        let [forward, backward] = self.layers()?;
        let [first, second] = halves(inputs)?;
        let batch = cx.graph.shape(first[0]).first().copied();
        let shapes = first.iter().map(|&x| cx.graph.shape(x).without_batch());
        let shapes: Vec<Shape> = shapes.collect();
        let middle = forward.0.build_for(&shapes, batch)?.len();
        let a = cx.within(0..middle, |cx| forward.0.call_all(cx, &first))?;
        let all = cx.weights.len();
        let b = cx.within(middle..all, |cx| backward.0.call_all(cx, &second))?;
        let g = &mut *cx.graph;
        let (first, mut second) = (a[0], b[0]);
        let last = g.shape(first).rank() - 1;
        if self.gives_sequences() {
            second = g.reverse(second, 1)?;
        }
        if let (None, true, Some(mask)) = (&self.merge_mode, self.gives_sequences(), cx.mask()) {
            let mut masks = vec![None; a.len() + b.len()];
            masks[..2].fill(Some(mask));
            cx.set_masks(masks);
        }
        let g = &mut *cx.graph;
        let mut outputs = match &self.merge_mode {
            None => vec![first, second],
            Some(merge) => vec![match merge.get()? {
                Merge::Concat => g.concat(&[first, second], last)?,
                Merge::Sum => g.add(first, second)?,
                Merge::Mul => g.mul(first, second)?,
                Merge::Ave => {
                    let sum = g.add(first, second)?;
                    g.scale(sum, 0.5)?
                }
            }],
        };
        outputs.extend(&a[1..]);
        outputs.extend(&b[1..]);
        Ok(outputs)
    }
}
