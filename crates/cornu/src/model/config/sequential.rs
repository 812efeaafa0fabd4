//! One layer after another, read.

use serde_json::{Map, Value as Json, json};

use super::{batch_shape, input_dtype, list, model_name, text};
use crate::error::{Error, Result};
use crate::layers::{self, Layer};
use crate::model::architecture::{Architecture, CallSite, InputSpec, Kind, TensorId, name_layers};
use crate::shape::DType;

pub(super) fn read(config: &Json) -> Result<Architecture> {
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
