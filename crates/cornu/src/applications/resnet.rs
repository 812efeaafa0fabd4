//! ResNet: blocks of convolutions, each added to what it was given.
//!
//! `y = relu(x + bn(conv(… relu(bn(conv(x))))))`, with a 1×1 convolution on `x` where the size changes.
//!
//! # Example
//! ```
//! use cornu::applications::{ResNet18, ResNet50};
//! let features = ResNet50::new().include_top(false).input_shape([32, 32, 3]).pooling("avg");
//! assert_eq!(features.build()?.output_shape().axes(), &[2048]);
//! let small = ResNet18::new().input_shape([32, 32, 3]).small_images(true).classes(10);
//! assert_eq!(small.build()?.count_params(), 11_173_962 + 2 * 4_800);
//! # Ok::<(), cornu::Error>(())
//! ```
//!
//! # Source
//! He, Zhang, Ren and Sun, "Deep Residual Learning for Image Recognition", 2015, table 1.

use super::settings::Common;
use crate::layers::classes::*;
use crate::model::{Apply, Symbol};

macro_rules! shallow {
    ($(#[$doc:meta])* $name:ident, $params:literal, $default_name:literal, $blocks:expr) => {
        application! {
            $(#[$doc])*
            ///
            /// Not among Keras's networks: convolutions have no bias, layers are named in the manner of its ResNet-50.
            $name: $params weights, 224 pixels, at least 1, named $default_name,
            {
                /// Whether the images are of about 32×32 pixels: the stem, a 3×3 convolution, keeps their size.
                small_images: bool = false,
            }
            |own, common, image| plain(common, image, own.small_images, $blocks)
        }
    };
}

shallow!(
    /// Eight blocks of two 3×3 convolutions.
    ResNet18, 11_699_112, "resnet18", [2, 2, 2, 2]
);
shallow!(
    /// Sixteen blocks of two 3×3 convolutions.
    ResNet34, 21_814_696, "resnet34", [3, 4, 6, 3]
);

macro_rules! deep {
    ($(#[$doc:meta])* $name:ident, $params:literal, $default_name:literal, $blocks:expr) => {
        application! {
            $(#[$doc])*
            $name: $params weights, 224 pixels, at least 32, named $default_name, {}
            |_own, common, image| bottlenecks(common, image, $blocks)
        }
    };
}

deep!(
    /// Sixteen blocks of a 1×1, a 3×3 and a 1×1 convolution.
    ResNet50, 25_636_712, "resnet50", [3, 4, 6, 3]
);
deep!(
    /// Thirty-three blocks of a 1×1, a 3×3 and a 1×1 convolution.
    ResNet101, 44_707_176, "resnet101", [3, 4, 23, 3]
);
deep!(
    /// Fifty blocks of a 1×1, a 3×3 and a 1×1 convolution.
    ResNet152, 60_419_944, "resnet152", [3, 8, 36, 3]
);

preprocessing!(Caffe);

/// The way into a deep ResNet, for both versions; what stands between convolution and pooling is `norm`.
pub(super) fn stem(image: &Symbol, norm: impl FnOnce(Symbol) -> Symbol) -> Symbol {
    let x = ZeroPadding2D::new(3).name("conv1_pad").on(image);
    let x = norm(Conv2D::new(64, 7).strides(2).name("conv1_conv").on(&x));
    let x = ZeroPadding2D::new(1).name("pool1_pad").on(&x);
    MaxPooling2D::new(3).strides(2).name("pool1_pool").on(&x)
}

pub(super) fn norm(name: &str, x: &Symbol) -> Symbol {
    BatchNormalization::new().epsilon(1.001e-5).name(name).on(x)
}

pub(super) fn relu(name: &str, x: &Symbol) -> Symbol {
    Activation::new("relu").name(name).on(x)
}

fn bottlenecks(common: &Common, image: &Symbol, blocks: [usize; 4]) -> Symbol {
    let mut x = stem(image, |x| relu("conv1_relu", &norm("conv1_bn", &x)));
    for (stage, count) in blocks.into_iter().enumerate() {
        for block in 1..=count {
            let stride = if stage > 0 && block == 1 { 2 } else { 1 };
            let name = format!("conv{}_block{block}", stage + 2);
            x = bottleneck(&name, &x, 64 << stage, stride, block == 1);
        }
    }
    common.end(&x, true, |x| common.averaged(x))
}

fn bottleneck(name: &str, x: &Symbol, filters: usize, stride: usize, projects: bool) -> Symbol {
    let n = |part: &str| format!("{name}_{part}");
    let kept = if projects {
        let kept = Conv2D::new(4 * filters, 1).strides(stride);
        norm(&n("0_bn"), &kept.name(n("0_conv")).on(x))
    } else {
        x.clone()
    };
    let first = Conv2D::new(filters, 1).strides(stride);
    let y = first.name(n("1_conv")).on(x);
    let y = relu(&n("1_relu"), &norm(&n("1_bn"), &y));
    let second = Conv2D::new(filters, 3).padding("same");
    let y = second.name(n("2_conv")).on(&y);
    let y = relu(&n("2_relu"), &norm(&n("2_bn"), &y));
    let y = Conv2D::new(4 * filters, 1).name(n("3_conv")).on(&y);
    let y = norm(&n("3_bn"), &y);
    let y = Add::new().name(n("add")).on([&kept, &y]);
    relu(&n("out"), &y)
}

fn plain(common: &Common, image: &Symbol, small: bool, blocks: [usize; 4]) -> Symbol {
    let mut x = if small {
        let x = conv(64, 3, 1).name("conv1_conv").on(image);
        relu("conv1_relu", &plain_norm("conv1_bn", &x))
    } else {
        let x = ZeroPadding2D::new(3).name("conv1_pad").on(image);
        let x = conv(64, 7, 2).padding("valid").name("conv1_conv").on(&x);
        let x = relu("conv1_relu", &plain_norm("conv1_bn", &x));
        let pool = MaxPooling2D::new(3).strides(2).padding("same");
        pool.name("pool1_pool").on(&x)
    };
    for (stage, count) in blocks.into_iter().enumerate() {
        for block in 1..=count {
            let shrinks = stage > 0 && block == 1;
            let name = format!("conv{}_block{block}", stage + 2);
            x = pair(&name, &x, 64 << stage, shrinks);
        }
    }
    common.end(&x, true, |x| common.averaged(x))
}

fn conv(filters: usize, kernel: usize, stride: usize) -> Conv2D {
    Conv2D::new(filters, kernel)
        .strides(stride)
        .padding("same")
        .use_bias(false)
        .kernel_initializer("he_normal")
}

fn plain_norm(name: &str, x: &Symbol) -> Symbol {
    let norm = BatchNormalization::new().momentum(0.9).epsilon(1e-5);
    norm.name(name).on(x)
}

fn pair(name: &str, x: &Symbol, filters: usize, shrinks: bool) -> Symbol {
    let n = |part: &str| format!("{name}_{part}");
    let stride = if shrinks { 2 } else { 1 };
    let kept = if shrinks {
        let kept = conv(filters, 1, stride).name(n("0_conv")).on(x);
        plain_norm(&n("0_bn"), &kept)
    } else {
        x.clone()
    };
    let y = conv(filters, 3, stride).name(n("1_conv")).on(x);
    let y = relu(&n("1_relu"), &plain_norm(&n("1_bn"), &y));
    let y = conv(filters, 3, 1).name(n("2_conv")).on(&y);
    let y = plain_norm(&n("2_bn"), &y);
    let y = Add::new().name(n("add")).on([&kept, &y]);
    relu(&n("out"), &y)
}
