//! Convolutions of rounded operands: what may be asked for, and who computes it.

use super::portable;
#[cfg(target_arch = "x86_64")]
use super::weight_grad::Operands;
use crate::columns::Columns;
use crate::conv2d::Conv2d;
#[cfg(target_arch = "x86_64")]
use crate::conv2d::start;
use crate::product::{Act, Init};

/// As [`conv2d::forward`](crate::conv2d::forward), of operands rounded to bf16.
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
    g.check("bf16::forward", images, x.len(), w.len(), y.len());
    if !y.is_empty() {
        let y = &mut Columns::whole(y, g.out_c);
        forward_columns(g, images, x, w, bias, act, y, scratch);
    }
}

/// As [`conv2d::forward_columns`](crate::conv2d::forward_columns), of operands rounded to bf16.
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
    g.check_columns("bf16::forward_columns", images, x, w.len(), bias, y);
    if y.width() == 0 || y.matrix_len() == 0 {
        return;
    }
    #[cfg(target_arch = "x86_64")]
    if super::is_fast() {
        // SAFETY: the instructions are there.
        return unsafe { super::forward::run(g, images, x, w, start(bias), act, y, scratch) };
    }
    portable::forward_columns(g, images, x, w, bias, act, y, scratch);
}

/// As [`conv2d::weight_grad`](crate::conv2d::weight_grad), of operands rounded to bf16.
///
/// The order of additions follows from the geometry and the number of images; cutting images into several calls changes it.
pub fn weight_grad(
    g: &Conv2d,
    images: usize,
    x: &[f32],
    dy: &[f32],
    dw: &mut [f32],
    scratch: &mut Vec<f32>,
) {
    g.check("bf16::weight_grad", images, x.len(), dw.len(), dy.len());
    if dy.is_empty() || dw.is_empty() || x.is_empty() {
        return;
    }
    #[cfg(target_arch = "x86_64")]
    if super::is_fast() && g.lhs_dilation == [1, 1] {
        let of = Operands::of(g, x, dy);
        let (channels, dw) = (0..g.in_c / g.groups, dw.as_mut_ptr());
        // SAFETY: the instructions are there, and all of the weights the caller's.
        unsafe { super::weight_grad::run(g, images, of, channels, Init::Accumulate, dw, scratch) };
        return;
    }
    portable::weight_grad(g, images, x, dy, dw, scratch);
}

/// As [`weight_grad`] for some input channels alone, and without what `dw` held unless `accumulate`: several threads take some each.
///
/// # Shapes
///
/// As [`weight_grad`]; `dw` are columns of `[k_h · k_w][in_c · out_c]`, of whole input channels. There is one group.
pub fn weight_grad_channels(
    g: &Conv2d,
    images: usize,
    x: &[f32],
    dy: &[f32],
    accumulate: bool,
    dw: &mut Columns<'_>,
    scratch: &mut Vec<f32>,
) {
    let len = dw.matrix_len();
    g.check("bf16::weight_grad_channels", images, x.len(), len, dy.len());
    let (first, width) = (dw.first() / g.out_c.max(1), dw.width() / g.out_c.max(1));
    assert!(
        g.groups == 1
            && dw.stride() == g.in_c * g.out_c
            && dw.first() == first * g.out_c
            && dw.width() == width * g.out_c,
        "bf16::weight_grad_channels: {} from {} on of {g:?}",
        dw.width(),
        dw.first()
    );
    if len == 0 {
        return;
    }
    let from = dw.at(dw.first(), dw.width(), len - dw.stride() + dw.width());
    let init = if accumulate {
        Init::Accumulate
    } else {
        Init::Zero
    };
    #[cfg(target_arch = "x86_64")]
    if super::is_fast() && g.lhs_dilation == [1, 1] && !dy.is_empty() && !x.is_empty() {
        let of = Operands::of(g, x, dy);
        let channels = first..first + width;
        // SAFETY: the instructions are there, and `at` found these channels of each tap to be the caller's.
        unsafe { super::weight_grad::run(g, images, of, channels, init, from, scratch) };
        return;
    }
    portable::weight_grad_channels(g, images, x, dy, accumulate, dw, scratch);
}
