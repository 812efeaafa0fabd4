//! The layers of a model and how they are joined, without weights.

use std::collections::HashMap;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::graph::{Graph, Meta, Value};
use crate::layers::{Context, Layer, WeightSpec};
use crate::shape::{DType, Shape};

/// How a model was written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Sequential,
    Functional,
}

impl Kind {
    pub(crate) fn class_name(self) -> &'static str {
        match self {
            Self::Sequential => "Sequential",
            Self::Functional => "Functional",
        }
    }
}

/// An input of a model.
#[derive(Clone, Debug)]
pub(crate) struct InputSpec {
    pub(crate) name: String,
    /// Without the batch axis.
    pub(crate) shape: Shape,
    pub(crate) dtype: DType,
}

impl InputSpec {
    /// Shape and type for a batch.
    pub(crate) fn meta(&self, batch: usize) -> Result<Meta> {
        Ok(Meta {
            shape: Shape::new(self.shape.with_batch(batch).to_vec())?,
            dtype: self.dtype,
        })
    }
}

/// One use of a layer.
#[derive(Clone, Debug)]
pub(crate) struct CallSite {
    pub(crate) layer: usize,
    /// The tensors it is called on: inputs first, then outputs of earlier calls.
    pub(crate) inputs: Vec<usize>,
}

/// Layers and the order in which they are called.
#[derive(Clone, Debug)]
pub(crate) struct Architecture {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) inputs: Vec<InputSpec>,
    /// Each layer once, with its name.
    pub(crate) layers: Vec<(String, Box<dyn Layer>)>,
    pub(crate) calls: Vec<CallSite>,
    pub(crate) outputs: Vec<usize>,
}

/// A weight of a model.
#[derive(Clone, Debug)]
pub(crate) struct WeightEntry {
    pub(crate) path: String,
    pub(crate) layer: usize,
    pub(crate) spec: WeightSpec,
}

/// What tracing an architecture gives.
#[derive(Debug)]
pub(crate) struct Traced {
    pub(crate) values: Vec<Value>,
    /// For each value, which of its steps count, if not all.
    pub(crate) masks: Vec<Option<Value>>,
    pub(crate) updates: Vec<(usize, Value)>,
}

/// "Conv2D" → "conv2d", "BatchNormalization" → "batch_normalization".
pub(crate) fn snake_case(class: &str) -> String {
    let chars: Vec<char> = class.chars().collect();
    let mut out = String::new();
    for (i, &c) in chars.iter().enumerate() {
        let starts_word = c.is_uppercase()
            && i > 0
            && (chars[i - 1].is_lowercase() || chars.get(i + 1).is_some_and(|n| n.is_lowercase()));
        if starts_word {
            out.push('_');
        }
        out.extend(c.to_lowercase());
    }
    out
}

/// Gives each layer its own name or, by Keras's rule, its class in small letters with a number from the second on.
pub(crate) fn name_layers(layers: Vec<Box<dyn Layer>>) -> Result<Vec<(String, Box<dyn Layer>)>> {
    let mut counts: HashMap<String, usize> = HashMap::new();
    let mut named: Vec<(String, Box<dyn Layer>)> = Vec::with_capacity(layers.len());
    for layer in layers {
        let name = layer.base().name.clone().unwrap_or_else(|| {
            let stem = snake_case(layer.class_name());
            let count = counts.entry(stem.clone()).or_default();
            *count += 1;
            match *count {
                1 => stem,
                n => format!("{stem}_{}", n - 1),
            }
        });
        if name.is_empty() || name.contains('/') {
            return Err(Error::config(format!(
                "a layer's name must not be empty or contain '/', received \"{name}\""
            )));
        }
        if named.iter().any(|(n, _)| *n == name) {
            return Err(Error::config(format!("two layers are named \"{name}\""))
                .help("each layer of a model needs its own name; use one layer twice to share its weights"));
        }
        named.push((name, layer));
    }
    Ok(named)
}

/// The length of the batch axis while shapes are found out.
const PROBE_BATCH: usize = 2;

impl Architecture {
    /// The path of a layer.
    pub(crate) fn path(&self, layer: usize) -> String {
        format!("{}/{}", self.name, self.layers[layer].0)
    }

