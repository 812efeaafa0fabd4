//! EfficientNet: one network found by search, made wider, deeper and larger at once.
//!
//! # Example
//! ```
//! use cornu::applications::EfficientNetB0;
//! let features = EfficientNetB0::new().include_top(false).input_shape([32, 32, 3]).pooling("avg");
//! assert_eq!(features.build()?.output_shape().axes(), &[1280]);
//! # Ok::<(), cornu::Error>(())
//! ```
//!
//! # Source
//! Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", 2019, tables 1 and 8.

use super::extent::{Extent, divisible};
use super::settings::Common;
use crate::initializers::{Fan, Initializer, Spread};
use crate::layers::classes::*;
use crate::model::{Apply, Symbol};

macro_rules! scaled {
    ($($name:ident: $params:literal weights, $size:literal pixels, $default_name:literal, width $width:literal, depth $depth:literal, dropout $dropout:literal;)*) => {
        $(application! {
            #[doc = concat!("The network ", $width, " times as wide and ", $depth, " times as deep as the smallest.")]
            $name: $params weights, $size pixels, at least 32, named $default_name, {}
            |_own, common, image| efficientnet(common, image, $width, $depth, $dropout)
        })*
    };
}

scaled! {
    EfficientNetB0: 5_330_571 weights, 224 pixels, "efficientnetb0", width 1.0, depth 1.0, dropout 0.2;
    EfficientNetB1: 7_856_239 weights, 240 pixels, "efficientnetb1", width 1.0, depth 1.1, dropout 0.2;
    EfficientNetB2: 9_177_569 weights, 260 pixels, "efficientnetb2", width 1.1, depth 1.2, dropout 0.3;
    EfficientNetB3: 12_320_535 weights, 300 pixels, "efficientnetb3", width 1.2, depth 1.4, dropout 0.3;
    EfficientNetB4: 19_466_823 weights, 380 pixels, "efficientnetb4", width 1.4, depth 1.8, dropout 0.4;
    EfficientNetB5: 30_562_527 weights, 456 pixels, "efficientnetb5", width 1.6, depth 2.2, dropout 0.4;
    EfficientNetB6: 43_265_143 weights, 528 pixels, "efficientnetb6", width 1.8, depth 2.6, dropout 0.5;
    EfficientNetB7: 66_658_687 weights, 600 pixels, "efficientnetb7", width 2.0, depth 3.1, dropout 0.5;
}

preprocessing!();

/// How many times, kernel, filters, expansion, stride of the first.
const STAGES: [(usize, usize, usize, usize, usize); 7] = [
    (1, 3, 16, 1, 1),
    (2, 3, 24, 6, 2),
    (2, 5, 40, 6, 2),
    (3, 3, 80, 6, 2),
    (3, 5, 112, 6, 1),
    (4, 5, 192, 6, 2),
    (1, 3, 320, 6, 1),
];

/// The share of samples for which the last block is left out.
pub(super) const DROP_CONNECT: f64 = 0.2;

pub(super) const KERNEL: Initializer = Initializer::VarianceScaling {
    scale: 2.0,
    mode: Fan::Out,
    distribution: Spread::Truncated,
};

/// A convolution without a bias that keeps the maps' size.
pub(super) fn conv(filters: usize, kernel: usize) -> Conv2D {
    Conv2D::new(filters, kernel)
        .padding("same")
        .use_bias(false)
        .kernel_initializer(KERNEL)
}

pub(super) fn swish(name: impl Into<String>, x: &Symbol) -> Symbol {
    Activation::new("swish").name(name).on(x)
}

fn norm(name: impl Into<String>, x: &Symbol) -> Symbol {
    BatchNormalization::new().name(name).on(x)
}

/// Each channel times a sigmoid of what all channels see.
pub(super) fn weighed(name: &str, x: &Symbol, channels: usize, few: usize) -> Symbol {
    let n = |part: &str| format!("{name}se_{part}");
    let y = GlobalAveragePooling2D::new().name(n("squeeze")).on(x);
    let y = Reshape::new([1, 1, channels as i64])
        .name(n("reshape"))
        .on(&y);
    let reduce = conv(few, 1).use_bias(true).activation("swish");
    let y = reduce.name(n("reduce")).on(&y);
    let expand = conv(channels, 1).use_bias(true).activation("sigmoid");
    let y = expand.name(n("expand")).on(&y);
    Multiply::new().name(n("excite")).on([x, &y])
}

