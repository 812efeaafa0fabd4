//! Layers that turn raw data into numbers that networks like.
//!
//! Those of numbers are layers of a model; those of texts are called beside it ([`Texts`] says how).

mod encoding;
mod feature;
mod feature_space;
mod frames;
mod quantiles;
mod salt;
mod saved;
mod string_lookup;
mod text_vectorization;
mod texts;
mod vocabulary;
pub(in crate::layers) mod window;

pub use encoding::{Nested, OutputMode};
pub use feature::Feature;
pub use feature_space::FeatureSpace;
pub use hashing::MaskValue;
pub use resizing::FillMode;
pub use salt::Salt;
pub use stft_spectrogram::StftMode;
pub use string_lookup::StringLookup;
pub use text_vectorization::{Ngrams, Split, Standardize, TextVectorization};
pub use texts::{Column, Texts};

use crate::tensor::{Data, Tensor};

family! {
    rescaling::Rescaling,
    resizing::Resizing,
    center_crop::CenterCrop,
    normalization::Normalization,
    discretization::Discretization,
    category_encoding::CategoryEncoding,
    hashing::Hashing,
    hashed_crossing::HashedCrossing,
    integer_lookup::IntegerLookup,
    pipeline::Pipeline,
    mel_spectrogram::MelSpectrogram,
    stft_spectrogram::STFTSpectrogram,
    max_num_bounding_boxes::MaxNumBoundingBoxes,
}

/// The elements of an array as floats, whatever their type.
fn floats_of(data: &Tensor) -> Vec<f32> {
    match data.data() {
        Data::F32(v) => v.clone(),
        Data::I32(v) => v.iter().map(|&x| x as f32).collect(),
        Data::U8(v) => v.iter().map(|&x| f32::from(x)).collect(),
    }
}
