//! Two-dimensional convolution in its general form: strides, padding, both dilations, groups.

use cornu_kernels::columns::Columns;
use cornu_kernels::product::Act;
use cornu_kernels::{bf16, conv2d, packed};

use super::{Array, Call, Convolution, GradientOf, Operand, Rule, Split};
use crate::error::{Error, Result};
use crate::exec::{parallel, scratch};
use crate::graph::{Meta, Value};
use crate::shape::DType;

/// `y[n, oy, ox, co] = Σ x[n, iy, ix, ci] · w[ky, kx, ci, co]`: images NHWC, weights HWIO; then a bias per channel and a
/// ReLU where fused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Conv2D {
    /// How the kernel slides.
    pub convolution: Convolution,
    /// A third operand is added to every pixel. Set by the fusing pass alone.
    pub bias: bool,
    /// Negative results become 0. Set by the fusing pass alone.
    pub relu: bool,
    /// Operands are rounded to bf16. Set by the rounding pass alone, behind differentiation.
    pub bf16: bool,
}

/// A kernel of more elements than this is read once for the whole batch rather than once for each part of it: half of a second
/// cache.
const WHOLE_KERNEL: usize = if cfg!(test) { 100 } else { 1 << 18 };

/// Channels that a task has at least: two or four vectors.
const PANEL: usize = if cfg!(test) { 2 } else { 32 };

impl Rule for Conv2D {
    fn infer(&self, inputs: &[&Meta]) -> Result<Vec<Meta>> {
        let (x, w) = (inputs[0], inputs[1]);
        let c = &self.convolution;
        let fits = x.shape.rank() == 4 && w.shape.rank() == 4;
        if !fits || x.dtype != DType::F32 || w.dtype != DType::F32 {
            return Err(Error::shape(format!(
                "a convolution needs images [n, h, w, channels] and a kernel [h, w, in, out], received {x:?} and {w:?}"
            )));
        }
        c.check()?;
        let (channels, out) = (x.shape[3], w.shape[3]);
        if c.groups == 0
            || w.shape[2].checked_mul(c.groups) != Some(channels)
            || out % c.groups != 0
        {
            return Err(Error::shape(format!(
                "a kernel {} in {} groups does not fit {channels} channels",
                w.shape, c.groups
            )));
        }
        match (
            c.out(0, x.shape[1], w.shape[0]),
            c.out(1, x.shape[2], w.shape[1]),
        ) {
            (Some(h), Some(wd)) => Ok(vec![Meta::f32([x.shape[0], h, wd, out])]),
            _ => Err(Error::shape(format!(
                "a {}×{} kernel does not fit the padded {}×{} image",
                w.shape[0], w.shape[1], x.shape[1], x.shape[2]
            ))
            .help("use padding \"same\", a smaller kernel, or fewer layers that shrink the image")),
        }
    }

    fn grad(&self, at: &mut GradientOf<'_>) -> Result<Vec<Option<Value>>> {
        let Some(dy) = at.dy0() else {
            return super::no_gradient(2);
        };
        let (x, w) = (at.inputs[0], at.inputs[1]);
        let g = &mut *at.graph;
        let dx = g.conv2d_input_grad(self.convolution, x, w, dy)?;
        let dw = g.conv2d_weight_grad(self.convolution, x, w, dy)?;
        Ok(vec![Some(dx), Some(dw)])
    }

    fn eval(&self, inputs: &[&Array], outputs: &[Meta]) -> Vec<Array> {
        let [x, w] = [0, 1].map(|i| inputs[i].rounded_if(self.bf16));
        let mut y = vec![0.0; outputs[0].shape.elements()];
        self.convolution
            .each_product(&x.shape, &w.shape, &outputs[0].shape, |i, j, k| {
                y[k] += x.data[i] * w.data[j];
            });
        vec![Array::new(outputs[0].shape.clone(), y)]
    }

