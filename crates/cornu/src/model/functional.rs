//! Models with branches: layers are applied to symbols, and a model is made of the symbols it begins and ends with.

use std::collections::HashMap;
use std::sync::Arc;

use super::Model;
use super::architecture::{Architecture, CallSite, InputSpec, Kind, name_layers};
use crate::error::{Error, Result};
use crate::layers::Layer;
use crate::shape::{DType, Shape};

/// A tensor that will be there once the model runs: an input, or the output of a layer.
#[derive(Clone, Debug)]
pub struct Symbol(Arc<Made>);

#[derive(Debug)]
enum Made {
    Input {
        name: Option<String>,
        shape: Shape,
        dtype: DType,
    },
    By {
        layer: Arc<Box<dyn Layer>>,
        inputs: Vec<Symbol>,
    },
}

/// An input of the shape given, without the batch axis: Keras's `Input`.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let image = input([32, 32, 3]);
/// let a = Conv2D::new(8, 3).padding("same").on(&image);
/// let b = Conv2D::new(8, 1).on(&image);
/// let y = Dense::new(10).on(&Flatten::new().on(&Add::new().on([&a, &b])));
/// let model = Model::new([&image], [&y])?;
/// assert_eq!(model.output_shape().axes(), &[10]);
/// # Ok::<(), cornu::Error>(())
/// ```
pub fn input(shape: impl Into<Shape>) -> Symbol {
    input_of(DType::F32, shape)
}

/// An input of elements of a type: Keras's `Input(shape, dtype="int32")`, for class numbers, words, characters.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let characters = input_of(DType::I32, [128]);
/// let y = Embedding::new(65, 32).on(&characters);
/// let model = Model::new([&characters], [&y])?;
/// assert_eq!(model.output_shape().axes(), &[128, 32]);
/// # Ok::<(), cornu::Error>(())
/// ```
pub fn input_of(dtype: DType, shape: impl Into<Shape>) -> Symbol {
    Symbol(Arc::new(Made::Input {
        name: None,
        shape: shape.into(),
        dtype,
    }))
}

impl Symbol {
    /// An input with a name.
    pub fn named_input(name: &str, shape: impl Into<Shape>) -> Self {
        Self(Arc::new(Made::Input {
            name: Some(name.to_owned()),
            shape: shape.into(),
            dtype: DType::F32,
        }))
    }

    fn id(&self) -> *const Made {
        Arc::as_ptr(&self.0)
    }
}

/// One symbol or several, for a layer to be applied to.
#[derive(Clone, Debug)]
pub struct Inputs(Vec<Symbol>);

impl From<&Symbol> for Inputs {
    fn from(s: &Symbol) -> Self {
        Self(vec![s.clone()])
    }
}

impl<const N: usize> From<[&Symbol; N]> for Inputs {
    fn from(s: [&Symbol; N]) -> Self {
        Self(s.into_iter().cloned().collect())
    }
}

impl From<&[Symbol]> for Inputs {
    fn from(s: &[Symbol]) -> Self {
        Self(s.to_vec())
    }
}

/// Applies a layer to symbols: Keras's `layer(x)`.
pub trait Apply: Layer + Sized + 'static {
    /// The layer's output for these inputs. Mistakes are told when the model is made.
    fn on(self, inputs: impl Into<Inputs>) -> Symbol {
        Shared::new(self).on(inputs)
    }
}

impl<L: Layer + 'static> Apply for L {}

/// A layer that is applied several times with the same weights.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let (a, b) = (input([8]), input([8]));
/// let encoder = Shared::new(Dense::new(4));
/// let y = Concatenate::new().on([&encoder.on(&a), &encoder.on(&b)]);
/// let model = Model::new([&a, &b], [&y])?;
/// assert_eq!(model.count_params(), 8 * 4 + 4);
/// # Ok::<(), cornu::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Shared(Arc<Box<dyn Layer>>);

impl Shared {
    /// A layer to be shared.
    pub fn new(layer: impl Layer + 'static) -> Self {
        Self(Arc::new(Box::new(layer)))
    }

