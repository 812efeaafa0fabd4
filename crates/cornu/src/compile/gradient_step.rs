//! Pass: where nobody but its optimizer wants a large weight's gradient, both are one step, and the gradient is never kept.
//!
//! Guards want it too: that it is finite is then known from what it is made of ([`GradientBound`]).

use std::collections::HashMap;

use cornu_kernels::elementwise::Indexing;

use super::computation::{Computation, copy};
use super::stage::splits;
use crate::graph::ops::{GradientBound, GradientStep, MatMulTn, Op, Split};
use crate::graph::{Graph, Meta, Node, Value};

/// The computation with such gradients inside the steps that read them.
pub(super) fn run(c: &Computation) -> Computation {
    let found = find(c);
    if found.is_empty() {
        return c.clone();
    }
    let mut fused = Vec::with_capacity(found.len());
    let rewritten = c.rewrite(|g, i, node, inputs| {
        let (Some(&gradient), Op::Map(map)) = (found.get(&i), &node.op) else {
            return Ok(Some(copy(g, node, inputs)));
        };
        let product = g.node(inputs[gradient]);
        let (path, mut operands) = (product.path.clone(), product.inputs.clone());
        fused.push(inputs[gradient]);
        let others = inputs.iter().enumerate().filter(|(k, _)| *k != gradient);
        operands.extend(others.map(|(_, &v)| v));
        let map = map.clone();
        let op = GradientStep { map, gradient };
        let first = g.push_checked(op.into(), operands, node.outputs.clone(), path);
        let outputs = 0..node.outputs.len() as u32;
        Ok(Some(
            outputs.map(|output| Value { output, ..first }).collect(),
        ))
    });
    let mut c = rewritten.expect("copying refuses nothing");
    for guard in c.guards.iter_mut().filter(|guard| fused.contains(guard)) {
        let product = c.graph.node(*guard);
        let (path, operands) = (product.path.clone(), product.inputs.clone());
        let number = vec![Meta::f32([0; 0])];
        *guard = c
            .graph
            .push_checked(GradientBound.into(), operands, number, path);
    }
    super::cse::run(&c)
}

/// For each map that is to take a gradient in, which of its inputs that is.
fn find(c: &Computation) -> HashMap<usize, usize> {
    let (split, _) = splits(c);
    let uses = c.uses();
    let updated = |v: Value| c.updates.iter().filter(|u| u.1 == v).count();
    let nodes = c.graph.nodes().iter().enumerate();
    let maps = nodes.filter_map(|(i, node)| {
        let Op::Map(map) = &node.op else {
            return None;
        };
        // Its results are new states and nothing else, so that it runs once the guards were looked at.
        let mut outputs = (0..node.outputs.len() as u32).map(|output| Value {
            node: i as u32,
            output,
        });
        let only_updates =
            outputs.all(|v| updated(v) > 0 && uses[i][v.output as usize] == updated(v));
        let gradient = node.inputs.iter().position(|&v| {
            let guarded = c.guards.iter().filter(|&&guard| guard == v).count();
            uses[v.index()][v.output as usize] == 1 + guarded
                && split[v.index()] == Split::Whole
                && pays(&c.graph, c.graph.node(v))
        })?;
        let same = map.indexing[gradient] == Indexing::Same;
        let alike = node
            .outputs
            .iter()
            .all(|y| y.shape == *c.graph.shape(node.inputs[gradient]));
        (only_updates && same && alike).then_some((i, gradient))
    });
    maps.collect()
}

/// Whether a node is a product that takes more memory than what it is computed from, which is kept instead.
fn pays(g: &Graph, node: &Node) -> bool {
    let Op::MatMulTn(MatMulTn { bf16: false }) = node.op else {
        return false;
    };
    let operands: usize = node.inputs.iter().map(|&v| g.shape(v).elements()).sum();
    let elements = node.outputs[0].shape.elements();
    operands > 0 && elements >= operands
}

#[cfg(test)]
mod tests {
    use crate::autodiff;
    use crate::compile::{Computation, Mode, compile};
    use crate::error::Result;
    use crate::exec::executable::{Outcome, States, Workspace, run};
    use crate::exec::interpreter;
    use crate::graph::ops::check::{Chance, Fill, assert_close, run_with};
    use crate::graph::{Array, Graph};
    use crate::tensor::Tensor;

