//! Models: layers joined into a network, with their weights.

mod architecture;
mod config;
mod functional;
mod lora;
mod merge;
mod nested;
mod order;
mod part;
mod plot;
mod profile;
mod restore;
mod save;
mod sequential;
mod summary;
mod symbol;

pub use merge::{add, average, concatenate, dot, maximum, minimum, multiply, subtract};
pub use nested::{IntoLayer, Nested};
pub use part::LayerOf;
pub use sequential::Sequential;
pub use summary::{Row, Summary};
pub use symbol::{Apply, Inputs, Shared, Symbol, input, input_of};

use std::sync::Arc;

use architecture::Built;
pub(crate) use architecture::{
    Architecture, CallSite, Given, InputSpec, Kind, TensorId, Traced, WeightEntry, snake_case,
};
use symbol::Ids;

use crate::compile::{Computation, Mode, Plan, compile};
use crate::error::{Error, Kind as ErrorKind, Result};
use crate::exec::executable::Workspace;
use crate::exec::{Variable, Variables, unique};
use crate::graph::{Graph, Meta, Value};
use crate::layers::Layer;
use crate::shape::{DType, Shape};
use crate::tensor::Tensor;
use crate::train::Compiled;

/// A network with its weights, ready to be compiled, trained, used and saved.
///
/// Made by [`Sequential`] or, with branches, by [`Model::new`].
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let mut model = Sequential::new().input([4]).add(Dense::new(3).activation("softmax")).build()?;
/// let y = model.predict(&Tensor::zeros([2, 4]))?;
/// assert_eq!(y.shape().axes(), &[2, 3]);
/// # Ok::<(), cornu::Error>(())
/// ```
#[derive(Debug)]
pub struct Model {
    /// The same for the same model wherever it is a layer.
    id: u64,
    pub(crate) architecture: Architecture,
    pub(crate) weights: Vec<WeightEntry>,
    /// Shape (without the batch axis) and type of every tensor between layers: the inputs, then each call's outputs.
    pub(crate) tensors: Vec<Vec<Meta>>,
    /// The weights, then the optimizer's slots.
    pub(crate) variables: Variables,
    pub(crate) compiled: Option<Compiled>,
    pub(crate) workspace: Workspace,
    pub(crate) predict_plan: Option<Plan>,
    /// Free text that travels with the model: class names, the scaling of its inputs.
    pub(crate) notes: std::collections::BTreeMap<String, String>,
    ids: Ids,
}

/// How many samples go through the model at a time where no batch size is given, as in Keras.
pub const DEFAULT_BATCH: usize = 32;

/// Where a model's weights come from.
struct Drawn {
    seed: u64,
    /// For each layer, the weights that it has already.
    held: Vec<Option<Vec<Variable>>>,
}

impl Model {
    pub(crate) fn from_architecture(architecture: Architecture, seed: u64) -> Result<Self> {
        let held = Vec::new();
        Self::assemble(architecture, Drawn { seed, held }, None)
    }

    fn assemble(architecture: Architecture, mut drawn: Drawn, ids: Option<Ids>) -> Result<Self> {
        let Built {
            mut weights,
            tensors,
        } = architecture.build()?;
        drawn.held.resize(architecture.layers.len(), None);
        for (layer, held) in drawn.held.into_iter().enumerate() {
            let Some(held) = held else { continue };
            let own = weights.iter_mut().filter(|w| w.layer == layer);
            for (w, variable) in own.zip(held) {
                w.spec.variable = Some(variable);
            }
        }
        let new = weights.iter().filter(|w| w.spec.variable.is_none());
        let bytes = new.map(|w| w.spec.shape.elements() * 4).sum();
        // Asked for at once and given back, so that a size that cannot be had is refused as a whole.
        cornu_kernels::arena::Arena::new(bytes).map_err(|e| {
            Error::new(ErrorKind::Memory, format!("the weights do not fit: {e}"))
                .at(architecture.name.clone())
        })?;
        let mut variables = Variables::default();
        for (number, w) in weights.iter().enumerate() {
            let at = |e: Error| e.at(w.path.clone());
            let variable = match &w.spec.variable {
                Some(variable) if *variable.shape() == w.spec.shape => variable.clone(),
                Some(other) => {
                    return Err(at(Error::shape(format!(
                        "the layer has a weight of shape {} already, these inputs need {}",
                        other.shape(),
                        w.spec.shape
                    ))
                    .help("a shared layer needs inputs of one shape")));
                }
                None => {
                    let initializer = w.spec.initializer.clone();
                    let shape = w.spec.shape.clone();
                    Variable::begun(shape, initializer, drawn.seed, number as u32).map_err(at)?
                }
            };
            if variables.add(variable) != number {
                return Err(at(Error::config(
                    "the model holds this weight twice, under two names",
                )
                .help("use a layer either by itself or as part of its model")));
            }
        }
        Ok(Self {
            id: unique(),
            ids: ids.unwrap_or_else(|| Ids::new(&architecture)),
            architecture,
            weights,
            tensors,
            variables,
            compiled: None,
            workspace: Workspace::new(),
            predict_plan: None,
            notes: std::collections::BTreeMap::new(),
        })
    }