    /// The layer's output for these inputs.
    pub fn on(&self, inputs: impl Into<Inputs>) -> Symbol {
        Symbol(Arc::new(Made::By {
            layer: Arc::clone(&self.0),
            inputs: inputs.into().0,
        }))
    }
}

impl Model {
    /// The model that leads from inputs to outputs, with weights drawn from seed 0.
    ///
    /// # Errors
    /// The first layer whose settings or inputs do not work, with its path; an output that needs an input that is not listed.
    pub fn new(inputs: impl Into<Inputs>, outputs: impl Into<Inputs>) -> Result<Self> {
        Self::seeded(inputs, outputs, 0)
    }

    /// The model that leads from inputs to outputs, with weights drawn from a seed.
    pub fn seeded(
        inputs: impl Into<Inputs>,
        outputs: impl Into<Inputs>,
        seed: u64,
    ) -> Result<Self> {
        let (inputs, outputs) = (inputs.into().0, outputs.into().0);
        let name = "functional".to_owned();
        let mut collector = Collector::default();
        let mut specs = Vec::with_capacity(inputs.len());
        for (i, s) in inputs.iter().enumerate() {
            let Made::Input {
                name: own,
                shape,
                dtype,
            } = &*s.0
            else {
                return Err(Error::config(
                    "a model begins with inputs, received the output of a layer",
                )
                .at(name)
                .help("make inputs with input([..])"));
            };
            let numbered = match i {
                0 => "input_layer".to_owned(),
                n => format!("input_layer_{n}"),
            };
            specs.push(InputSpec {
                name: own.clone().unwrap_or(numbered),
                shape: shape.clone(),
                dtype: *dtype,
            });
            collector.tensors.insert(s.id(), i);
        }
        if specs.is_empty() || outputs.is_empty() {
            return Err(Error::config("a model needs at least one input and one output").at(name));
        }
        collector.count = specs.len();
        let outputs = outputs
            .iter()
            .map(|s| collector.visit(s))
            .collect::<Result<Vec<_>>>()
            .map_err(|e| e.at(name.clone()))?;
        let architecture = Architecture {
            layers: name_layers(collector.layers).map_err(|e| e.at(name.clone()))?,
            kind: Kind::Functional,
            inputs: specs,
            calls: collector.calls,
            outputs,
            name,
        };
        Self::from_architecture(architecture, seed)
    }
}

/// Numbers the tensors and layers that the outputs need, each once, operands first.
#[derive(Default)]
struct Collector {
    tensors: HashMap<*const Made, usize>,
    by_layer: HashMap<*const Box<dyn Layer>, usize>,
    layers: Vec<Box<dyn Layer>>,
    calls: Vec<CallSite>,
    count: usize,
}

impl Collector {
    fn visit(&mut self, end: &Symbol) -> Result<usize> {
        // A stack of its own: networks can be deeper than a thread's.
        let mut stack = vec![end.clone()];
        while let Some(s) = stack.last().cloned() {
            if self.tensors.contains_key(&s.id()) {
                stack.pop();
                continue;
            }
            let Made::By { layer, inputs } = &*s.0 else {
                return Err(Error::config(
                    "an output needs an input that is not among the model's",
                )
                .help("list every input(..) in Model::new"));
            };
            let missing: Vec<Symbol> = inputs
                .iter()
                .filter(|x| !self.tensors.contains_key(&x.id()))
                .cloned()
                .collect();
            if !missing.is_empty() {
                stack.extend(missing.into_iter().rev());
                continue;
            }
            let index = *self.by_layer.entry(Arc::as_ptr(layer)).or_insert_with(|| {
                self.layers.push((**layer).clone());
                self.layers.len() - 1
            });
            self.calls.push(CallSite {
                layer: index,
                inputs: inputs.iter().map(|x| self.tensors[&x.id()]).collect(),
            });
            self.tensors.insert(s.id(), self.count);
            self.count += 1;
            stack.pop();
        }
        Ok(self.tensors[&end.id()])
    }
}
