//! Pass: a large weight is read as it lies where its transpose is asked for, rather than transposed first.
//!
//! The gradient of a dense layer's input is a product by the weight's transpose. A product copies a large weight together
//! anyway, and can turn it meanwhile; a transpose of its own would write and read all of it once more in every step.

use super::computation::{Computation, copy};
use crate::graph::ops::matmul::WHOLE_WEIGHT;
use crate::graph::ops::{MatMul, Op};

/// The computation without the transposes of large weights.
pub(super) fn run(c: &Computation) -> Computation {
    c.rewrite(|g, _, node, mut inputs| {
        let Op::MatMul(product) = node.op else {
            return Ok(Some(copy(g, node, inputs)));
        };
        let weight = g.node(inputs[1]);
        let turned = matches!(&weight.op, Op::Transpose(t) if *t.axes == [1, 0]);
        // Products for a part of the batch each would turn the weight once for each part.
        let whole = g.shape(inputs[0]).rank() == 2 && g.shape(inputs[1]).elements() >= WHOLE_WEIGHT;
        if !turned || !whole || product.transposed {
            return Ok(Some(copy(g, node, inputs)));
        }
        inputs[1] = weight.inputs[0];
        let op = MatMul {
            transposed: true,
            ..product
        };
        let v = g.push_checked(op.into(), inputs, node.outputs.clone(), node.path.clone());
        Ok(Some(vec![v]))
    })
    .map(|c| super::cse::run(&c))
    .expect("copying refuses nothing")
}
