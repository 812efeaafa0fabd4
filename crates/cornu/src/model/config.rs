//! A model's architecture as Keras-style JSON, and back.

use std::collections::HashMap;

use serde_json::{Map, Value as Json, json};

use super::Model;
use super::architecture::{Architecture, CallSite, InputSpec, Kind, TensorId, name_layers};
use crate::error::{Error, Result};
use crate::layers::{self, Layer};
use crate::shape::{DType, Shape};

fn serialize_layer(name: &str, layer: &dyn Layer) -> Json {
    let mut config = Map::new();
    config.insert("name".to_owned(), name.into());
    config.insert("trainable".to_owned(), layer.base().trainable.into());
    config.insert("dtype".to_owned(), layer.dtype().into());
    config.extend(layer.config());
    let (module, registered) = match layer.as_nested() {
        Some(nested) => nested.architecture().kind.module(),
        None => ("keras.layers", Json::Null),
    };
    json!({
        "module": module,
        "class_name": layer.class_name(),
        "config": config,
        "registered_name": registered,
    })
}

impl Kind {
    /// Where Keras has the class, and under which name it is registered there.
    fn module(self) -> (&'static str, Json) {
        match self {
            Self::Sequential => ("keras", Json::Null),
            Self::Functional => ("keras.src.models.functional", "Functional".into()),
        }
    }
}

fn serialize_input(input: &InputSpec) -> Json {
    let mut batch_shape = vec![Json::from(input.batch)];
    batch_shape.extend(input.shape.iter().map(|&n| Json::from(n)));
    json!({
        "module": "keras.layers",
        "class_name": "InputLayer",
        "config": { "batch_shape": batch_shape, "dtype": input.dtype.to_string(), "name": input.name },
        "registered_name": null,
    })
}

impl Architecture {
    /// The name of the layer a tensor comes from, which of that layer's calls made it, and which output of it.
    pub(crate) fn origin(&self, t: TensorId) -> (&str, usize, usize) {
        match t.node.checked_sub(self.inputs.len()) {
            None => (&self.inputs[t.node].name, 0, 0),
            Some(call) => {
                let layer = self.calls[call].layer;
                let earlier = self.calls[..call].iter().filter(|c| c.layer == layer);
                (&self.layers[layer].0, earlier.count(), t.output)
            }
        }
    }

    /// Keras-style JSON.
    pub(crate) fn to_json(&self) -> Json {
        let mut all: Vec<Json> = self.inputs.iter().map(serialize_input).collect();
        let layers = self
            .layers
            .iter()
            .map(|(name, l)| serialize_layer(name, &**l));
        let config = match self.kind {
            Kind::Sequential => {
                all.extend(layers);
                json!({ "name": self.name, "trainable": true, "layers": all })
            }
            Kind::Functional => {
                for (i, input) in self.inputs.iter().enumerate() {
                    all[i]["name"] = input.name.clone().into();
                    all[i]["inbound_nodes"] = json!([]);
                }
                for (i, mut layer) in layers.enumerate() {
                    let calls = self.calls.iter().filter(|c| c.layer == i);
                    let nodes: Vec<Json> = calls.map(|c| self.inbound(c)).collect();
                    layer["name"] = self.layers[i].0.clone().into();
                    layer["inbound_nodes"] = nodes.into();
                    all.push(layer);
                }
                let end = |t: TensorId| {
                    let (name, call, output) = self.origin(t);
                    json!([name, call, output])
                };
                json!({
                    "name": self.name,
                    "trainable": true,
                    "layers": all,
                    "input_layers": (0..self.inputs.len()).map(TensorId::first).map(end).collect::<Vec<_>>(),
                    "output_layers": self.outputs.iter().map(|&t| end(t)).collect::<Vec<_>>(),
                })
            }
        };
        let (module, registered) = self.kind.module();
        json!({
            "module": module,
            "class_name": self.kind.class_name(),
            "config": config,
            "registered_name": registered,
        })
    }