    /// A model of layers of this one, or of such as begin with the weights of those: each has the weights of the layer of its name here.
    pub(crate) fn derived(&self, architecture: Architecture) -> Result<Self> {
        let own = |layer: usize| {
            let numbers = (0..self.weights.len()).filter(|&w| self.weights[w].layer == layer);
            numbers.map(|w| self.variables.all()[w].clone()).collect()
        };
        let layers = architecture.layers.iter();
        let held = layers.map(|(name, _)| {
            let here = self.architecture.layers.iter();
            here.enumerate()
                .find(|(_, (n, _))| n == name)
                .map(|(i, _)| own(i))
        });
        let held = held.collect();
        Self::assemble(architecture, Drawn { seed: 0, held }, None)
    }

    /// The model's name.
    pub fn name(&self) -> &str {
        &self.architecture.name
    }

    /// The same model under another name, which begins the path of every weight and names it where it is a layer.
    pub fn named(mut self, name: &str) -> Self {
        let rest = self.architecture.name.len();
        for w in &mut self.weights {
            w.path = format!("{name}{}", &w.path[rest..]);
        }
        name.clone_into(&mut self.architecture.name);
        self
    }

    /// A model of the same layers with weights of its own, which begin as copies of these.
    ///
    /// # Example
    /// ```
    /// use cornu::prelude::*;
    /// let online = Sequential::new().input([4]).add(Dense::new(2)).build()?;
    /// let target = online.duplicate()?;
    /// online.layer("dense")?.set_weights(&[Tensor::zeros([4, 2]), Tensor::zeros([2])])?;
    /// assert_ne!(target.weights(), online.weights());
    /// # Ok::<(), cornu::Error>(())
    /// ```
    ///
    /// # Keras
    /// `clone_model`, followed by `set_weights`.
    pub fn duplicate(&self) -> Result<Self> {
        let mut held = vec![Some(Vec::new()); self.architecture.layers.len()];
        for (w, variable) in self.weights.iter().zip(self.variables.all()) {
            let copy = Variable::new(&variable.value())?;
            held[w.layer].get_or_insert_default().push(copy);
        }
        let mut copy = Self::assemble(self.architecture.clone(), Drawn { seed: 0, held }, None)?;
        copy.notes.clone_from(&self.notes);
        Ok(copy)
    }

    /// The layers with their names, in order.
    pub fn layers(&self) -> impl Iterator<Item = (&str, &dyn Layer)> {
        self.architecture
            .layers
            .iter()
            .map(|(name, layer)| (name.as_str(), &**layer))
    }

    /// Shapes of the inputs, without the batch axis.
    pub fn input_shapes(&self) -> Vec<Shape> {
        let inputs = self.architecture.inputs.iter();
        inputs.map(|i| i.shape.clone()).collect()
    }

    /// Names of the inputs.
    pub fn input_names(&self) -> Vec<&str> {
        let inputs = self.architecture.inputs.iter();
        inputs.map(|i| i.name.as_str()).collect()
    }

    /// Shape of the (first) output, without the batch axis.
    pub fn output_shape(&self) -> &Shape {
        &self.output_meta(0).shape
    }

    /// Shapes of all outputs, without the batch axis.
    pub fn output_shapes(&self) -> Vec<Shape> {
        let outputs = 0..self.architecture.outputs.len();
        outputs.map(|i| self.output_meta(i).shape.clone()).collect()
    }

    /// Names of the outputs: those of the layers they come out of, numbered where several come out of one.
    pub fn output_names(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for &t in &self.architecture.outputs {
            let stem = self.architecture.origin(t).0;
            let mut name = stem.to_owned();
            let mut count = 0;
            while names.contains(&name) {
                count += 1;
                name = format!("{stem}_{count}");
            }
            names.push(name);
        }
        names
    }

    /// Shape (without the batch axis) and type of an output.
    pub(crate) fn output_meta(&self, output: usize) -> &Meta {
        self.architecture.outputs[output].of(&self.tensors)
    }

    /// Number of elements of all weights.
    pub fn count_params(&self) -> usize {
        self.weights.iter().map(|w| w.spec.shape.elements()).sum()
    }

    /// Whether training changes the weight with this number.
    pub(crate) fn is_trainable(&self, weight: usize) -> bool {
        let w = &self.weights[weight];
        let layer = &*self.architecture.layers[w.layer].1;
        w.spec.trainable && nested::may_train(layer, &w.spec.name)
    }

    /// Names of the weights, "model/layer/weight", in order.
    pub fn weight_paths(&self) -> Vec<&str> {
        self.weights.iter().map(|w| w.path.as_str()).collect()
    }

    /// Handles of all weights, in order.
    pub fn variables(&self) -> &[Variable] {
        &self.variables.all()[..self.weights.len()]
    }

