//! A model written anew for sequences that come place by place: what does not depend on them is computed once, and each layer keeps what it
//! needs of the places before.

use super::masks::Masks;
use crate::error::Result;
use crate::graph::Value;
use crate::layers::Layer;
use crate::model::{Architecture, CallSite, InputSpec, Model, TensorId};
use crate::shape::{DType, Shape};
use crate::tensor::Tensor;

/// The same model in two parts.
#[derive(Debug)]
pub(super) struct Steps {
    /// From the other inputs to what the steps need of them, if they need anything.
    context: Option<Model>,
    /// From one place of each sequence, and what the context gave, to the output at that place.
    step: Model,
    /// What the context gave.
    given: Vec<Tensor>,
    rows: usize,
    /// The places that the steps have seen.
    seen: std::ops::Range<usize>,
}

impl Steps {
    /// Writes a model anew, for so many sequences of so many places; nothing where one of its layers cannot be.
    pub(super) fn of(
        model: &Model,
        tokens: usize,
        places: usize,
        rows: usize,
    ) -> Result<Option<Self>> {
        let Some((context, step)) = split(model, tokens, places, rows)? else {
            return Ok(None);
        };
        let context = context.map(|a| model.derived(a)).transpose()?;
        Ok(Some(Self {
            context,
            step: model.derived(step)?,
            given: Vec::new(),
            rows,
            seen: 0..0,
        }))
    }

    /// Begins anew, with other inputs for each sequence.
    pub(super) fn begin(&mut self, others: &[Tensor]) -> Result<()> {
        self.step.reset_states()?;
        self.seen = 0..0;
        self.given.clear();
        if let Some(context) = &mut self.context {
            self.given = context.predict_all(others, self.rows)?;
        }
        Ok(())
    }

    /// The output at a place when the sequences are seen from `begin` on; `numbers` gives those of all sequences at a place.
    pub(super) fn up_to(
        &mut self,
        begin: usize,
        place: usize,
        numbers: impl Fn(usize) -> Vec<i32>,
    ) -> Result<Tensor> {
        if self.seen.start != begin {
            self.step.reset_states()?;
            self.seen = begin..begin;
        }
        for before in self.seen.end..place {
            self.next(numbers(before))?;
        }
        self.seen.end = place + 1;
        self.next(numbers(place))
    }

    /// The output for the next place of each sequence.
    fn next(&mut self, tokens: Vec<i32>) -> Result<Tensor> {
        let mut inputs = vec![Tensor::new([self.rows, 1], tokens)?];
        inputs.extend(self.given.iter().cloned());
        let mut outputs = self.step.predict_all(&inputs, self.rows)?;
        Ok(outputs.swap_remove(0))
    }

    /// Goes on with row `from[i]` in place of row `i`.
    pub(super) fn reorder(&mut self, from: &[usize]) -> Result<()> {
        if from.iter().enumerate().all(|(i, &f)| i == f) {
            return Ok(());
        }
        for (w, variable) in self.step.weights.iter().zip(self.step.variables.all()) {
            // What a layer keeps of each sequence; the number of the next place is one for all.
            if w.spec.state && w.spec.shape.rank() > 1 && w.spec.shape[0] == self.rows {
                let before = variable.value();
                let (x, row) = (before.f32s()?, w.spec.shape.row());
                let mut after = Vec::with_capacity(x.len());
                for &f in from {
                    after.extend_from_slice(&x[f * row..][..row]);
                }
                variable.set(&Tensor::new(w.spec.shape.clone(), after)?)?;
            }
        }
        Ok(())
    }
}

