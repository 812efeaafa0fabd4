//! Layers that move values and change none, or fill in what lies between them.

mod blocks;
mod framing;
mod interpolation;
mod margins;

family! {
    flatten::Flatten,
    reshape::Reshape,
    permute::Permute,
    repeat_vector::RepeatVector,
    zero_padding1d::ZeroPadding1D,
    zero_padding2d::ZeroPadding2D,
    zero_padding3d::ZeroPadding3D,
    cropping1d::Cropping1D,
    cropping2d::Cropping2D,
    cropping3d::Cropping3D,
    up_sampling1d::UpSampling1D,
    up_sampling2d::UpSampling2D,
    up_sampling3d::UpSampling3D,
    pixel_shuffle::PixelShuffle,
    pixel_unshuffle::PixelUnshuffle,
}

pub use interpolation::Interpolation;
pub use margins::Margins;
