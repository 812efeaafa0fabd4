//! A layer called once, outside of a model.

use super::Layer;
use crate::compile::{Computation, Mode, compile};
use crate::error::{Error, Result};
use crate::exec::executable::{Outcome, States, Workspace, run};
use crate::graph::{Graph, Meta, Value};
use crate::layers::Context;
use crate::shape::{DType, Shape};
use crate::tensor::Tensor;

/// What a layer gives for inputs, `[batch, ..]`, as it does in use: Keras's `layer(x)` of arrays.
///
/// Weights begin as in a model of seed 0; those that are there already, as of an adapted
/// [`Normalization`](crate::layers::Normalization), are taken.
///
/// # Errors
/// What the layer refuses; inputs of different numbers of samples.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let ages = Tensor::new([3, 1], vec![7.0f32, 30.0, 70.0])?;
/// let bins = cornu::layers::call(&Discretization::new([18.0, 65.0]), &[&ages])?;
/// assert_eq!(bins[0].i32s()?, &[0, 1, 2]);
/// # Ok::<(), cornu::Error>(())
/// ```
pub fn call(layer: &dyn Layer, inputs: &[&Tensor]) -> Result<Vec<Tensor>> {
    let batches: Vec<usize> = inputs
        .iter()
        .map(|t| t.shape().first().copied().unwrap_or(0))
        .collect();
    let batch = batches.first().copied().unwrap_or(0);
    if batch == 0 || batches.iter().any(|&n| n != batch) {
        return Err(Error::data(format!(
            "a layer is called on as many samples in each input, received {batches:?}"
        )));
    }
    let shapes: Vec<Shape> = inputs.iter().map(|t| t.shape().without_batch()).collect();
    let specs = layer.build_for(&shapes, Some(batch))?;
    let mut graph = Graph::new();
    let mut feeds = Vec::with_capacity(inputs.len() + specs.len() + 1);
    let mut values = Vec::with_capacity(inputs.len());
    for &x in inputs {
        let meta = Meta {
            shape: x.shape().clone(),
            dtype: x.dtype(),
        };
        values.push(graph.feed_of(meta, true)?);
        feeds.push(x.clone());
    }
    let mut weights: Vec<Value> = Vec::with_capacity(specs.len());
    for (i, spec) in specs.iter().enumerate() {
        weights.push(graph.feed("", spec.shape.clone(), false)?);
        feeds.push(match &spec.variable {
            Some(variable) => variable.value(),
            None => spec.initializer.draw(&spec.shape, 0, i as u32)?,
        });
    }
    let rng = Meta {
        shape: [4].into(),
        dtype: DType::I32,
    };
    let rng = graph.feed_of(rng, false)?;
    feeds.push(Tensor::new([4], vec![0; 4])?);
    let mut updates = Vec::new();
    let mut cx = Context::new(&mut graph, false, &weights, rng, &mut updates);
    let outputs = layer.call_all(&mut cx, &values)?;
    let computation = Computation {
        graph,
        batch,
        outputs,
        ..Computation::default()
    };
    let plan = compile(&computation, Mode::Fast)?;
    let feeds: Vec<&Tensor> = feeds.iter().collect();
    match run(&plan, &mut Workspace::new(), &feeds, &mut States::new())? {
        Outcome::Done(outputs) => Ok(outputs),
        Outcome::Refused(_) => unreachable!("a call guards nothing"),
    }
}
