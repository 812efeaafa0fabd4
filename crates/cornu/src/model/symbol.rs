//! Symbols: tensors that will be there once a model runs, and the layers that make them.

use std::collections::HashSet;
use std::sync::{Arc, OnceLock};

use super::Model;
use super::architecture::{Architecture, TensorId};
use crate::error::Result;
use crate::exec::{Variable, unique};
use crate::layers::Layer;
use crate::shape::{DType, Shape};

/// A tensor that will be there once the model runs: an input, or an output of a layer.
///
/// Models made of the same symbols share the layers between them, weights included, as in Keras: `Model::new([&x], [&code])` is the
/// encoder of the autoencoder `Model::new([&x], [&y])`.
#[derive(Clone, Debug)]
pub struct Symbol {
    pub(super) made: Arc<Made>,
    pub(super) output: usize,
}

/// An input or a call.
#[derive(Debug)]
pub(super) struct Made {
    /// The same for the same node, also where a model hands it out again.
    pub(super) id: u64,
    pub(super) how: How,
}

#[derive(Debug)]
pub(super) enum How {
    Input {
        name: Option<String>,
        shape: Shape,
        dtype: DType,
        batch: Option<usize>,
    },
    Call {
        part: Arc<Part>,
        inputs: Vec<Symbol>,
        /// How many outputs are counted on, where that was said.
        outputs: Option<usize>,
        training: Option<bool>,
    },
}

/// A layer with the weights it has once some model was made of it.
#[derive(Debug)]
pub(super) struct Part {
    /// The same for the same layer, also where a model hands it out again.
    pub(super) id: u64,
    pub(super) layer: Box<dyn Layer>,
    pub(super) weights: OnceLock<Vec<Variable>>,
}

impl Part {
    pub(super) fn new(layer: Box<dyn Layer>) -> Self {
        Self {
            id: unique(),
            layer,
            weights: OnceLock::new(),
        }
    }
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
    Symbol::of_input(None, shape.into(), dtype, None)
}

impl Symbol {
    /// An input with a name.
    pub fn named_input(name: &str, shape: impl Into<Shape>) -> Self {
        Self::of_input(Some(name.to_owned()), shape.into(), DType::F32, None)
    }

    /// The same input with a name; the output of a layer is called as its layer.
    pub fn named(self, name: &str) -> Self {
        self.with(|own, _| *own = Some(name.to_owned()))
    }

    /// The same input with batches of a fixed size: Keras's `Input(batch_size=…)`, which stateful layers need.
    pub fn batch_size(self, batch: usize) -> Self {
        self.with(|_, own| *own = Some(batch))
    }

    /// The inputs that this tensor is computed from, each once: Keras's `get_source_inputs`.
    ///
    /// # Example
    /// ```
    /// use cornu::prelude::*;
    /// let (a, b) = (input([4]), input([4]).named("right"));
    /// let y = Dense::new(2).on(&Add::new().on([&a, &b]));
    /// let model = Model::new(y.source_inputs(), &y)?;
    /// assert_eq!(model.input_names()[1], "right");
    /// # Ok::<(), cornu::Error>(())
    /// ```
    pub fn source_inputs(&self) -> Vec<Self> {
        let (mut found, mut seen) = (Vec::new(), HashSet::new());
        // A stack of its own: networks can be deeper than a thread's.
        let mut stack = vec![self];
        while let Some(symbol) = stack.pop() {
            if !seen.insert(symbol.made.id) {
                continue;
            }
            match &symbol.made.how {
                How::Input { .. } => found.push(symbol.clone()),
                How::Call { inputs, .. } => stack.extend(inputs.iter().rev()),
            }
        }
        found
    }

    fn with(self, change: impl FnOnce(&mut Option<String>, &mut Option<usize>)) -> Self {
        match &self.made.how {
            How::Input {
                name,
                shape,
                dtype,
                batch,
            } => {
                let (mut name, mut batch) = (name.clone(), *batch);
                change(&mut name, &mut batch);
                Self::of_input(name, shape.clone(), *dtype, batch)
            }
            How::Call { .. } => self,
        }
    }

    fn of_input(name: Option<String>, shape: Shape, dtype: DType, batch: Option<usize>) -> Self {
        let how = How::Input {
            name,
            shape,
            dtype,
            batch,
        };
        Self {
            made: Arc::new(Made { id: unique(), how }),
            output: 0,
        }
    }
}

