//! Layers joined in any way, read: calls wait until all that they take is known.

use std::collections::HashMap;

use serde_json::{Map, Value as Json};

use super::{batch_shape, input_dtype, list, model_name, short, text};
use crate::error::{Error, Result};
use crate::layers::{self, Layer};
use crate::model::architecture::{Architecture, CallSite, InputSpec, Kind, TensorId, name_layers};
use crate::shape::{DType, Shape};

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

/// Arguments of calls that Keras records and that follow from the model itself: `fit` and `predict` overrule `training`, and masks travel
/// with the tensors.
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

pub(super) fn read(config: &Json) -> Result<Architecture> {
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