    fn inbound(&self, call: &CallSite) -> Json {
        let tensors: Vec<Json> = call
            .inputs
            .iter()
            .map(|&t| {
                let (name, number, output) = self.origin(t);
                json!({
                    "class_name": "__keras_tensor__",
                    "config": { "dtype": "float32", "keras_history": [name, number, output] },
                })
            })
            .collect();
        let args = match &tensors[..] {
            [one] => json!([one]),
            _ => json!([tensors]),
        };
        let mut node = json!({ "args": args, "kwargs": {} });
        if let Some(training) = call.training {
            // Beside Keras's arguments, which do not hold it: see `Shared::training`.
            node["training"] = training.into();
        }
        node
    }

    /// The architecture that Keras-style JSON describes.
    pub(crate) fn from_json(json: &Json) -> Result<Self> {
        let class = text(json, "class_name")?;
        let config = json
            .get("config")
            .ok_or_else(|| Error::config("a model's JSON needs a \"config\""))?;
        match class {
            "Sequential" => sequential(config),
            "Functional" | "Model" => functional(config),
            other => Err(Error::unknown(
                "model class",
                other,
                ["Sequential", "Functional"],
            )),
        }
    }
}

fn text<'a>(json: &'a Json, key: &str) -> Result<&'a str> {
    json.get(key).and_then(Json::as_str).ok_or_else(|| {
        Error::config(format!(
            "expected a text under \"{key}\", received {}",
            short(json)
        ))
    })
}

fn list<'a>(json: &'a Json, key: &str) -> Result<&'a Vec<Json>> {
    json.get(key).and_then(Json::as_array).ok_or_else(|| {
        Error::config(format!(
            "expected a list under \"{key}\", received {}",
            short(json)
        ))
    })
}

/// The beginning of a JSON text, for messages.
fn short(json: &Json) -> String {
    let s = json.to_string();
    match s.char_indices().nth(80) {
        Some((i, _)) => format!("{}…", &s[..i]),
        None => s,
    }
}

fn model_name(config: &Json, default: &str) -> String {
    let name = config.get("name").and_then(Json::as_str);
    name.unwrap_or(default).to_owned()
}

/// The shape of a batch in a config, `batch_shape` (or Keras 2's `batch_input_shape`): the size of batches, where it is fixed, and the
/// shape of a sample.
fn batch_shape(config: &Json) -> Result<Option<(Option<usize>, Shape)>> {
    let given = ["batch_shape", "batch_input_shape"]
        .iter()
        .find_map(|k| config.get(*k));
    let Some(given) = given.filter(|g| !g.is_null()) else {
        return Ok(None);
    };
    let axis = |n: &Json| n.as_u64().and_then(|n| usize::try_from(n).ok());
    let axes = given.as_array().and_then(|axes| {
        let (first, rest) = axes.split_first()?;
        let batch = if first.is_null() {
            None
        } else {
            Some(axis(first)?)
        };
        let rest = rest.iter().map(axis).collect::<Option<Vec<usize>>>()?;
        Some((batch, Shape::from(rest)))
    });
    axes.map(Some).ok_or_else(|| {
        Error::config(format!(
            "an input needs a batch_shape like [null, 32, 32, 3], received {given}"
        ))
    })
}

/// The element type in an input's config.
fn input_dtype(config: &Json) -> Result<DType> {
    match config.get("dtype") {
        None | Some(Json::Null) => Ok(DType::F32),
        Some(Json::String(name)) if name == "float32" => Ok(DType::F32),
        // Whole numbers of any width are held as 32 bits.
        Some(Json::String(name)) if matches!(name.as_str(), "int32" | "int64" | "uint8") => {
            Ok(DType::I32)
        }
        Some(other) => Err(Error::dtype(format!(
            "an input holds float32 or int32, received {other}"
        ))),
    }
}

