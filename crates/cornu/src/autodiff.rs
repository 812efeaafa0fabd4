//! Reverse-mode differentiation, graph to graph: gradients are ordinary nodes, so they can be differentiated again.

mod products;

pub use crate::graph::check::{Compared, GradientReport, check_gradients};
pub use products::{batch_jacobian, hessian, hvp, jacobian, jvp, vjp};

use std::collections::HashMap;

use crate::error::{Error, Result};
use crate::graph::ops::{GradientOf, Reshape};
use crate::graph::{Graph, Value};

/// The gradients of the sum of `y`'s elements with respect to each value of `wrt`.
///
/// A value on which `y` does not depend gets zeros.
///
/// # Shapes
/// Each gradient has the shape of its value.
///
/// # Example
/// ```
/// use cornu::graph::Graph;
/// let mut g = Graph::new();
/// let x = g.feed("x", [3], false)?;
/// let cube = g.square(x)?;
/// let cube = g.mul(cube, x)?;
/// let first = cornu::autodiff::gradients(&mut g, cube, &[x])?[0]; // 3x²
/// let second = cornu::autodiff::gradients(&mut g, first, &[x])?[0]; // 6x
/// # Ok::<(), cornu::Error>(())
/// ```
pub fn gradients(graph: &mut Graph, y: Value, wrt: &[Value]) -> Result<Vec<Value>> {
    let one = graph.constant(1.0)?;
    let shape = graph.shape(y).clone();
    let dy = graph.broadcast(one, shape)?;
    gradients_from(graph, &[(y, dy)], wrt)
}

/// Whether a value depends on any of `on`, on a way that gradients take.
pub(crate) fn depends(graph: &Graph, y: Value, on: &[Value]) -> bool {
    reaches(graph, on, y.index())[y.index()]
}

/// The gradients with respect to `wrt`, given the gradients `(value, gradient)` of some later values.
pub fn gradients_from(
    graph: &mut Graph,
    from: &[(Value, Value)],
    wrt: &[Value],
) -> Result<Vec<Value>> {
    if from.is_empty() {
        return wrt.iter().map(|&x| zeros(graph, x)).collect();
    }
    let last = from.iter().map(|(y, _)| y.index()).max().unwrap_or(0);
    let needed = reaches(graph, wrt, last);
    let mut grads: HashMap<Value, Value> = HashMap::new();
    for &(y, dy) in from {
        if graph.shape(y) != graph.shape(dy) {
            return Err(Error::shape(format!(
                "the gradient of a value of shape {} must have that shape, received {}",
                graph.shape(y),
                graph.shape(dy)
            )));
        }
        accumulate(graph, &mut grads, y, dy)?;
    }
    for index in (0..=last).rev() {
        let node = graph.nodes()[index].clone();
        if node.inputs.is_empty() || !needed[index] {
            continue;
        }
        let outputs: Vec<Value> = (0..node.outputs.len() as u32)
            .map(|output| Value {
                node: index as u32,
                output,
            })
            .collect();
        let dy: Vec<Option<Value>> = outputs.iter().map(|v| grads.get(v).copied()).collect();
        if dy.iter().all(Option::is_none) {
            continue;
        }
        let outer = graph.set_path(Some(node.path.clone()));
        if let (Some(rule), Some(dy)) = (graph.custom(index).cloned(), dy[0]) {
            let dx = rule.grad(graph, outputs[0], dy);
            graph.set_path(outer);
            for (&x, dx) in rule.inputs.iter().zip(dx?) {
                if needed[x.index()] {
                    accumulate(graph, &mut grads, x, dx)?;
                }
            }
            continue;
        }
        let dx = node.op.grad(&mut GradientOf {
            graph,
            inputs: &node.inputs,
            outputs: &outputs,
            dy: &dy,
        });
        graph.set_path(outer);
        for (&x, dx) in node.inputs.iter().zip(dx?) {
            if let Some(dx) = dx.filter(|_| needed[x.index()]) {
                debug_assert_eq!(graph.shape(x), graph.shape(dx), "{:?}", node.op);
                accumulate(graph, &mut grads, x, dx)?;
            }
        }
    }
    wrt.iter()
        .map(|x| match grads.get(x) {
            Some(&dx) => Ok(dx),
            None => zeros(graph, *x),
        })
        .collect()
}

/// The gradients for `of` through nodes that `write` makes of them: pairs (value, its gradient).
///
/// This is how an op that is one kernel is differentiated once more: its result, written with simpler ops, has their gradients.
/// The nodes are made of copies, so that nothing flows on through what `of` was computed from; a later differentiation passes.
pub(crate) fn through(
    graph: &mut Graph,
    of: &[Value],
    write: impl FnOnce(&mut Graph, &[Value]) -> Result<Vec<(Value, Value)>>,
) -> Result<Vec<Value>> {
    let copy = |&x: &Value| {
        let shape = graph.shape(x).clone();
        graph.push(Reshape { shape }.into(), vec![x])
    };
    let copies = of.iter().map(copy).collect::<Result<Vec<_>>>()?;
    let from = write(graph, &copies)?;
    gradients_from(graph, &from, &copies)
}

