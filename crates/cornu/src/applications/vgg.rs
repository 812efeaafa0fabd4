//! VGG: 3×3 convolutions in five blocks, each ended by a pooling that halves the maps.
//!
//! # Example
//! ```
//! use cornu::applications::VGG16;
//! let features = VGG16::new().include_top(false).input_shape([32, 32, 3]).pooling("avg");
//! assert_eq!(features.build()?.output_shape().axes(), &[512]);
//! # Ok::<(), cornu::Error>(())
//! ```
//!
//! # Source
//! Simonyan and Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition", 2014, table 1, columns D and E.

use super::settings::Common;
use crate::layers::classes::*;
use crate::model::{Apply, Symbol};

application! {
    /// Thirteen convolutions and three dense layers.
    VGG16: 138_357_544 weights, 224 pixels, at least 32, named "vgg16", {}
    |_own, common, image| vgg(common, image, [2, 2, 3, 3, 3])
}

application! {
    /// Sixteen convolutions and three dense layers.
    VGG19: 143_667_240 weights, 224 pixels, at least 32, named "vgg19", {}
    |_own, common, image| vgg(common, image, [2, 2, 4, 4, 4])
}

preprocessing!(Caffe);

fn vgg(common: &Common, image: &Symbol, convolutions: [usize; 5]) -> Symbol {
    let mut x = image.clone();
    for (block, (count, filters)) in convolutions
        .into_iter()
        .zip([64, 128, 256, 512, 512])
        .enumerate()
    {
        let block = block + 1;
        for i in 1..=count {
            let conv = Conv2D::new(filters, 3).padding("same").activation("relu");
            x = conv.name(format!("block{block}_conv{i}")).on(&x);
        }
        x = MaxPooling2D::new(2)
            .name(format!("block{block}_pool"))
            .on(&x);
    }
    common.end(&x, false, |x| {
        let mut x = Flatten::new().name("flatten").on(x);
        for name in ["fc1", "fc2"] {
            x = Dense::new(4096).activation("relu").name(name).on(&x);
        }
        common.predictions().on(&x)
    })
}
