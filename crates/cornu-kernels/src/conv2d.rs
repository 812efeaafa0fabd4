//! Convolution of images without im2col: a sum of matrix products whose left operand has overlapping rows.

mod dense;
mod depthwise;
pub(crate) mod taps;
pub mod winograd;

use crate::columns::Columns;
use crate::copy::strided;
use crate::packed;
use crate::product::{Act, Init};

/// The geometry of a convolution; images are `[images][h][w][c]`, weights `[k_h][k_w][in_c / groups][out_c]`.
///
/// `y[n][oy][ox][co] = bias[co] + Σ x̃[n][oy·stride + ky·rhs_dilation − pad][...][ci] · w[ky][kx][ci][co]`, where `x̃` is
/// the input with `lhs_dilation − 1` zeros between its pixels and zeros all around. Padding at the bottom and right
/// follows from the output size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Conv2d {
    /// Rows of the input.
    pub in_h: usize,
    /// Columns of the input.
    pub in_w: usize,
    /// Channels of the input, of all groups together.
    pub in_c: usize,
    /// Rows of the output.
    pub out_h: usize,
    /// Columns of the output.
    pub out_w: usize,
    /// Channels of the output, of all groups together.
    pub out_c: usize,
    /// Rows of the kernel.
    pub k_h: usize,
    /// Columns of the kernel.
    pub k_w: usize,
    /// Steps of the window, down and right.
    pub stride: [usize; 2],
    /// Zeros above and to the left; negative cuts rows or columns off.
    pub pad: [isize; 2],
    /// Distance between input pixels: 2 puts one zero between neighbours.
    pub lhs_dilation: [usize; 2],
    /// Distance between kernel taps.
    pub rhs_dilation: [usize; 2],
    /// Channel groups that do not see each other; both channel counts are divisible by it.
    pub groups: usize,
}

impl Conv2d {
    /// Elements of one input image.
    pub fn input_len(&self) -> usize {
        self.in_h * self.in_w * self.in_c
    }

    /// Elements of one output image.
    pub fn output_len(&self) -> usize {
        self.out_h * self.out_w * self.out_c
    }

    /// Elements of the weights.
    pub fn weights_len(&self) -> usize {
        self.k_h * self.k_w * (self.in_c / self.groups) * self.out_c
    }

    /// The convolution that computes the gradient of the input from the gradient of the output and
    /// [flipped weights](flip_weights): run [`forward`] with it.
    ///
    /// # Example
    ///
    /// ```
    /// use cornu_kernels::conv2d::Conv2d;
    /// let g = Conv2d {
    ///     in_h: 8, in_w: 8, in_c: 3, out_h: 6, out_w: 6, out_c: 4, k_h: 3, k_w: 3, stride: [1, 1], pad: [0, 0],
    ///     lhs_dilation: [1, 1], rhs_dilation: [1, 1], groups: 1,
    /// };
    /// let back = g.input_grad_geometry();
    /// assert_eq!((back.in_h, back.out_h, back.in_c, back.out_c, back.pad), (6, 8, 4, 3, [2, 2]));
    /// ```
    pub fn input_grad_geometry(&self) -> Conv2d {
        let pad = |axis: usize, taps: usize| {
            (self.rhs_dilation[axis] * (taps - 1)).cast_signed() - self.pad[axis]
        };
        Conv2d {
            in_h: self.out_h,
            in_w: self.out_w,
            in_c: self.out_c,
            out_h: self.in_h,
            out_w: self.in_w,
            out_c: self.in_c,
            stride: self.lhs_dilation,
            lhs_dilation: self.stride,
            pad: [pad(0, self.k_h), pad(1, self.k_w)],
            ..*self
        }
    }

    pub(crate) fn check(&self, function: &str, images: usize, x: usize, w: usize, y: usize) {
        let steps = [self.stride, self.lhs_dilation, self.rhs_dilation];
        assert!(
            self.groups > 0
                && self.k_h > 0
                && self.k_w > 0
                && steps.as_flattened().iter().all(|&s| s > 0),
            "{function}: kernel, strides, dilations and groups are at least 1, received {self:?}"
        );
        assert!(
            self.in_c.is_multiple_of(self.groups) && self.out_c.is_multiple_of(self.groups),
            "{function}: groups divide both channel counts, received {self:?}"
        );
        assert_eq!(
            x,
            images * self.input_len(),
            "{function}: elements of {images} input images of {self:?}"
        );
        assert_eq!(
            w,
            self.weights_len(),
            "{function}: elements of the weights of {self:?}"
        );
        assert_eq!(
            y,
            images * self.output_len(),
            "{function}: elements of {images} output images of {self:?}"
        );
    }

    /// As [`check`](Self::check), where `y` are some channels of the output: with several groups those of whole groups.
    pub(crate) fn check_columns(
        &self,
        function: &str,
        images: usize,
        x: &[f32],
        weights: usize,
        bias: Option<&[f32]>,
        y: &Columns<'_>,
    ) {
        self.check(function, images, x.len(), weights, y.matrix_len());
        let co = self.out_c / self.groups;
        let whole = y.first().is_multiple_of(co) && y.width().is_multiple_of(co);
        assert!(
            bias.is_none_or(|bias| bias.len() == self.out_c) && (self.groups == 1 || whole),
            "{function}: channels {} from {} on of {self:?}",
            y.width(),
            y.first()
        );
    }
}

