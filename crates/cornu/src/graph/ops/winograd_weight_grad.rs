//! The gradient of a 3 × 3 kernel by Winograd's algorithm.

use cornu_kernels::conv2d::winograd;

use super::{Array, Call, Conv2DWeightGrad, GradientOf, Operand, Rule, Split};
use crate::error::Result;
use crate::exec::{parallel, scratch};
use crate::graph::{Meta, Value};

/// What [`Conv2DWeightGrad`] computes. Set by the Winograd pass alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct WinogradWeightGrad {
    /// The gradient that is computed.
    pub of: Conv2DWeightGrad,
}

/// Kernels of more channels (in × out) are summed over the whole batch by threads that share the channels; of smaller ones every
/// task of a segment has a sum of its own.
const SHARED: usize = 8192;

impl Rule for WinogradWeightGrad {
    fn infer(&self, inputs: &[&Meta]) -> Result<Vec<Meta>> {
        self.of.infer(inputs)
    }

    fn grad(&self, _: &mut GradientOf<'_>) -> Result<Vec<Option<Value>>> {
        unreachable!("gradients are taken before convolutions are transformed")
    }

    fn eval(&self, _: &[&Array], _: &[Meta]) -> Vec<Array> {
        unreachable!("the reference runs graphs before convolutions are transformed")
    }

    fn split(&self, inputs: &[Operand<'_>], outputs: &[Meta]) -> Split {
        let small = outputs[0].shape[2] * outputs[0].shape[3] <= SHARED;
        if small && inputs.iter().all(|o| o.batched) {
            Split::Sum
        } else {
            Split::Whole
        }
    }

    fn run(&self, call: &mut Call<'_, '_>) {
        let g = self.of.convolution.geometry(
            &call.input_metas[0].shape,
            &call.output_metas[0].shape,
            &call.input_metas[1].shape,
        );
        let (x, dy) = (call.f32(0), call.f32(1));
        let images = call.input_rows(0);
        let (accumulate, parallel) = (call.accumulate, call.parallel);
        let dw = call.out_f32(0);
        if !accumulate {
            dw.fill(0.0);
        }
        if images == 0 || dw.is_empty() {
            return;
        }
        let (i, o) = (g.in_c, g.out_c);
        if accumulate || i * o <= SHARED {
            scratch::with(|s| winograd::weight_grad(&g, images, x, dy, dw, s));
            return;
        }
        let job = winograd::WeightGrad::new(&g, images);
        scratch::with(|blocks| {
            let len = job.blocks() * job.block_len();
            if blocks.len() < len {
                blocks.resize(len, 0.0);
            }
            let blocks = &mut blocks[..len];
            parallel::chunks(parallel, blocks, job.block_len(), |number, block| {
                job.transform(number, x, dy, block);
            });
            // Every task has some rows of each of the nine taps.
            let rows = job.channels();
            let mut tasks: Vec<[&mut [f32]; 9]> = Vec::new();
            let mut taps: Vec<_> = dw
                .chunks_mut(i * o)
                .map(|tap| tap.chunks_mut(rows * o))
                .collect();
            for _ in 0..i.div_ceil(rows) {
                tasks.push(std::array::from_fn(|tap| {
                    taps[tap].next().expect("taps are cut alike")
                }));
            }
            let blocks = &*blocks;
            parallel::each(parallel, tasks, |number, mut dw| {
                scratch::with(|s| job.sum(blocks, number * rows, &mut dw, s));
            });
        });
    }

    fn flops(&self, inputs: &[&Meta], outputs: &[Meta]) -> u64 {
        self.of.flops(inputs, outputs)
    }
}

#[cfg(test)]
pub(crate) fn cases() -> Vec<super::check::Case> {
    use super::check::{Fill::*, case};
    use crate::compile::WINOGRAD_CHANNELS as LEAST;
    let mut cases = Vec::new();
    for (name, image, out, padding) in [
        ("small", [7, 6, LEAST + 1], LEAST + 2, [(1, 1); 2]),
        ("uneven", [5, 9, LEAST], LEAST, [(0, 1), (2, 0)]),
        ("shared", [4, 5, 90], 100, [(1, 1); 2]),
    ] {
        let convolution = super::Convolution {
            strides: [1, 1],
            padding,
            lhs_dilation: [1, 1],
            rhs_dilation: [1, 1],
            groups: 1,
        };
        cases.push(
            case(name, move |s| {
                let (x, w) = (
                    s.batched(&image, Mixed)?,
                    s.fixed(&[3, 3, image[2], out], Mixed)?,
                );
                let y = s.g.conv2d(x, w, convolution)?;
                let row = s.g.shape(y)[1..].to_vec();
                let dy = s.batched(&row, Mixed)?;
                s.g.conv2d_weight_grad(convolution, x, w, dy)
            })
            .not_smooth()
            .rounding(2.5),
        );
    }
    cases
}