/// The parts of a model, or nothing where a layer cannot take places one by one.
fn split(
    model: &Model,
    tokens: usize,
    places: usize,
    rows: usize,
) -> Result<Option<(Option<Architecture>, Architecture)>> {
    let a = &model.architecture;
    let inputs = a.inputs.len();
    let mut comes = vec![false; inputs + a.calls.len()];
    comes[tokens] = true;
    let mut used = vec![0; a.layers.len()];
    for (i, call) in a.calls.iter().enumerate() {
        comes[inputs + i] = call.inputs.iter().any(|t| comes[t.node]);
        used[call.layer] += usize::from(comes[inputs + i]);
    }
    let masks = model.trace(rows, false)?.traced.masks;
    let mut context = Part::new(a);
    let mut step = Part::new(a);
    step.input(
        tokens,
        vec![1].into(),
        DType::I32,
        rows,
        &a.inputs[tokens].name,
    );
    let others: Vec<usize> = (0..inputs).filter(|&i| i != tokens).collect();
    for &i in &others {
        let spec = &a.inputs[i];
        context.input(i, spec.shape.clone(), spec.dtype, rows, &spec.name);
    }
    for (i, call) in a
        .calls
        .iter()
        .enumerate()
        .filter(|(i, _)| !comes[inputs + i])
    {
        let layer = a.layers[call.layer].1.clone();
        let from: Vec<TensorId> = call.inputs.iter().map(|t| context.place(*t)).collect();
        context.call(inputs + i, call, layer, from);
    }
    let mut frontier: Vec<TensorId> = Vec::new();
    for (i, call) in a
        .calls
        .iter()
        .enumerate()
        .filter(|(i, _)| comes[inputs + i])
    {
        let which: Vec<bool> = call.inputs.iter().map(|t| comes[t.node]).collect();
        let (_, layer) = &a.layers[call.layer];
        let Some(stepped) = layer.place_by_place(places, &which) else {
            return Ok(None);
        };
        let keeps = |layer: &dyn Layer| -> Result<bool> {
            let shapes: Vec<Shape> = call
                .inputs
                .iter()
                .zip(&which)
                .map(|(t, &comes)| {
                    let shape = t.of(&model.tensors).shape.clone();
                    if comes { one_place(&shape) } else { shape }
                })
                .collect();
            let specs = layer.build_for(&shapes, Some(rows))?;
            Ok(specs.iter().any(|w| w.state))
        };
        // What is kept belongs to one call.
        if used[call.layer] > 1 && keeps(&*stepped)? {
            return Ok(None);
        }
        let mut from = Vec::with_capacity(call.inputs.len());
        for t in &call.inputs {
            if !comes[t.node] && !step.knows(*t) {
                let meta = t.of(&model.tensors);
                if meta.dtype != DType::F32 {
                    return Ok(None);
                }
                frontier.push(*t);
                let name = format!("context_{}", frontier.len());
                step.input_of(*t, meta.shape.clone(), rows, &name);
                if let Some(mask) = t.of(&masks) {
                    let shape = mask_shape(model, rows, *mask)?;
                    let mask = step.extra(shape, rows, &format!("{name}_mask"));
                    step.masked(*t, mask);
                }
            }
            from.push(step.place(*t));
        }
        step.call(inputs + i, call, stepped, from);
    }
    let mut given = Vec::new();
    for t in frontier {
        given.push(context.place(t));
        if t.of(&masks).is_some() {
            given.push(context.mask_of(t));
        }
    }
    let Some(output) = a.outputs.first().filter(|t| comes[t.node]) else {
        return Ok(None);
    };
    let output = step.place(*output);
    let context = (!given.is_empty()).then(|| context.architecture(given));
    Ok(Some((context, step.architecture(vec![output]))))
}

fn one_place(shape: &Shape) -> Shape {
    let mut axes = shape.to_vec();
    if let Some(first) = axes.first_mut() {
        *first = 1;
    }
    Shape::from(axes)
}

fn mask_shape(model: &Model, rows: usize, mask: Value) -> Result<Shape> {
    Ok(model.trace(rows, false)?.graph.shape(mask).without_batch())
}

/// An architecture in the making, of calls of another.
struct Part {
    name: String,
    inputs: Vec<InputSpec>,
    /// Where tensors of the other architecture are here; inputs are numbered behind all calls until the end.
    places: Vec<(TensorId, Place)>,
    layers: Vec<(String, Box<dyn Layer>)>,
    calls: Vec<(usize, Vec<Place>, Option<usize>)>,
    names: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    Input(usize),
    Call(usize, usize),
}

