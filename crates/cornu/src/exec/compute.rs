//! A closure over graph values, run once on tensors.

use super::executable::{Outcome, States, Workspace, run};
use super::outputs::Outputs;
use crate::compile::{Computation, Mode, compile};
use crate::error::Result;
use crate::graph::{Graph, Meta, Value};
use crate::tensor::Tensor;

/// Computes what a closure writes into a graph, for the tensors given.
///
/// Gradients, products with derivatives and the like are words of [`autodiff`](crate::autodiff), which the closure can use. What it
/// returns (a value, an array or list of values, a tuple of those) comes back as tensors. For something that is computed many times, or with models,
/// make a [`TrainStep`](crate::train::TrainStep).
///
/// # Errors
/// Of the closure.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// use cornu::{autodiff, exec::compute};
/// let x = Tensor::new([3], vec![0.0f32, 1.0, 2.0])?;
/// let (y, slopes) = compute(&[&x], |g, x| {
///     let cube = g.square(x[0])?;
///     let cube = g.mul(cube, x[0])?;
///     Ok((cube, autodiff::gradients(g, cube, x)?))
/// })?;
/// assert_eq!(y.f32s()?, &[0.0, 1.0, 8.0]);
/// assert_eq!(slopes[0].f32s()?, &[0.0, 3.0, 12.0]);
/// # Ok::<(), cornu::Error>(())
/// ```
pub fn compute<R: Outputs>(
    inputs: &[&Tensor],
    write: impl FnOnce(&mut Graph, &[Value]) -> Result<R>,
) -> Result<R::Tensors> {
    let mut graph = Graph::new();
    let mut values = Vec::with_capacity(inputs.len());
    for x in inputs {
        let meta = Meta {
            shape: x.shape().clone(),
            dtype: x.dtype(),
        };
        values.push(graph.feed_of(meta, false)?);
    }
    let returned = write(&mut graph, &values)?;
    let computation = Computation {
        graph,
        batch: 1,
        outputs: returned.values(),
        ..Computation::default()
    };
    let plan = compile(&computation, Mode::Fast)?;
    match run(&plan, &mut Workspace::new(), inputs, &mut States::new())? {
        Outcome::Done(tensors) => Ok(returned.tensors(&mut tensors.into_iter())),
        Outcome::Refused(_) => unreachable!("nothing is guarded"),
    }
}