fn sequential(config: &Json) -> Result<Architecture> {
    let name = model_name(config, "sequential");
    let mut shape = None;
    let mut dtype = DType::F32;
    let mut input_name = "input_layer".to_owned();
    let mut made: Vec<Box<dyn Layer>> = Vec::new();
    let at = |e: Error| e.at(name.clone());
    for (i, layer) in list(config, "layers").map_err(at)?.iter().enumerate() {
        let class = text(layer, "class_name").map_err(|e| e.at(format!("{name}/layers[{i}]")))?;
        let empty = Json::Object(Map::new());
        let own = layer.get("config").unwrap_or(&empty);
        if class == "InputLayer" {
            shape = batch_shape(own).map_err(at)?;
            dtype = input_dtype(own).map_err(at)?;
            input_name = model_name(own, "input_layer");
            continue;
        }
        let mut own = own.clone();
        if made.is_empty() && shape.is_none() {
            shape = batch_shape(&own).map_err(at)?;
            if let Some(o) = own.as_object_mut() {
                o.remove("batch_input_shape");
                o.remove("batch_shape");
            }
        }
        let layer = layers::deserialize(class, &own)
            .map_err(|e| e.at(format!("layers[{i}]")).within(&name))?;
        made.push(layer);
    }
    let (batch, shape) = match shape {
        Some(s) => s,
        None => config
            .get("build_input_shape")
            .map(|s| batch_shape(&json!({ "batch_shape": s })))
            .transpose()
            .map_err(at)?
            .flatten()
            .ok_or_else(|| {
                Error::config("the model's JSON does not tell the shape of its samples")
                    .at(name.clone())
                    .help("begin the layers with an InputLayer")
            })?,
    };
    if made.is_empty() {
        return Err(Error::config("the model has no layers").at(name));
    }
    Ok(Architecture {
        kind: Kind::Sequential,
        inputs: vec![InputSpec {
            name: input_name,
            shape,
            dtype,
            batch,
        }],
        calls: (0..made.len())
            .map(|i| CallSite::new(i, vec![TensorId::first(i)]))
            .collect(),
        outputs: vec![TensorId::first(made.len())],
        layers: name_layers(made).map_err(|e| e.at(name.clone()))?,
        name,
    })
}

/// A node by its origin: (layer's name, number of the call).
type Node = (String, usize);

/// A tensor by its origin: a node and which of its outputs.
type Origin = (Node, usize);

fn origin(json: &Json) -> Result<Origin> {
    let bad = || {
        Error::config(format!(
            "expected a tensor [layer, call, output], received {}",
            short(json)
        ))
    };
    let parts = json.as_array().ok_or_else(bad)?;
    match &parts[..] {
        [Json::String(name), call, output] => {
            let number = |j: &Json| j.as_u64().and_then(|n| usize::try_from(n).ok());
            let call = number(call).ok_or_else(bad)?;
            Ok(((name.clone(), call), number(output).ok_or_else(bad)?))
        }
        _ => Err(bad()),
    }
}

/// All tensors in the arguments of a call.
fn tensors(json: &Json, out: &mut Vec<Origin>) -> Result<()> {
    match json {
        Json::Array(items) => items.iter().try_for_each(|j| tensors(j, out)),
        Json::Object(o) if o.get("class_name") == Some(&"__keras_tensor__".into()) => {
            let history = json.pointer("/config/keras_history").unwrap_or(&Json::Null);
            out.push(origin(history)?);
            Ok(())
        }
        other => Err(Error::config(format!(
            "only tensors can be arguments of a call, received {}",
            short(other)
        ))),
    }
}

/// One origin, or a list of them.
fn ends(config: &Json, key: &str) -> Result<Vec<Origin>> {
    let all = list(config, key)?;
    if matches!(all.first(), Some(Json::String(_))) {
        return Ok(vec![origin(&Json::Array(all.clone()))?]);
    }
    all.iter().map(origin).collect()
}

/// Arguments of calls that are further inputs, in the order of the layer's inputs.
const TENSOR_ARGUMENTS: [&str; 6] = [
    "inputs",
    "query",
    "value",
    "key",
    "initial_state",
    "attention_mask",
];

/// Arguments of calls that are a tensor, of which a setting of the layer says that it is there.
const TOLD_ARGUMENTS: [&str; 1] = ["attention_mask"];

