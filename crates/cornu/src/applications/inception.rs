//! What both Inception networks are made of: branches of convolutions side by side.

use super::settings::called;
use crate::layers::classes::*;
use crate::model::{Apply, Symbol};

/// Convolutions one after another, each of filters and a kernel, normalised and followed by ReLU.
pub(super) type Branch<'a> = &'a [(usize, (usize, usize))];

/// A convolution without bias, normalised and followed by ReLU; its three layers are called after a name, if there is one.
pub(super) fn named_conv(x: &Symbol, conv: Conv2D, name: Option<&str>) -> Symbol {
    let n = |part: &str| name.map(|name| format!("{name}{part}"));
    let x = called(conv.use_bias(false), n("")).on(x);
    let x = called(BatchNormalization::new().scale(false), n("_bn")).on(&x);
    called(Activation::new("relu"), n("_ac")).on(&x)
}

/// The same without a name.
pub(super) fn conv(
    x: &Symbol,
    filters: usize,
    kernel: (usize, usize),
    stride: usize,
    padding: &str,
) -> Symbol {
    let conv = Conv2D::new(filters, kernel)
        .strides(stride)
        .padding(padding);
    named_conv(x, conv, None)
}

/// Convolutions that keep the size of the maps.
pub(super) fn branch(x: &Symbol, convolutions: Branch<'_>) -> Symbol {
    let same = |x: Symbol, &(filters, kernel): &(usize, (usize, usize))| {
        conv(&x, filters, kernel, 1, "same")
    };
    convolutions.iter().fold(x.clone(), same)
}

/// A branch whose last convolution halves the maps.
pub(super) fn halving(x: &Symbol, convolutions: Branch<'_>) -> Symbol {
    match convolutions {
        [before @ .., (filters, kernel)] => conv(&branch(x, before), *filters, *kernel, 2, "valid"),
        [] => MaxPooling2D::new(3).strides(2).on(x),
    }
}

/// Branches side by side.
pub(super) fn mixed(name: &str, branches: &[Symbol]) -> Symbol {
    Concatenate::new().name(name).on(branches)
}
