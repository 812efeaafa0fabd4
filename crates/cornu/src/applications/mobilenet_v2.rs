//! MobileNet, version 2: few channels are made many, filtered one by one and made few again, with a way round.
//!
//! # Example
//! ```
//! use cornu::applications::MobileNetV2;
//! let small = MobileNetV2::new().alpha(0.35).input_shape([96, 96, 3]).classes(7).build()?;
//! assert_eq!((small.name(), small.count_params()), ("mobilenetv2_0.35_96", 419_175));
//! # Ok::<(), cornu::Error>(())
//! ```
//!
//! # Source
//! Sandler, Howard, Zhu, Zhmoginov and Chen, "MobileNetV2: Inverted Residuals and Linear Bottlenecks", 2018.

use super::extent::{Extent, divisible};
use super::settings::Common;
use crate::layers::classes::*;
use crate::model::{Apply, Symbol};

application! {
    /// Seventeen blocks.
    MobileNetV2: 3_538_984 weights, 224 pixels, at least 32,
    named format!("mobilenetv2_{:.2}_{}", own.alpha, common.input_shape[0]),
    {
        /// How wide the network is; 1 without it.
        alpha: f64 = 1.0,
    }
    |own, common, image| mobilenet(own.alpha, common, image)
}

preprocessing!(Tf);

/// Filters, stride and how many times: the first block of each line has the stride.
const STAGES: [(usize, usize, usize); 7] = [
    (16, 1, 1),
    (24, 2, 2),
    (32, 2, 3),
    (64, 2, 4),
    (96, 1, 3),
    (160, 2, 3),
    (320, 1, 1),
];

fn norm(name: impl Into<String>, x: &Symbol) -> Symbol {
    let norm = BatchNormalization::new().momentum(0.999).epsilon(1e-3);
    norm.name(name).on(x)
}

fn relu(name: impl Into<String>, x: &Symbol) -> Symbol {
    ReLU::new().max_value(6.0).name(name).on(x)
}

fn mobilenet(alpha: f64, common: &Common, image: &Symbol) -> Symbol {
    let mut channels = divisible(32.0 * alpha, 8);
    let first = Conv2D::new(channels, 3).strides(2).padding("same");
    let x = first.use_bias(false).name("Conv1").on(image);
    let mut x = relu("Conv1_relu", &norm("bn_Conv1", &x));
    let mut extent = Extent::of(common.input_shape).halved();
    let mut block = 0;
    for (filters, stride, count) in STAGES {
        let filters = divisible((filters as f64 * alpha).trunc(), 8);
        for i in 0..count {
            let stride = if i == 0 { stride } else { 1 };
            x = inverted(block, &x, [channels, filters], stride, extent);
            if stride == 2 {
                extent = extent.halved();
            }
            channels = filters;
            block += 1;
        }
    }
    let last = match alpha > 1.0 {
        true => divisible(1280.0 * alpha, 8),
        false => 1280,
    };
    let last = Conv2D::new(last, 1).use_bias(false);
    let x = norm("Conv_1_bn", &last.name("Conv_1").on(&x));
    let x = relu("out_relu", &x);
    common.end(&x, false, |x| {
        common.predictions().on(GlobalAveragePooling2D::new().on(x))
    })
}

fn inverted(
    block: usize,
    given: &Symbol,
    [channels, filters]: [usize; 2],
    stride: usize,
    extent: Extent,
) -> Symbol {
    let n = |part: &str| match block {
        0 => format!("expanded_conv_{part}"),
        _ => format!("block_{block}_{part}"),
    };
    let mut x = given.clone();
    if block > 0 {
        let expand = Conv2D::new(6 * channels, 1).padding("same");
        x = expand.use_bias(false).name(n("expand")).on(&x);
        x = relu(n("expand_relu"), &norm(n("expand_BN"), &x));
    }
    if stride == 2 {
        x = ZeroPadding2D::new(extent.pad(3)).name(n("pad")).on(&x);
    }
    let single = DepthwiseConv2D::new(3)
        .strides(stride)
        .padding(if stride == 1 { "same" } else { "valid" });
    x = single.use_bias(false).name(n("depthwise")).on(&x);
    x = relu(n("depthwise_relu"), &norm(n("depthwise_BN"), &x));
    let project = Conv2D::new(filters, 1).padding("same");
    x = project.use_bias(false).name(n("project")).on(&x);
    x = norm(n("project_BN"), &x);
    if channels == filters && stride == 1 {
        Add::new().name(n("add")).on([given, &x])
    } else {
        x
    }
}
