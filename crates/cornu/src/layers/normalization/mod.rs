//! Layers that give values a mean and a size.

/// What is multiplied in and what is added after normalising, of a layer with the arguments of `gamma_and_beta`.
macro_rules! affine {
    () => {
        fn affine(&self) -> $crate::layers::normalization::grouped::Affine<'_> {
            $crate::layers::normalization::grouped::Affine {
                gamma: self.scale.then_some((
                    &self.gamma_initializer,
                    &self.gamma_regularizer,
                    &self.gamma_constraint,
                )),
                beta: self.center.then_some((
                    &self.beta_initializer,
                    &self.beta_regularizer,
                    &self.beta_constraint,
                )),
            }
        }
    };
}

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