/// One symbol or several, for a layer to be applied to.
#[derive(Clone, Debug)]
pub struct Inputs(pub(super) Vec<Symbol>);

impl From<&Symbol> for Inputs {
    fn from(s: &Symbol) -> Self {
        Self(vec![s.clone()])
    }
}

impl From<Symbol> for Inputs {
    fn from(s: Symbol) -> Self {
        Self(vec![s])
    }
}

impl<const N: usize> From<[&Symbol; N]> for Inputs {
    fn from(s: [&Symbol; N]) -> Self {
        Self(s.into_iter().cloned().collect())
    }
}

impl<const N: usize> From<[Symbol; N]> for Inputs {
    fn from(s: [Symbol; N]) -> Self {
        Self(s.into())
    }
}

impl<const N: usize> From<&[Symbol; N]> for Inputs {
    fn from(s: &[Symbol; N]) -> Self {
        Self(s.to_vec())
    }
}

impl From<&[Symbol]> for Inputs {
    fn from(s: &[Symbol]) -> Self {
        Self(s.to_vec())
    }
}

impl From<Vec<Symbol>> for Inputs {
    fn from(s: Vec<Symbol>) -> Self {
        Self(s)
    }
}

impl From<&Vec<Symbol>> for Inputs {
    fn from(s: &Vec<Symbol>) -> Self {
        Self(s.clone())
    }
}

