//! Pass: in a network that is only used, weights are copied together once as its products read them.
//!
//! A product of many rows copies its weight together anyway, panel by panel, and again in every run and for every part of the batch; one of
//! few rows waits for the third cache or the memory, which hand out neighbouring lines sooner than distant ones. What is packed lies beside
//! the weight itself, so only such weights are that would be prepared in any case, with a normalisation folded in, and small ones. On one
//! core of a Zen 5, products of 49 rows reach 240 instead of 190 to 225 GFLOP/s, of 128 to 784 rows 250 instead of 235.

use super::computation::{Computation, copy};
use super::prepare::Fixed;
use crate::graph::ops::{MatMul, Op, Packable, PackedKernel, PackedProduct};
use crate::graph::{Graph, Node, Value};
use cornu_kernels::packed::PANEL;

/// The least rows of a product that gains.
const ROWS: usize = if cfg!(test) { 1 } else { 8 };

/// A weight of so many elements is packed though it is kept as well: 1 MiB.
const SMALL: usize = 1 << 18;

/// The computation with such weights packed.
pub(super) fn run(c: &Computation) -> Computation {
    let mut fixed = Fixed::default();
    c.rewrite(|g, _, node, inputs| {
        fixed.follow(g);
        let Some(of) = packable(g, node, &inputs, &fixed) else {
            return Ok(Some(copy(g, node, inputs)));
        };
        let transposed = matches!(of, Packable::MatMul(product) if product.transposed);
        let weight = g.shape(inputs[1]).clone();
        let mut operands = inputs;
        operands[1] = g.push(PackedKernel { transposed }.into(), vec![operands[1]])?;
        let op = PackedProduct { of, weight };
        let v = g.push_checked(op.into(), operands, node.outputs.clone(), node.path.clone());
        Ok(Some(vec![v]))
    })
    .map(|c| super::cse::run(&c))
    .expect("a weight can be packed")
}

fn packable(g: &Graph, node: &Node, inputs: &[Value], fixed: &Fixed) -> Option<Packable> {
    let of = match &node.op {
        Op::Conv2D(conv) if conv.convolution.groups == 1 && !conv.bf16 => Packable::Conv2D(*conv),
        Op::MatMul(product @ MatMul { bf16: false, .. }) => Packable::MatMul(*product),
        _ => return None,
    };
    let (y, w) = (&node.outputs[0].shape, inputs[1]);
    let columns = *y.last()?;
    let rows = y.elements() / columns.max(1);
    // Whether little of the panels is zeros.
    let fills = columns.next_multiple_of(PANEL) - columns <= columns / 4;
    // Tests hand weights over as feeds, in all sizes.
    let kept = matches!(g.node(w).op, Op::Input(_)) && g.shape(w).elements() > SMALL;
    let pays = fills && !kept && fixed.is(w);
    (rows >= ROWS && (pays || cfg!(test) && !batched(g, w))).then_some(of)
}

/// Whether a value is a feed with the batch in front, or may follow from one.
fn batched(g: &Graph, v: Value) -> bool {
    match &g.node(v).op {
        Op::Input(input) => input.batched,
        _ => g.node(v).inputs.iter().any(|&v| batched(g, v)),
    }
}