/// Arguments of calls that are settings of the layer here.
const HELD_ARGUMENTS: [&str; 2] = ["use_causal_mask", "return_attention_scores"];

/// Arguments of calls that Keras records and that follow from the model itself: `fit` and `predict` overrule `training`, and masks travel with
/// the tensors.
const PASSED_OVER: [&str; 2] = ["training", "mask"];

/// Puts into a layer's config what Keras says in each call; refuses arguments that would be passed over.
fn hold_call_arguments(layer: &Json, own: &mut Json) -> Result<()> {
    let nodes = layer.get("inbound_nodes").and_then(Json::as_array);
    let calls: Vec<&Map<String, Json>> = nodes
        .into_iter()
        .flatten()
        .filter_map(|node| node.get("kwargs").and_then(Json::as_object))
        .collect();
    for (key, value) in calls.iter().flat_map(|kwargs| kwargs.iter()) {
        let known = TENSOR_ARGUMENTS.contains(&key.as_str())
            || HELD_ARGUMENTS.contains(&key.as_str())
            || PASSED_OVER.contains(&key.as_str());
        if !known && !value.is_null() && *value != Json::Bool(false) {
            return Err(Error::config(format!(
                "a call of this layer has the argument {key}={}, which is not supported",
                short(value)
            ))
            .help("leave it out, or make it part of the layer's settings"));
        }
    }
    for key in HELD_ARGUMENTS.into_iter().chain(TOLD_ARGUMENTS) {
        let on = |kwargs: &&Map<String, Json>| match kwargs.get(key) {
            Some(Json::Bool(on)) => *on,
            Some(given) => TOLD_ARGUMENTS.contains(&key) && !given.is_null(),
            None => false,
        };
        let count = calls.iter().copied().filter(on).count();
        if count != 0 && count != calls.len() {
            return Err(Error::config(format!(
                "some calls of this layer have {key} and others not"
            )));
        }
        if count > 0 {
            own[key] = true.into();
        }
    }
    Ok(())
}

/// A call whose inputs may not be known yet.
struct Pending {
    to: Node,
    layer: usize,
    from: Vec<Origin>,
    training: Option<bool>,
}

/// With which Keras writes down how an embedding's mask comes about; here it follows from the embedding.
const MASKING_OP: &str = "NotEqual";