    /// Every weight, and the shape of every tensor; refuses what does not fit, with the layer's path.
    pub(crate) fn build(&self) -> Result<(Vec<WeightEntry>, Vec<Shape>)> {
        let mut graph = Graph::new();
        let rng = graph.feed_of(
            Meta {
                shape: [4].into(),
                dtype: DType::I32,
            },
            false,
        )?;
        let mut weights: Vec<WeightEntry> = Vec::new();
        let mut built: Vec<Option<Vec<Shape>>> = vec![None; self.layers.len()];
        let mut values: Vec<Value> = Vec::new();
        for input in &self.inputs {
            if input.shape.contains(&0) {
                return Err(Error::shape(format!(
                    "an input's axes must be at least 1, received {}",
                    input.shape
                ))
                .at(format!("{}/{}", self.name, input.name)));
            }
            let meta = input
                .meta(PROBE_BATCH)
                .map_err(|e| e.at(self.name.clone()))?;
            values.push(graph.feed_of(meta, true)?);
        }
        let mut masks = vec![None; values.len()];
        for call in &self.calls {
            let path = self.path(call.layer);
            let layer = &*self.layers[call.layer].1;
            let shapes: Vec<Shape> = call
                .inputs
                .iter()
                .map(|&t| graph.shape(values[t]).without_batch())
                .collect();
            match &built[call.layer] {
                None => {
                    for spec in layer.build(&shapes).map_err(|e| e.at(path.clone()))? {
                        Shape::new(spec.shape.to_vec()).map_err(|e| e.at(path.clone()))?;
                        spec.initializer.get().map_err(|e| e.at(path.clone()))?;
                        let at = |e: Error| e.at(format!("{path}/{}", spec.name));
                        if let Some(regularizer) = &spec.regularizer {
                            regularizer.check(&spec.shape).map_err(at)?;
                        }
                        if let Some(constraint) = &spec.constraint {
                            constraint.check(&spec.shape).map_err(at)?;
                        }
                        weights.push(WeightEntry {
                            path: format!("{path}/{}", spec.name),
                            layer: call.layer,
                            spec,
                        });
                    }
                    built[call.layer] = Some(shapes);
                }
                Some(first) => {
                    let again = layer.build(&shapes).map_err(|e| e.at(path.clone()))?;
                    let own = weights.iter().filter(|w| w.layer == call.layer);
                    let same = own
                        .map(|w| &w.spec.shape)
                        .eq(again.iter().map(|w| &w.shape));
                    if !same {
                        return Err(Error::shape(format!(
                            "the weights were built for inputs {first:?}, received {shapes:?}"
                        ))
                        .at(path)
                        .help("a shared layer needs inputs of one shape"));
                    }
                }
            }
            let mut own = Vec::new();
            for w in weights.iter().filter(|w| w.layer == call.layer) {
                own.push(graph.feed("", w.spec.shape.clone(), false)?);
            }
            let mut updates = Vec::new();
            graph.set_path(Some(Arc::from(path.as_str())));
            let inputs: Vec<Value> = call.inputs.iter().map(|&t| values[t]).collect();
            let masked: Vec<_> = call.inputs.iter().map(|&t| masks[t]).collect();
            let y = layer
                .call(
                    &mut Context {
                        graph: &mut graph,
                        training: true,
                        weights: &own,
                        rng,
                        updates: &mut updates,
                        masks: masked.clone(),
                    },
                    &inputs,
                )
                .map_err(|e| e.at(path.clone()))?;
            let shape = graph.shape(y);
            Shape::new(shape.to_vec()).map_err(|e| e.at(path.clone()))?;
            if shape.first() != Some(&PROBE_BATCH) {
                return Err(Error::shape(format!(
                    "a layer must keep the batch axis, but for {PROBE_BATCH} samples it gave shape {shape}"
                ))
                .at(path));
            }
            let mask = layer.mask(&mut graph, &inputs, &masked);
            masks.push(mask.map_err(|e| e.at(path))?);
            values.push(y);
        }
        let shapes = values
            .iter()
            .map(|&v| graph.shape(v).without_batch())
            .collect();
        Ok((weights, shapes))
    }

    /// Writes all layers into a graph.
    pub(crate) fn trace(
        &self,
        graph: &mut Graph,
        inputs: &[Value],
        weights: &[Value],
        rng: Value,
        training: bool,
        entries: &[WeightEntry],
    ) -> Result<Traced> {
        let mut values = inputs.to_vec();
        let mut masks = vec![None; values.len()];
        let mut updates = Vec::new();
        for call in &self.calls {
            let path = self.path(call.layer);
            let own: Vec<usize> = (0..entries.len())
                .filter(|&i| entries[i].layer == call.layer)
                .collect();
            let own_values: Vec<Value> = own.iter().map(|&i| weights[i]).collect();
            let called: Vec<Value> = call.inputs.iter().map(|&t| values[t]).collect();
            let mut changed = Vec::new();
            graph.set_path(Some(Arc::from(path.as_str())));
            let masked: Vec<_> = call.inputs.iter().map(|&t| masks[t]).collect();
            let layer = &*self.layers[call.layer].1;
            let y = layer
                .call(
                    &mut Context {
                        graph,
                        training,
                        weights: &own_values,
                        rng,
                        updates: &mut changed,
                        masks: masked.clone(),
                    },
                    &called,
                )
                .map_err(|e| e.at(path.clone()))?;
            let mask = layer.mask(graph, &called, &masked);
            masks.push(mask.map_err(|e| e.at(path))?);
            graph.set_path(None);
            values.push(y);
            updates.extend(changed.into_iter().map(|(i, v)| (own[i], v)));
        }
        Ok(Traced {
            values,
            masks,
            updates,
        })
    }
}
