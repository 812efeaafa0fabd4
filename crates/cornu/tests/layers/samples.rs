//! Each layer at least once, in small: its config, its inputs, and what should come of them. One file a family.

#[path = "samples/activation.rs"]
mod activation;
#[path = "samples/attention.rs"]
mod attention;
#[path = "samples/augmentation.rs"]
mod augmentation;
#[path = "samples/convolutional.rs"]
mod convolutional;
#[path = "samples/core.rs"]
mod core;
#[path = "samples/merging.rs"]
mod merging;
#[path = "samples/normalization.rs"]
mod normalization;
#[path = "samples/pooling.rs"]
mod pooling;
#[path = "samples/preprocessing.rs"]
mod preprocessing;
#[path = "samples/recurrent.rs"]
mod recurrent;
#[path = "samples/regularization.rs"]
mod regularization;
#[path = "samples/reshaping.rs"]
mod reshaping;

use serde_json::Value as Json;

/// A layer on inputs of given shapes (without the batch).
pub(crate) struct Sample {
    pub(crate) class: &'static str,
    pub(crate) config: Json,
    pub(crate) inputs: Vec<Vec<usize>>,
    pub(crate) output: Vec<usize>,
    /// Numbers in all weights.
    pub(crate) parameters: usize,
}

fn sample(
    class: &'static str,
    config: Json,
    inputs: &[&[usize]],
    output: &[usize],
    parameters: usize,
) -> Sample {
    Sample {
        class,
        config,
        inputs: inputs.iter().map(|s| s.to_vec()).collect(),
        output: output.to_vec(),
        parameters,
    }
}

pub(crate) fn all() -> Vec<Sample> {
    [
        activation::all(),
        attention::all(),
        augmentation::all(),
        convolutional::all(),
        core::all(),
        merging::all(),
        normalization::all(),
        pooling::all(),
        preprocessing::all(),
        recurrent::all(),
        regularization::all(),
        reshaping::all(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
