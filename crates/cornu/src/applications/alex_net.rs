//! AlexNet: five convolutions, three dense layers, and responses normalised by their neighbours.
//!
//! # Example
//! ```
//! use cornu::applications::AlexNet;
//! let model = AlexNet::new().one_tower(true).input_shape([67, 67, 3]).classes(10).build()?;
//! assert_eq!(model.output_shape().axes(), &[10]);
//! # Ok::<(), cornu::Error>(())
//! ```
//!
//! # Source
//! Krizhevsky, Sutskever and Hinton, "ImageNet Classification with Deep Convolutional Neural Networks", 2012: two towers, which
//! meet at the third convolution and at the dense layers, and [`LocalResponseNormalization`] after the first two. One tower:
//! Krizhevsky, "One weird trick for parallelizing convolutional neural networks", 2014.

use super::settings::Common;
use crate::layers::classes::*;
use crate::model::{Apply, Symbol};

application! {
    /// The network that won ILSVRC 2012, in the form of its article or in that of one machine; not among Keras's networks.
    AlexNet: 60_965_224 weights, 227 pixels, at least 67, named "alexnet",
    {
        /// One tower of fewer channels and no normalisation, 61,100,840 weights; false without it.
        one_tower: bool = false,
        /// The share that the dense layers' dropout drops; 0.5 without it.
        dropout: f64 = 0.5,
    }
    |own, common, image| alex_net(common, image, own.one_tower, own.dropout)
}

fn alex_net(common: &Common, image: &Symbol, one_tower: bool, dropout: f64) -> Symbol {
    let (filters, groups) = if one_tower {
        ([64, 192, 384, 256, 256], 1)
    } else {
        ([96, 256, 384, 384, 256], 2)
    };
    let conv = |i: usize, kernel: usize| {
        Conv2D::new(filters[i - 1], kernel)
            .padding("same")
            .activation("relu")
            .name(format!("conv{i}"))
    };
    let normed = |x: Symbol, i: usize| {
        let x = match one_tower {
            true => x,
            false => LocalResponseNormalization::new()
                .name(format!("norm{i}"))
                .on(&x),
        };
        MaxPooling2D::new(3)
            .strides(2)
            .name(format!("pool{i}"))
            .on(&x)
    };
    let mut x = image.clone();
    if one_tower {
        x = ZeroPadding2D::new(2).name("conv1_pad").on(&x);
    }
    x = normed(conv(1, 11).padding("valid").strides(4).on(&x), 1);
    x = normed(conv(2, 5).groups(groups).on(&x), 2);
    x = conv(3, 3).on(&x);
    x = conv(4, 3).groups(groups).on(&x);
    x = conv(5, 3).groups(groups).on(&x);
    x = MaxPooling2D::new(3).strides(2).name("pool5").on(&x);
    common.end(&x, false, |x| {
        let mut x = Flatten::new().on(x);
        for i in [6, 7] {
            let dense = Dense::new(4096).activation("relu");
            x = dense.name(format!("fc{i}")).on(&x);
            x = Dropout::new(dropout).name(format!("drop{i}")).on(&x);
        }
        common.predictions().name("fc8").on(&x)
    })
}
