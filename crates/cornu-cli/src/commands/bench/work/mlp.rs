//! W4: dense layers alone, where matrix products meet the optimizer's pass over all weights.

use cornu::model::Model;
use cornu::prelude::*;

use super::{Purpose, Sample, Target, Work};

pub(super) const WORKS: &[Work] = &[Work {
    name: "W4-train",
    title: "MLP 784-512-512-10, Adam, batch 128",
    purpose: Purpose::Train,
    batch: 128,
    batches: 96,
    one_sample: false,
    sample: Sample::Numbers(&[784]),
    target: Target::Class(10),
    unit: ("samples/s", 1),
    model,
}];

fn model(_: bool) -> cornu::Result<Model> {
    let mut model = Sequential::new()
        .input([784])
        .add(Dense::new(512).activation("relu"))
        .add(Dense::new(512).activation("relu"))
        .add(Dense::new(10).activation("softmax"))
        .build()?;
    model.compile(
        Adam::default(),
        SparseCategoricalCrossentropy::default(),
        [] as [&str; 0],
    )?;
    Ok(model)
}
