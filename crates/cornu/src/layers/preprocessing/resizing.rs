//! Images made larger or smaller.

use serde::{Deserialize, Serialize};

use super::window;
use crate::choice::{Choice, Named};
use crate::error::{Error, Result};
use crate::graph::Value;
use crate::graph::ops::Resampling;
use crate::layers::DataFormat;
use crate::layers::Pair;
use crate::layers::images::{ChannelsLast, images};
use crate::layers::{Base, Context, WeightSpec, inputs};
use crate::shape::Shape;

/// Resizes images, in training as in use.
///
/// Each output pixel is a weighted sum of the pixels around its place, where pixel `i` of `n` lies at `(i + ½) / n` of the image; the
/// weights are those of the `interpolation`. With `antialias`, more pixels count where an image shrinks.
///
/// # Shapes
/// `[input height, input width, channels]`; output `[height, width, channels]`.
///
/// # Errors
/// Sizes of 0; an interpolation or fill mode of another name; both aspect ratios kept at once; an input that is no image.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let layer = Resizing::new(16, 24).interpolation("bicubic").crop_to_aspect_ratio(true);
/// let model = Sequential::new().input([32, 32, 3]).add(layer).build()?;
/// assert_eq!(model.output_shape().axes(), &[16, 24, 3]);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Keras
/// Images of floats; Keras rounds images of integers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resizing {
    #[serde(skip)]
    base: Base,
    height: usize,
    width: usize,
    #[serde(default = "bilinear")]
    interpolation: Choice<Resampling>,
    #[serde(default)]
    crop_to_aspect_ratio: bool,
    #[serde(default)]
    pad_to_aspect_ratio: bool,
    #[serde(default = "constant")]
    fill_mode: Choice<FillMode>,
    #[serde(default)]
    fill_value: f64,
    #[serde(default)]
    antialias: bool,
    #[serde(default)]
    data_format: DataFormat,
}

layer!(Resizing);

impl Resizing {
    /// Resizes to this height and width.
    pub fn new(height: usize, width: usize) -> Self {
        Self {
            base: Base::default(),
            height,
            width,
            interpolation: bilinear(),
            crop_to_aspect_ratio: false,
            pad_to_aspect_ratio: false,
            fill_mode: constant(),
            fill_value: 0.0,
            antialias: false,
            data_format: DataFormat::ChannelsLast,
        }
    }

    setters! {
        /// "nearest", "bilinear", "bicubic", "lanczos3" or "lanczos5".
        interpolation: Choice<Resampling>,
        /// Whether proportions are kept by leaving out what lies at the sides.
        crop_to_aspect_ratio: bool,
        /// Whether proportions are kept by filling up the sides.
        pad_to_aspect_ratio: bool,
        /// How the sides are filled: "constant".
        fill_mode: Choice<FillMode>,
        /// With which value the sides are filled.
        fill_value: f64,
        /// Whether every pixel counts where images shrink.
        antialias: bool,
    }
}

images!(Resizing);

impl ChannelsLast for Resizing {
    fn build_last(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        inputs::image("Resizing", inputs)?;
        inputs::sizes([("height and width", Pair::from((self.height, self.width)))])?;
        self.interpolation.get()?;
        self.fill_mode.get()?;
        inputs::number("fill_value", self.fill_value, f64::MIN, f64::MAX)?;
        if self.crop_to_aspect_ratio && self.pad_to_aspect_ratio {
            return Err(Error::config(
                "only one of crop_to_aspect_ratio and pad_to_aspect_ratio can be true, received both",
            ));
        }
        Ok(Vec::new())
    }

    fn call_last(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let (g, size) = (&mut *cx.graph, [self.height, self.width]);
        let mut x = inputs[0];
        if self.crop_to_aspect_ratio {
            x = window::crop_to_aspect_ratio(g, x, size)?;
        } else if self.pad_to_aspect_ratio {
            x = window::pad_to_aspect_ratio(g, x, size, self.fill_value as f32)?;
        }
        window::resize(g, x, size, *self.interpolation.get()?, self.antialias)
    }
}

/// How the sides of images are filled; there is one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FillMode {
    /// With one value.
    Constant,
}

impl Named for FillMode {
    const WHAT: &'static str = "fill mode";
    fn from_name(name: &str) -> Option<Self> {
        (name == "constant").then_some(Self::Constant)
    }
    fn name(&self) -> &'static str {
        "constant"
    }
    fn names() -> Vec<&'static str> {
        vec!["constant"]
    }
}

fn constant() -> Choice<FillMode> {
    FillMode::Constant.into()
}

impl Named for Resampling {
    const WHAT: &'static str = "interpolation";
    fn from_name(name: &str) -> Option<Self> {
        match name {
            "nearest" => Some(Self::Nearest),
            "bilinear" => Some(Self::Bilinear),
            "bicubic" => Some(Self::Bicubic),
            "lanczos3" => Some(Self::Lanczos3),
            "lanczos5" => Some(Self::Lanczos5),
            _ => None,
        }
    }
    fn name(&self) -> &'static str {
        match self {
            Self::Nearest => "nearest",
            Self::Bilinear => "bilinear",
            Self::Bicubic => "bicubic",
            Self::Lanczos3 => "lanczos3",
            Self::Lanczos5 => "lanczos5",
        }
    }
    fn names() -> Vec<&'static str> {
        vec!["nearest", "bilinear", "bicubic", "lanczos3", "lanczos5"]
    }
}

fn bilinear() -> Choice<Resampling> {
    Resampling::Bilinear.into()
}
