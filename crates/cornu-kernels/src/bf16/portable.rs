//! What the tiles compute, anywhere: operands are rounded in copies, and multiplied by the kernels of f32.

use crate::columns::Columns;
use crate::conv2d::{self, Conv2d};
use crate::product::{self, Act, Factor, Init, Product};

fn rounded(x: &[f32]) -> Vec<f32> {
    x.iter().map(|&x| super::round(x)).collect()
}

pub(super) fn forward_columns(
    g: &Conv2d,
    images: usize,
    x: &[f32],
    w: &[f32],
    bias: Option<&[f32]>,
    act: Act,
    y: &mut Columns<'_>,
    scratch: &mut Vec<f32>,
) {
    conv2d::forward_columns(g, images, &rounded(x), &rounded(w), bias, act, y, scratch);
}

pub(super) fn weight_grad(
    g: &Conv2d,
    images: usize,
    x: &[f32],
    dy: &[f32],
    dw: &mut [f32],
    scratch: &mut Vec<f32>,
) {
    conv2d::weight_grad(g, images, &rounded(x), &rounded(dy), dw, scratch);
}

pub(super) fn weight_grad_channels(
    g: &Conv2d,
    images: usize,
    x: &[f32],
    dy: &[f32],
    accumulate: bool,
    dw: &mut Columns<'_>,
    scratch: &mut Vec<f32>,
) {
    let first = dw.first() / g.out_c;
    let some = Conv2d {
        in_c: dw.width() / g.out_c,
        ..*g
    };
    let channels = x.chunks_exact(g.in_c);
    let x: Vec<f32> = channels
        .flat_map(|pixel| rounded(&pixel[first..][..some.in_c]))
        .collect();
    let mut sums = vec![0.0; some.weights_len()];
    let row = dw.width();
    if accumulate {
        for (tap, sums) in sums.chunks_exact_mut(row).enumerate() {
            sums.copy_from_slice(dw.row(tap));
        }
    }
    conv2d::weight_grad(&some, images, &x, &rounded(dy), &mut sums, scratch);
    for (tap, sums) in sums.chunks_exact(row).enumerate() {
        dw.row(tap).copy_from_slice(sums);
    }
}

pub(super) fn product_columns(
    p: &Product,
    a: &[f32],
    (b, factor): (&[f32], Factor),
    init: Init<'_>,
    act: Act,
    c: Columns<'_>,
    scratch: &mut Vec<f32>,
) {
    let b = (&rounded(b)[..], factor);
    product::product_columns(p, &rounded(a), b, init, act, c, scratch);
}
