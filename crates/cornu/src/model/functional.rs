//! Models with branches: a model is made of the symbols it begins and ends with.

use std::collections::HashMap;
use std::sync::Arc;

use super::architecture::{Architecture, CallSite, InputSpec, Kind, TensorId, name_layers};
use super::symbol::{How, Ids, Inputs, Part, Symbol};
use super::{Drawn, Model};
use crate::error::{Error, Result};
use crate::layers::Layer;

impl Model {
    /// The model that leads from inputs to outputs, with weights drawn from seed 0; layers of other models keep theirs.
    ///
    /// # Errors
    /// The first layer whose settings or inputs do not work, with its path; an output that needs an input that is not listed.
    ///
    /// # Example
    /// Two inputs, two outputs:
    /// ```
    /// use cornu::prelude::*;
    /// let (title, body) = (input([16]).named("title"), input([64]).named("body"));
    /// let text = Concatenate::new().on([&Dense::new(8).on(&title), &Dense::new(8).on(&body)]);
    /// let urgency = Dense::new(1).activation("sigmoid").name("urgency").on(&text);
    /// let topic = Dense::new(5).activation("softmax").name("topic").on(&text);
    /// let mut model = Model::new([&title, &body], [&urgency, &topic])?;
    /// let [a, b] = [Tensor::zeros([3, 16]), Tensor::zeros([3, 64])];
    /// let outputs = model.predict_all(&[a, b], 32)?;
    /// assert_eq!(outputs[1].shape().axes(), &[3, 5]);
    /// # Ok::<(), cornu::Error>(())
    /// ```
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
        let name = Kind::Functional.default_name().to_owned();
        let mut collector = Collector::default();
        let mut specs = Vec::with_capacity(inputs.len());
        for (i, s) in inputs.iter().enumerate() {
            let How::Input {
                name: own,
                shape,
                dtype,
                batch,
            } = &s.made.how
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
                batch: *batch,
            });
            collector.nodes.insert(s.made.id, i);
            collector.ids.nodes.push(s.made.id);
        }
        if specs.is_empty() || outputs.is_empty() {
            return Err(Error::config("a model needs at least one input and one output").at(name));
        }
        let outputs = outputs
            .iter()
            .map(|s| collector.visit(s))
            .collect::<Result<Vec<_>>>()
            .map_err(|e| e.at(name.clone()))?;
        let mut architecture = Architecture {
            layers: collector.named_layers().map_err(|e| e.at(name.clone()))?,
            kind: Kind::Functional,
            inputs: specs,
            calls: collector.calls,
            outputs,
            name,
        };
        let order = architecture.layer_order();
        architecture.arrange_layers(&order);
        let of = |l: &usize| Arc::clone(&collector.parts[*l]);
        let parts: Vec<Arc<Part>> = order.iter().map(of).collect();
        collector.ids.layers = parts.iter().map(|p| p.id).collect();
        let held = parts.iter().map(|p| p.weights.get().cloned()).collect();
        let model = Self::assemble(architecture, Drawn { seed, held }, Some(collector.ids))?;
        for (i, part) in parts.iter().enumerate() {
            let own = (0..model.weights.len()).filter(|&w| model.weights[w].layer == i);
            let variables = own.map(|w| model.variables.all()[w].clone()).collect();
            // Set already where the layer came with its weights.
            let _ = part.weights.set(variables);
        }
        Ok(model)
    }
}

/// Numbers the nodes and layers that the outputs need, each once, operands first.
struct Collector {
    nodes: HashMap<u64, usize>,
    by_part: HashMap<u64, usize>,
    parts: Vec<Arc<Part>>,
    calls: Vec<CallSite>,
    ids: Ids,
}

impl Default for Collector {
    fn default() -> Self {
        Self {
            nodes: HashMap::new(),
            by_part: HashMap::new(),
            parts: Vec::new(),
            calls: Vec::new(),
            ids: Ids {
                nodes: Vec::new(),
                layers: Vec::new(),
            },
        }
    }
}

impl Collector {
    /// The layers with their names, which are given in the order in which the layers were made, as in Keras.
    fn named_layers(&self) -> Result<Vec<(String, Box<dyn Layer>)>> {
        let mut made: Vec<usize> = (0..self.parts.len()).collect();
        made.sort_by_key(|&l| self.parts[l].id);
        let layers = made.iter().map(|&l| self.parts[l].layer.clone()).collect();
        let mut named: Vec<_> = made.iter().zip(name_layers(layers)?).collect();
        named.sort_by_key(|(l, _)| **l);
        Ok(named.into_iter().map(|(_, layer)| layer).collect())
    }

    fn visit(&mut self, end: &Symbol) -> Result<TensorId> {
        // A stack of its own: networks can be deeper than a thread's.
        let mut stack = vec![end.clone()];
        while let Some(s) = stack.last().cloned() {
            if self.nodes.contains_key(&s.made.id) {
                stack.pop();
                continue;
            }
            let How::Call {
                part,
                inputs,
                outputs,
                training,
            } = &s.made.how
            else {
                return Err(Error::config(
                    "an output needs an input that is not among the model's",
                )
                .help("list every input(..) in Model::new"));
            };
            let missing: Vec<Symbol> = inputs
                .iter()
                .filter(|x| !self.nodes.contains_key(&x.made.id))
                .cloned()
                .collect();
            if !missing.is_empty() {
                stack.extend(missing.into_iter().rev());
                continue;
            }
            let (parts, ids) = (&mut self.parts, &mut self.ids);
            let layer = *self.by_part.entry(part.id).or_insert_with(|| {
                parts.push(Arc::clone(part));
                ids.layers.push(part.id);
                parts.len() - 1
            });
            let nodes = &self.nodes;
            self.calls.push(CallSite {
                layer,
                inputs: inputs.iter().map(|x| tensor(nodes, x)).collect(),
                outputs: *outputs,
                training: *training,
            });
            self.nodes.insert(s.made.id, self.ids.nodes.len());
            self.ids.nodes.push(s.made.id);
            stack.pop();
        }
        Ok(tensor(&self.nodes, end))
    }
}

fn tensor(nodes: &HashMap<u64, usize>, s: &Symbol) -> TensorId {
    TensorId {
        node: nodes[&s.made.id],
        output: s.output,
    }
}
