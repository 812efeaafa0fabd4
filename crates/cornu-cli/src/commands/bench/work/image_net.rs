//! W6: networks for large photographs: AlexNet is trained, ResNet-50 is used.

use cornu::applications::{AlexNet, ResNet50};
use cornu::model::Model;
use cornu::prelude::*;

use super::{Purpose, Sample, Target, Work};

pub(super) const WORKS: &[Work] = &[
    Work {
        name: "W6-alexnet",
        title: "AlexNet in two towers, 227×227 images, SGD with momentum, batch 16",
        purpose: Purpose::Train,
        batch: 16,
        batches: 8,
        one_sample: true,
        sample: Sample::Numbers(&[227, 227, 3]),
        target: Target::Class(1000),
        unit: ("images/s", 1),
        model: alex_net,
    },
    Work {
        name: "W6-resnet50",
        title: "ResNet-50 in use, 224×224 images, batch 8",
        purpose: Purpose::Infer,
        batch: 8,
        batches: 4,
        one_sample: false,
        sample: Sample::Numbers(&[224, 224, 3]),
        target: Target::Class(1000),
        unit: ("images/s", 1),
        model: resnet50,
    },
    Work {
        name: "W6-resnet50-1",
        title: "ResNet-50 in use, image by image",
        purpose: Purpose::Infer,
        batch: 1,
        batches: 16,
        one_sample: false,
        sample: Sample::Numbers(&[224, 224, 3]),
        target: Target::Class(1000),
        unit: ("images/s", 1),
        model: resnet50,
    },
];

fn alex_net(dropout: bool) -> cornu::Result<Model> {
    let rate = if dropout { 0.5 } else { 0.0 };
    let mut model = AlexNet::new().dropout(rate).build()?;
    model.compile(
        SGD::new(0.01).momentum(0.9),
        SparseCategoricalCrossentropy::default(),
        [] as [&str; 0],
    )?;
    Ok(model)
}

fn resnet50(_: bool) -> cornu::Result<Model> {
    ResNet50::new().build()
}
