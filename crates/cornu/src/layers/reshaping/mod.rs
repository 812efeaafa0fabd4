//! Layers that move values and change none.

family! {
    flatten::Flatten,
    reshape::Reshape,
    permute::Permute,
    repeat_vector::RepeatVector,
    zero_padding2d::ZeroPadding2D,
}

pub use zero_padding2d::Margins;
