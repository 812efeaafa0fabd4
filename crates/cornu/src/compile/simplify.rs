//! Pass: identities are left out, scalars computed, and repetitions left to the ops that broadcast by themselves.

use cornu_kernels::elementwise::{binary_reference, unary_reference};

use super::computation::{Computation, copy};
use crate::error::Result;
use crate::graph::ops::{Binary, BinaryKind, Constant, Op, Reduce, Reduction, Unary, UnaryKind};
use crate::graph::{Graph, Node, Value};
use crate::shape::{DType, Shape};

/// The computation without what costs nothing to leave out.
pub(super) fn run(c: &Computation) -> Result<Computation> {
    let needed = c.ancestors(c.roots());
    c.rewrite(|g, i, node, inputs| {
        if !needed[i] {
            return Ok(None);
        }
        simplify(g, node, inputs).map(Some)
    })
}

fn constant(g: &Graph, v: Value) -> Option<f32> {
    match g.node(v).op {
        Op::Constant(c) => Some(c.value()),
        _ => None,
    }
}

fn simplify(g: &mut Graph, node: &Node, mut inputs: Vec<Value>) -> Result<Vec<Value>> {
    match &node.op {
        Op::StopGradient(_) => return Ok(inputs),
        Op::Cast(cast) if g.dtype(inputs[0]) == cast.dtype => return Ok(inputs),
        Op::Reshape(r) => {
            // The last shape alone matters.
            if let Op::Reshape(_) = g.node(inputs[0]).op {
                inputs = vec![g.node(inputs[0]).inputs[0]];
            }
            if *g.shape(inputs[0]) == r.shape {
                return Ok(inputs);
            }
            // One number repeated is one number repeated under any shape.
            if let Op::Broadcast(_) = g.node(inputs[0]).op {
                let number = g.node(inputs[0]).inputs[0];
                if g.shape(number).elements() == 1 && node.outputs[0].dtype == DType::F32 {
                    let number = match g.node(number).op {
                        Op::Reshape(_) => g.node(number).inputs[0],
                        _ => number,
                    };
                    let number = g.reshape(number, Shape::scalar())?;
                    return Ok(vec![g.broadcast(number, r.shape.clone())?]);
                }
            }
        }
        Op::Reduce(reduce)
            if reduce.kind == Reduction::Sum
                && (reduce.start, reduce.end) == (0, 3)
                && g.shape(inputs[0]).rank() == 4
                && matches!(
                    g.node(inputs[0]).op,
                    Op::MaxPoolGrad(_) | Op::AveragePoolGrad(_)
                ) =>
        {
            // A pooling's gradient hands on all it gets: its sum over the image is the sum of what it got.
            inputs = vec![g.node(inputs[0]).inputs[0]];
        }
        Op::Reduce(reduce) if reduce.kind == Reduction::Sum && reduce.start == 0 => {
            if let Some((sum, factor)) = without_factor(g, reduce, inputs[0])? {
                let y = match factor {
                    Some(factor) => g.mul(sum, factor)?,
                    None => g.neg(sum)?,
                };
                return Ok(vec![y]);
            }
        }
        Op::Unary(Unary { kind }) => {
            if let Some(x) = constant(g, inputs[0]) {
                let y = unary_reference(*kind, f64::from(x)) as f32;
                return Ok(vec![g.push(Constant::new(y).into(), vec![])?]);
            }
        }
        Op::Binary(Binary { kind }) => {
            unrepeat(g, node, &mut inputs);
            let (a, b) = (constant(g, inputs[0]), constant(g, inputs[1]));
            if let (Some(a), Some(b)) = (a, b) {
                let y = binary_reference(*kind, f64::from(a), f64::from(b)) as f32;
                return Ok(vec![g.push(Constant::new(y).into(), vec![])?]);
            }
            let same = |v: Value| *g.shape(v) == node.outputs[0].shape && g.dtype(v) == DType::F32;
            match (kind, a, b) {
                (BinaryKind::Mul | BinaryKind::Div, _, Some(1.0))
                | (BinaryKind::Add | BinaryKind::Sub, _, Some(0.0))
                    if same(inputs[0]) =>
                {
                    return Ok(vec![inputs[0]]);
                }
                (BinaryKind::Mul, Some(1.0), _) | (BinaryKind::Add, Some(0.0), _)
                    if same(inputs[1]) =>
                {
                    return Ok(vec![inputs[1]]);
                }
                _ => {}
            }
        }
        Op::Select(_) => {
            unrepeat(g, node, &mut inputs);
            if let Some(condition) = constant(g, inputs[0]) {
                let chosen = inputs[if condition == 0.0 { 2 } else { 1 }];
                if *g.shape(chosen) == node.outputs[0].shape {
                    return Ok(vec![chosen]);
                }
            }
        }
        _ => {}
    }
    Ok(copy(g, node, inputs))
}

/// `Σ c·x = c·Σ x` where `c` is the same for all that is added up, and `Σ -x = -Σ x`: returns `Σ x` and `c`, or none for -1.
///
/// The gradients of a normalisation's mean, variance, scale and shift then need two sums over the images instead of four.
fn without_factor(g: &mut Graph, sum: &Reduce, x: Value) -> Result<Option<(Value, Option<Value>)>> {
    let node = g.node(x).clone();
    let full = &node.outputs[0].shape;
    let (x, factor) = match node.op {
        Op::Unary(Unary {
            kind: UnaryKind::Neg,
        }) => (node.inputs[0], None),
        Op::Binary(Binary {
            kind: BinaryKind::Mul,
        }) => {
            let fixed = |v: Value| {
                let s = g.shape(v);
                s.rank() + sum.end <= full.rank() && g.dtype(v) == DType::F32
            };
            let of = |v: Value| g.shape(v) == full && g.dtype(v) == DType::F32;
            match (node.inputs[0], node.inputs[1]) {
                (x, c) if of(x) && fixed(c) => (x, Some(c)),
                (c, x) if of(x) && fixed(c) => (x, Some(c)),
                _ => return Ok(None),
            }
        }
        _ => return Ok(None),
    };
    // Again, for a product of several factors.
    let y = match without_factor(g, sum, x)? {
        Some((inner, Some(c))) => g.mul(inner, c)?,
        Some((inner, None)) => g.neg(inner)?,
        None => g.push((*sum).into(), vec![x])?,
    };
    Ok(Some((y, factor)))
}

/// Replaces repeated operands by what was repeated, as long as the result keeps its shape.
fn unrepeat(g: &Graph, node: &Node, inputs: &mut [Value]) {
    for i in 0..inputs.len() {
        loop {
            let before = inputs[i];
            let number = |v: Value| constant(g, g.node(v).inputs[0]).is_some();
            match g.node(before).op {
                Op::Broadcast(_) => {}
                Op::Reshape(_) if number(before) => {}
                _ => break,
            }
            inputs[i] = g.node(before).inputs[0];
            let shape = inputs
                .iter()
                .try_fold(Shape::scalar(), |s, &v| s.broadcast(g.shape(v)));
            if shape.ok().as_ref() != Some(&node.outputs[0].shape) {
                inputs[i] = before;
                break;
            }
        }
    }
}
