//! W1: the network that `cornu train` trains without a recipe, as a well-known article has it.

use cornu::model::Model;
use cornu::prelude::*;

use super::{Purpose, Sample, Target, Work};

pub(super) const WORKS: &[Work] = &[
    Work {
        name: "W1-train",
        title: "CNN of two convolutions, 32×32 images, Adam, batch 128",
        purpose: Purpose::Train,
        batch: 128,
        batches: 24,
        one_sample: false,
        sample: Sample::Numbers(&[32, 32, 3]),
        target: Target::Class(10),
        unit: ("images/s", 1),
        model,
    },
    Work {
        name: "W1-infer",
        title: "the same network in use, batch 128",
        purpose: Purpose::Infer,
        batch: 128,
        batches: 4,
        one_sample: false,
        sample: Sample::Numbers(&[32, 32, 3]),
        target: Target::Class(10),
        unit: ("images/s", 1),
        model,
    },
    Work {
        name: "W1-infer-1",
        title: "the same network in use, image by image",
        purpose: Purpose::Infer,
        batch: 1,
        batches: 128,
        one_sample: false,
        sample: Sample::Numbers(&[32, 32, 3]),
        target: Target::Class(10),
        unit: ("images/s", 1),
        model,
    },
];

fn model(dropout: bool) -> cornu::Result<Model> {
    let rate = |rate: f64| if dropout { rate } else { 0.0 };
    let mut model = Sequential::new()
        .input([32, 32, 3])
        .add(Conv2D::new(32, 3).activation("relu"))
        .add(MaxPooling2D::new(2))
        .add(Dropout::new(rate(0.25)))
        .add(Conv2D::new(64, 3).activation("relu"))
        .add(MaxPooling2D::new(2))
        .add(Dropout::new(rate(0.25)))
        .add(Flatten::new())
        .add(Dense::new(64).activation("relu"))
        .add(Dropout::new(rate(0.5)))
        .add(Dense::new(10).activation("softmax"))
        .build()?;
    model.compile(
        Adam::default(),
        SparseCategoricalCrossentropy::default(),
        [] as [&str; 0],
    )?;
    Ok(model)
}
