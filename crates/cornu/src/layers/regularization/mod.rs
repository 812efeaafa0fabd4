//! Layers that hinder over-fitting, in training alone.

pub(super) mod drop;

family! {
    dropout::Dropout,
    activity_regularization::ActivityRegularization,
    spatial_dropout1d::SpatialDropout1D,
    spatial_dropout2d::SpatialDropout2D,
    spatial_dropout3d::SpatialDropout3D,
    alpha_dropout::AlphaDropout,
    gaussian_dropout::GaussianDropout,
    gaussian_noise::GaussianNoise,
    stochastic_depth::StochasticDepth,
}
