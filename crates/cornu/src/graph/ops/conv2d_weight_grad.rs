//! The gradient of a convolution with respect to its kernel.

use cornu_kernels::columns::Columns;
use cornu_kernels::{bf16, conv2d};

use super::{Array, Call, Convolution, GradientOf, Operand, Rule, Split};
use crate::error::{Error, Result};
use crate::exec::{parallel, scratch};
use crate::graph::{Meta, Value};

/// `dw[ky, kx, ci, co] = Σ x[n, iy, ix, ci] · dy[n, oy, ox, co]` from the operands `x`, `dy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Conv2DWeightGrad {
    /// How the kernel slides.
    pub convolution: Convolution,
    /// The kernel's height and width.
    pub kernel: [usize; 2],
    /// Operands are rounded to bf16. Set by the rounding pass alone, behind differentiation.
    pub bf16: bool,
}

/// A kernel of more elements than this is computed in one go, cut by itself, rather than as a sum of parts: each task's part
/// would be as large as a core's cache, and all would have to be kept and added.
const WHOLE_RESULT: usize = if cfg!(test) { 60 } else { 100_000 };

/// Input channels that a task has a multiple of.
const STRIPS: usize = if cfg!(test) { 1 } else { 32 };

/// The gradient of a large kernel: several threads take rows of it for one half of the images or the other.
fn by_halves(g: &conv2d::Conv2d, images: usize, x: &[f32], dy: &[f32], dw: &mut [f32]) {
    let half = images.div_ceil(2);
    let line = dw.len() / g.k_h;
    let mut second = vec![0.0; dw.len()];
    let halves: Vec<(usize, &mut [f32])> = dw
        .chunks_mut(line)
        .chain(second.chunks_mut(line))
        .enumerate()
        .collect();
    parallel::each(true, halves, |_, (i, dw)| {
        let (row, late) = (i % g.k_h, i / g.k_h == 1);
        let range = if late { half..images } else { 0..half };
        let band = conv2d::Conv2d {
            k_h: 1,
            pad: [g.pad[0] - (row * g.rhs_dilation[0]) as isize, g.pad[1]],
            ..*g
        };
        let x = &x[range.start * g.input_len()..range.end * g.input_len()];
        let dy = &dy[range.start * g.output_len()..range.end * g.output_len()];
        scratch::with(|s| conv2d::weight_grad(&band, range.len(), x, dy, dw, s));
    });
    for (a, b) in dw.iter_mut().zip(&second) {
        *a += b;
    }
}

/// The same of rounded operands: several threads take input channels, which they turn for all taps at once.
fn by_channels(
    g: &conv2d::Conv2d,
    images: usize,
    x: &[f32],
    dy: &[f32],
    accumulate: bool,
    dw: &mut [f32],
) {
    let (ci, co) = (g.in_c, g.out_c);
    let work = dy.len() * g.k_h * g.k_w;
    let piece = parallel::many_rows(true, ci, work).next_multiple_of(STRIPS);
    let pieces = Columns::cut(dw, ci * co, (piece * co).min(ci * co));
    parallel::each(true, pieces, |_, mut dw| {
        scratch::with(|s| bf16::weight_grad_channels(g, images, x, dy, accumulate, &mut dw, s));
    });
}

impl Rule for Conv2DWeightGrad {
    fn infer(&self, inputs: &[&Meta]) -> Result<Vec<Meta>> {
        let (x, dy) = (inputs[0], inputs[1]);
        if x.shape.rank() != 4 || dy.shape.rank() != 4 || x.shape[0] != dy.shape[0] {
            return Err(Error::shape(format!(
                "a kernel's gradient needs images and their gradients, received {x:?} and {dy:?}"
            )));
        }
        let [h, w] = self.kernel;
        Ok(vec![Meta::f32([
            h,
            w,
            x.shape[3] / self.convolution.groups,
            dy.shape[3],
        ])])
    }

    fn grad(&self, at: &mut GradientOf<'_>) -> Result<Vec<Option<Value>>> {
        let Some(ddw) = at.dy0() else {
            return super::no_gradient(2);
        };
        // Linear in each operand: what multiplies x is the input gradient with ddw as kernel, what multiplies dy the convolution.
        let (x, dy) = (at.inputs[0], at.inputs[1]);
        let g = &mut *at.graph;
        let dx = g.conv2d_input_grad(self.convolution, x, ddw, dy)?;
        let ddy = g.conv2d(x, ddw, self.convolution)?;
        Ok(vec![Some(dx), Some(ddy)])
    }

