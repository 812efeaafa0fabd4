//! ResNet-50: sixteen blocks of a 1×1, a 3×3 and a 1×1 convolution, each added to what it was given.

use crate::error::Result;
use crate::layers::classes::*;
use crate::model::{Apply, Model, Symbol, input};

/// The residual network of 50 layers, layer for layer and name for name Keras's `keras.applications.ResNet50`.
///
/// # Shapes
/// `[height, width, channels] → [classes]`, probabilities; height and width are divided by 32.
///
/// # Errors
/// As of its layers: an image too small to be halved five times.
///
/// # Example
/// ```
/// use cornu::applications::ResNet50;
/// let model = ResNet50::new([224, 224, 3], 1000).build()?;
/// assert_eq!(model.count_params(), 25_636_712);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Source
/// He, Zhang, Ren and Sun, "Deep Residual Learning for Image Recognition", 2015.
///
/// # Keras
/// The same layers, names and weights. Trained weights are not shipped.
#[derive(Clone, Debug)]
pub struct ResNet50 {
    image: [usize; 3],
    classes: usize,
    seed: u64,
}

impl ResNet50 {
    /// For images of a size, into classes.
    pub fn new(image: [usize; 3], classes: usize) -> Self {
        Self {
            image,
            classes,
            seed: 0,
        }
    }

    /// The seed from which the weights are drawn; 0 without it.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Builds the model.
    pub fn build(&self) -> Result<Model> {
        let image = input(self.image);
        let x = ZeroPadding2D::new(3).name("conv1_pad").on(&image);
        let x = Conv2D::new(64, 7).strides(2).name("conv1_conv").on(&x);
        let x = relu("conv1_relu", &norm("conv1_bn", &x));
        let x = ZeroPadding2D::new(1).name("pool1_pad").on(&x);
        let mut x = MaxPooling2D::new(3).strides(2).name("pool1_pool").on(&x);
        for (stage, blocks) in [3, 4, 6, 3].into_iter().enumerate() {
            for block in 1..=blocks {
                let stride = if stage > 0 && block == 1 { 2 } else { 1 };
                let name = format!("conv{}_block{block}", stage + 2);
                x = bottleneck(&name, &x, 64 << stage, stride, block == 1);
            }
        }
        let x = GlobalAveragePooling2D::new().name("avg_pool").on(&x);
        let y = Dense::new(self.classes).activation("softmax");
        let y = y.name("predictions").on(&x);
        Model::seeded([&image], [&y], self.seed)
    }
}

fn norm(name: &str, x: &Symbol) -> Symbol {
    BatchNormalization::new().epsilon(1.001e-5).name(name).on(x)
}

fn relu(name: &str, x: &Symbol) -> Symbol {
    Activation::new("relu").name(name).on(x)
}

fn bottleneck(name: &str, x: &Symbol, filters: usize, stride: usize, projects: bool) -> Symbol {
    let n = |part: &str| format!("{name}_{part}");
    let kept = if projects {
        let kept = Conv2D::new(4 * filters, 1).strides(stride);
        norm(&n("0_bn"), &kept.name(n("0_conv")).on(x))
    } else {
        x.clone()
    };
    let y = Conv2D::new(filters, 1).strides(stride);
    let y = y.name(n("1_conv")).on(x);
    let before = relu(&n("1_relu"), &norm(&n("1_bn"), &y));
    let y = Conv2D::new(filters, 3).padding("same");
    let y = y.name(n("2_conv")).on(&before);
    let y = relu(&n("2_relu"), &norm(&n("2_bn"), &y));
    let y = Conv2D::new(4 * filters, 1).name(n("3_conv")).on(&y);
    let y = norm(&n("3_bn"), &y);
    let y = Add::new().name(n("add")).on([&kept, &y]);
    relu(&n("out"), &y)
}
