//! Pass: the products of a training step that gain from it have their operands rounded to bf16.
//!
//! It looks at shapes alone, so that the same network is computed alike on every machine that has the instructions. Sums, weights,
//! statistics, losses and the optimizer stay in f32, and so do products that are too small: where a tile of 16 by 16 would be mostly
//! empty, where the weight would be packed for a few rows, and where pixels have three colours.

use super::computation::{Computation, copy};
use crate::graph::ops::matmul::WHOLE_ROUNDED;
use crate::graph::ops::matmul_tn::WHOLE_RESULT;
use crate::graph::ops::{Conv2D, Conv2DWeightGrad, MatMul, MatMulTn, Op};
use crate::graph::{Graph, Node, Value};

/// Rows and columns of a tile.
const SIDE: usize = if cfg!(test) { 4 } else { 16 };

/// The least terms of a sum.
const TERMS: usize = if cfg!(test) { 4 } else { 32 };

/// The least rows of a sample for which a small weight is packed.
const ROWS: usize = if cfg!(test) { 2 } else { 32 };

/// The computation with such operands rounded.
pub(crate) fn run(c: &Computation) -> Computation {
    c.rewrite(|g, _, node, inputs| {
        if &*node.path == "optimizer" {
            return Ok(Some(copy(g, node, inputs)));
        }
        let op = match &node.op {
            Op::Conv2D(op) if convolution(g, op, node, &inputs) => {
                Conv2D { bf16: true, ..*op }.into()
            }
            Op::Conv2DWeightGrad(op) if weight_grad(op, node) => {
                Conv2DWeightGrad { bf16: true, ..*op }.into()
            }
            Op::MatMul(op) if product(g, node, &inputs) => MatMul { bf16: true, ..*op }.into(),
            Op::MatMulTn(_) if transposed(g, node, &inputs) => MatMulTn { bf16: true }.into(),
            _ => return Ok(Some(copy(g, node, inputs))),
        };
        let v = g.push_checked(op, inputs, node.outputs.clone(), node.path.clone());
        Ok(Some(vec![v]))
    })
    .expect("copying refuses nothing")
}

/// A convolution, or the gradient of its input: enough terms, and output channels enough for a tile.
fn convolution(g: &Graph, op: &Conv2D, node: &Node, inputs: &[Value]) -> bool {
    let w = g.shape(inputs[1]);
    let filters = node.outputs[0].shape[3] / op.convolution.groups.max(1);
    w[0] * w[1] * w[2] >= 2 * TERMS && filters >= SIDE
}

/// The gradient of a kernel: its input and output channels are rows and columns.
fn weight_grad(op: &Conv2DWeightGrad, node: &Node) -> bool {
    let w = &node.outputs[0].shape;
    let filters = w[3] / op.convolution.groups.max(1);
    op.convolution.lhs_dilation == [1, 1] && w[2] >= SIDE && filters >= SIDE
}

/// A dense layer: a weight that is read once for the whole batch, or samples of many rows.
fn product(g: &Graph, node: &Node, inputs: &[Value]) -> bool {
    let (x, w, y) = (
        g.shape(inputs[0]),
        g.shape(inputs[1]),
        &node.outputs[0].shape,
    );
    let (terms, columns) = (x[x.rank() - 1], y[y.rank() - 1]);
    let rows: usize = x[..x.rank() - 1].iter().product();
    let own: usize = x.iter().skip(1).rev().skip(1).product();
    let once = x.rank() == 2 && w.elements() >= WHOLE_ROUNDED;
    terms >= TERMS && columns >= SIDE && rows >= SIDE / 2 && (once || x.rank() > 2 && own >= ROWS)
}

/// The gradient of a dense layer's weight, likewise.
fn transposed(g: &Graph, node: &Node, inputs: &[Value]) -> bool {
    let (x, w) = (g.shape(inputs[0]), &node.outputs[0].shape);
    let own: usize = x.iter().skip(1).rev().skip(1).product();
    let once = x.rank() == 2 && w.elements() > WHOLE_RESULT && x[0] >= SIDE / 2;
    w[0].min(w[1]) >= SIDE && (once || x.rank() > 2 && own >= ROWS)
}
