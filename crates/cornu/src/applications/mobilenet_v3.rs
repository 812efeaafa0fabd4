//! MobileNet, version 3: blocks found by search, some of which weigh their channels by what they see.
//!
//! # Example
//! ```
//! use cornu::applications::MobileNetV3Small;
//! let small = MobileNetV3Small::new().alpha(0.75).minimalistic(true);
//! let features = small.include_top(false).input_shape([32, 32, 3]).pooling("avg");
//! assert_eq!(features.build()?.output_shape().axes(), &[432]);
//! # Ok::<(), cornu::Error>(())
//! ```
//!
//! # Source
//! Howard, Sandler, Chu, Chen, Chen, Tan, Wang, Zhu, Pang, Vasudevan, Le and Adam, "Searching for MobileNetV3", 2019, tables 1 and 2.
//!
//! # Keras
//! The additions and multiplications with numbers within a hard sigmoid, operations without weights in Keras, are layers
//! `Rescaling` of the same names.

use super::extent::{Extent, divisible};
use super::settings::{Common, called};
use crate::layers::classes::*;
use crate::model::{Apply, Symbol};

macro_rules! third {
    ($(#[$doc:meta])* $name:ident, $params:literal, $last:literal, $blocks:expr) => {
        application! {
            $(#[$doc])*
            $name: $params weights, 224 pixels, at least 32, named stringify!($name),
            {
                /// How wide the network is; 1 without it.
                alpha: f64 = 1.0,
                /// Whether it does without large kernels, hard swish and weighed channels; false without it.
                minimalistic: bool = false,
                /// The share that the dropout before the classifier drops; 0.2 without it.
                dropout_rate: f64 = 0.2,
                /// Whether the network scales pixels in 0 … 255 itself; true without it.
                include_preprocessing: bool = true,
            }
            |own, common, image| {
                let settings = Settings {
                    alpha: own.alpha,
                    minimalistic: own.minimalistic,
                    dropout_rate: own.dropout_rate,
                    include_preprocessing: own.include_preprocessing,
                };
                mobilenet(settings, common, image, $last, &$blocks)
            }
        }
    };
}

/// Expansion, filters, whether the kernel is the large one, stride, whether channels are weighed, whether hard swish follows.
type Block = (f64, usize, bool, usize, bool, bool);

third!(
    /// Eleven blocks.
    MobileNetV3Small, 2_554_968, 1024, [
        (1.0, 16, false, 2, true, false),
        (72.0 / 16.0, 24, false, 2, false, false),
        (88.0 / 24.0, 24, false, 1, false, false),
        (4.0, 40, true, 2, true, true),
        (6.0, 40, true, 1, true, true),
        (6.0, 40, true, 1, true, true),
        (3.0, 48, true, 1, true, true),
        (3.0, 48, true, 1, true, true),
        (6.0, 96, true, 2, true, true),
        (6.0, 96, true, 1, true, true),
        (6.0, 96, true, 1, true, true),
    ]
);
third!(
    /// Fifteen blocks.
    MobileNetV3Large, 5_507_432, 1280, [
        (1.0, 16, false, 1, false, false),
        (4.0, 24, false, 2, false, false),
        (3.0, 24, false, 1, false, false),
        (3.0, 40, true, 2, true, false),
        (3.0, 40, true, 1, true, false),
        (3.0, 40, true, 1, true, false),
        (6.0, 80, false, 2, false, true),
        (2.5, 80, false, 1, false, true),
        (2.3, 80, false, 1, false, true),
        (2.3, 80, false, 1, false, true),
        (6.0, 112, false, 1, true, true),
        (6.0, 112, false, 1, true, true),
        (6.0, 160, true, 2, true, true),
        (6.0, 160, true, 1, true, true),
        (6.0, 160, true, 1, true, true),
    ]
);

preprocessing!();

#[derive(Clone, Copy, Debug)]
struct Settings {
    alpha: f64,
    minimalistic: bool,
    dropout_rate: f64,
    include_preprocessing: bool,
}

/// A network in the making.
struct Making {
    minimalistic: bool,
    /// Blocks so far that weigh their channels.
    weighed: usize,
}

fn conv(filters: usize, kernel: usize) -> Conv2D {
    Conv2D::new(filters, kernel).padding("same")
}

fn norm(name: impl Into<String>, x: &Symbol) -> Symbol {
    let norm = BatchNormalization::new().momentum(0.999).epsilon(1e-3);
    norm.name(name).on(x)
}

fn mobilenet(
    s: Settings,
    common: &Common,
    image: &Symbol,
    last: usize,
    blocks: &[Block],
) -> Symbol {
    let mut making = Making {
        minimalistic: s.minimalistic,
        weighed: 0,
    };
    let mut x = image.clone();
    if s.include_preprocessing {
        x = Rescaling::new(1.0 / 127.5).offset(-1.0).on(&x);
    }
    let first = conv(16, 3).strides(2).use_bias(false);
    x = norm("conv_bn", &first.name("conv").on(&x));
    x = making.active(true, &x);
    let mut extent = Extent::of(common.input_shape).halved();
    let mut channels = 16;
    for (number, &block) in blocks.iter().enumerate() {
        let filters = divisible(block.1 as f64 * s.alpha, 8);
        x = making.block(number, block, [channels, filters], extent, &x);
        if block.3 == 2 {
            extent = extent.halved();
        }
        channels = filters;
    }
    let wide = conv(divisible((channels * 6) as f64, 8), 1).use_bias(false);
    x = norm("conv_1_bn", &wide.name("conv_1").on(&x));
    x = making.active(true, &x);
    let last = match s.alpha > 1.0 {
        true => divisible(last as f64 * s.alpha, 8),
        false => last,
    };
    common.end(&x, true, |x| {
        let x = GlobalAveragePooling2D::new().keepdims(true).on(x);
        let x = conv(last, 1).name("conv_2").on(&x);
        let mut x = making.active(true, &x);
        if s.dropout_rate > 0.0 {
            x = Dropout::new(s.dropout_rate).on(&x);
        }
        let x = conv(common.classes, 1).name("logits").on(&x);
        let x = Flatten::new().on(&x);
        let activation = Activation::new(common.classifier_activation.clone());
        activation.name("predictions").on(&x)
    })
}

impl Making {
    fn active(&self, swish: bool, x: &Symbol) -> Symbol {
        if swish && !self.minimalistic {
            Activation::new("hard_swish").on(x)
        } else {
            ReLU::new().on(x)
        }
    }

    fn block(
        &mut self,
        number: usize,
        (expansion, _, large, stride, weighs, swish): Block,
        [channels, filters]: [usize; 2],
        extent: Extent,
        given: &Symbol,
    ) -> Symbol {
        let n = |part: &str| match number {
            0 => format!("expanded_conv_{part}"),
            _ => format!("expanded_conv_{number}_{part}"),
        };
        let kernel = if large && !self.minimalistic { 5 } else { 3 };
        let expanded = divisible(channels as f64 * expansion, 8);
        let mut x = given.clone();
        if number > 0 {
            x = conv(expanded, 1).use_bias(false).name(n("expand")).on(&x);
            x = self.active(swish, &norm(n("expand_bn"), &x));
        }
        if stride == 2 {
            let pad = ZeroPadding2D::new(extent.pad(kernel));
            x = pad.name(n("depthwise_pad")).on(&x);
        }
        let single = DepthwiseConv2D::new(kernel)
            .strides(stride)
            .padding(if stride == 1 { "same" } else { "valid" });
        x = single.use_bias(false).name(n("depthwise")).on(&x);
        x = self.active(swish, &norm(n("depthwise_bn"), &x));
        if weighs && !self.minimalistic {
            x = self.weighed(&n("squeeze_excite"), expanded, &x);
        }
        x = conv(filters, 1).use_bias(false).name(n("project")).on(&x);
        x = norm(n("project_bn"), &x);
        if stride == 1 && channels == filters {
            Add::new().name(n("add")).on([given, &x])
        } else {
            x
        }
    }

    /// Each channel times a hard sigmoid of what all channels see.
    fn weighed(&mut self, name: &str, channels: usize, x: &Symbol) -> Symbol {
        let n = |part: &str| format!("{name}_{part}");
        let number = |name: &str| match self.weighed {
            0 => name.to_owned(),
            i => format!("{name}_{i}"),
        };
        let seen = GlobalAveragePooling2D::new().keepdims(true);
        let y = seen.name(n("avg_pool")).on(x);
        let few = divisible(channels as f64 * 0.25, 8);
        let y = conv(few, 1).name(n("conv")).on(&y);
        let y = ReLU::new().name(n("relu")).on(&y);
        let y = conv(channels, 1).name(n("conv_1")).on(&y);
        let y = called(Rescaling::new(1.0).offset(3.0), Some(number("add"))).on(&y);
        let y = ReLU::new().max_value(6.0).on(&y);
        let y = called(Rescaling::new(1.0 / 6.0), Some(number("multiply"))).on(&y);
        self.weighed += 1;
        Multiply::new().name(n("mul")).on([x, &y])
    }
}
