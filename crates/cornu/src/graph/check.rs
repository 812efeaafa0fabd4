//! Gradient checking: the gradients of a graph against central finite differences, both in double precision.

use std::fmt;

use super::ops::input::Source;
use super::{Array, Graph, Op, Value};
use crate::autodiff;
use crate::error::{Error, Kind, Result};
use crate::exec::interpreter;
use crate::shape::{DType, Shape};
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
    feeds: Vec<Array>,
    states: Vec<Array>,
) -> Result<()> {
    let all = compare(graph, y, wrt, feeds, states)?;
    let Some(wrong) = all.iter().find_map(|c| c.wrong.as_ref().map(|w| (c, w))) else {
        return Ok(());
    };
    let (compared, wrong) = wrong;
    let x = compared.value;
    Err(Error::new(
        Kind::Numeric,
        format!(
            "the gradient of element {} of {x:?} {} is {}, finite differences give {}",
            wrong.element,
            graph.shape(x),
            wrong.gradient,
            wrong.difference
        ),
    )
    .help(
        "is the function smooth at this point, and the gradient rule of each op on the way right?",
    ))
}

/// An element's derivative twice.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    /// Which element of the value, in row-major order.
    pub element: usize,
    /// What differentiation gives.
    pub gradient: f64,
    /// What finite differences give.
    pub difference: f64,
}

/// How the gradient of one value compares with finite differences.
#[derive(Clone, Debug)]
pub struct Compared {
    value: Value,
    /// What the value is called.
    pub name: String,
    /// Its shape.
    pub shape: Shape,
    /// How many of its elements were varied.
    pub elements: usize,
    /// The element whose derivatives lie farthest apart.
    pub worst: Pair,
    /// The first element whose derivatives lie too far apart, if there is one.
    pub wrong: Option<Pair>,
}

/// Gradients beside finite differences, value by value; as text, a table.
///
/// # Example
/// See [`check_gradients`].
#[derive(Clone, Debug)]
pub struct GradientReport {
    /// One entry a value.
    pub values: Vec<Compared>,
}

impl GradientReport {
    /// Whether all gradients are right.
    pub fn passed(&self) -> bool {
        self.values.iter().all(|c| c.wrong.is_none())
    }
}

impl fmt::Display for GradientReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in &self.values {
            let (verdict, shown) = match &c.wrong {
                None => ("right", &c.worst),
                Some(wrong) => ("WRONG", wrong),
            };
            writeln!(
                f,
                "{verdict}  {} {}: {} of {} elements varied; element {}: gradient {:.6e}, finite difference {:.6e}",
                c.name,
                c.shape,
                c.elements,
                c.shape.elements(),
                shown.element,
                shown.gradient,
                shown.difference
            )?;
        }
        Ok(())
    }
}

/// Compares the gradients that differentiation gives for a closure over graph values with central finite differences, in double
/// precision, at a point: for layers, losses and gradients of one's own.
///
/// # Errors
/// Of the closure; inputs that are not floats. A gradient that is wrong is no error: the report tells it.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// use cornu::autodiff::check_gradients;
/// let x = Tensor::new([3], vec![0.5f32, -1.0, 2.0])?;
/// assert!(check_gradients(&[&x], |g, x| g.tanh(x[0]))?.passed());
/// let wrong = check_gradients(&[&x], |g, x| {
///     g.custom_gradient(x, |g, x| g.square(x[0]), |_, _, _, dy| Ok(vec![dy]))
/// })?;
/// assert_eq!(
///     wrong.to_string(),
///     "WRONG  input 0 [3]: 3 of 3 elements varied; element 1: gradient 1.000000e0, finite difference -2.000000e0\n"
/// );
/// # Ok::<(), cornu::Error>(())
/// ```
pub fn check_gradients(
    point: &[&Tensor],
    write: impl FnOnce(&mut Graph, &[Value]) -> Result<Value>,
) -> Result<GradientReport> {
    let mut graph = Graph::new();
    let mut inputs = Vec::with_capacity(point.len());
    for x in point {
        inputs.push(graph.feed("", x.shape().clone(), false)?);
    }
    let y = write(&mut graph, &inputs)?;
    let feeds = point.iter().map(|&t| Array::from(t)).collect();
    let mut values = compare(&graph, y, &inputs, feeds, Vec::new())?;
    for (i, c) in values.iter_mut().enumerate() {
        c.name = format!("input {i}");
    }
    Ok(GradientReport { values })
}

/// Compares gradients with finite differences, value by value.
pub(crate) fn compare(
    graph: &Graph,
    y: Value,
    wrt: &[Value],
    mut feeds: Vec<Array>,
    mut states: Vec<Array>,
) -> Result<Vec<Compared>> {
    let sources = sources(graph, wrt, feeds.len(), states.len())?;
    let mut differentiated = graph.clone();
    let grads = autodiff::gradients(&mut differentiated, y, wrt)?;
    let values = interpreter::run(&differentiated, &feeds, &states);
    let mut all = Vec::with_capacity(wrt.len());
    for ((&x, source), grad) in wrt.iter().zip(sources).zip(grads) {
        let grad = values[grad.index()][grad.output as usize].clone();
        let every = grad.data.len().div_ceil(SAMPLES).max(1);
        // The size of a typical derivative: what an element's own error is measured against.
        let scale = grad.data.iter().fold(0.0, |m: f64, d| m.max(d.abs()));
        let mut compared = Compared {
            value: x,
            name: format!("{x:?}"),
            shape: graph.shape(x).clone(),
            elements: 0,
            worst: Pair {
                element: 0,
                gradient: 0.0,
                difference: 0.0,
            },
            wrong: None,
        };
        for element in (0..grad.data.len()).step_by(every) {
            let mut moved = |by: f64| {
                let before = *place(&mut feeds, &mut states, source, element);
                *place(&mut feeds, &mut states, source, element) = before + by;
                let total = total(graph, y, &feeds, &states);
                *place(&mut feeds, &mut states, source, element) = before;
                total
            };
            let pair = Pair {
                element,
                gradient: grad.data[element],
                difference: (moved(STEP) - moved(-STEP)) / (2.0 * STEP),
            };
            let apart = |p: &Pair| (p.gradient - p.difference).abs();
            // Written so that NaN fails.
            let close = apart(&pair) <= TOLERANCE * (1.0 + scale + pair.difference.abs());
            if !close && compared.wrong.is_none() {
                compared.wrong = Some(pair.clone());
            }
            if compared.elements == 0 || apart(&pair) > apart(&compared.worst) {
                compared.worst = pair;
            }
            compared.elements += 1;
        }
        all.push(compared);
    }
    Ok(all)
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

/// Where an element of a feed or state lies.
fn place<'a>(
    feeds: &'a mut [Array],
    states: &'a mut [Array],
    source: Source,
    element: usize,
) -> &'a mut f64 {
    match source {
        Source::Feed(i) => &mut feeds[i as usize].data[element],
        Source::State(i) => &mut states[i as usize].data[element],
        Source::Prepared(_) => unreachable!("values are prepared in plans alone"),
    }
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