/// Convolves `images` images: `y = act(bias + x ∗ w)`.
///
/// # Shapes
///
/// `x` `[images][in_h][in_w][in_c]`, `w` `[k_h][k_w][in_c / groups][out_c]`, `bias` `[out_c]`,
/// `y` `[images][out_h][out_w][out_c]`.
pub fn forward(
    g: &Conv2d,
    images: usize,
    x: &[f32],
    w: &[f32],
    bias: Option<&[f32]>,
    act: Act,
    y: &mut [f32],
    scratch: &mut Vec<f32>,
) {
    g.check("conv2d::forward", images, x.len(), w.len(), y.len());
    if let Some(bias) = bias {
        assert_eq!(
            bias.len(),
            g.out_c,
            "conv2d::forward: one bias for each output channel"
        );
    }
    if y.is_empty() {
        return;
    }
    if g.groups > 1 && g.groups == g.in_c {
        depthwise::forward(g, images, x, w, bias, act, y, scratch);
    } else {
        let y = &mut Columns::whole(y, g.out_c);
        dense::forward(g, images, x, (w, false), start(bias), act, y, scratch);
    }
}

/// What sums start from that have a bias or none.
pub(crate) fn start(bias: Option<&[f32]>) -> Init<'_> {
    bias.map_or(Init::Zero, Init::Bias)
}

/// Adds the convolution of `images` images to `y`: `y += x ∗ w`.
///
/// # Shapes
///
/// As [`forward`].
pub fn add(g: &Conv2d, images: usize, x: &[f32], w: &[f32], y: &mut [f32], scratch: &mut Vec<f32>) {
    g.check("conv2d::add", images, x.len(), w.len(), y.len());
    if y.is_empty() {
        return;
    }
    let y = &mut Columns::whole(y, g.out_c);
    let init = Init::Accumulate;
    dense::forward(g, images, x, (w, false), init, Act::Linear, y, scratch);
}

/// As [`forward`], for some of the output's channels alone: where there are few pixels and many weights, several threads
/// take some channels each, so that every weight is read once.
///
/// # Shapes
///
/// As [`forward`]; `y` are columns of `[images · out_h · out_w][out_c]`, with several groups those of whole groups.
pub fn forward_columns(
    g: &Conv2d,
    images: usize,
    x: &[f32],
    w: &[f32],
    bias: Option<&[f32]>,
    act: Act,
    y: &mut Columns<'_>,
    scratch: &mut Vec<f32>,
) {
    g.check_columns("conv2d::forward_columns", images, x, w.len(), bias, y);
    dense::forward(g, images, x, (w, false), start(bias), act, y, scratch);
}

/// As [`forward_columns`], with a [packed] kernel of one group: its terms are `k_h · k_w · in_c`. The columns begin at a
/// multiple of a panel's.
pub fn forward_packed(
    g: &Conv2d,
    images: usize,
    x: &[f32],
    w: &[f32],
    bias: Option<&[f32]>,
    act: Act,
    y: &mut Columns<'_>,
    scratch: &mut Vec<f32>,
) {
    let name = "conv2d::forward_packed";
    g.check_columns(name, images, x, g.weights_len(), bias, y);
    assert!(
        g.groups == 1
            && w.len() == packed::len(g.k_h * g.k_w * g.in_c, g.out_c)
            && y.first().is_multiple_of(packed::PANEL),
        "{name}: {} packed weights, columns from {} on, of {g:?}",
        w.len(),
        y.first()
    );
    dense::forward(g, images, x, (w, true), start(bias), act, y, scratch);
}

/// Adds the gradient of the weights to `dw`: `dw[ky][kx][ci][co] += Σ x̃ · dy` over images, rows and columns in order.
///
/// The sum continues from what `dw` holds, so images 0..4 followed by images 4..8 into the same `dw` gives bit for bit
/// what images 0..8 give.
///
/// # Shapes
///
/// `x` `[images][in_h][in_w][in_c]`, `dy` `[images][out_h][out_w][out_c]`, `dw` `[k_h][k_w][in_c / groups][out_c]`.
pub fn weight_grad(
    g: &Conv2d,
    images: usize,
    x: &[f32],
    dy: &[f32],
    dw: &mut [f32],
    scratch: &mut Vec<f32>,
) {
    g.check("conv2d::weight_grad", images, x.len(), dw.len(), dy.len());
    if dy.is_empty() || dw.is_empty() || x.is_empty() {
        return;
    }
    if g.groups > 1 && g.groups == g.in_c {
        depthwise::weight_grad(g, images, x, dy, dw, scratch);
    } else {
        dense::weight_grad(g, images, x, dy, dw, scratch);
    }
}

/// Turns weights for the gradient of the input: reversed in space, input and output channels exchanged in each group.
///
/// `out[k_h−1−ky][k_w−1−kx][co][g·ci_g + ci] = w[ky][kx][ci][g·co_g + co]`.
///
/// # Shapes
///
/// `w` `[k_h][k_w][in_c_per_group][out_c]`, `out` `[k_h][k_w][out_c / groups][in_c_per_group · groups]`.
pub fn flip_weights(
    k_h: usize,
    k_w: usize,
    in_c_per_group: usize,
    out_c: usize,
    groups: usize,
    w: &[f32],
    out: &mut [f32],
) {
    let len = k_h * k_w * in_c_per_group * out_c;
    assert!(
        groups > 0 && out_c.is_multiple_of(groups),
        "conv2d::flip_weights: {groups} groups divide {out_c} channels"
    );
    assert!(
        w.len() == len && out.len() == len,
        "conv2d::flip_weights: expects {len} weights in and out"
    );
    let (ci, co) = (in_c_per_group, out_c / groups);
    if len == 0 {
        return;
    }
    let tap = (ci * out_c).cast_signed();
    let [ci_, co_, out_c, groups_] = [ci, co, out_c, groups].map(usize::cast_signed);
    strided(
        &[k_h * k_w, groups, co, ci],
        w,
        len - ci * co * groups,
        &[-tap, co_, 1, out_c],
        out,
        0,
        &[tap, ci_, ci_ * groups_, 1],
    );
}
