//! Layers that give values a mean and a size.

family! {
    batch_normalization::BatchNormalization,
    layer_normalization::LayerNormalization,
    rms_normalization::RMSNormalization,
    local_response_normalization::LocalResponseNormalization,
}
