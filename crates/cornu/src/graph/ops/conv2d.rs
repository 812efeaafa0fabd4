//! Two-dimensional convolution in its general form: strides, padding, both dilations, groups.

use cornu_kernels::conv2d;
use cornu_kernels::product::Act;

use super::{Array, Call, GradientOf, Operand, Rule, Split};
use crate::error::{Error, Result};
use crate::exec::{parallel, scratch};
use crate::graph::{Meta, Value};
use crate::shape::DType;

/// Steps, padding and images beyond this are mistakes, and would overflow.
const LIMIT: usize = i32::MAX as usize;

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
        let reach = |n: usize, step: usize| Some(n.checked_sub(1)? as i128 * step as i128 + 1);
        let dilated = reach(input, self.lhs_dilation[i])?;
        let room = dilated + lo as i128 + hi as i128 - reach(kernel, self.rhs_dilation[i])?;
        let fits = room >= 0 && dilated <= LIMIT as i128;
        fits.then(|| room as usize / self.strides[i] + 1)
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
        let fits = x.shape.rank() == 4 && w.shape.rank() == 4;
        if !fits || x.dtype != DType::F32 || w.dtype != DType::F32 {
            return Err(Error::shape(format!(
                "a convolution needs images [n, h, w, channels] and a kernel [h, w, in, out], received {x:?} and {w:?}"
            )));
        }
        let steps = [c.strides, c.lhs_dilation, c.rhs_dilation].concat();
        let padding = c.padding.iter().flat_map(|&(lo, hi)| [lo, hi]);
        if steps.iter().any(|s| !(1..=LIMIT).contains(s))
            || padding.into_iter().any(|p| p.unsigned_abs() > LIMIT)
        {
            return Err(Error::config(format!(
                "strides and dilations must be at least 1, and all steps and padding below 2^31, received {c:?}"
            )));
        }
        let (channels, out) = (x.shape[3], w.shape[3]);
        if c.groups == 0 || w.shape[2].checked_mul(c.groups) != Some(channels)
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
        let (x, w) = (inputs[0], inputs[1]);
        let mut y = vec![0.0; outputs[0].shape.elements()];
        self.convolution
            .each_product(&x.shape, &w.shape, &outputs[0].shape, |i, j, k| {
                y[k] += x.data[i] * w.data[j];
            });
        vec![Array::new(outputs[0].shape.clone(), y)]
    }

    fn split(&self, inputs: &[Operand<'_>], _: &[Meta]) -> Split {
        if inputs[0].batched && inputs[1..].iter().all(|o| !o.batched) {
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
        let work = y_row * w.len() / y_shape[3];
        if y_shape[0] > 1 {
            let piece = parallel::rows(parallel, y_shape[0], work);
            parallel::chunks(parallel, y, piece * y_row, |i, y| {
                let images = y.len() / y_row;
                let x = &x[i * piece * x_row..][..images * x_row];
                scratch::with(|s| conv2d::forward(&geometry, images, x, w, bias, act, y, s));
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
                scratch::with(|s| conv2d::forward(&band, 1, x, w, bias, act, y, s));
            });
        }
    }

    fn flops(&self, inputs: &[&Meta], outputs: &[Meta]) -> u64 {
        let w = &inputs[1].shape;
        let products = (w[0] * w[1] * w[2]) as u64;
        (outputs[0].shape.elements() as u64).saturating_mul(2 * products)
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

/// Convolutions with everything odd: strides that do not divide, uneven and negative padding, dilations, groups.
#[cfg(test)]
pub(super) fn convolutions() -> Vec<(&'static str, [usize; 3], [usize; 3], Convolution)> {
    let plain = Convolution {
        strides: [1, 1],
        padding: [(0, 0); 2],
        lhs_dilation: [1, 1],
        rhs_dilation: [1, 1],
        groups: 1,
    };
    vec![
        ("plain", [5, 6, 3], [3, 2, 4], plain),
        ("one pixel", [4, 3, 2], [1, 1, 3], plain),
        ("as large as the image", [3, 4, 2], [3, 4, 5], plain),
        (
            "same",
            [5, 7, 2],
            [3, 3, 3],
            Convolution {
                padding: [(1, 1); 2],
                ..plain
            },
        ),
        (
            "strides that do not divide",
            [6, 8, 2],
            [3, 2, 3],
            Convolution {
                strides: [2, 3],
                ..plain
            },
        ),
        (
            "uneven padding, strided",
            [6, 5, 2],
            [3, 2, 3],
            Convolution {
                strides: [2, 2],
                padding: [(0, 2), (3, 1)],
                ..plain
            },
        ),
        (
            "cropped",
            [7, 6, 2],
            [2, 2, 3],
            Convolution {
                padding: [(-1, 1), (-2, -1)],
                ..plain
            },
        ),
        (
            "dilated taps",
            [7, 8, 2],
            [3, 2, 2],
            Convolution {
                rhs_dilation: [2, 3],
                padding: [(1, 0), (0, 2)],
                ..plain
            },
        ),
        (
            "dilated image",
            [3, 4, 2],
            [3, 2, 3],
            Convolution {
                lhs_dilation: [2, 3],
                padding: [(2, 1), (1, 1)],
                ..plain
            },
        ),
        (
            "groups",
            [4, 5, 6],
            [2, 3, 9],
            Convolution {
                groups: 3,
                padding: [(1, 0), (1, 1)],
                ..plain
            },
        ),
        (
            "depthwise",
            [5, 4, 4],
            [3, 3, 8],
            Convolution {
                groups: 4,
                strides: [2, 1],
                padding: [(1, 1), (1, 1)],
                ..plain
            },
        ),
        (
            "everything",
            [5, 6, 4],
            [2, 3, 6],
            Convolution {
                strides: [2, 3],
                padding: [(2, -1), (1, 3)],
                lhs_dilation: [3, 2],
                rhs_dilation: [2, 1],
                groups: 2,
            },
        ),
    ]
}

#[cfg(test)]
pub(crate) fn cases() -> Vec<super::check::Case> {
    use super::check::{Fill::*, case};
    let mut cases = Vec::new();
    for (name, image, kernel, convolution) in convolutions() {
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
    let plain = convolutions()[0].3;
    cases.push(case("without a batch", move |s| {
        let (x, w) = (s.fixed(&[3, 5, 4, 2], Mixed)?, s.fixed(&[2, 3, 2, 3], Mixed)?);
        s.g.conv2d(x, w, plain)
    }));
    cases
}
