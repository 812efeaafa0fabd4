//! Layers that change images at random, in training alone, and those of their kind that leave nothing to chance.

#[macro_use]
mod span;
#[macro_use]
mod warp;

mod blur;
mod boxes;
mod channels;
mod histogram;
mod mixture;
mod repertoire;
mod tiles;

family! {
    random_flip::RandomFlip,
    random_crop::RandomCrop,
    random_translation::RandomTranslation,
    random_rotation::RandomRotation,
    random_zoom::RandomZoom,
    random_shear::RandomShear,
    random_perspective::RandomPerspective,
    random_elastic_transform::RandomElasticTransform,
    random_erasing::RandomErasing,
    random_brightness::RandomBrightness,
    random_contrast::RandomContrast,
    random_saturation::RandomSaturation,
    random_hue::RandomHue,
    random_color_degeneration::RandomColorDegeneration,
    random_color_jitter::RandomColorJitter,
    random_grayscale::RandomGrayscale,
    random_invert::RandomInvert,
    random_posterization::RandomPosterization,
    random_sharpness::RandomSharpness,
    random_gaussian_blur::RandomGaussianBlur,
    solarization::Solarization,
    auto_contrast::AutoContrast,
    equalization::Equalization,
    rand_augment::RandAugment,
    aug_mix::AugMix,
    mix_up::MixUp,
    cut_mix::CutMix,
    contrast_limited_adaptive_histogram_equalization::ContrastLimitedAdaptiveHistogramEqualization,
}

pub use boxes::Paint;
pub use random_flip::FlipMode;
pub use span::Span;
