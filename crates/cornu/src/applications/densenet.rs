//! DenseNet: each block sees the maps of all blocks before it, and adds 32 of its own.
//!
//! # Example
//! ```
//! use cornu::applications::DenseNet121;
//! let features = DenseNet121::new().include_top(false).input_shape([32, 32, 3]).pooling("avg");
//! assert_eq!(features.build()?.output_shape().axes(), &[1024]);
//! # Ok::<(), cornu::Error>(())
//! ```
//!
//! # Source
//! Huang, Liu, van der Maaten and Weinberger, "Densely Connected Convolutional Networks", 2016.

use super::resnet::{norm, relu};
use super::settings::Common;
use crate::layers::classes::*;
use crate::model::{Apply, Symbol};

/// Maps that each block adds.
const GROWTH: usize = 32;

macro_rules! dense {
    ($(#[$doc:meta])* $name:ident, $params:literal, $default_name:literal, $blocks:expr) => {
        application! {
            $(#[$doc])*
            $name: $params weights, 224 pixels, at least 32, named $default_name, {}
            |_own, common, image| densenet(common, image, $blocks)
        }
    };
}

dense!(
    /// 6, 12, 24 and 16 blocks of a 1×1 and a 3×3 convolution.
    DenseNet121, 8_062_504, "densenet121", [6, 12, 24, 16]
);
dense!(
    /// 6, 12, 32 and 32 blocks of a 1×1 and a 3×3 convolution.
    DenseNet169, 14_307_880, "densenet169", [6, 12, 32, 32]
);
dense!(
    /// 6, 12, 48 and 32 blocks of a 1×1 and a 3×3 convolution.
    DenseNet201, 20_242_984, "densenet201", [6, 12, 48, 32]
);

preprocessing!(Torch);

fn conv(filters: usize, kernel: usize) -> Conv2D {
    Conv2D::new(filters, kernel).use_bias(false)
}

fn densenet(common: &Common, image: &Symbol, blocks: [usize; 4]) -> Symbol {
    let x = ZeroPadding2D::new(3).on(image);
    let x = conv(64, 7).strides(2).name("conv1_conv").on(&x);
    let x = relu("conv1_relu", &norm("conv1_bn", &x));
    let x = ZeroPadding2D::new(1).on(&x);
    let mut x = MaxPooling2D::new(3).strides(2).name("pool1").on(&x);
    let mut channels = 64;
    for (stage, count) in blocks.into_iter().enumerate() {
        if stage > 0 {
            channels /= 2;
            x = transition(&format!("pool{}", stage + 1), &x, channels);
        }
        for block in 1..=count {
            x = grown(&format!("conv{}_block{block}", stage + 2), &x);
        }
        channels += count * GROWTH;
    }
    let x = relu("relu", &norm("bn", &x));
    common.end(&x, true, |x| common.averaged(x))
}

/// Half the maps, at half the size.
fn transition(name: &str, x: &Symbol, channels: usize) -> Symbol {
    let x = relu(&format!("{name}_relu"), &norm(&format!("{name}_bn"), x));
    let x = conv(channels, 1).name(format!("{name}_conv")).on(&x);
    AveragePooling2D::new(2).name(format!("{name}_pool")).on(&x)
}

fn grown(name: &str, x: &Symbol) -> Symbol {
    let n = |part: &str| format!("{name}_{part}");
    let y = relu(&n("0_relu"), &norm(&n("0_bn"), x));
    let y = conv(4 * GROWTH, 1).name(n("1_conv")).on(&y);
    let y = relu(&n("1_relu"), &norm(&n("1_bn"), &y));
    let y = conv(GROWTH, 3).padding("same").name(n("2_conv")).on(&y);
    Concatenate::new().name(n("concat")).on([x, &y])
}
