//! Brightness, contrast, saturation and hue changed at random during training.

use serde::{Deserialize, Serialize};

use super::span::{self, Span};
use super::{RandomBrightness, RandomContrast, RandomHue, RandomSaturation};
use crate::error::Result;
use crate::graph::Value;
use crate::layers::DataFormat;
use crate::layers::images::{ChannelsLast, images};
use crate::layers::{Base, Context, Layer, WeightSpec, inputs};
use crate::shape::Shape;

/// Changes brightness, contrast, saturation and hue of an image, those whose factors are given and in this order, drawn anew for each image
/// at each step of training; does nothing in use.
///
/// As [`RandomBrightness`](crate::layers::RandomBrightness), [`RandomContrast`](crate::layers::RandomContrast),
/// [`RandomSaturation`](crate::layers::RandomSaturation) and [`RandomHue`](crate::layers::RandomHue) one after the other.
///
/// # Shapes
/// `[height, width, channels]`, 3 channels where saturation or hue change; the output has the input's.
///
/// # Errors
/// Factors that those layers refuse; a `value_range` that is none; an input that is no image.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let layer = RandomColorJitter::new().brightness_factor(0.2).hue_factor(0.1).value_range(0.0, 1.0);
/// let model = Sequential::new().input([32, 32, 3]).add(layer).build()?;
/// assert_eq!(model.output_shape().axes(), &[32, 32, 3]);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Keras
/// What is drawn comes from the run's seed or from the layer's own; it is not Keras's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RandomColorJitter {
    #[serde(skip)]
    base: Base,
    #[serde(default = "span::bytes")]
    value_range: (f64, f64),
    #[serde(default)]
    brightness_factor: Option<Span<-1>>,
    #[serde(default)]
    contrast_factor: Option<Span<0>>,
    #[serde(default)]
    saturation_factor: Option<Span<-1>>,
    #[serde(default)]
    hue_factor: Option<Span<0>>,
    #[serde(default)]
    seed: Option<i64>,
    #[serde(default)]
    data_format: DataFormat,
}

layer!(RandomColorJitter);

impl Default for RandomColorJitter {
    fn default() -> Self {
        Self::new()
    }
}

impl RandomColorJitter {
    /// Changes nothing before a factor is set.
    pub fn new() -> Self {
        Self {
            base: Base::default(),
            value_range: span::bytes(),
            brightness_factor: None,
            contrast_factor: None,
            saturation_factor: None,
            hue_factor: None,
            seed: None,
            data_format: DataFormat::ChannelsLast,
        }
    }

    value_range!();

    setters! {
        /// The factor of RandomBrightness.
        brightness_factor: Span<-1> = Some,
        /// The factor of RandomContrast.
        contrast_factor: Span<0> = Some,
        /// The factor of RandomSaturation.
        saturation_factor: Span<-1> = Some,
        /// The factor of RandomHue.
        hue_factor: Span<0> = Some,
        /// A seed of the layer's own, so that what it draws does not depend on the run's.
        seed: i64 = Some,
    }
}

images!(RandomColorJitter);

impl ChannelsLast for RandomColorJitter {
    fn build_last(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        inputs::image("RandomColorJitter", inputs)?;
        span::check_pixels(self.value_range)?;
        for layer in self.layers() {
            layer.build(inputs)?;
        }
        Ok(Vec::new())
    }

    fn call_last(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let x = inputs[0];
        if !cx.training {
            return Ok(x);
        }
        let mut y = x;
        for layer in self.layers() {
            y = layer.call(cx, &[y])?;
        }
        Ok(y)
    }
}

impl RandomColorJitter {
    /// The layers one after the other.
    fn layers(&self) -> Vec<Box<dyn Layer>> {
        let ((low, high), seed) = (self.value_range, self.seed);
        let mut all = Vec::new();
        if let Some(factor) = self.brightness_factor {
            let layer = RandomBrightness::new(factor).value_range(low, high);
            all.push(seeded!(seed, layer));
        }
        if let Some(factor) = self.contrast_factor {
            let layer = RandomContrast::new(factor).value_range(low, high);
            all.push(seeded!(seed, layer));
        }
        if let Some(factor) = self.saturation_factor {
            let layer = RandomSaturation::new(factor).value_range(low, high);
            all.push(seeded!(seed, layer));
        }
        if let Some(factor) = self.hue_factor {
            let layer = RandomHue::new(factor).value_range(low, high);
            all.push(seeded!(seed, layer));
        }
        all
    }
}
