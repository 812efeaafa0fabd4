//! Layers that change images at random, in training alone.

mod span;

family! {
    random_flip::RandomFlip,
    random_brightness::RandomBrightness,
    random_contrast::RandomContrast,
    random_saturation::RandomSaturation,
}

pub use random_flip::FlipMode;
pub use span::Span;
