//! ResNet-18: eight blocks of two 3×3 convolutions, each added to what it was given.

use crate::error::Result;
use crate::layers::classes::*;
use crate::model::{Apply, Model, Symbol, input};

/// The residual network of 18 layers, for small images or for photographs.
///
/// `y = relu(x + bn(conv(relu(bn(conv(x))))))`, with a 1×1 convolution on `x` where the size changes. Convolutions have no bias, and
/// the last layer hands out scores, before softmax.
///
/// # Shapes
/// `[height, width, channels] → [classes]`; height and width are divided by 8 (small images) or 32.
///
/// # Errors
/// As of its layers: an image too small to be halved so often.
///
/// # Example
/// ```
/// use cornu::applications::ResNet18;
/// let model = ResNet18::small([32, 32, 3], 10).build()?;
/// assert_eq!(model.count_params(), 11_173_962 + 2 * 4_800);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Source
/// He, Zhang, Ren and Sun, "Deep Residual Learning for Image Recognition", 2015, table 1; the form for small images (a 3×3 stem, no
/// pooling) as it became usual for CIFAR-10.
///
/// # Keras
/// Keras has no ResNet-18. Layers are named in the manner of its ResNet-50.
#[derive(Clone, Debug)]
pub struct ResNet18 {
    image: [usize; 3],
    classes: usize,
    small: bool,
    seed: u64,
}

impl ResNet18 {
    /// For images of about 32×32 pixels: the stem keeps their size.
    pub fn small(image: [usize; 3], classes: usize) -> Self {
        Self {
            image,
            classes,
            small: true,
            seed: 0,
        }
    }

    /// For photographs of about 224×224 pixels: the stem makes them four times smaller.
    pub fn large(image: [usize; 3], classes: usize) -> Self {
        Self {
            small: false,
            ..Self::small(image, classes)
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
        let mut x = if self.small {
            let x = conv(64, 3, 1).name("conv1_conv").on(&image);
            relu("conv1_relu", &norm("conv1_bn", &x))
        } else {
            let x = ZeroPadding2D::new(3).name("conv1_pad").on(&image);
            let x = conv(64, 7, 2).padding("valid").name("conv1_conv").on(&x);
            let x = relu("conv1_relu", &norm("conv1_bn", &x));
            let pool = MaxPooling2D::new(3).strides(2).padding("same");
            pool.name("pool1_pool").on(&x)
        };
        for (stage, filters) in [64, 128, 256, 512].into_iter().enumerate() {
            for block in 0..2 {
                let shrinks = stage > 0 && block == 0;
                let name = format!("conv{}_block{}", stage + 2, block + 1);
                x = residual(&name, &x, filters, shrinks);
            }
        }
        let x = GlobalAveragePooling2D::new().name("avg_pool").on(&x);
        let y = Dense::new(self.classes).name("predictions").on(&x);
        Model::seeded([&image], [&y], self.seed)
    }
}

fn conv(filters: usize, kernel: usize, stride: usize) -> Conv2D {
    Conv2D::new(filters, kernel)
        .strides(stride)
        .padding("same")
        .use_bias(false)
        .kernel_initializer("he_normal")
}

fn norm(name: &str, x: &Symbol) -> Symbol {
    BatchNormalization::new()
        .momentum(0.9)
        .epsilon(1e-5)
        .name(name)
        .on(x)
}

fn relu(name: &str, x: &Symbol) -> Symbol {
    Activation::new("relu").name(name).on(x)
}

fn residual(name: &str, x: &Symbol, filters: usize, shrinks: bool) -> Symbol {
    let n = |part: &str| format!("{name}_{part}");
    let stride = if shrinks { 2 } else { 1 };
    let kept = if shrinks {
        let kept = conv(filters, 1, stride).name(n("0_conv")).on(x);
        norm(&n("0_bn"), &kept)
    } else {
        x.clone()
    };
    let y = conv(filters, 3, stride).name(n("1_conv")).on(x);
    let y = relu(&n("1_relu"), &norm(&n("1_bn"), &y));
    let y = conv(filters, 3, 1).name(n("2_conv")).on(&y);
    let y = norm(&n("2_bn"), &y);
    let y = Add::new().name(n("add")).on([&kept, &y]);
    relu(&n("out"), &y)
}