/// Applies a layer to symbols: Keras's `layer(x)`.
pub trait Apply: Layer + Sized + 'static {
    /// The layer's output for these inputs. Mistakes are told when the model is made.
    fn on(self, inputs: impl Into<Inputs>) -> Symbol {
        Shared::new(self).on(inputs)
    }

    /// All outputs of a layer that gives several: as many as are taken.
    ///
    /// # Example
    /// ```
    /// use cornu::prelude::*;
    /// let x = input([7, 3]);
    /// let [y, h, c] = LSTM::new(4).return_sequences(true).return_state(true).on_all(&x);
    /// let z = GRU::new(4).on([&y, &h]); // `h` is where it begins
    /// let model = Model::new([&x], [&z, &c])?;
    /// assert_eq!(model.output_shapes(), [[4].into(), [4].into()]);
    /// # Ok::<(), cornu::Error>(())
    /// ```
    fn on_all<const N: usize>(self, inputs: impl Into<Inputs>) -> [Symbol; N] {
        Shared::new(self).on_all(inputs)
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
pub struct Shared {
    pub(super) part: Arc<Part>,
    training: Option<bool>,
}

impl Shared {
    /// A layer to be shared.
    pub fn new(layer: impl Layer + 'static) -> Self {
        Self::of(Part::new(Box::new(layer)))
    }

    pub(super) fn of(part: Part) -> Self {
        Self {
            part: Arc::new(part),
            training: None,
        }
    }

    /// The same layer, with the same weights, for calls that are always of training or always of use, whatever the model is doing:
    /// Keras's `layer(x, training=False)`.
    ///
    /// # Example
    /// ```
    /// use cornu::prelude::*;
    /// let x = input([4]);
    /// let y = Shared::new(Dropout::new(0.5)).training(true).on(&x); // drops in prediction too
    /// let mut model = Model::new([&x], [&y])?;
    /// let ones = Tensor::new([1, 4], vec![1.0f32; 4])?;
    /// assert!(model.predict(&ones)?.f32s()?.iter().all(|&x| x == 0.0 || x == 2.0));
    /// # Ok::<(), cornu::Error>(())
    /// ```
    ///
    /// # Keras
    /// As its guide to transfer learning tells it; `fit` and `predict` of Keras 3 overrule the argument. Its files' `training` is passed over.
    pub fn training(&self, training: bool) -> Self {
        Self {
            part: Arc::clone(&self.part),
            training: Some(training),
        }
    }

    /// The layer's output for these inputs.
    pub fn on(&self, inputs: impl Into<Inputs>) -> Symbol {
        let [y] = self.on_all(inputs);
        y
    }

    /// All outputs of a layer that gives several: as many as are taken.
    pub fn on_all<const N: usize>(&self, inputs: impl Into<Inputs>) -> [Symbol; N] {
        let how = How::Call {
            part: Arc::clone(&self.part),
            inputs: inputs.into().0,
            outputs: Some(N),
            training: self.training,
        };
        let made = Arc::new(Made { id: unique(), how });
        std::array::from_fn(|output| Symbol {
            made: Arc::clone(&made),
            output,
        })
    }
}

/// Under which ids a model hands out its nodes and layers as symbols.
#[derive(Debug)]
pub(super) struct Ids {
    pub(super) nodes: Vec<u64>,
    pub(super) layers: Vec<u64>,
}

impl Ids {
    /// New ones, for a model that was not made of symbols.
    pub(super) fn new(architecture: &Architecture) -> Self {
        let nodes = architecture.inputs.len() + architecture.calls.len();
        Self {
            nodes: (0..nodes).map(|_| unique()).collect(),
            layers: architecture.layers.iter().map(|_| unique()).collect(),
        }
    }
}

impl Model {
    /// The model's inputs as symbols, for another model that begins as this one does.
    ///
    /// # Example
    /// The output of a layer in the middle, from the same weights:
    /// ```
    /// use cornu::prelude::*;
    /// let model = Sequential::new()
    ///     .input([28, 28, 1])
    ///     .add(Conv2D::new(4, 3).name("edges"))
    ///     .add(Flatten::new())
    ///     .add(Dense::new(10))
    ///     .build()?;
    /// let mut edges = Model::new(model.inputs(), model.layer("edges")?.output()?)?;
    /// assert_eq!(edges.predict(&Tensor::zeros([2, 28, 28, 1]))?.shape().axes(), &[2, 26, 26, 4]);
    /// # Ok::<(), cornu::Error>(())
    /// ```
    pub fn inputs(&self) -> Vec<Symbol> {
        let nodes = self.nodes();
        let inputs = nodes.iter().take(self.architecture.inputs.len());
        let first = |made: &Arc<Made>| Symbol {
            made: Arc::clone(made),
            output: 0,
        };
        inputs.map(first).collect()
    }

    /// The model's outputs as symbols, for another model that goes on from there.
    pub fn outputs(&self) -> Vec<Symbol> {
        let outputs = self.architecture.outputs.iter();
        outputs.map(|&t| self.symbol(t)).collect()
    }

    /// The (first) output of the layer of this name: `model.get_layer(name).output` in Keras.
    ///
    /// # Errors
    /// [`Kind::Config`](crate::error::Kind::Config) if no layer has that name.
    pub fn output_of(&self, layer: &str) -> Result<Symbol> {
        self.layer(layer)?.output()
    }

    pub(super) fn symbol(&self, t: TensorId) -> Symbol {
        Symbol {
            made: Arc::clone(&self.nodes()[t.node]),
            output: t.output,
        }
    }

    /// Every node as it is now: the same ids each time.
    fn nodes(&self) -> Vec<Arc<Made>> {
        let a = &self.architecture;
        let parts: Vec<Arc<Part>> = (0..a.layers.len())
            .map(|i| {
                let mut layer = a.layers[i].1.boxed();
                layer.base_mut().name = Some(a.layers[i].0.clone());
                let own = (0..self.weights.len()).filter(|&w| self.weights[w].layer == i);
                let weights: Vec<Variable> = own.map(|w| self.variables.all()[w].clone()).collect();
                Arc::new(Part {
                    id: self.ids.layers[i],
                    layer,
                    weights: OnceLock::from(weights),
                })
            })
            .collect();
        let mut nodes: Vec<Arc<Made>> = Vec::new();
        for (input, &id) in a.inputs.iter().zip(&self.ids.nodes) {
            let how = How::Input {
                name: Some(input.name.clone()),
                shape: input.shape.clone(),
                dtype: input.dtype,
                batch: input.batch,
            };
            nodes.push(Arc::new(Made { id, how }));
        }
        for (call, &id) in a.calls.iter().zip(&self.ids.nodes[a.inputs.len()..]) {
            let input = |t: &TensorId| Symbol {
                made: Arc::clone(&nodes[t.node]),
                output: t.output,
            };
            let how = How::Call {
                part: Arc::clone(&parts[call.layer]),
                inputs: call.inputs.iter().map(input).collect(),
                outputs: call.outputs,
                training: call.training,
            };
            nodes.push(Arc::new(Made { id, how }));
        }
        nodes
    }
}
