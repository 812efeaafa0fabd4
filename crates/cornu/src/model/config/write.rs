//! An architecture, written.

use serde_json::{Map, Value as Json, json};

use crate::layers::Layer;
use crate::model::architecture::{Architecture, CallSite, InputSpec, Kind, TensorId};

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
}
