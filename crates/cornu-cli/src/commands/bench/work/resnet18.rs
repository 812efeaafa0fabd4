//! W2: ResNet-18 for images of 32 pixels, as He et al. have it for CIFAR-10: a 3 × 3 stem without pooling, projections where a stage begins.

use cornu::model::Model;
use cornu::prelude::*;

use super::{Purpose, Sample, Target, Work};

pub(super) const WORKS: &[Work] = &[Work {
    name: "W2-train",
    title: "ResNet-18, 32×32 images, SGD with momentum, batch 64",
    purpose: Purpose::Train,
    batch: 64,
    batches: 24,
    sample: Sample::Numbers(&[32, 32, 3]),
    target: Target::Class(10),
    unit: ("images/s", 1),
    model,
}];

/// A convolution with its normalisation.
fn unit(name: &str, x: &Symbol, filters: usize, kernel: usize, stride: usize) -> Symbol {
    let conv = Conv2D::new(filters, kernel).strides(stride).padding("same");
    let conv = conv.use_bias(false).kernel_initializer("he_normal");
    let y = conv.name(format!("{name}_conv")).on(x);
    let norm = BatchNormalization::new().momentum(0.9).epsilon(1e-5);
    norm.name(format!("{name}_bn")).on(&y)
}

fn relu(x: &Symbol) -> Symbol {
    Activation::new("relu").on(x)
}

fn model(_: bool) -> cornu::Result<Model> {
    let image = input([32, 32, 3]);
    let mut x = relu(&unit("conv1", &image, 64, 3, 1));
    for (stage, filters) in (2..).zip([64, 128, 256, 512]) {
        for block in [1, 2] {
            let name = |part: usize| format!("conv{stage}_block{block}_{part}");
            let halves = stage > 2 && block == 1;
            let stride = if halves { 2 } else { 1 };
            let kept = if halves {
                unit(&name(0), &x, filters, 1, stride)
            } else {
                x.clone()
            };
            let y = relu(&unit(&name(1), &x, filters, 3, stride));
            let y = unit(&name(2), &y, filters, 3, 1);
            x = relu(&Add::new().on([&kept, &y]));
        }
    }
    let x = GlobalAveragePooling2D::new().on(&x);
    let scores = Dense::new(10).name("predictions").on(&x);
    let mut model = Model::new([&image], [&scores])?;
    let loss = SparseCategoricalCrossentropy::default().from_logits(true);
    model.compile(SGD::new(0.01).momentum(0.9), loss, [] as [&str; 0])?;
    Ok(model)
}
