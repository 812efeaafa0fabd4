//! EfficientNet, version 2: early blocks convolve whole images rather than channel by channel, which trains faster.
//!
//! # Example
//! ```
//! use cornu::applications::EfficientNetV2B0;
//! let features = EfficientNetV2B0::new().include_top(false).input_shape([32, 32, 3]).pooling("avg");
//! assert_eq!(features.build()?.output_shape().axes(), &[1280]);
//! # Ok::<(), cornu::Error>(())
//! ```
//!
//! # Source
//! Tan and Le, "EfficientNetV2: Smaller Models and Faster Training", 2021, table 4.

use super::efficientnet::{DROP_CONNECT, KERNEL, added, block_name, conv, end, swish, weighed};
use super::extent::nearest;
use super::settings::Common;
use crate::layers::classes::*;
use crate::model::{Apply, Symbol};

macro_rules! second {
    ($($name:ident: $params:literal weights, $size:literal pixels, $default_name:literal, width $width:literal, depth $depth:literal, $stages:ident;)*) => {
        $(application! {
            #[doc = concat!("The network of `", stringify!($stages), "` blocks, ", $width, " times as wide and ", $depth, " times as deep.")]
            $name: $params weights, $size pixels, at least 32, named $default_name,
            {
                /// Whether the network scales pixels in 0 … 255 itself; true without it.
                include_preprocessing: bool = true,
            }
            |own, common, image| {
                let x = match own.include_preprocessing {
                    true => $stages.scaled(common, image),
                    false => image.clone(),
                };
                efficientnet(common, &x, $width, $depth, $stages.stages)
            }
        })*
    };
}

second! {
    EfficientNetV2B0: 7_200_312 weights, 224 pixels, "efficientnetv2-b0", width 1.0, depth 1.0, BASE;
    EfficientNetV2B1: 8_212_124 weights, 240 pixels, "efficientnetv2-b1", width 1.0, depth 1.1, BASE;
    EfficientNetV2B2: 10_178_374 weights, 260 pixels, "efficientnetv2-b2", width 1.1, depth 1.2, BASE;
    EfficientNetV2B3: 14_467_622 weights, 300 pixels, "efficientnetv2-b3", width 1.2, depth 1.4, BASE;
    EfficientNetV2S: 21_612_360 weights, 384 pixels, "efficientnetv2-s", width 1.0, depth 1.0, SMALL;
    EfficientNetV2M: 54_431_388 weights, 480 pixels, "efficientnetv2-m", width 1.0, depth 1.0, MEDIUM;
    EfficientNetV2L: 119_027_848 weights, 480 pixels, "efficientnetv2-l", width 1.0, depth 1.0, LARGE;
}

preprocessing!();

/// How many times, filters before and behind, expansion, stride of the first; whether channels are convolved one by one and weighed.
type Stage = (usize, usize, usize, usize, usize, bool);

struct Stages {
    /// Whether colours are brought to the mean and deviation of ImageNet's, not only from -1 to 1.
    normalized: bool,
    stages: &'static [Stage],
}

const BASE: Stages = Stages {
    normalized: true,
    stages: &[
        (1, 32, 16, 1, 1, false),
        (2, 16, 32, 4, 2, false),
        (2, 32, 48, 4, 2, false),
        (3, 48, 96, 4, 2, true),
        (5, 96, 112, 6, 1, true),
        (8, 112, 192, 6, 2, true),
    ],
};

const SMALL: Stages = Stages {
    normalized: false,
    stages: &[
        (2, 24, 24, 1, 1, false),
        (4, 24, 48, 4, 2, false),
        (4, 48, 64, 4, 2, false),
        (6, 64, 128, 4, 2, true),
        (9, 128, 160, 6, 1, true),
        (15, 160, 256, 6, 2, true),
    ],
};

const MEDIUM: Stages = Stages {
    normalized: false,
    stages: &[
        (3, 24, 24, 1, 1, false),
        (5, 24, 48, 4, 2, false),
        (5, 48, 80, 4, 2, false),
        (7, 80, 160, 4, 2, true),
        (14, 160, 176, 6, 1, true),
        (18, 176, 304, 6, 2, true),
        (5, 304, 512, 6, 1, true),
    ],
};

