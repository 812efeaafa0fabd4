//! Two-dimensional convolution in its general form: strides, padding, both dilations, groups.

use cornu_kernels::conv2d;
use cornu_kernels::product::Act;

use super::{Array, Call, GradientOf, Operand, Rule, Split};
use crate::error::{Error, Result};
use crate::exec::{parallel, scratch};
use crate::graph::{Meta, Value};
use crate::shape::DType;

/// How a kernel slides over an image; as in StableHLO.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Convolution {
    /// Pixels between neighbouring output places, (vertical, horizontal).
    pub strides: [usize; 2],
    /// Zeros before and after each axis; negative numbers crop.
    pub padding: [(isize, isize); 2],
    /// Distance of neighbouring input pixels after zeros are put between them.
    pub lhs_dilation: [usize; 2],
    /// Distance of neighbouring kernel taps.
    pub rhs_dilation: [usize; 2],
    /// Channels are cut into so many groups that do not see each other.
    pub groups: usize,
}

impl Convolution {
    /// Length of output axis `i` (0 vertical, 1 horizontal), if the kernel fits.
    fn out(&self, i: usize, input: usize, kernel: usize) -> Option<usize> {
        let (lo, hi) = self.padding[i];
        let dilated = (input.checked_sub(1)? * self.lhs_dilation[i] + 1) as isize;
        let span = (kernel.checked_sub(1)? * self.rhs_dilation[i] + 1) as isize;
        let room = dilated + lo + hi - span;
        (room >= 0).then(|| room as usize / self.strides[i] + 1)
    }

    /// The convolution of `dy` with the flipped kernel that is the gradient with respect to the input.
    fn input_grad(&self, input: &[usize], output: &[usize], kernel: &[usize]) -> Self {
        let mut padding = [(0, 0); 2];
        for i in 0..2 {
            let span = ((kernel[i] - 1) * self.rhs_dilation[i]) as isize;
            let dilated = ((output[i] - 1) * self.strides[i] + 1) as isize;
            let lo = span - self.padding[i].0;
            let reach = ((input[i] - 1) * self.lhs_dilation[i]) as isize;
            padding[i] = (lo, reach + span + 1 - dilated - lo);
        }
        Self {
            strides: self.lhs_dilation,
            padding,
            lhs_dilation: self.strides,
            rhs_dilation: self.rhs_dilation,
            groups: self.groups,
        }
    }

    /// The kernel crate's description of this convolution at given sizes.
    pub(super) fn geometry(
        &self,
        input: &[usize],
        kernel: &[usize],
        output: &[usize],
    ) -> conv2d::Conv2d {
        conv2d::Conv2d {
            in_h: input[1],
            in_w: input[2],
            in_c: input[3],
            out_h: output[1],
            out_w: output[2],
            out_c: output[3],
            k_h: kernel[0],
            k_w: kernel[1],
            stride: self.strides,
            pad: [self.padding[0].0, self.padding[1].0],
            lhs_dilation: self.lhs_dilation,
            rhs_dilation: self.rhs_dilation,
            groups: self.groups,
        }
    }

    /// The input pixel that kernel tap `k` meets at output place `o`, if it is one.
    fn tap(&self, i: usize, o: usize, k: usize, input: usize) -> Option<usize> {
        let at = (o * self.strides[i] + k * self.rhs_dilation[i]) as isize - self.padding[i].0;
        let at = usize::try_from(at).ok()?;
        (at % self.lhs_dilation[i] == 0 && at / self.lhs_dilation[i] < input)
            .then(|| at / self.lhs_dilation[i])
    }

    /// Calls `f(x, w, y)` with the offsets of every product of an input pixel and a weight that goes into an output.
    pub(super) fn each_product(
        &self,
        x: &[usize],
        w: &[usize],
        y: &[usize],
        mut f: impl FnMut(usize, usize, usize),
    ) {
        let (in_per, out_per) = (w[2], y[3] / self.groups);
        for n in 0..y[0] {
            for (oy, ox) in (0..y[1]).flat_map(|a| (0..y[2]).map(move |b| (a, b))) {
                for (ky, kx) in (0..w[0]).flat_map(|a| (0..w[1]).map(move |b| (a, b))) {
                    let (Some(iy), Some(ix)) =
                        (self.tap(0, oy, ky, x[1]), self.tap(1, ox, kx, x[2]))
                    else {
                        continue;
                    };
                    for co in 0..y[3] {
                        for ci in 0..in_per {
                            let channel = co / out_per * in_per + ci;
                            f(
                                ((n * x[1] + iy) * x[2] + ix) * x[3] + channel,
                                ((ky * w[1] + kx) * in_per + ci) * y[3] + co,
                                ((n * y[1] + oy) * y[2] + ox) * y[3] + co,
                            );
                        }
                    }
                }
            }
        }
    }
}

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
}

impl Rule for Conv2D {
    fn infer(&self, inputs: &[&Meta]) -> Result<Vec<Meta>> {
        let (x, w) = (inputs[0], inputs[1]);
        let c = &self.convolution;
        if x.shape.rank() != 4 || w.shape.rank() != 4 || x.dtype != DType::F32 {
            return Err(Error::shape(format!(
                "a convolution needs images [n, h, w, channels] and a kernel [h, w, in, out], received {x:?} and {w:?}"
            )));
        }
        if c.strides.contains(&0) || c.lhs_dilation.contains(&0) || c.rhs_dilation.contains(&0) {
            return Err(Error::config("strides and dilations must be at least 1"));
        }
        let (channels, out) = (x.shape[3], w.shape[3]);
        if c.groups == 0 || channels != w.shape[2] * c.groups || out % c.groups != 0 {
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
        let (x, w) = (inputs[0], inputs[1]);
        let mut y = vec![0.0; outputs[0].shape.elements()];
        self.convolution
            .each_product(&x.shape, &w.shape, &outputs[0].shape, |i, j, k| {
                y[k] += x.data[i] * w.data[j];
            });
        vec![Array::new(outputs[0].shape.clone(), y)]
    }

    fn split(&self, inputs: &[Operand<'_>], _: &[Meta]) -> Split {
        if inputs[0].batched && !inputs[1].batched {
            Split::Rows
        } else {
            Split::Whole
        }
    }

    fn run(&self, call: &mut Call<'_, '_>) {
        let y_shape = call.output_shape(0);
        let geometry = self.convolution.geometry(
            &call.input_metas[0].shape,
            &call.input_metas[1].shape,
            &y_shape,
        );
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
        parallel::chunks(parallel, y, y_row, |i, y| {
            let images = y.len() / y_row;
            let x = &x[i * x_row..][..images * x_row];
            scratch::with(|s| conv2d::forward(&geometry, images, x, w, bias, act, y, s));
        });
    }

    fn flops(&self, inputs: &[&Meta], outputs: &[Meta]) -> u64 {
        let w = &inputs[1].shape;
        2 * outputs[0].shape.elements() as u64 * (w[0] * w[1] * w[2]) as u64
    }
}

/// The convolution of `dy` with the flipped kernel that gives the gradient for an input of a given shape.
pub(crate) fn input_grad_of(c: &Convolution, x: &[usize], w: &[usize], dy: &[usize]) -> Conv2D {
    Conv2D {
        convolution: c.input_grad(&x[1..3], &dy[1..3], &w[..2]),
        bias: false,
        relu: false,
    }
}