/// A block's result, left out for a share of the samples, added to what the block was given.
pub(super) fn added(name: &str, given: &Symbol, x: Symbol, drop: f64) -> Symbol {
    let x = match drop > 0.0 {
        true => {
            let drop = Dropout::new(drop).noise_shape([None, Some(1), Some(1), Some(1)]);
            drop.name(format!("{name}drop")).on(&x)
        }
        false => x,
    };
    Add::new().name(format!("{name}add")).on([&x, given])
}

/// The way out: the classifier after dropout, or features.
pub(super) fn end(common: &Common, x: &Symbol, dropout: f64) -> Symbol {
    common.end(x, true, |x| {
        let x = GlobalAveragePooling2D::new().name("avg_pool").on(x);
        let x = Dropout::new(dropout).name("top_dropout").on(&x);
        let initializer = Initializer::VarianceScaling {
            scale: 1.0 / 3.0,
            mode: Fan::Out,
            distribution: Spread::Uniform,
        };
        common.predictions().kernel_initializer(initializer).on(&x)
    })
}

/// "block2a_"
pub(super) fn block_name(stage: usize, block: usize) -> String {
    let letter = char::from(b'a' + block as u8);
    format!("block{}{letter}_", stage + 1)
}

fn efficientnet(common: &Common, image: &Symbol, width: f64, depth: f64, dropout: f64) -> Symbol {
    let filters = |n: usize| divisible(n as f64 * width, 8);
    let repeats = |n: usize| (depth * n as f64).ceil() as usize;
    let mut extent = Extent::of(common.input_shape);
    let x = Rescaling::new(1.0 / 255.0).on(image);
    let x = Normalization::new().on(&x);
    let pad = ZeroPadding2D::new(extent.pad(3));
    let x = pad.name("stem_conv_pad").on(&x);
    let mut channels = filters(32);
    let stem = conv(channels, 3).strides(2).padding("valid");
    let mut x = norm("stem_bn", &stem.name("stem_conv").on(&x));
    x = swish("stem_activation", &x);
    extent = extent.halved();
    let total: usize = STAGES.iter().map(|s| repeats(s.0)).sum();
    let mut done = 0;
    for (stage, (count, kernel, out, expansion, stride)) in STAGES.into_iter().enumerate() {
        for i in 0..repeats(count) {
            let block = Block {
                name: block_name(stage, i),
                channels: [channels, filters(out)],
                kernel,
                expansion,
                stride: if i == 0 { stride } else { 1 },
                drop: DROP_CONNECT * done as f64 / total as f64,
            };
            x = block.on(&x, extent);
            if block.stride == 2 {
                extent = extent.halved();
            }
            channels = filters(out);
            done += 1;
        }
    }
    let x = norm("top_bn", &conv(filters(1280), 1).name("top_conv").on(&x));
    end(common, &swish("top_activation", &x), dropout)
}

struct Block {
    name: String,
    channels: [usize; 2],
    kernel: usize,
    expansion: usize,
    stride: usize,
    drop: f64,
}

impl Block {
    fn on(&self, given: &Symbol, extent: Extent) -> Symbol {
        let n = |part: &str| format!("{}{part}", self.name);
        let [channels, filters] = self.channels;
        let wide = channels * self.expansion;
        let mut x = given.clone();
        if self.expansion != 1 {
            x = conv(wide, 1).name(n("expand_conv")).on(&x);
            x = swish(n("expand_activation"), &norm(n("expand_bn"), &x));
        }
        if self.stride == 2 {
            let pad = ZeroPadding2D::new(extent.pad(self.kernel));
            x = pad.name(n("dwconv_pad")).on(&x);
        }
        let single = DepthwiseConv2D::new(self.kernel)
            .strides(self.stride)
            .padding(if self.stride == 2 { "valid" } else { "same" })
            .use_bias(false)
            .depthwise_initializer(KERNEL);
        x = norm(n("bn"), &single.name(n("dwconv")).on(&x));
        x = swish(n("activation"), &x);
        x = weighed(&self.name, &x, wide, (channels / 4).max(1));
        x = conv(filters, 1).name(n("project_conv")).on(&x);
        x = norm(n("project_bn"), &x);
        if self.stride == 1 && channels == filters {
            added(&self.name, given, x, self.drop)
        } else {
            x
        }
    }
}