    /// Handles of the weights that training changes, in order.
    pub fn trainable_variables(&self) -> Vec<Variable> {
        let trained = (0..self.weights.len()).filter(|&i| self.is_trainable(i));
        trained.map(|i| self.variables.all()[i].clone()).collect()
    }

    /// Copies of all weights, in order.
    pub fn weights(&self) -> Vec<Tensor> {
        self.variables().iter().map(Variable::value).collect()
    }

    /// Sets all weights, in the order of [`Model::weights`].
    ///
    /// # Errors
    /// [`Kind::Weights`](crate::error::Kind::Weights) if their number or a shape differs; then none is changed.
    pub fn set_weights(&mut self, weights: &[Tensor]) -> Result<()> {
        if weights.len() == self.weights.len() {
            for (entry, (own, new)) in self
                .weights
                .iter()
                .zip(self.variables().iter().zip(weights))
            {
                own.check(new).map_err(|e| e.at(entry.path.clone()))?;
            }
        }
        part::set_weights(self.variables(), weights, self.name())
    }

    /// Puts what layers remember from batch to batch back to its beginning: Keras's `reset_states` of stateful layers.
    pub fn reset_states(&mut self) -> Result<()> {
        for (number, w) in self.weights.iter().enumerate() {
            if w.spec.state {
                let begin = w.spec.initializer.draw(&w.spec.shape, 0, number as u32)?;
                self.variables.all()[number].set(&begin)?;
            }
        }
        Ok(())
    }

    /// Attaches a text that is saved with the model.
    pub fn set_note(&mut self, key: &str, text: impl Into<String>) {
        self.notes.insert(key.to_owned(), text.into());
    }

    /// A text that was saved with the model.
    pub fn note(&self, key: &str) -> Option<&str> {
        self.notes.get(key).map(String::as_str)
    }

    /// Writes the model into a graph: its inputs, weights and random numbers as nodes, and its layers behind them.
    pub(crate) fn trace(&self, batch: usize, training: bool) -> Result<ModelGraph> {
        self.architecture.check_batch(batch)?;
        let mut graph = Graph::new();
        let mut inputs = Vec::with_capacity(self.architecture.inputs.len());
        for spec in &self.architecture.inputs {
            inputs.push(graph.feed_of(spec.meta(batch)?, true)?);
        }
        let rng = graph.feed_of(
            Meta {
                shape: [4].into(),
                dtype: DType::I32,
            },
            false,
        )?;
        let mut weights = Vec::with_capacity(self.weights.len());
        for (i, w) in self.weights.iter().enumerate() {
            graph.set_path(Some(Arc::from(w.path.as_str())));
            weights.push(graph.state(i, w.spec.shape.clone())?);
        }
        graph.set_path(None);
        let given = Given {
            inputs: &inputs,
            masks: &[],
            weights: &weights,
            rng,
            training,
        };
        let traced = self.trace_into(&mut graph, given)?;
        Ok(ModelGraph {
            graph,
            weights,
            traced,
        })
    }

    /// Writes the layers into a graph that has more in it.
    pub(crate) fn trace_into(&self, graph: &mut Graph, given: Given<'_>) -> Result<Traced> {
        self.architecture
            .trace(graph, given, &self.weights, self.name())
    }

    /// Refuses inputs (without the batch axis) that are not the model's.
    pub(crate) fn check_inputs(&self, received: &[Meta]) -> Result<()> {
        let expected = &self.architecture.inputs;
        if expected.len() != received.len() {
            return Err(Error::data(format!(
                "the model has {} inputs, received {}",
                expected.len(),
                received.len()
            ))
            .at(self.name()));
        }
        for (e, r) in expected.iter().zip(received) {
            if (&e.shape, e.dtype) != (&r.shape, r.dtype) {
                return Err(Error::shape(format!(
                    "the model expects {} {}, received {} {}",
                    e.dtype, e.shape, r.dtype, r.shape
                ))
                .at(format!("{}/{}", self.name(), e.name)));
            }
        }
        Ok(())
    }

    /// The plan that computes the outputs for batches of a size: what is computed in which order and where it lies.
    ///
    /// # Errors
    /// Another size than the model's inputs fix.
    pub fn prediction_plan(&self, batch: usize) -> Result<Plan> {
        let ModelGraph { graph, traced, .. } = self.trace(batch, false)?;
        let outputs = self.architecture.outputs.iter();
        let computation = Computation {
            outputs: outputs.map(|t| *t.of(&traced.values)).collect(),
            updates: traced.updates,
            graph,
            batch,
            ..Computation::default()
        };
        compile(&computation, Mode::Fast)
    }
}

/// A model written into a graph.
#[derive(Debug)]
pub(crate) struct ModelGraph {
    pub(crate) graph: Graph,
    pub(crate) weights: Vec<Value>,
    pub(crate) traced: Traced,
}

impl ModelGraph {
    /// An output of the model, and which of its steps count, if not all.
    pub(crate) fn output(&self, t: TensorId) -> (Value, Option<Value>) {
        (*t.of(&self.traced.values), *t.of(&self.traced.masks))
    }
}
