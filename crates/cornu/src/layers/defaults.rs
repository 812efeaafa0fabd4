//! Defaults that many layers share, as serde asks for them: functions.

use super::{DataFormat, Padding, Sizes};
use crate::activations::Activation;
use crate::choice::Choice;
use crate::initializers::InitializerConfig;

pub(super) fn linear() -> Choice<Activation> {
    Choice::Known(Activation::linear())
}

pub(super) fn yes() -> bool {
    true
}

pub(super) fn glorot_uniform() -> InitializerConfig {
    InitializerConfig::named("glorot_uniform")
}

pub(super) fn zeros() -> InitializerConfig {
    InitializerConfig::named("zeros")
}

pub(super) fn uniform() -> InitializerConfig {
    InitializerConfig::named("random_uniform")
}

pub(super) fn ones() -> InitializerConfig {
    InitializerConfig::named("ones")
}

pub(super) fn one<const N: usize>() -> Sizes<N> {
    Sizes::from(1)
}

pub(super) fn valid() -> Choice<Padding> {
    Choice::Known(Padding::Valid)
}

pub(super) fn channels_last() -> Choice<DataFormat> {
    Choice::Known(DataFormat::ChannelsLast)
}

pub(super) fn single() -> usize {
    1
}
