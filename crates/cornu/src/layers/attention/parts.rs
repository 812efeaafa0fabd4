//! Layers of which a block is made: their weights one after another, under their names.

use crate::error::Result;
use crate::graph::Value;
use crate::layers::{Context, Layer, WeightSpec};
use crate::shape::Shape;

/// Layers by name, each with the shapes it is called on.
pub(super) struct Parts(Vec<Part>);

struct Part {
    name: &'static str,
    layer: Box<dyn Layer>,
    inputs: Vec<Shape>,
}

impl Parts {
    pub(super) fn new() -> Self {
        Self(Vec::new())
    }

    /// One more layer, for inputs of these shapes.
    pub(super) fn with(
        mut self,
        name: &'static str,
        layer: impl Layer + 'static,
        inputs: &[&Shape],
    ) -> Self {
        let inputs = inputs.iter().map(|&s| s.clone()).collect();
        self.0.push(Part {
            name,
            layer: Box::new(layer),
            inputs,
        });
        self
    }

    /// All weights, "part/weight"; states of all parts come last.
    pub(super) fn weights(&self, batch: Option<usize>) -> Result<Vec<WeightSpec>> {
        let (mut weights, mut states) = (Vec::new(), Vec::new());
        for part in &self.0 {
            for mut spec in part.layer.build_for(&part.inputs, batch)? {
                spec.name = format!("{}/{}", part.name, spec.name);
                if spec.state {
                    states.push(spec);
                } else {
                    weights.push(spec);
                }
            }
        }
        weights.extend(states);
        Ok(weights)
    }

    /// The numbers of a part's weights among all, in the part's own order.
    fn numbers(&self, name: &str, batch: Option<usize>) -> Result<(usize, Vec<usize>)> {
        let mut kinds = Vec::new();
        for part in &self.0 {
            let specs = part.layer.build_for(&part.inputs, batch)?;
            kinds.push(specs.iter().map(|w| w.state).collect::<Vec<_>>());
        }
        let count = |state: bool| kinds.iter().flatten().filter(|&&s| s == state).count();
        let mut next = [0, count(false)];
        for (i, (part, states)) in self.0.iter().zip(&kinds).enumerate() {
            let mut own = Vec::with_capacity(states.len());
            for &state in states {
                let number = &mut next[usize::from(state)];
                own.push(*number);
                *number += 1;
            }
            if part.name == name {
                return Ok((i, own));
            }
        }
        unreachable!("a block calls its own parts: {name}")
    }

    /// Calls a part with masks of its inputs.
    pub(super) fn call(
        &self,
        cx: &mut Context<'_>,
        name: &str,
        inputs: &[Value],
        masks: Vec<Option<Value>>,
    ) -> Result<Vec<Value>> {
        let batch = inputs.first().map(|&x| cx.graph.shape(x)[0]);
        let (part, numbers) = self.numbers(name, batch)?;
        let own: Vec<Value> = numbers.iter().map(|&n| cx.weight(n)).collect();
        let layer = &self.0[part].layer;
        let within = cx.apart(&own, masks, |cx| layer.call_all(cx, inputs))?;
        for loss in within.losses {
            cx.add_loss(loss)?;
        }
        for (i, value) in within.updates {
            cx.update(numbers[i], value);
        }
        Ok(within.result)
    }

    /// The only output of a part on one input.
    pub(super) fn on(&self, cx: &mut Context<'_>, name: &str, x: Value) -> Result<Value> {
        crate::layers::only(self.call(cx, name, &[x], Vec::new())?)
    }
}
