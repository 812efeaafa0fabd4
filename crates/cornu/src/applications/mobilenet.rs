//! MobileNet: each convolution taken apart into one of single channels and one of single pixels.
//!
//! # Example
//! ```
//! use cornu::applications::MobileNet;
//! let small = MobileNet::new().alpha(0.25).input_shape([32, 32, 3]).classes(10).build()?;
//! assert_eq!((small.name(), small.count_params()), ("mobilenet_0.25_32", 221_114));
//! # Ok::<(), cornu::Error>(())
//! ```
//!
//! # Source
//! Howard, Zhu, Chen, Kalenichenko, Wang, Weyand, Andreetto and Adam, "MobileNets: Efficient Convolutional Neural Networks for
//! Mobile Vision Applications", 2017.

use super::settings::Common;
use crate::layers::classes::*;
use crate::model::{Apply, Symbol};

application! {
    /// A convolution and thirteen that are taken apart.
    MobileNet: 4_253_864 weights, 224 pixels, at least 32,
    named format!("mobilenet_{:.2}_{}", own.alpha, common.input_shape[0]),
    {
        /// How wide the network is; 1 without it.
        alpha: f64 = 1.0,
        /// Maps that each single channel's convolution makes; 1 without it.
        depth_multiplier: usize = 1,
        /// The share that the dropout before the classifier drops; 0.001 without it.
        dropout: f64 = 0.001,
    }
    |own, common, image| mobilenet(own, common, image)
}

preprocessing!(Tf);

/// Filters and stride of the blocks.
const BLOCKS: [(usize, usize); 13] = [
    (64, 1),
    (128, 2),
    (128, 1),
    (256, 2),
    (256, 1),
    (512, 2),
    (512, 1),
    (512, 1),
    (512, 1),
    (512, 1),
    (512, 1),
    (1024, 2),
    (1024, 1),
];

fn normed(name: &str, x: &Symbol) -> Symbol {
    let x = BatchNormalization::new().name(format!("{name}_bn")).on(x);
    let relu = ReLU::new().max_value(6.0);
    relu.name(format!("{name}_relu")).on(&x)
}

fn mobilenet(own: &MobileNet, common: &Common, image: &Symbol) -> Symbol {
    let width = |filters: usize| (filters as f64 * own.alpha) as usize;
    let first = Conv2D::new(width(32), 3).strides(2).padding("same");
    let x = first.use_bias(false).name("conv1").on(image);
    let mut x = normed("conv1", &x);
    for (block, (filters, stride)) in (1..).zip(BLOCKS) {
        if stride == 2 {
            let pad = ZeroPadding2D::new([(0, 1), (0, 1)]);
            x = pad.name(format!("conv_pad_{block}")).on(&x);
        }
        let single = DepthwiseConv2D::new(3)
            .strides(stride)
            .padding(if stride == 1 { "same" } else { "valid" })
            .depth_multiplier(own.depth_multiplier)
            .use_bias(false);
        let name = format!("conv_dw_{block}");
        x = normed(&name, &single.name(name.as_str()).on(&x));
        let name = format!("conv_pw_{block}");
        let mixing = Conv2D::new(width(filters), 1).padding("same");
        x = normed(&name, &mixing.use_bias(false).name(name.as_str()).on(&x));
    }
    common.end(&x, false, |x| {
        let x = GlobalAveragePooling2D::new().keepdims(true).on(x);
        let x = Dropout::new(own.dropout).name("dropout").on(&x);
        let scores = Conv2D::new(common.classes, 1).padding("same");
        let x = scores.name("conv_preds").on(&x);
        let x = Reshape::new([common.classes as i64])
            .name("reshape_2")
            .on(&x);
        let activation = Activation::new(common.classifier_activation.clone());
        activation.name("predictions").on(&x)
    })
}
