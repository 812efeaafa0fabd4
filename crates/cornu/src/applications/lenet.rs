//! LeNet-5: two convolutions and three dense layers, which read the digits on cheques.
//!
//! # Example
//! ```
//! use cornu::applications::LeNet5;
//! let model = LeNet5::new().build()?;
//! assert_eq!((model.output_shape().axes(), model.count_params()), (&[10][..], 61_706));
//! # Ok::<(), cornu::Error>(())
//! ```
//!
//! # Source
//! LeCun, Bottou, Bengio and Haffner, "Gradient-Based Learning Applied to Document Recognition", 1998, figure 2; as it is usually
//! built today: each map of the second convolution sees all of the first's, means have no weights, and a softmax ends it.

use super::settings::Common;
use crate::layers::classes::*;
use crate::model::{Apply, Symbol};

application! {
    /// Two convolutions with means behind them, and three dense layers; not among Keras's networks.
    LeNet5: 61_706 weights, 32 pixels, at least 16, 10 classes of 1 channels, named "lenet5",
    {
        /// Whether convolutions have zeros round the image first, for digits of 28×28 pixels; false without it.
        padded: bool = false,
    }
    |own, common, image| lenet(common, image, own.padded)
}

fn lenet(common: &Common, image: &Symbol, padded: bool) -> Symbol {
    let conv = |filters: usize, name: &str| Conv2D::new(filters, 5).activation("tanh").name(name);
    let first = conv(6, "c1").padding(if padded { "same" } else { "valid" });
    let x = AveragePooling2D::new(2).name("s2").on(first.on(image));
    let x = AveragePooling2D::new(2)
        .name("s4")
        .on(conv(16, "c3").on(&x));
    common.end(&x, false, |x| {
        let mut x = Flatten::new().name("flatten").on(x);
        for (units, name) in [(120, "c5"), (84, "f6")] {
            x = Dense::new(units).activation("tanh").name(name).on(&x);
        }
        common.predictions().on(&x)
    })
}
