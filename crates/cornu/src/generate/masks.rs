//! Masks as tensors, which pass from one model to another.

use serde_json::{Map, Value as Json};

use crate::error::Result;
use crate::graph::{Graph, Value};
use crate::layers::{Base, Context, Layer};

/// Hands its input on with the second input for its mask, or gives the mask of its input.
#[derive(Clone, Debug)]
pub(super) struct Masks {
    base: Base,
    gives: bool,
}

impl Masks {
    pub(super) fn new(gives: bool) -> Self {
        Self {
            base: Base::default(),
            gives,
        }
    }
}

impl Layer for Masks {
    fn class_name(&self) -> &'static str {
        "Masks"
    }
    fn base(&self) -> &Base {
        &self.base
    }
    fn base_mut(&mut self) -> &mut Base {
        &mut self.base
    }
    fn config(&self) -> Map<String, Json> {
        Map::new()
    }
    fn boxed(&self) -> Box<dyn Layer> {
        Box::new(self.clone())
    }

    fn mask(&self, _: &mut Graph, inputs: &[Value], _: &[Option<Value>]) -> Result<Option<Value>> {
        Ok(inputs.get(1).copied().filter(|_| self.gives))
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        if self.gives {
            return Ok(inputs[0]);
        }
        if let Some(mask) = cx.mask() {
            return Ok(mask);
        }
        let one = cx.graph.constant(1.0)?;
        let steps = cx.graph.shape(inputs[0])[..2].to_vec();
        cx.graph.broadcast(one, steps)
    }
}
