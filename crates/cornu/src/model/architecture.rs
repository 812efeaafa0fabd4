//! The layers of a model and how they are joined, without weights.

use std::collections::{HashMap, HashSet};
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

    /// The name of a model that was given none.
    pub(crate) fn default_name(self) -> &'static str {
        match self {
            Self::Sequential => "sequential",
            Self::Functional => "functional",
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
    /// The size that all batches have, where it is fixed.
    pub(crate) batch: Option<usize>,
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

/// A tensor between layers: an input of the model, or one of the outputs of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct TensorId {
    /// Inputs are numbered first, then calls.
    pub(crate) node: usize,
    /// Which output of the call.
    pub(crate) output: usize,
}

impl TensorId {
    /// The first output of a call, or an input.
    pub(crate) fn first(node: usize) -> Self {
        Self { node, output: 0 }
    }

    /// The tensor among lists of each node's.
    pub(crate) fn of<T>(self, nodes: &[Vec<T>]) -> &T {
        &nodes[self.node][self.output]
    }
}

/// One use of a layer.
#[derive(Clone, Debug)]
pub(crate) struct CallSite {
    pub(crate) layer: usize,
    /// The tensors it is called on.
    pub(crate) inputs: Vec<TensorId>,
    /// How many outputs whoever wrote the call counts on, where that was said.
    pub(crate) outputs: Option<usize>,
    /// Whether the call is one of training, whatever the model is doing; Keras's argument `training`.
    pub(crate) training: Option<bool>,
}

impl CallSite {
    /// A call for one output.
    pub(crate) fn new(layer: usize, inputs: Vec<TensorId>) -> Self {
        Self {
            layer,
            inputs,
            outputs: Some(1),
            training: None,
        }
    }
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
    pub(crate) outputs: Vec<TensorId>,
}

/// A weight of a model.
#[derive(Clone, Debug)]
pub(crate) struct WeightEntry {
    pub(crate) path: String,
    pub(crate) layer: usize,
    pub(crate) spec: WeightSpec,
}

/// What building an architecture gives.
#[derive(Debug)]
pub(crate) struct Built {
    pub(crate) weights: Vec<WeightEntry>,
    /// Shape (without the batch axis) and type of every node's outputs.
    pub(crate) tensors: Vec<Vec<Meta>>,
}

/// What tracing an architecture starts from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Given<'a> {
    pub(crate) inputs: &'a [Value],
    /// For each input, which of its steps count, if not all.
    pub(crate) masks: &'a [Option<Value>],
    pub(crate) weights: &'a [Value],
    pub(crate) rng: Value,
    pub(crate) training: bool,
}

