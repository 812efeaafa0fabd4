//! Layers that give values a mean and a size.

mod grouped;
mod renorm;

family! {
    batch_normalization::BatchNormalization,
    layer_normalization::LayerNormalization,
    group_normalization::GroupNormalization,
    instance_normalization::InstanceNormalization,
    unit_normalization::UnitNormalization,
    spectral_normalization::SpectralNormalization,
    rms_normalization::RMSNormalization,
    local_response_normalization::LocalResponseNormalization,
    layer_scale::LayerScale,
}

pub use renorm::RenormClipping;
pub(super) use unit_normalization::unit;
