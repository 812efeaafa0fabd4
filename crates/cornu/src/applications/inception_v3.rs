//! Inception, version 3: at each level convolutions of several sizes side by side, large ones taken apart into rows and columns.
//!
//! # Example
//! ```
//! use cornu::applications::InceptionV3;
//! let features = InceptionV3::new().include_top(false).input_shape([75, 75, 3]).pooling("avg");
//! assert_eq!(features.build()?.output_shape().axes(), &[2048]);
//! # Ok::<(), cornu::Error>(())
//! ```
//!
//! # Source
//! Szegedy, Vanhoucke, Ioffe, Shlens and Wojna, "Rethinking the Inception Architecture for Computer Vision", 2015.

use super::inception::{branch, conv, halving, mixed};
use super::settings::Common;
use crate::layers::classes::*;
use crate::model::{Apply, Symbol};

application! {
    /// Eleven levels of convolutions side by side.
    InceptionV3: 23_851_784 weights, 299 pixels, at least 75, named "inception_v3", {}
    |_own, common, image| inception(common, image)
}

preprocessing!(Tf);

/// The mean of each neighbourhood, then a 1×1 convolution.
fn pooled(x: &Symbol, filters: usize) -> Symbol {
    let mean = AveragePooling2D::new(3).strides(1).padding("same").on(x);
    branch(&mean, &[(filters, (1, 1))])
}

fn inception(common: &Common, image: &Symbol) -> Symbol {
    const ONE: (usize, usize) = (1, 1);
    const THREE: (usize, usize) = (3, 3);
    const ROW: (usize, usize) = (1, 7);
    const COLUMN: (usize, usize) = (7, 1);
    let x = conv(image, 32, THREE, 2, "valid");
    let x = conv(&x, 32, THREE, 1, "valid");
    let x = conv(&x, 64, THREE, 1, "same");
    let x = MaxPooling2D::new(3).strides(2).on(&x);
    let x = conv(&x, 80, ONE, 1, "valid");
    let x = conv(&x, 192, THREE, 1, "valid");
    let mut x = MaxPooling2D::new(3).strides(2).on(&x);
    for (level, filters) in [32, 64, 64].into_iter().enumerate() {
        let branches = [
            branch(&x, &[(64, ONE)]),
            branch(&x, &[(48, ONE), (64, (5, 5))]),
            branch(&x, &[(64, ONE), (96, THREE), (96, THREE)]),
            pooled(&x, filters),
        ];
        x = mixed(&format!("mixed{level}"), &branches);
    }
    let branches = [
        halving(&x, &[(384, THREE)]),
        halving(&x, &[(64, ONE), (96, THREE), (96, THREE)]),
        halving(&x, &[]),
    ];
    x = mixed("mixed3", &branches);
    for (level, n) in [128, 160, 160, 192].into_iter().enumerate() {
        let branches = [
            branch(&x, &[(192, ONE)]),
            branch(&x, &[(n, ONE), (n, ROW), (192, COLUMN)]),
            branch(
                &x,
                &[(n, ONE), (n, COLUMN), (n, ROW), (n, COLUMN), (192, ROW)],
            ),
            pooled(&x, 192),
        ];
        x = mixed(&format!("mixed{}", level + 4), &branches);
    }
    let branches = [
        halving(&x, &[(192, ONE), (320, THREE)]),
        halving(&x, &[(192, ONE), (192, ROW), (192, COLUMN), (192, THREE)]),
        halving(&x, &[]),
    ];
    x = mixed("mixed8", &branches);
    for level in 0..2 {
        let first = branch(&x, &[(320, ONE)]);
        let apart = |y: &Symbol| [branch(y, &[(384, (1, 3))]), branch(y, &[(384, (3, 1))])];
        let second = apart(&branch(&x, &[(384, ONE)]));
        let second = mixed(&format!("mixed9_{level}"), &second);
        let third = apart(&branch(&x, &[(448, ONE), (384, THREE)]));
        let third = Concatenate::new().on(&third[..]);
        let branches = [first, second, third, pooled(&x, 192)];
        x = mixed(&format!("mixed{}", level + 9), &branches);
    }
    common.end(&x, false, |x| common.averaged(x))
}