    /// A dense layer without bias, whose squares are to be small, trained with momentum; the gradient is guarded.
    fn step(batch: usize, k: usize, n: usize, rank: usize) -> Result<Computation> {
        let mut g = Graph::new();
        let shape = if rank == 2 {
            vec![batch, k]
        } else {
            vec![batch, 2, k]
        };
        let x = g.feed("x", shape, true)?;
        let (w, slot) = (g.state(0, [k, n])?, g.state(1, [k, n])?);
        let y = g.matmul(x, w)?;
        let y = g.tanh(y)?;
        let squares = g.square(y)?;
        let loss = g.mean_all(squares)?;
        let grad = autodiff::gradients(&mut g, loss, &[w])?[0];
        let (kept, moved) = (g.scale(slot, 0.9)?, g.scale(grad, -0.5)?);
        let slot = g.add(kept, moved)?;
        let updates = vec![(1, slot), (0, g.add(w, slot)?)];
        Ok(Computation {
            graph: g,
            batch,
            outputs: vec![loss],
            updates,
            guards: vec![loss, grad],
        })
    }

    fn names(c: &Computation) -> Result<Vec<String>> {
        let stages = compile(c, Mode::Fast)?.listing().stages;
        Ok(stages
            .into_iter()
            .flat_map(|s| s.steps)
            .map(|s| s.op)
            .collect())
    }

    #[test]
    fn a_large_weight_takes_the_steps_of_the_reference_to_the_same_bits_for_any_threads()
    -> Result<()> {
        for (batch, k, n, rank) in [
            (1, 7, 130, 2),
            (3, 150, 130, 2),
            (5, 257, 97, 2),
            (2, 190, 180, 3),
        ] {
            let c = step(batch, k, n, rank)?;
            let names = names(&c)?;
            assert!(
                names.iter().any(|op| op.starts_with("GradientStep")),
                "{names:?}"
            );
            assert!(
                !names.iter().any(|op| op.starts_with("MatMulTn")),
                "{names:?}"
            );
            let mut chance = Chance::of("gradient step");
            let start = [0, 1].map(|_| chance.tensor(&[k, n].into(), Fill::Between(-0.3, 0.3)));
            let shape = if rank == 2 {
                vec![batch, k]
            } else {
                vec![batch, 2, k]
            };
            let x = chance.tensor(&shape.into(), Fill::Mixed);
            let want = interpreter::run(
                &c.graph,
                &[Array::from(&x)],
                &start.each_ref().map(Array::from),
            );
            let mut first: Option<[Vec<f32>; 2]> = None;
            for (mode, threads) in [
                (Mode::Fast, 1),
                (Mode::Fast, 2),
                (Mode::Fast, 3),
                (Mode::Traced, 2),
            ] {
                let plan = compile(&c, mode)?;
                let mut states = States::new();
                for t in &start {
                    states.push(t)?;
                }
                run_with(threads, None, &plan, &[&x], &mut states);
                for &(state, v) in &c.updates {
                    let what = format!("batch {batch}, {k} x {n}, {mode:?}: state {state}");
                    assert_close(
                        &what,
                        &states.tensor(state),
                        &want[v.index()][v.output as usize],
                        1e-5,
                    );
                }
                if mode == Mode::Fast {
                    let all = [0, 1].map(|i| states.get(i).to_vec());
                    assert!(
                        *first.get_or_insert_with(|| all.clone()) == all,
                        "{threads} threads give other bits"
                    );
                }
            }
        }
        Ok(())
    }

    #[test]
    fn a_gradient_that_is_not_kept_is_refused_where_it_is_not_finite_and_there_alone() -> Result<()>
    {
        let (batch, k, n) = (2, 140, 130);
        let c = step(batch, k, n, 2)?;
        let plan = compile(&c, Mode::Fast)?;
        // The loss of huge inputs is 1, and its gradient 0 or none at all; a NaN in a row of zeros is in the gradient alone.
        for (value, weight, refused) in [
            (1.0, 0.1, false),
            (3e38, 0.0, false),
            (f32::NAN, 0.1, true),
            (f32::INFINITY, 1.0, true),
        ] {
            let mut x = vec![0.5; batch * k];
            x[k - 1] = value;
            let x = Tensor::new([batch, k], x)?;
            let mut states = States::new();
            states.push(&Tensor::new([k, n], vec![weight; k * n])?)?;
            states.push(&Tensor::zeros([k, n]))?;
            let outcome = run(&plan, &mut Workspace::new(), &[&x], &mut states)?;
            assert_eq!(
                matches!(outcome, Outcome::Refused(_)),
                refused,
                "{value} times {weight}"
            );
            assert!(
                states.get(0).iter().all(|w| w.is_finite()),
                "{value} times {weight}"
            );
        }
        Ok(())
    }

    #[test]
    fn gradients_that_others_read_or_that_are_smaller_than_what_they_are_made_of_are_kept()
    -> Result<()> {
        let mut c = step(3, 150, 130, 2)?;
        c.outputs.push(c.guards[1]);
        assert!(names(&c)?.iter().any(|op| op.starts_with("MatMulTn")));
        let small = names(&step(300, 150, 130, 2)?)?;
        assert!(
            small.iter().any(|op| op.starts_with("MatMulTn")),
            "{small:?}"
        );
        Ok(())
    }
}