fn zeros(graph: &mut Graph, like: Value) -> Result<Value> {
    let zero = graph.constant(0.0)?;
    let shape = graph.shape(like).clone();
    graph.broadcast(zero, shape)
}

fn accumulate(
    graph: &mut Graph,
    grads: &mut HashMap<Value, Value>,
    x: Value,
    dx: Value,
) -> Result<()> {
    let sum = match grads.get(&x) {
        Some(&earlier) => graph.add(earlier, dx)?,
        None => dx,
    };
    grads.insert(x, sum);
    Ok(())
}

/// Which of the first `last + 1` nodes depend on a value of `wrt` or are one: gradients of others would be computed in vain.
fn reaches(graph: &Graph, wrt: &[Value], last: usize) -> Vec<bool> {
    let mut needed = vec![false; last + 1];
    for x in wrt.iter().filter(|x| x.index() <= last) {
        needed[x.index()] = true;
    }
    for i in 0..=last {
        let own = graph.custom(i).into_iter().flat_map(|rule| &rule.inputs);
        let mut operands = graph.nodes()[i].inputs.iter().chain(own);
        needed[i] = needed[i] || operands.any(|x| needed[x.index()]);
    }
    needed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exec::interpreter;
    use crate::graph::Array;
    use crate::graph::ops::{Reduction, Window};

    /// The gradient of the sum of `f(x)` at a point.
    fn gradient_at(
        shape: &[usize],
        point: &[f64],
        f: impl Fn(&mut Graph, Value) -> Result<Value>,
    ) -> Result<Vec<f64>> {
        let mut g = Graph::new();
        let x = g.feed("x", shape, false)?;
        let y = f(&mut g, x)?;
        let dx = gradients(&mut g, y, &[x])?[0];
        let values = interpreter::run(&g, &[Array::new(shape, point.to_vec())], &[]);
        Ok(values[dx.index()][0].data.clone())
    }

    /// Where there is no derivative, TensorFlow's is taken; extremes over axes share theirs.
    #[test]
    fn kinks_and_ties_have_the_gradient_of_tensorflow() -> Result<()> {
        let relu = gradient_at(&[3], &[-1.0, 0.0, 2.0], |g, x| g.relu(x))?;
        assert_eq!(relu, [0.0, 0.0, 1.0]);
        let abs = gradient_at(&[3], &[-1.0, 0.0, 2.0], |g, x| g.abs(x))?;
        assert_eq!(abs, [-1.0, 0.0, 1.0]);
        for kind in [Reduction::Max, Reduction::Min] {
            let shared = gradient_at(&[2, 2], &[3.0, 3.0, 3.0, 3.0], |g, x| {
                g.reduce(kind, x, &[1], false)
            })?;
            assert_eq!(shared, [0.5; 4]);
        }
        let first = gradient_at(&[2], &[1.0, 5.0], |g, x| {
            let c = g.constant(5.0)?;
            let y = g.maximum(x, c)?;
            let one = g.constant(1.0)?;
            let z = g.minimum(one, x)?;
            g.add(y, z)
        })?;
        // maximum(5, 5) gives all to x, which comes first; minimum(1, 1) nothing, as x comes second.
        assert_eq!(first, [0.0, 1.0]);
        let window = Window {
            size: [2, 2],
            strides: [2, 2],
            padding: [(0, 0); 2],
        };
        let pooled = gradient_at(&[1, 2, 2, 1], &[7.0, 7.0, 1.0, 7.0], |g, x| {
            g.max_pool(x, window)
        })?;
        assert_eq!(pooled, [1.0, 0.0, 0.0, 0.0]);
        let power = gradient_at(&[2], &[0.0, 2.0], |g, x| {
            let zero = g.constant(0.0)?;
            g.pow(x, zero)
        })?;
        assert_eq!(power, [0.0, 0.0]);
        Ok(())
    }

    #[test]
    fn what_does_not_depend_has_gradient_zero() -> Result<()> {
        let mut g = Graph::new();
        let (x, z) = (g.feed("x", [2], false)?, g.feed("z", [3, 1], false)?);
        let y = g.exp(x)?;
        let dz = gradients(&mut g, y, &[z])?[0];
        assert_eq!(g.shape(dz).axes(), [3, 1]);
        let feeds = [
            Array::new([2], vec![1.0; 2]),
            Array::new([3, 1], vec![1.0; 3]),
        ];
        assert_eq!(
            interpreter::run(&g, &feeds, &[])[dz.index()][0].data,
            [0.0; 3]
        );
        assert!(gradients_from(&mut g, &[(y, z)], &[x]).is_err());
        let none = gradients_from(&mut g, &[], &[x])?[0];
        assert_eq!(g.shape(none).axes(), [2]);
        Ok(())
    }
}
