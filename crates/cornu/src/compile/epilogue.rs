//! Pass: a bias and a ReLU behind a product are applied while its result is still in registers.

use super::computation::{Computation, copy};
use crate::graph::ops::{Binary, BinaryKind, Conv2D, MatMul, Op, Unary, UnaryKind};
use crate::graph::{Graph, Value};

/// The computation with biases and ReLUs inside the products before them.
pub(super) fn run(c: &Computation) -> Computation {
    let uses = c.uses();
    let once = |v: Value| uses[v.index()][v.output as usize] == 1;
    c.rewrite(|g, _, node, inputs| {
        let fused = match &node.op {
            Op::Binary(Binary {
                kind: BinaryKind::Add,
            }) => [(0, 1), (1, 0)].into_iter().find_map(|(p, b)| {
                let single = once(node.inputs[p]);
                let op = with_bias(g, inputs[p], inputs[b]).filter(|_| single)?;
                let mut operands = g.node(inputs[p]).inputs.clone();
                operands.push(inputs[b]);
                Some((op, operands))
            }),
            Op::Unary(Unary {
                kind: UnaryKind::Relu,
            }) => {
                let single = once(node.inputs[0]);
                with_relu(g, inputs[0])
                    .filter(|_| single)
                    .map(|op| (op, g.node(inputs[0]).inputs.clone()))
            }
            _ => None,
        };
        let Some((op, operands)) = fused else {
            return Ok(Some(copy(g, node, inputs)));
        };
        let v = g.push_checked(op, operands, node.outputs.clone(), node.path.clone());
        Ok(Some(vec![v]))
    })
    .map(|c| super::cse::run(&c))
    .expect("copying refuses nothing")
}

fn with_bias(g: &Graph, product: Value, bias: Value) -> Option<Op> {
    let columns = *g.shape(product).last()?;
    if g.shape(bias).axes() != [columns] {
        return None;
    }
    match g.node(product).op {
        Op::MatMul(
            m @ MatMul {
                bias: false,
                relu: false,
                ..
            },
        ) => Some(MatMul { bias: true, ..m }.into()),
        Op::Conv2D(
            conv @ Conv2D {
                bias: false,
                relu: false,
                ..
            },
        ) => Some(Conv2D { bias: true, ..conv }.into()),
        _ => None,
    }
}

fn with_relu(g: &Graph, product: Value) -> Option<Op> {
    match g.node(product).op {
        Op::MatMul(m) if !m.relu => Some(MatMul { relu: true, ..m }.into()),
        Op::Conv2D(conv) if !conv.relu => Some(Conv2D { relu: true, ..conv }.into()),
        _ => None,
    }
}
