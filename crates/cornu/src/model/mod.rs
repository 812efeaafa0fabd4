//! Models: layers joined into a network, with their weights.

mod architecture;
mod config;
mod functional;
mod save;
mod sequential;
mod summary;

pub use functional::{Apply, Inputs, Shared, Symbol, input, input_of};
pub use sequential::Sequential;
pub use summary::{Row, Summary};

use std::sync::Arc;

pub(crate) use architecture::{Architecture, WeightEntry, snake_case};

use crate::compile::{Computation, Mode, Plan, compile};
use crate::error::{Error, Kind as ErrorKind, Result};
use crate::exec::executable::{States, Workspace};
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
    pub(crate) architecture: Architecture,
    pub(crate) weights: Vec<WeightEntry>,
    /// Shape of every tensor between layers, without the batch axis: the inputs, then each call's output.
    pub(crate) shapes: Vec<Shape>,
    /// The weights' elements, then the optimizer's slots.
    pub(crate) states: States,
    pub(crate) compiled: Option<Compiled>,
    pub(crate) workspace: Workspace,
    pub(crate) predict_plan: Option<Plan>,
    /// Free text that travels with the model: class names, the scaling of its inputs.
    pub(crate) notes: std::collections::BTreeMap<String, String>,
}

/// How many samples go through the model at a time where no batch size is given, as in Keras.
pub const DEFAULT_BATCH: usize = 32;

impl Model {
    pub(crate) fn from_architecture(architecture: Architecture, seed: u64) -> Result<Self> {
        let (weights, shapes) = architecture.build()?;
        let bytes = weights.iter().map(|w| w.spec.shape.elements() * 4).sum();
        // Asked for at once and given back, so that a size that cannot be had is refused before anything is drawn.
        cornu_kernels::arena::Arena::new(bytes).map_err(|e| {
            Error::new(ErrorKind::Memory, format!("the weights do not fit: {e}"))
                .at(architecture.name.clone())
        })?;
        let mut states = States::new();
        for (stream, w) in weights.iter().enumerate() {
            let drawn = w.spec.initializer.draw(&w.spec.shape, seed, stream as u32);
            states.push(&drawn.map_err(|e| e.at(w.path.clone()))?)?;
        }
        Ok(Self {
            architecture,
            weights,
            shapes,
            states,
            compiled: None,
            workspace: Workspace::new(),
            predict_plan: None,
            notes: std::collections::BTreeMap::new(),
        })
    }

    /// The model's name.
    pub fn name(&self) -> &str {
        &self.architecture.name
    }

    /// The layers with their names, in order.
    pub fn layers(&self) -> impl Iterator<Item = (&str, &dyn Layer)> {
        self.architecture
            .layers
            .iter()
            .map(|(name, layer)| (name.as_str(), &**layer))
    }

    /// Whether training changes a layer's weights; call [`Model::compile`] again afterwards, as in Keras.
    ///
    /// # Errors
    /// [`Kind::Config`](crate::error::Kind::Config) if no layer has that name.
    pub fn set_trainable(&mut self, layer: &str, trainable: bool) -> Result<()> {
        let names: Vec<String> = self.layers().map(|(n, _)| n.to_owned()).collect();
        let Some(i) = names.iter().position(|n| n == layer) else {
            return Err(Error::unknown(
                "layer",
                layer,
                names.iter().map(String::as_str),
            ));
        };
        self.architecture.layers[i].1.base_mut().trainable = trainable;
        Ok(())
    }

    /// Shapes of the inputs, without the batch axis.
    pub fn input_shapes(&self) -> Vec<Shape> {
        let inputs = self.architecture.inputs.iter();
        inputs.map(|i| i.shape.clone()).collect()
    }

    /// Shape of the (first) output, without the batch axis.
    pub fn output_shape(&self) -> &Shape {
        &self.shapes[self.architecture.outputs[0]]
    }

    /// Number of elements of all weights.
    pub fn count_params(&self) -> usize {
        self.weights.iter().map(|w| w.spec.shape.elements()).sum()
    }

    /// Whether training changes the weight with this number.
    pub(crate) fn is_trainable(&self, weight: usize) -> bool {
        let w = &self.weights[weight];
        w.spec.trainable && self.architecture.layers[w.layer].1.base().trainable
    }

    /// Names of the weights, "model/layer/weight", in order.
    pub fn weight_paths(&self) -> Vec<&str> {
        self.weights.iter().map(|w| w.path.as_str()).collect()
    }

    /// Copies of all weights, in order.
    pub fn weights(&self) -> Vec<Tensor> {
        (0..self.weights.len())
            .map(|i| self.states.tensor(i))
            .collect()
    }

    /// Sets all weights, in the order of [`Model::weights`].
    ///
    /// # Errors
    /// [`Kind::Weights`](crate::error::Kind::Weights) if their number or a shape differs; then none is changed.
    pub fn set_weights(&mut self, weights: &[Tensor]) -> Result<()> {
        if weights.len() != self.weights.len() {
            return Err(Error::new(
                ErrorKind::Weights,
                format!(
                    "the model has {} weights, received {}",
                    self.weights.len(),
                    weights.len()
                ),
            )
            .at(self.name()));
        }
        for (own, new) in self.weights.iter().zip(weights) {
            if own.spec.shape != *new.shape() || new.dtype() != DType::F32 {
                return Err(Error::new(
                    ErrorKind::Weights,
                    format!(
                        "expected a float32 weight of shape {}, received {} {}",
                        own.spec.shape,
                        new.dtype(),
                        new.shape()
                    ),
                )
                .at(own.path.clone()));
            }
        }
        for (i, new) in weights.iter().enumerate() {
            self.states.get_mut(i).copy_from_slice(new.f32s()?);
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
        let traced =
            self.architecture
                .trace(&mut graph, &inputs, &weights, rng, training, &self.weights)?;
        Ok(ModelGraph {
            graph,
            weights,
            values: traced.values,
            masks: traced.masks,
            updates: traced.updates,
        })
    }

    /// The plan that computes the outputs for batches of a size: what is computed in which order and where it lies.
    pub fn prediction_plan(&self, batch: usize) -> Result<Plan> {
        let traced = self.trace(batch, false)?;
        let outputs = self.architecture.outputs.iter();
        let computation = Computation {
            outputs: outputs.map(|&t| traced.values[t]).collect(),
            graph: traced.graph,
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
    /// Every tensor between layers: the inputs, then each call's output.
    pub(crate) values: Vec<Value>,
    /// For each of them, which of its steps count, if not all.
    pub(crate) masks: Vec<Option<Value>>,
    /// New values of statistics, (weight, value).
    pub(crate) updates: Vec<(usize, Value)>,
}
