//! Xception: Inception taken to its end, convolutions of single channels followed by 1×1 ones, with a way round each block.
//!
//! # Example
//! ```
//! use cornu::applications::Xception;
//! let features = Xception::new().include_top(false).input_shape([71, 71, 3]).pooling("avg");
//! assert_eq!(features.build()?.output_shape().axes(), &[2048]);
//! # Ok::<(), cornu::Error>(())
//! ```
//!
//! # Source
//! Chollet, "Xception: Deep Learning with Depthwise Separable Convolutions", 2016.

use super::settings::Common;
use crate::layers::classes::*;
use crate::model::{Apply, Symbol};

application! {
    /// Fourteen blocks of separable convolutions.
    Xception: 22_910_480 weights, 299 pixels, at least 71, named "xception", {}
    |_own, common, image| xception(common, image)
}

preprocessing!(Tf);

fn norm(name: String, x: &Symbol) -> Symbol {
    BatchNormalization::new().name(name).on(x)
}

fn relu(name: String, x: &Symbol) -> Symbol {
    Activation::new("relu").name(name).on(x)
}

fn conv(name: &str, x: &Symbol, filters: usize, stride: usize) -> Symbol {
    let conv = Conv2D::new(filters, 3).strides(stride).use_bias(false);
    let x = norm(format!("{name}_bn"), &conv.name(name).on(x));
    relu(format!("{name}_act"), &x)
}

fn separable(name: &str, x: &Symbol, filters: usize) -> Symbol {
    let conv = SeparableConv2D::new(filters, 3).padding("same");
    let x = conv.use_bias(false).name(name).on(x);
    norm(format!("{name}_bn"), &x)
}

/// The way round a block that halves the maps.
fn projection(x: &Symbol, filters: usize) -> Symbol {
    let conv = Conv2D::new(filters, 1).strides(2).padding("same");
    BatchNormalization::new().on(conv.use_bias(false).on(x))
}

/// A block of two separable convolutions that halves the maps.
fn halving(block: usize, x: &Symbol, [first, second]: [usize; 2]) -> Symbol {
    let n = |part: &str| format!("block{block}_{part}");
    let round = projection(x, second);
    // What comes into the first of them is positive already.
    let x = match block {
        2 => x.clone(),
        _ => relu(n("sepconv1_act"), x),
    };
    let x = separable(&n("sepconv1"), &x, first);
    let x = relu(n("sepconv2_act"), &x);
    let x = separable(&n("sepconv2"), &x, second);
    let pool = MaxPooling2D::new(3).strides(2).padding("same");
    let x = pool.name(n("pool")).on(&x);
    Add::new().on([&x, &round])
}

fn xception(common: &Common, image: &Symbol) -> Symbol {
    let x = conv("block1_conv1", image, 32, 2);
    let mut x = conv("block1_conv2", &x, 64, 1);
    for (block, filters) in [(2, 128), (3, 256), (4, 728)] {
        x = halving(block, &x, [filters, filters]);
    }
    for block in 5..13 {
        let round = x.clone();
        for i in 1..=3 {
            let name = format!("block{block}_sepconv{i}");
            x = separable(&name, &relu(format!("{name}_act"), &x), 728);
        }
        x = Add::new().on([&x, &round]);
    }
    x = halving(13, &x, [728, 1024]);
    for (i, filters) in [(1, 1536), (2, 2048)] {
        let name = format!("block14_sepconv{i}");
        x = relu(format!("{name}_act"), &separable(&name, &x, filters));
    }
    common.end(&x, false, |x| common.averaged(x))
}
