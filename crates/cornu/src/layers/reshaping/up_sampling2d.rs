//! Images made larger by whole factors.

use serde::{Deserialize, Serialize};

use super::interpolation::{self, Interpolation};
use crate::choice::Choice;
use crate::error::{Error, Result};
use crate::graph::Value;
use crate::layers::defaults::channels_last;
use crate::layers::{Base, Context, DataFormat, Layer, Sizes, WeightSpec, inputs};
use crate::shape::Shape;

/// Makes each image larger, by repeating its pixels or by interpolating between them.
///
/// `y[i, j] = x[i / size, j / size]` with "nearest"; with the others `y[i, j] = Σ k(a - i')·k(b - j')·x[a, b]` with
/// `i' = (i + ½) / size - ½` and the kernel `k` of the name, scaled so that the weights of the pixels inside add up to 1.
///
/// # Shapes
/// `[batch, height, width, channels] → [batch, height·size, width·size, channels]`.
///
/// # Errors
/// An input that is no image; sizes of 0, or above 1024 where pixels are interpolated; an unknown interpolation or data format.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let larger = UpSampling2D::new((2, 3)).interpolation("bilinear");
/// let model = Sequential::new().input([4, 4, 8]).add(larger).build()?;
/// assert_eq!(model.output_shape().axes(), &[8, 12, 8]);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Source
/// "bicubic": Keys, "Cubic Convolution Interpolation for Digital Image Processing", 1981.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpSampling2D {
    #[serde(skip)]
    base: Base,
    #[serde(default = "two")]
    size: Sizes<2>,
    #[serde(default = "channels_last")]
    data_format: Choice<DataFormat>,
    #[serde(default = "nearest")]
    interpolation: Choice<Interpolation>,
}

fn two() -> Sizes<2> {
    Sizes::from(2)
}

fn nearest() -> Choice<Interpolation> {
    Interpolation::Nearest.into()
}

/// Parts of a pixel, each of which has weights of its own.
const MOST_PARTS: usize = 1 << 10;

layer!(UpSampling2D);

impl UpSampling2D {
    /// So many times larger; two numbers for (vertical, horizontal).
    pub fn new(size: impl Into<Sizes<2>>) -> Self {
        Self {
            base: Base::default(),
            size: size.into(),
            data_format: channels_last(),
            interpolation: nearest(),
        }
    }

    /// What stands between the pixels: "nearest", "bilinear", "bicubic", "lanczos3" or "lanczos5".
    pub fn interpolation(mut self, interpolation: impl Into<Choice<Interpolation>>) -> Self {
        self.interpolation = interpolation.into();
        self
    }

    /// Where the channels are: "`channels_last`" or "`channels_first`".
    pub fn data_format(mut self, data_format: impl Into<Choice<DataFormat>>) -> Self {
        self.data_format = data_format.into();
        self
    }
}

impl Default for UpSampling2D {
    fn default() -> Self {
        Self::new(2)
    }
}

impl Layer for UpSampling2D {
    layer_identity!(UpSampling2D);

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        inputs::spatial::<2>("UpSampling2D", inputs, *self.data_format.get()?)?;
        inputs::sizes([("size", self.size)])?;
        let repeats = *self.interpolation.get()? == Interpolation::Nearest;
        if !repeats && self.size.0.iter().any(|&n| n > MOST_PARTS) {
            return Err(Error::config(format!(
                "size must be at most {MOST_PARTS} where pixels are interpolated, received {}",
                self.size
            ))
            .help("the interpolation \"nearest\" has no such bound"));
        }
        Ok(Vec::new())
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let format = *self.data_format.get()?;
        let g = &mut *cx.graph;
        let mut x = format.to_last(g, inputs[0])?;
        match *self.interpolation.get()? {
            Interpolation::Nearest => x = interpolation::repeat(g, x, &self.size.0)?,
            between => {
                for (axis, factor) in [(1, self.size.0[0]), (2, self.size.0[1])] {
                    if factor > 1 {
                        x = between.enlarge(g, x, axis, factor)?;
                    }
                }
            }
        }
        format.to_own(g, x)
    }
}