impl Part {
    fn new(a: &Architecture) -> Self {
        Self {
            name: a.name.clone(),
            inputs: Vec::new(),
            places: Vec::new(),
            layers: Vec::new(),
            calls: Vec::new(),
            names: a.layers.iter().map(|(name, _)| name.clone()).collect(),
        }
    }

    fn extra(&mut self, shape: Shape, rows: usize, name: &str) -> Place {
        self.inputs.push(InputSpec {
            name: name.to_owned(),
            shape,
            dtype: DType::F32,
            batch: Some(rows),
        });
        Place::Input(self.inputs.len() - 1)
    }

    fn input(&mut self, node: usize, shape: Shape, dtype: DType, rows: usize, name: &str) {
        let place = self.extra(shape, rows, name);
        if let Some(spec) = self.inputs.last_mut() {
            spec.dtype = dtype;
        }
        self.places.push((TensorId::first(node), place));
    }

    fn input_of(&mut self, t: TensorId, shape: Shape, rows: usize, name: &str) {
        let place = self.extra(shape, rows, name);
        self.places.push((t, place));
    }

    fn knows(&self, t: TensorId) -> bool {
        self.places.iter().any(|(other, _)| *other == t)
    }

    fn at(&self, t: TensorId) -> Place {
        let found = self.places.iter().rev().find(|(other, _)| *other == t);
        found.map_or_else(|| unreachable!("operands come first: {t:?}"), |(_, p)| *p)
    }

    /// A tensor of the other architecture as one of this; settled by [`Part::architecture`].
    fn place(&self, t: TensorId) -> TensorId {
        match self.at(t) {
            // Inputs are marked by an output that no layer has.
            Place::Input(i) => TensorId {
                node: i,
                output: usize::MAX,
            },
            Place::Call(i, output) => TensorId { node: i, output },
        }
    }

    fn put(&mut self, name: String, layer: Box<dyn Layer>) -> usize {
        if let Some(known) = self.layers.iter().position(|(n, _)| *n == name) {
            return known;
        }
        self.layers.push((name, layer));
        self.layers.len() - 1
    }

    fn call(&mut self, node: usize, call: &CallSite, layer: Box<dyn Layer>, from: Vec<TensorId>) {
        let layer = self.put(self.names[call.layer].clone(), layer);
        let from = from.into_iter().map(back).collect();
        let number = self.calls.len();
        self.calls.push((layer, from, call.outputs));
        for output in 0..call.outputs.unwrap_or(1) {
            self.places
                .push((TensorId { node, output }, Place::Call(number, output)));
        }
    }

    /// From here on, the tensor is the one with this mask.
    fn masked(&mut self, t: TensorId, mask: Place) {
        let from = vec![self.at(t), mask];
        let layer = self.put("with_mask".to_owned(), Box::new(Masks::new(true)));
        self.calls.push((layer, from, Some(1)));
        self.places.push((t, Place::Call(self.calls.len() - 1, 0)));
    }

    fn mask_of(&mut self, t: TensorId) -> TensorId {
        let from = vec![self.at(t)];
        let layer = self.put("mask_of".to_owned(), Box::new(Masks::new(false)));
        self.calls.push((layer, from, Some(1)));
        TensorId::first(self.calls.len() - 1)
    }

    fn architecture(self, outputs: Vec<TensorId>) -> Architecture {
        let count = self.inputs.len();
        let settled = |p: Place| match p {
            Place::Input(i) => TensorId::first(i),
            Place::Call(i, output) => TensorId {
                node: count + i,
                output,
            },
        };
        let calls = self
            .calls
            .into_iter()
            .map(|(layer, from, outputs)| CallSite {
                layer,
                inputs: from.into_iter().map(settled).collect(),
                outputs,
                training: None,
            });
        Architecture {
            name: self.name,
            kind: crate::model::Kind::Functional,
            calls: calls.collect(),
            outputs: outputs.into_iter().map(|t| settled(back(t))).collect(),
            inputs: self.inputs,
            layers: self.layers,
        }
    }
}

fn back(t: TensorId) -> Place {
    match t.output {
        usize::MAX => Place::Input(t.node),
        output => Place::Call(t.node, output),
    }
}
