//! Pass: 3 × 3 convolutions over many channels are computed by Winograd's algorithm, with a quarter of the multiplications.
//!
//! The kernel is transformed once a step, so that pays where enough pixels are computed with it; the transforms of
//! inputs and outputs pay where there are enough channels. Both bounds are measured: from 32 channels on it gains 1.5
//! times, from 64 on 2.5 times. Below the bounds, and with strides, dilations or groups, convolutions stay what they are.

use super::computation::{Computation, copy};
use crate::graph::ops::{Convolution, Op, WinogradConv2D, WinogradKernel, WinogradWeightGrad};
use crate::shape::Shape;

/// The least input and output channels of a convolution that is transformed.
pub(crate) const CHANNELS: usize = if cfg!(test) { 9 } else { 32 };

/// The least pixels, of all images together, for which the kernel is worth transforming.
const PIXELS: usize = if cfg!(test) { 16 } else { 1024 };

/// The least pixels where the kernel was transformed before. One image of 14 × 14 pixels and 256 channels takes as long either way,
/// and the transformed kernel is four times the memory.
const PREPARED_PIXELS: usize = if cfg!(test) { 16 } else { 400 };

/// A kernel of at most so many input times output channels stays in the second cache, transformed too.
const SMALL_KERNEL: usize = 1 << 13;

/// The least pixels for such a kernel that was transformed before: a few tiles.
const PREPARED_PIXELS_OF_SMALL: usize = if cfg!(test) { 16 } else { 96 };

fn pays(c: &Convolution, pixels: usize, least: usize, kernel: [usize; 4]) -> bool {
    let [h, w, i, o] = kernel;
    [h, w] == [3, 3]
        && c.strides == [1, 1]
        && c.lhs_dilation == [1, 1]
        && c.rhs_dilation == [1, 1]
        && c.groups == 1
        && i.min(o) >= CHANNELS
        && pixels >= least
}

fn pixels(image: &Shape) -> usize {
    image[..3].iter().product()
}

/// The computation with such convolutions replaced.
pub(super) fn run(c: &Computation, prepared: bool) -> Computation {
    let least = |[_, _, i, o]: [usize; 4]| match prepared {
        false => PIXELS,
        true if i * o <= SMALL_KERNEL => PREPARED_PIXELS_OF_SMALL,
        true => PREPARED_PIXELS,
    };
    c.rewrite(|g, _, node, inputs| {
        let (op, operands) = match &node.op {
            Op::Conv2D(conv) if !conv.bf16 => {
                let (image, w) = (&node.outputs[0].shape, g.shape(inputs[1]));
                let kernel = [w[0], w[1], w[2], w[3]];
                if !pays(&conv.convolution, pixels(image), least(kernel), kernel) {
                    return Ok(Some(copy(g, node, inputs)));
                }
                let channels = w[3];
                let mut operands = inputs;
                operands[1] = g.push(WinogradKernel.into(), vec![operands[1]])?;
                let of = *conv;
                (Op::from(WinogradConv2D { of, channels }), operands)
            }
            Op::Conv2DWeightGrad(grad) if !grad.bf16 => {
                let (image, w) = (g.shape(inputs[1]), &node.outputs[0].shape);
                if !pays(
                    &grad.convolution,
                    pixels(image),
                    PIXELS,
                    [w[0], w[1], w[2], w[3]],
                ) {
                    return Ok(Some(copy(g, node, inputs)));
                }
                (WinogradWeightGrad { of: *grad }.into(), inputs)
            }
            _ => return Ok(Some(copy(g, node, inputs))),
        };
        let v = g.push_checked(op, operands, node.outputs.clone(), node.path.clone());
        Ok(Some(vec![v]))
    })
    .map(|c| super::cse::run(&c))
    .expect("a 3 × 3 kernel can be transformed")
}
