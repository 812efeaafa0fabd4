//! A convolution by Winograd's algorithm, with a kernel transformed before.

use cornu_kernels::columns::Columns;
use cornu_kernels::conv2d::{self, winograd};
use cornu_kernels::product::Act;

use super::{Array, Call, Conv2D, GradientOf, Operand, Rule, Split};
use crate::error::Result;
use crate::exec::{parallel, scratch};
use crate::graph::{Meta, Value};

/// What [`Conv2D`] computes, from the transformed kernel. Set by the Winograd pass alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct WinogradConv2D {
    /// The convolution that is computed.
    pub of: Conv2D,
    /// Its output channels.
    pub channels: usize,
}

/// A transformed kernel of more elements than this is read once for the whole batch rather than once for each part of it: half
/// of a second cache.
const WHOLE_KERNEL: usize = 1 << 18;

/// Channels of a task where channels are cut.
const WIDE: usize = if cfg!(test) {
    winograd::PANEL
} else {
    4 * winograd::PANEL
};

impl WinogradConv2D {
    fn geometry(&self, x: &[usize], y: &[usize]) -> conv2d::Conv2d {
        let kernel = [3, 3, x[3], self.channels];
        self.of.convolution.geometry(x, &kernel, y)
    }
}

impl Rule for WinogradConv2D {
    fn infer(&self, inputs: &[&Meta]) -> Result<Vec<Meta>> {
        let kernel = Meta::f32([3, 3, inputs[0].shape[3], self.channels]);
        self.of.infer(&[inputs[0], &kernel])
    }

    fn grad(&self, _: &mut GradientOf<'_>) -> Result<Vec<Option<Value>>> {
        unreachable!("gradients are taken before convolutions are transformed")
    }

    fn eval(&self, _: &[&Array], _: &[Meta]) -> Vec<Array> {
        unreachable!("the reference runs graphs before convolutions are transformed")
    }

    fn split(&self, inputs: &[Operand<'_>], _: &[Meta]) -> Split {
        match inputs[1].meta.shape.elements() {
            _ if !inputs[0].batched || inputs[1..].iter().any(|o| o.batched) => Split::Whole,
            n if n > WHOLE_KERNEL => Split::RowsAtOnce,
            _ => Split::Rows,
        }
    }

    fn run(&self, call: &mut Call<'_, '_>) {
        let y_shape = call.output_shape(0);
        let geometry = self.geometry(&call.input_metas[0].shape, &y_shape);
        let (x, u) = (call.f32(0), call.f32(1));
        let bias = self.of.bias.then(|| call.f32(2));
        let act = if self.of.relu { Act::Relu } else { Act::Linear };
        let parallel = call.parallel;
        let y = call.out_f32(0);
        if y.is_empty() {
            return;
        }
        // Several threads take some images each, or bands of rows where there is one image only.
        let (images, line) = (y_shape[0], y_shape[2] * y_shape[3]);
        let work = line * geometry.in_c * 9 / 4;
        // Every piece reads the whole of what is not cut, so the smaller of both is left uncut. Pieces of channels transform all
        // of the image again, which is little beside the products of many channels alone.
        if parallel && u.len() > x.len() && y_shape[3] >= 2 * WIDE {
            let pieces = Columns::cut(y, y_shape[3], WIDE);
            parallel::each(parallel, pieces, |_, mut y| {
                scratch::with(|s| {
                    winograd::forward_columns(&geometry, images, x, u, bias, act, &mut y, s);
                });
            });
        } else if images > 1 {
            let piece = parallel::rows(parallel, images, y_shape[1] * work);
            let (x_row, y_row) = (geometry.input_len(), geometry.output_len());
            parallel::chunks(parallel, y, piece * y_row, |i, y| {
                let images = y.len() / y_row;
                let x = &x[i * piece * x_row..][..images * x_row];
                scratch::with(|s| winograd::forward(&geometry, images, x, u, bias, act, y, s));
            });
        } else {
            let piece = parallel::rows(parallel, y_shape[1], work).next_multiple_of(4);
            parallel::chunks(parallel, y, piece * line, |i, y| {
                let band = conv2d::Conv2d {
                    out_h: y.len() / line,
                    pad: [geometry.pad[0] - (i * piece) as isize, geometry.pad[1]],
                    ..geometry
                };
                scratch::with(|s| winograd::forward(&band, 1, x, u, bias, act, y, s));
            });
        }
    }

    fn flops(&self, inputs: &[&Meta], outputs: &[Meta]) -> u64 {
        // Of the convolution it stands for: what a model costs does not depend on how it is computed.
        let kernel = Meta::f32([3, 3, inputs[0].shape[3], self.channels]);
        self.of.flops(&[inputs[0], &kernel], outputs)
    }
}

#[cfg(test)]
pub(crate) fn cases() -> Vec<super::check::Case> {
    use super::check::{Fill::*, case};
    use crate::compile::WINOGRAD_CHANNELS as LEAST;
    let plain = super::Convolution {
        strides: [1, 1],
        padding: [(1, 1); 2],
        lhs_dilation: [1, 1],
        rhs_dilation: [1, 1],
        groups: 1,
    };
    let valid = super::Convolution {
        padding: [(0, 0); 2],
        ..plain
    };
    let uneven = super::Convolution {
        padding: [(0, 2), (1, 0)],
        ..plain
    };
    let shapes = [
        ("same", [5, 6, LEAST], LEAST + 1, plain),
        ("valid", [9, 7, LEAST + 3], LEAST, valid),
        ("uneven", [6, 5, LEAST], LEAST, uneven),
        ("a large kernel", [4, 4, 96], 100, plain),
    ];
    let mut cases = Vec::new();
    for (name, image, out, convolution) in shapes {
        let kernel = [3, 3, image[2], out];
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
    cases
        .into_iter()
        .map(|case| case.not_smooth().rounding(2.5))
        .collect()
}
