//! ResNet, version 2: normalisation and ReLU stand before each convolution, and nothing after the sum.
//!
//! # Example
//! ```
//! use cornu::applications::ResNet50V2;
//! let features = ResNet50V2::new().include_top(false).input_shape([32, 32, 3]).pooling("max");
//! assert_eq!(features.build()?.output_shape().axes(), &[2048]);
//! # Ok::<(), cornu::Error>(())
//! ```
//!
//! # Source
//! He, Zhang, Ren and Sun, "Identity Mappings in Deep Residual Networks", 2016.

use super::resnet::{norm, relu, stem};
use super::settings::Common;
use crate::layers::classes::*;
use crate::model::{Apply, Symbol};

macro_rules! second {
    ($(#[$doc:meta])* $name:ident, $params:literal, $default_name:literal, $blocks:expr) => {
        application! {
            $(#[$doc])*
            $name: $params weights, 224 pixels, at least 32, named $default_name, {}
            |_own, common, image| bottlenecks(common, image, $blocks)
        }
    };
}

second!(
    /// Sixteen blocks of a 1×1, a 3×3 and a 1×1 convolution.
    ResNet50V2, 25_613_800, "resnet50v2", [3, 4, 6, 3]
);
second!(
    /// Thirty-three blocks of a 1×1, a 3×3 and a 1×1 convolution.
    ResNet101V2, 44_675_560, "resnet101v2", [3, 4, 23, 3]
);
second!(
    /// Fifty blocks of a 1×1, a 3×3 and a 1×1 convolution.
    ResNet152V2, 60_380_648, "resnet152v2", [3, 8, 36, 3]
);

preprocessing!(Tf);

fn bottlenecks(common: &Common, image: &Symbol, blocks: [usize; 4]) -> Symbol {
    let mut x = stem(image, |x| x);
    for (stage, count) in blocks.into_iter().enumerate() {
        for block in 1..=count {
            let stride = if stage < 3 && block == count { 2 } else { 1 };
            let name = format!("conv{}_block{block}", stage + 2);
            x = bottleneck(&name, &x, 64 << stage, stride, block == 1);
        }
    }
    let x = relu("post_relu", &norm("post_bn", &x));
    common.end(&x, true, |x| common.averaged(x))
}

fn bottleneck(name: &str, x: &Symbol, filters: usize, stride: usize, projects: bool) -> Symbol {
    let n = |part: &str| format!("{name}_{part}");
    let before = relu(&n("preact_relu"), &norm(&n("preact_bn"), x));
    let kept = if projects {
        let kept = Conv2D::new(4 * filters, 1).strides(stride);
        kept.name(n("0_conv")).on(&before)
    } else if stride > 1 {
        MaxPooling2D::new(1).strides(stride).on(x)
    } else {
        x.clone()
    };
    let first = Conv2D::new(filters, 1).use_bias(false);
    let y = first.name(n("1_conv")).on(&before);
    let y = relu(&n("1_relu"), &norm(&n("1_bn"), &y));
    let y = ZeroPadding2D::new(1).name(n("2_pad")).on(&y);
    let second = Conv2D::new(filters, 3).strides(stride).use_bias(false);
    let y = second.name(n("2_conv")).on(&y);
    let y = relu(&n("2_relu"), &norm(&n("2_bn"), &y));
    let y = Conv2D::new(4 * filters, 1).name(n("3_conv")).on(&y);
    Add::new().name(n("out")).on([&kept, &y])
}