const LARGE: Stages = Stages {
    normalized: false,
    stages: &[
        (4, 32, 32, 1, 1, false),
        (7, 32, 64, 4, 2, false),
        (7, 64, 96, 4, 2, false),
        (10, 96, 192, 4, 2, true),
        (19, 192, 224, 6, 1, true),
        (25, 224, 384, 6, 2, true),
        (7, 384, 640, 6, 1, true),
    ],
};

impl Stages {
    /// Pixels in 0 … 255 as the network wants them.
    fn scaled(&self, common: &Common, image: &Symbol) -> Symbol {
        if !self.normalized || common.input_shape[2] != 3 {
            return Rescaling::new(1.0 / 128.0).offset(-1.0).on(image);
        }
        let x = Rescaling::new(1.0 / 255.0).on(image);
        let variance = [0.229_f64, 0.224, 0.225].map(|deviation| deviation.powi(2));
        let norm = Normalization::new().mean([0.485, 0.456, 0.406]);
        norm.variance(variance).on(&x)
    }
}

fn norm(name: impl Into<String>, x: &Symbol) -> Symbol {
    BatchNormalization::new().momentum(0.9).name(name).on(x)
}

fn efficientnet(common: &Common, x: &Symbol, width: f64, depth: f64, stages: &[Stage]) -> Symbol {
    let filters = |n: usize| nearest(n as f64 * width, 8);
    let stem = conv(filters(stages[0].1), 3).strides(2);
    let mut x = norm("stem_bn", &stem.name("stem_conv").on(x));
    x = swish("stem_activation", &x);
    // Keras divides by the number of blocks before the network is made deeper.
    let total: usize = stages.iter().map(|s| s.0).sum();
    let mut done = 0;
    for (stage, &(count, before, behind, expansion, stride, single)) in stages.iter().enumerate() {
        for i in 0..(depth * count as f64).ceil() as usize {
            let first = i == 0;
            let block = Block {
                name: block_name(stage, i),
                channels: [
                    filters(if first { before } else { behind }),
                    filters(behind),
                ],
                expansion,
                stride: if first { stride } else { 1 },
                drop: DROP_CONNECT * done as f64 / total as f64,
            };
            x = block.on(&x, single);
            done += 1;
        }
    }
    let x = norm("top_bn", &conv(filters(1280), 1).name("top_conv").on(&x));
    end(common, &swish("top_activation", &x), 0.2)
}

struct Block {
    name: String,
    channels: [usize; 2],
    expansion: usize,
    stride: usize,
    drop: f64,
}

impl Block {
    fn on(&self, given: &Symbol, single: bool) -> Symbol {
        let x = match single {
            true => self.by_channel(given),
            false => self.whole(given),
        };
        if self.stride == 1 && self.channels[0] == self.channels[1] {
            added(&self.name, given, x, self.drop)
        } else {
            x
        }
    }

    fn step(&self, conv: Conv2D, part: &str, x: &Symbol) -> Symbol {
        let n = |kind: &str| format!("{}{part}_{kind}", self.name);
        norm(n("bn"), &conv.name(n("conv")).on(x))
    }

    /// MBConv: made wide, convolved channel by channel, weighed, made narrow.
    fn by_channel(&self, given: &Symbol) -> Symbol {
        let n = |part: &str| format!("{}{part}", self.name);
        let [channels, filters] = self.channels;
        let wide = channels * self.expansion;
        let x = self.step(conv(wide, 1), "expand", given);
        let x = swish(n("expand_activation"), &x);
        let single = DepthwiseConv2D::new(3)
            .strides(self.stride)
            .padding("same")
            .use_bias(false)
            .depthwise_initializer(KERNEL);
        let x = norm(n("bn"), &single.name(n("dwconv2")).on(&x));
        let x = swish(n("activation"), &x);
        let x = weighed(&self.name, &x, wide, (channels / 4).max(1));
        self.step(conv(filters, 1), "project", &x)
    }

    /// Fused MBConv: made wide by the convolution itself.
    fn whole(&self, given: &Symbol) -> Symbol {
        let n = |part: &str| format!("{}{part}", self.name);
        let [channels, filters] = self.channels;
        if self.expansion == 1 {
            let x = self.step(conv(filters, 3).strides(self.stride), "project", given);
            return swish(n("project_activation"), &x);
        }
        let wide = conv(channels * self.expansion, 3).strides(self.stride);
        let x = self.step(wide, "expand", given);
        let x = swish(n("expand_activation"), &x);
        self.step(conv(filters, 1), "project", &x)
    }
}