    fn eval(&self, inputs: &[&Array], outputs: &[Meta]) -> Vec<Array> {
        let [x, dy] = [0, 1].map(|i| inputs[i].rounded_if(self.bf16));
        let mut dw = vec![0.0; outputs[0].shape.elements()];
        self.convolution
            .each_product(&x.shape, &outputs[0].shape, &dy.shape, |i, j, k| {
                dw[j] += x.data[i] * dy.data[k];
            });
        vec![Array::new(outputs[0].shape.clone(), dw)]
    }

    fn split(&self, inputs: &[Operand<'_>], outputs: &[Meta]) -> Split {
        let small = outputs[0].shape.elements() <= WHOLE_RESULT;
        if small && inputs.iter().all(|o| o.batched) {
            Split::Sum
        } else {
            Split::Whole
        }
    }

    fn run(&self, call: &mut Call<'_, '_>) {
        let geometry = self.convolution.geometry(
            &call.input_metas[0].shape,
            &call.output_metas[0].shape,
            &call.input_metas[1].shape,
        );
        let (x, dy) = (call.f32(0), call.f32(1));
        let images = call.input_rows(0);
        let accumulate = call.accumulate;
        let parallel = call.parallel;
        let dw = call.out_f32(0);
        if self.bf16 && parallel && geometry.groups == 1 && !dw.is_empty() {
            by_channels(&geometry, images, x, dy, accumulate, dw);
            return;
        }
        if !accumulate {
            dw.fill(0.0);
        }
        if dw.is_empty() {
            return;
        }
        if parallel && images > 1 && dw.len() > WHOLE_RESULT && !self.bf16 {
            by_halves(&geometry, images, x, dy, dw);
            return;
        }
        // Several threads take rows of the kernel, each a kernel of its own that looks at the image from further down.
        let line = dw.len() / geometry.k_h;
        let work = dy.len() * line / geometry.out_c;
        let piece = parallel::rows(parallel, geometry.k_h, work);
        parallel::chunks(parallel, dw, piece * line, |i, dw| {
            let above = (i * piece * geometry.rhs_dilation[0]) as isize;
            let band = conv2d::Conv2d {
                k_h: dw.len() / line,
                pad: [geometry.pad[0] - above, geometry.pad[1]],
                ..geometry
            };
            let kernel = if self.bf16 {
                bf16::weight_grad
            } else {
                conv2d::weight_grad
            };
            scratch::with(|s| kernel(&band, images, x, dy, dw, s));
        });
    }

    fn flops(&self, inputs: &[&Meta], outputs: &[Meta]) -> u64 {
        let w = &outputs[0].shape;
        let products = (w[0] * w[1] * w[2]) as u64;
        (inputs[1].shape.elements() as u64).saturating_mul(2 * products)
    }
}

#[cfg(test)]
pub(crate) fn cases() -> Vec<super::check::Case> {
    use super::check::{Fill::*, case, rounded};
    let mut cases = Vec::new();
    for (name, image, kernel, convolution) in super::convolution::convolutions() {
        let [h, w, out] = kernel;
        let kernel = [h, w, image[2] / convolution.groups, out];
        cases.push(case(name, move |s| {
            let (x, w) = (s.batched(&image, Mixed)?, s.fixed(&kernel, Mixed)?);
            let y = s.g.conv2d(x, w, convolution)?;
            let row = s.g.shape(y)[1..].to_vec();
            let dy = s.batched(&row, Mixed)?;
            s.g.conv2d_weight_grad(convolution, x, w, dy)
        }));
        for channels in [kernel[2], 32] {
            let image = [image[0], image[1], channels * convolution.groups];
            let kernel = [h, w, channels, out];
            let name = format!("{name}, {image:?} by {kernel:?}, rounded");
            cases.push(rounded(case(name, move |s| {
                let (x, w) = (s.batched(&image, Mixed)?, s.fixed(&kernel, Mixed)?);
                let y = s.g.conv2d(x, w, convolution)?;
                let row = s.g.shape(y)[1..].to_vec();
                let dy = s.batched(&row, Mixed)?;
                let op = Conv2DWeightGrad {
                    convolution,
                    kernel: [h, kernel[1]],
                    bf16: true,
                };
                s.g.push(op.into(), vec![x, dy])
            })));
        }
    }
    cases
}
