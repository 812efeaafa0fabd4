//! Every layer by the same measure: configs that survive, shapes that hold, gradients that are finite, mistakes that are told.
#![allow(clippy::print_stderr)] // what is skipped is told

#[path = "layers/behaviour.rs"]
mod behaviour;
#[path = "layers/check.rs"]
mod check;
#[path = "layers/messages.rs"]
mod messages;
#[path = "layers/mutations.rs"]
mod mutations;
#[path = "layers/noise.rs"]
mod noise;
#[path = "layers/pictures.rs"]
mod pictures;
#[path = "layers/random_configs.rs"]
mod random_configs;
#[path = "layers/samples.rs"]
mod samples;
#[path = "layers/states.rs"]
mod states;
#[path = "layers/texts.rs"]
mod texts;
#[path = "layers/weights.rs"]
mod weights;

use std::collections::BTreeSet;

use cornu::layers;

#[test]
fn every_layer_passes_the_check() {
    for sample in samples::all() {
        check::check_layer(&sample);
    }
}

#[test]
fn every_layer_has_a_sample() {
    let have: BTreeSet<&str> = samples::all().iter().map(|s| s.class).collect();
    let lacking: Vec<&str> = layers::names()
        .into_iter()
        .filter(|n| !have.contains(n))
        .collect();
    assert!(lacking.is_empty(), "no sample of {lacking:?}");
}
