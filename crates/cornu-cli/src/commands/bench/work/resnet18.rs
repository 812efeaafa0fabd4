//! W2: ResNet-18 for images of 32 pixels, as He et al. have it for CIFAR-10: a 3 × 3 stem without pooling, projections where a stage
//! begins.

use cornu::applications::ResNet18;
use cornu::model::Model;
use cornu::prelude::*;

use super::{Purpose, Sample, Target, Work};

pub(super) const WORKS: &[Work] = &[Work {
    name: "W2-train",
    title: "ResNet-18, 32×32 images, SGD with momentum, batch 64",
    purpose: Purpose::Train,
    batch: 64,
    batches: 24,
    one_sample: false,
    sample: Sample::Numbers(&[32, 32, 3]),
    target: Target::Class(10),
    unit: ("images/s", 1),
    model,
}];

fn model(_: bool) -> cornu::Result<Model> {
    let scores = ResNet18::new().classes(10).classifier_activation(None);
    let small = scores.small_images(true).input_shape([32, 32, 3]);
    let mut model = small.build()?;
    let loss = SparseCategoricalCrossentropy::default().from_logits(true);
    model.compile(SGD::new(0.01).momentum(0.9), loss, [] as [&str; 0])?;
    Ok(model)
}
