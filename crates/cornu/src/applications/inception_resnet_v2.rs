//! Inception-ResNet, version 2: convolutions side by side whose result is added, scaled down, to what they were given.
//!
//! # Example
//! ```
//! use cornu::applications::InceptionResNetV2;
//! let features = InceptionResNetV2::new().include_top(false).input_shape([75, 75, 3]).pooling("avg");
//! assert_eq!(features.build()?.output_shape().axes(), &[1536]);
//! # Ok::<(), cornu::Error>(())
//! ```
//!
//! # Source
//! Szegedy, Ioffe, Vanhoucke and Alemi, "Inception-v4, Inception-ResNet and the Impact of Residual Connections on Learning", 2016.

use super::inception::{Branch, branch, conv, halving, mixed, named_conv};
use super::settings::Common;
use crate::layers::classes::*;
use crate::model::{Apply, Symbol};

application! {
    /// Forty blocks of convolutions side by side, each added to what it was given.
    InceptionResNetV2: 55_873_736 weights, 299 pixels, at least 75, named "inception_resnet_v2", {}
    |_own, common, image| inception(common, image)
}

preprocessing!(Tf);

const ONE: (usize, usize) = (1, 1);
const THREE: (usize, usize) = (3, 3);

/// The name of a kind of block, the channels that go through it, and its branches.
type Block<'a> = (&'a str, usize, &'a [Branch<'a>]);

fn block(
    (kind, channels, branches): Block<'_>,
    number: usize,
    scale: f64,
    active: bool,
    x: &Symbol,
) -> Symbol {
    let name = format!("{kind}_{number}");
    let branches: Vec<Symbol> = branches.iter().map(|b| branch(x, b)).collect();
    let all = mixed(&format!("{name}_mixed"), &branches);
    let up = Conv2D::new(channels, 1)
        .padding("same")
        .name(format!("{name}_conv"))
        .on(&all);
    let x = CustomScaleLayer::new(scale).on([x, &up]);
    if active {
        Activation::new("relu").name(format!("{name}_ac")).on(&x)
    } else {
        x
    }
}

const BLOCK35: Block<'_> = (
    "block35",
    320,
    &[
        &[(32, ONE)],
        &[(32, ONE), (32, THREE)],
        &[(32, ONE), (48, THREE), (64, THREE)],
    ],
);
const BLOCK17: Block<'_> = (
    "block17",
    1088,
    &[&[(192, ONE)], &[(128, ONE), (160, (1, 7)), (192, (7, 1))]],
);
const BLOCK8: Block<'_> = (
    "block8",
    2080,
    &[&[(192, ONE)], &[(192, ONE), (224, (1, 3)), (256, (3, 1))]],
);

fn inception(common: &Common, image: &Symbol) -> Symbol {
    let x = conv(image, 32, THREE, 2, "valid");
    let x = conv(&x, 32, THREE, 1, "valid");
    let x = conv(&x, 64, THREE, 1, "same");
    let x = MaxPooling2D::new(3).strides(2).on(&x);
    let x = conv(&x, 80, ONE, 1, "valid");
    let x = conv(&x, 192, THREE, 1, "valid");
    let x = MaxPooling2D::new(3).strides(2).on(&x);
    let first = branch(&x, &[(96, ONE)]);
    let second = branch(&x, &[(48, ONE), (64, (5, 5))]);
    let third = branch(&x, &[(64, ONE), (96, THREE), (96, THREE)]);
    let mean = AveragePooling2D::new(3).strides(1).padding("same").on(&x);
    let mut x = mixed(
        "mixed_5b",
        &[first, second, third, branch(&mean, &[(64, ONE)])],
    );
    for number in 1..=10 {
        x = block(BLOCK35, number, 0.17, true, &x);
    }
    let branches = [
        halving(&x, &[(384, THREE)]),
        halving(&x, &[(256, ONE), (256, THREE), (384, THREE)]),
        halving(&x, &[]),
    ];
    x = mixed("mixed_6a", &branches);
    for number in 1..=20 {
        x = block(BLOCK17, number, 0.1, true, &x);
    }
    let branches = [
        halving(&x, &[(256, ONE), (384, THREE)]),
        halving(&x, &[(256, ONE), (288, THREE)]),
        halving(&x, &[(256, ONE), (288, THREE), (320, THREE)]),
        halving(&x, &[]),
    ];
    x = mixed("mixed_7a", &branches);
    for number in 1..=10 {
        let last = number == 10;
        x = block(BLOCK8, number, if last { 1.0 } else { 0.2 }, !last, &x);
    }
    let last = Conv2D::new(1536, 1).padding("same");
    let x = named_conv(&x, last, Some("conv_7b"));
    common.end(&x, false, |x| common.averaged(x))
}