    fn split(&self, inputs: &[Operand<'_>], _: &[Meta]) -> Split {
        match inputs[1].meta.shape.elements() {
            _ if !inputs[0].batched || inputs[1..].iter().any(|o| o.batched) => Split::Whole,
            n if n > WHOLE_KERNEL => Split::RowsAtOnce,
            _ => Split::Rows,
        }
    }

    fn run(&self, call: &mut Call<'_, '_>) {
        let kernel = call.input_metas[1].shape.clone();
        self.compute(call, &kernel, false);
    }

    fn flops(&self, inputs: &[&Meta], outputs: &[Meta]) -> u64 {
        let w = &inputs[1].shape;
        let products = (w[0] * w[1] * w[2]) as u64;
        (outputs[0].shape.elements() as u64).saturating_mul(2 * products)
    }
}

impl Conv2D {
    /// Runs with a kernel of this shape, packed or as it is.
    pub(super) fn compute(&self, call: &mut Call<'_, '_>, kernel: &[usize], is_packed: bool) {
        let y_shape = call.output_shape(0);
        let geometry = self
            .convolution
            .geometry(&call.input_metas[0].shape, kernel, &y_shape);
        let (x, w) = (call.f32(0), call.f32(1));
        let bias = self.bias.then(|| call.f32(2));
        let act = if self.relu { Act::Relu } else { Act::Linear };
        let x_row = call.input_metas[0].shape.row();
        let parallel = call.parallel;
        let y = call.out_f32(0);
        let y_row: usize = y_shape[1..].iter().product();
        if y.is_empty() {
            return;
        }
        let work = y_row * kernel[..3].iter().product::<usize>();
        let columns = |g: &conv2d::Conv2d, images: usize, x: &[f32], y: &mut Columns<'_>| {
            let kernel = if is_packed {
                conv2d::forward_packed
            } else if self.bf16 {
                bf16::forward_columns
            } else {
                conv2d::forward_columns
            };
            scratch::with(|s| kernel(g, images, x, w, bias, act, y, s));
        };
        let forward = |g: &conv2d::Conv2d, images: usize, x: &[f32], y: &mut [f32]| {
            let kernel = if is_packed {
                return columns(g, images, x, &mut Columns::whole(y, g.out_c));
            } else if self.bf16 {
                bf16::forward
            } else {
                conv2d::forward
            };
            scratch::with(|s| kernel(g, images, x, w, bias, act, y, s));
        };
        let images = y_shape[0];
        // Every piece reads the whole of what is not cut, so the smaller of both is left uncut.
        if parallel && w.len() > x.len() && geometry.groups == 1 {
            let panel = if is_packed { packed::PANEL } else { PANEL };
            let panels = y_shape[3].div_ceil(panel);
            let piece = parallel::rows(parallel, panels, images * work / panels) * panel;
            let pieces = Columns::cut(y, y_shape[3], piece);
            parallel::each(parallel, pieces, |_, mut y| {
                columns(&geometry, images, x, &mut y);
            });
        } else if images > 1 {
            let piece = parallel::rows(parallel, y_shape[0], work);
            parallel::chunks(parallel, y, piece * y_row, |i, y| {
                let images = y.len() / y_row;
                let x = &x[i * piece * x_row..][..images * x_row];
                forward(&geometry, images, x, y);
            });
        } else {
            // One image: several threads take bands of its rows.
            let piece = parallel::rows(parallel, y_shape[1], work / y_shape[1]);
            let line = y_shape[2] * y_shape[3];
            parallel::chunks(parallel, y, piece * line, |i, y| {
                let above = (i * piece * geometry.stride[0]) as isize;
                let band = conv2d::Conv2d {
                    out_h: y.len() / line,
                    pad: [geometry.pad[0] - above, geometry.pad[1]],
                    ..geometry
                };
                forward(&band, 1, x, y);
            });
        }
    }
}

/// The convolution of `dy` with the flipped kernel that gives the gradient for an input of a given shape.
pub(crate) fn input_grad_of(c: &Convolution, x: &[usize], w: &[usize], dy: &[usize]) -> Conv2D {
    Conv2D {
        convolution: c.input_grad(&x[1..3], &dy[1..3], &w[..2]),
        bias: false,
        relu: false,
        bf16: false,
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
            s.g.conv2d(x, w, convolution)
        }));
        cases.push(case(format!("{name}, with bias and relu"), move |s| {
            let (x, w) = (s.batched(&image, Mixed)?, s.fixed(&kernel, Mixed)?);
            let b = s.fixed(&[out], Mixed)?;
            let y = s.g.conv2d(x, w, convolution)?;
            let y = s.g.add(y, b)?;
            s.g.relu(y)
        }));
    }
    for (name, image, kernel, convolution) in super::convolution::convolutions() {
        let [h, w, out] = kernel;
        // Both with channels that make no whole tile, and with those that do.
        for (image, kernel) in [
            (image, [h, w, image[2] / convolution.groups, out]),
            (
                [image[0], image[1], 32 * convolution.groups],
                [h, w, 32, 16 * convolution.groups],
            ),
        ] {
            cases.push(rounded(case(
                format!("{name}, {image:?} by {kernel:?}, rounded"),
                move |s| {
                    let (x, w) = (s.batched(&image, Mixed)?, s.fixed(&kernel, Mixed)?);
                    let b = s.fixed(&kernel[3..], Mixed)?;
                    let op = Conv2D {
                        convolution,
                        bias: false,
                        relu: false,
                        bf16: true,
                    };
                    let y = s.g.push(op.into(), vec![x, w])?;
                    let y = s.g.add(y, b)?;
                    s.g.relu(y)
                },
            )));
        }
    }
    let plain = super::convolution::convolutions()[0].3;
    cases.push(case("without a batch", move |s| {
        let (x, w) = (
            s.fixed(&[3, 5, 4, 2], Mixed)?,
            s.fixed(&[2, 3, 2, 3], Mixed)?,
        );
        s.g.conv2d(x, w, plain)
    }));
    cases
}