/// What tracing an architecture gives.
#[derive(Debug, Default)]
pub(crate) struct Traced {
    /// Every node's outputs.
    pub(crate) values: Vec<Vec<Value>>,
    /// For each value, which of its steps count, if not all.
    pub(crate) masks: Vec<Vec<Option<Value>>>,
    /// New values of statistics and states, (weight, value), each weight once.
    pub(crate) updates: Vec<(usize, Value)>,
    /// What layers add to the loss.
    pub(crate) losses: Vec<Value>,
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
    let given: HashSet<String> = layers
        .iter()
        .filter_map(|l| l.base().name.clone())
        .collect();
    let mut named: Vec<(String, Box<dyn Layer>)> = Vec::with_capacity(layers.len());
    for layer in layers {
        let name = layer.base().name.clone().unwrap_or_else(|| {
            let stem = snake_case(layer.class_name());
            let count = counts.entry(stem.clone()).or_default();
            loop {
                *count += 1;
                let name = match *count {
                    1 => stem.clone(),
                    n => format!("{stem}_{}", n - 1),
                };
                // A name that another layer was given is passed over.
                if !given.contains(&name) {
                    return name;
                }
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

    /// The size that all batches have, where an input fixes it.
    pub(crate) fn batch(&self) -> Option<usize> {
        self.inputs.iter().find_map(|i| i.batch)
    }

    /// Refuses batches of a size other than the inputs fix.
    pub(crate) fn check_batch(&self, batch: usize) -> Result<()> {
        match self.batch() {
            Some(fixed) if fixed != batch => Err(Error::shape(format!(
                "the model's batches have {fixed} samples, received {batch}"
            ))
            .at(self.name.clone())
            .help("use that batch size, and a number of samples that it divides")),
            _ => Ok(()),
        }
    }

    /// Every weight, and the shape of every tensor; refuses what does not fit, with the layer's path.
    pub(crate) fn build(&self) -> Result<Built> {
        let probe = self.batch().unwrap_or(PROBE_BATCH);
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
        let mut traced = Traced::default();
        for input in &self.inputs {
            let at = format!("{}/{}", self.name, input.name);
            if input.shape.contains(&0) || input.batch == Some(0) {
                return Err(Error::shape(format!(
                    "an input's axes must be at least 1, received {}",
                    input.shape
                ))
                .at(at));
            }
            let meta = input.meta(probe).map_err(|e| e.at(self.name.clone()))?;
            traced.values.push(vec![graph.feed_of(meta, true)?]);
            traced.masks.push(vec![None]);
        }
        self.check_batch(probe)?;
        for call in &self.calls {
            let path = self.path(call.layer);
            let layer = &*self.layers[call.layer].1;
            let mut shapes = Vec::with_capacity(call.inputs.len());
            for &t in &call.inputs {
                let value = self.tensor(&traced.values, t, &path)?;
                shapes.push(graph.shape(value).without_batch());
            }
            let specs = layer
                .build_for(&shapes, self.batch())
                .map_err(|e| e.at(path.clone()))?;
            match &built[call.layer] {
                None => {
                    for spec in specs {
                        Shape::new(spec.shape.to_vec()).map_err(|e| e.at(path.clone()))?;
                        spec.initializer
                            .fits(&spec.shape)
                            .map_err(|e| e.at(path.clone()))?;
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
                    let own = weights.iter().filter(|w| w.layer == call.layer);
                    let same = own
                        .map(|w| &w.spec.shape)
                        .eq(specs.iter().map(|w| &w.shape));
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
            self.call(&mut graph, call, &path, (&own, rng, true), &mut traced)?;
            let outputs = traced.values.last().expect("just written");
            check_outputs(&graph, call, outputs, probe).map_err(|e| e.at(path))?;
        }
        // Weights follow the order of the layers, as in Keras, not that of the calls.
        weights.sort_by_key(|w| w.layer);
        for &t in &self.outputs {
            self.tensor(&traced.values, t, &self.name)?;
        }
        let meta = |&v: &Value| Meta {
            shape: graph.shape(v).without_batch(),
            dtype: graph.dtype(v),
        };
        let nodes = traced.values.iter();
        let tensors = nodes.map(|outputs| outputs.iter().map(meta).collect());
        Ok(Built {
            weights,
            tensors: tensors.collect(),
        })
    }

    /// A tensor that a call reads.
    fn tensor(&self, values: &[Vec<Value>], t: TensorId, at: &str) -> Result<Value> {
        values[t.node].get(t.output).copied().ok_or_else(|| {
            let maker = match t.node.checked_sub(self.inputs.len()) {
                Some(call) => &self.layers[self.calls[call].layer].0,
                None => &self.inputs[t.node].name,
            };
            Error::config(format!(
                "output {} of \"{maker}\" is wanted, which gives {}",
                t.output,
                values[t.node].len()
            ))
            .at(at)
        })
    }

    /// Writes one call into a graph: its outputs, masks, losses; hands back what it changes, by number of its own weights.
    fn call(
        &self,
        graph: &mut Graph,
        call: &CallSite,
        path: &str,
        (weights, rng, training): (&[Value], Value, bool),
        traced: &mut Traced,
    ) -> Result<Vec<(usize, Value)>> {
        let layer = &*self.layers[call.layer].1;
        let inputs: Vec<Value> = call.inputs.iter().map(|t| *t.of(&traced.values)).collect();
        let masks: Vec<_> = call.inputs.iter().map(|t| *t.of(&traced.masks)).collect();
        let outer = graph.set_path(Some(Arc::from(path)));
        let mut updates = Vec::new();
        let mut cx = Context::new(
            graph,
            call.training.unwrap_or(training),
            weights,
            rng,
            &mut updates,
        );
        cx.masks.clone_from(&masks);
        let outputs = layer.call_all(&mut cx, &inputs).map_err(|e| e.at(path))?;
        traced.losses.append(&mut cx.losses);
        let told = cx.output_masks.take();
        let mut output_masks = match told {
            Some(masks) => masks,
            None => vec![layer.mask(graph, &inputs, &masks).map_err(|e| e.at(path))?],
        };
        output_masks.resize(outputs.len(), None);
        graph.set_path(outer);
        traced.masks.push(output_masks);
        traced.values.push(outputs);
        Ok(updates)
    }

    /// Writes all layers into a graph; their paths begin with `prefix`.
    pub(crate) fn trace(
        &self,
        graph: &mut Graph,
        given: Given<'_>,
        entries: &[WeightEntry],
        prefix: &str,
    ) -> Result<Traced> {
        let mut traced = Traced {
            values: given.inputs.iter().map(|&x| vec![x]).collect(),
            masks: (0..given.inputs.len())
                .map(|i| vec![given.masks.get(i).copied().flatten()])
                .collect(),
            ..Traced::default()
        };
        // A layer that is called twice finds at the second call what the first has changed.
        let mut current = given.weights.to_vec();
        let mut changed = vec![false; current.len()];
        for call in &self.calls {
            let path = format!("{prefix}/{}", self.layers[call.layer].0);
            let own: Vec<usize> = (0..entries.len())
                .filter(|&i| entries[i].layer == call.layer)
                .collect();
            let weights: Vec<Value> = own.iter().map(|&i| current[i]).collect();
            let with = (&weights[..], given.rng, given.training);
            for (i, value) in self.call(graph, call, &path, with, &mut traced)? {
                current[own[i]] = value;
                changed[own[i]] = true;
            }
        }
        traced.updates = (0..current.len())
            .filter(|&i| changed[i])
            .map(|i| (i, current[i]))
            .collect();
        Ok(traced)
    }
}

/// Refuses outputs without the batch in front, absurdly large ones, and other numbers of them than the call counts on.
fn check_outputs(graph: &Graph, call: &CallSite, outputs: &[Value], probe: usize) -> Result<()> {
    for &y in outputs {
        let shape = graph.shape(y);
        Shape::new(shape.to_vec())?;
        if shape.first() != Some(&probe) {
            return Err(Error::shape(format!(
                "a layer must keep the batch axis, but for {probe} samples it gave shape {shape}"
            )));
        }
    }
    match call.outputs {
        Some(wanted) if wanted != outputs.len() => {
            let noun = |n: usize| if n == 1 { "output" } else { "outputs" };
            Err(Error::config(format!(
                "{wanted} {} counted on, but the layer gives {}",
                if wanted == 1 {
                    "output is"
                } else {
                    "outputs are"
                },
                outputs.len()
            ))
            .help(format!(
                "let [{}] = layer.on_all(x) takes all {} {}",
                ["a", "b", "c", "d"][..outputs.len().min(4)].join(", "),
                outputs.len(),
                noun(outputs.len())
            )))
        }
        _ => Ok(()),
    }
}
