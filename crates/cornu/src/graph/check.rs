//! Gradient checking: the gradients of a graph against central finite differences, both in double precision.

use super::ops::input::Source;
use super::{Array, Graph, Op, Value};
use crate::autodiff;
use crate::error::{Error, Kind, Result};
use crate::exec::interpreter;
use crate::shape::DType;
use crate::tensor::Tensor;

/// The half-width of a finite difference: its error, of third order, stays far below [`TOLERANCE`] for smooth functions.
const STEP: f64 = 1e-5;

/// How far a gradient may lie from the finite difference, as a part of their size; constants of a graph are float32.
const TOLERANCE: f64 = 2e-6;

/// Elements of one value that are varied at most; more are sampled evenly.
const SAMPLES: usize = 48;

/// Compares the gradients of the sum of `y`'s elements with central finite differences.
///
/// For each element of each value of `wrt` that is a float feed or state: `(f(x + h) - f(x - h)) / 2h` with `h = 1e-5`, everything
/// in double precision. A function with a kink or a jump within `h` of the point fails, as it should.
///
/// # Errors
/// [`Kind::Numeric`] naming the value, the element and both derivatives where they differ; [`Kind::Config`] if a value of
/// `wrt` is not given from outside, or too few feeds or states are given.
///
/// # Example
/// ```
/// use cornu::graph::{Graph, check};
/// let mut g = Graph::new();
/// let x = g.feed("x", [3], false)?;
/// let y = g.tanh(x)?;
/// let point = cornu::Tensor::new([3], vec![0.1f32, -0.7, 2.0])?;
/// check::gradients(&g, y, &[x], &[&point], &[])?;
/// # Ok::<(), cornu::Error>(())
/// ```
pub fn gradients(
    graph: &Graph,
    y: Value,
    wrt: &[Value],
    feeds: &[&Tensor],
    states: &[&Tensor],
) -> Result<()> {
    let arrays = |given: &[&Tensor]| given.iter().map(|&t| Array::from(t)).collect();
    at_point(graph, y, wrt, arrays(feeds), arrays(states))
}

/// As [`gradients`], at a point given in double precision.
pub(crate) fn at_point(
    graph: &Graph,
    y: Value,
    wrt: &[Value],
    mut feeds: Vec<Array>,
    mut states: Vec<Array>,
) -> Result<()> {
    let sources = sources(graph, wrt, feeds.len(), states.len())?;
    let mut differentiated = graph.clone();
    let grads = autodiff::gradients(&mut differentiated, y, wrt)?;
    let values = interpreter::run(&differentiated, &feeds, &states);
    for ((&x, source), grad) in wrt.iter().zip(sources).zip(grads) {
        let grad = values[grad.index()][grad.output as usize].clone();
        let every = grad.data.len().div_ceil(SAMPLES).max(1);
        // The size of a typical derivative: what an element's own error is measured against.
        let scale = grad.data.iter().fold(0.0, |m: f64, d| m.max(d.abs()));
        for element in (0..grad.data.len()).step_by(every) {
            let mut moved = |by: f64| {
                let place = match source {
                    Source::Feed(i) => &mut feeds[i as usize].data[element],
                    Source::State(i) => &mut states[i as usize].data[element],
                    Source::Prepared(_) => unreachable!("values are prepared in plans alone"),
                };
                let before = std::mem::replace(place, *place + by);
                let total = total(graph, y, &feeds, &states);
                match source {
                    Source::Feed(i) => feeds[i as usize].data[element] = before,
                    Source::State(i) => states[i as usize].data[element] = before,
                    Source::Prepared(_) => unreachable!("values are prepared in plans alone"),
                }
                total
            };
            let difference = (moved(STEP) - moved(-STEP)) / (2.0 * STEP);
            let derivative = grad.data[element];
            let allowed = TOLERANCE * (1.0 + scale + difference.abs());
            // Written so that NaN fails.
            let close = (derivative - difference).abs() <= allowed;
            if !close {
                return Err(Error::new(
                    Kind::Numeric,
                    format!(
                        "the gradient of element {element} of {x:?} {} is {derivative}, finite differences give {difference}",
                        graph.shape(x)
                    ),
                )
                .help("is the function smooth at this point, and the gradient rule of each op on the way right?"));
            }
        }
    }
    Ok(())
}

/// Where each value comes from; refuses what cannot be varied.
fn sources(graph: &Graph, wrt: &[Value], feeds: usize, states: usize) -> Result<Vec<Source>> {
    for node in graph.nodes() {
        if let Op::Input(input) = &node.op {
            let given = match input.source {
                Source::Feed(i) => (i as usize) < feeds,
                Source::State(i) => (i as usize) < states,
                Source::Prepared(_) => false,
            };
            if !given {
                return Err(Error::config(format!(
                    "the graph needs {:?}, received {feeds} feeds and {states} states",
                    input.source
                )));
            }
        }
    }
    wrt.iter()
        .map(|&x| match &graph.node(x).op {
            Op::Input(input) if input.meta.dtype == DType::F32 => Ok(input.source),
            other => Err(Error::config(format!(
                "finite differences need a float32 feed or state to vary, received {}",
                other.name()
            ))),
        })
        .collect()
}

fn total(graph: &Graph, y: Value, feeds: &[Array], states: &[Array]) -> f64 {
    let values = interpreter::run(graph, feeds, states);
    values[y.index()][y.output as usize].data.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_gradient_is_found() -> Result<()> {
        let mut g = Graph::new();
        let x = g.feed("x", [2], false)?;
        // Differentiation sees the identity, the finite difference x².
        let held = g.stop_gradient(x)?;
        let y = g.mul(x, held)?;
        let point = Tensor::new([2], vec![1.0f32, 2.0])?;
        let e = gradients(&g, y, &[x], &[&point], &[]).expect_err("x against 2x");
        assert_eq!(e.kind(), Kind::Numeric);
        assert!(e.message().contains("element 0 of %0 [2] is 1"), "{e}");
        Ok(())
    }

    #[test]
    fn what_cannot_be_varied_is_refused() -> Result<()> {
        let mut g = Graph::new();
        let x = g.feed("x", [2], false)?;
        let y = g.square(x)?;
        let point = Tensor::new([2], vec![1.0f32, 2.0])?;
        for (wrt, feeds) in [(y, vec![&point]), (x, vec![])] {
            let e = gradients(&g, y, &[wrt], &feeds, &[]).expect_err("nothing to vary");
            assert_eq!(e.kind(), Kind::Config);
        }
        Ok(())
    }
}