fn functional(config: &Json) -> Result<Architecture> {
    let name = model_name(config, "functional");
    let at = |e: Error| e.at(name.clone());
    let mut inputs: HashMap<String, (Option<usize>, Shape, DType)> = HashMap::new();
    let mut made: Vec<Box<dyn Layer>> = Vec::new();
    let mut pending: Vec<Pending> = Vec::new();
    for (i, layer) in list(config, "layers").map_err(at)?.iter().enumerate() {
        let place = |e: Error| e.at(format!("{name}/layers[{i}]"));
        let class = text(layer, "class_name").map_err(place)?;
        let empty = Json::Object(Map::new());
        let mut own = layer.get("config").unwrap_or(&empty).clone();
        let own_name = layer
            .get("name")
            .or_else(|| own.get("name"))
            .and_then(Json::as_str)
            .ok_or_else(|| place(Error::config("a layer of a functional model needs a name")))?
            .to_owned();
        if class == MASKING_OP {
            continue;
        }
        if class == "InputLayer" {
            let shape = batch_shape(&own).map_err(place)?;
            let (batch, shape) =
                shape.ok_or_else(|| place(Error::config("an input needs a batch_shape")))?;
            let dtype = input_dtype(&own).map_err(place)?;
            inputs.insert(own_name, (batch, shape, dtype));
            continue;
        }
        own["name"] = own_name.clone().into();
        hold_call_arguments(layer, &mut own).map_err(place)?;
        made.push(layers::deserialize(class, &own).map_err(|e| e.within(&name))?);
        for (call, node) in list(layer, "inbound_nodes")
            .map_err(place)?
            .iter()
            .enumerate()
        {
            let mut from = Vec::new();
            let args = node.get("args").unwrap_or(node);
            tensors(args, &mut from).map_err(place)?;
            for key in TENSOR_ARGUMENTS {
                if let Some(given) = node
                    .pointer(&format!("/kwargs/{key}"))
                    .filter(|v| !v.is_null())
                {
                    tensors(given, &mut from).map_err(place)?;
                }
            }
            let training = node.get("training").and_then(Json::as_bool);
            pending.push(Pending {
                to: (own_name.clone(), call),
                layer: made.len() - 1,
                from,
                training,
            });
        }
    }
    let mut known: HashMap<Node, usize> = HashMap::new();
    let mut specs = Vec::new();
    for ((input, _), _) in ends(config, "input_layers").map_err(at)? {
        let (batch, shape, dtype) = inputs.get(&input).ok_or_else(|| {
            at(Error::config(format!(
                "the input \"{input}\" is not among the layers"
            )))
        })?;
        known.insert((input.clone(), 0), specs.len());
        specs.push(InputSpec {
            name: input,
            shape: shape.clone(),
            dtype: *dtype,
            batch: *batch,
        });
    }
    let mut calls: Vec<CallSite> = Vec::new();
    let tensor = |known: &HashMap<Node, usize>, (node, output): &Origin| {
        let node = known.get(node).copied()?;
        Some(TensorId {
            node,
            output: *output,
        })
    };
    while !pending.is_empty() {
        let before = pending.len();
        let mut later = Vec::new();
        for p in pending {
            let ready = p.from.iter().map(|o| tensor(&known, o));
            match ready.collect::<Option<Vec<TensorId>>>() {
                Some(inputs) => {
                    known.insert(p.to, specs.len() + calls.len());
                    calls.push(CallSite {
                        layer: p.layer,
                        inputs,
                        outputs: None,
                        training: p.training,
                    });
                }
                None => later.push(p),
            }
        }
        pending = later;
        if pending.len() == before {
            return Err(at(Error::config(format!(
                "the layer \"{}\" waits for a tensor that nothing makes: the layers form a cycle, or one is missing",
                pending[0].to.0
            ))));
        }
    }
    let outputs = ends(config, "output_layers")
        .map_err(at)?
        .into_iter()
        .map(|o| {
            tensor(&known, &o).ok_or_else(|| {
                at(Error::config(format!(
                    "the output \"{}\" is not among the layers",
                    o.0.0
                )))
            })
        })
        .collect::<Result<Vec<_>>>()?;
    if specs.is_empty() || outputs.is_empty() {
        return Err(at(Error::config(
            "a model needs at least one input and one output",
        )));
    }
    let mut architecture = Architecture {
        kind: Kind::Functional,
        inputs: specs,
        layers: name_layers(made).map_err(at)?,
        calls,
        outputs,
        name: name.clone(),
    };
    architecture.arrange_calls();
    Ok(architecture)
}

impl Model {
    /// The architecture as Keras-style JSON, without weights.
    pub fn to_json(&self) -> String {
        self.architecture.to_json().to_string()
    }

    /// A model from Keras-style JSON, with weights drawn anew from seed 0.
    ///
    /// # Errors
    /// [`Kind::Config`](crate::error::Kind::Config) with the path of the layer that is unknown or wrong.
    ///
    /// # Example
    /// ```
    /// use cornu::prelude::*;
    /// let model = Sequential::new().input([4]).add(Dense::new(2)).build()?;
    /// let again = Model::from_json(&model.to_json())?;
    /// assert_eq!(again.to_json(), model.to_json());
    /// # Ok::<(), cornu::Error>(())
    /// ```
    pub fn from_json(json: &str) -> Result<Self> {
        Self::from_json_seeded(json, 0)
    }

    /// A model from Keras-style JSON, with weights drawn anew from a seed.
    pub fn from_json_seeded(json: &str, seed: u64) -> Result<Self> {
        let json: Json = serde_json::from_str(json)
            .map_err(|e| Error::config(format!("the model's JSON is damaged: {e}")))?;
        Self::from_architecture(Architecture::from_json(&json)?, seed)
    }
}
