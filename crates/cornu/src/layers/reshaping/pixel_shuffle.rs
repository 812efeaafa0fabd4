//! Channels made into pixels.

use serde::{Deserialize, Serialize};

use super::blocks;
use crate::choice::Choice;
use crate::error::{Error, Result};
use crate::graph::Value;
use crate::layers::defaults::channels_last;
use crate::layers::{Base, Context, DataFormat, Layer, Sizes, WeightSpec, inputs};
use crate::shape::Shape;

/// Makes an image larger by laying out channels as blocks of pixels.
///
/// `y[h·r + i, w·r + j, c] = x[h, w, c·r² + i·r + j]` with `r` for `upscale_factor`
///
/// # Shapes
/// `[batch, height, width, channels·r²] → [batch, height·r, width·r, channels]`, or with "`channels_first`"
/// `[batch, channels·r², height, width] → [batch, channels, height·r, width·r]`.
///
/// # Errors
/// An input that is no image; a factor of 0; channels that are no multiple of its square; an unknown data format.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let model = Sequential::new().input([8, 8, 12]).add(PixelShuffle::new(2)).build()?;
/// assert_eq!(model.output_shape().axes(), &[16, 16, 3]);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Source
/// Shi et al., "Real-Time Single Image and Video Super-Resolution Using an Efficient Sub-Pixel Convolutional Neural Network", 2016.
///
/// # Keras
/// Not in Keras; as PyTorch's `PixelShuffle`, whose images are "`channels_first`". TensorFlow's `depth_to_space` has the channels of one
/// pixel beside each other instead.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PixelShuffle {
    #[serde(skip)]
    base: Base,
    upscale_factor: usize,
    #[serde(default = "channels_last")]
    data_format: Choice<DataFormat>,
}

layer!(PixelShuffle);

impl PixelShuffle {
    /// So many times larger along both axes.
    pub fn new(upscale_factor: usize) -> Self {
        Self {
            base: Base::default(),
            upscale_factor,
            data_format: channels_last(),
        }
    }

    /// Where the channels are: "`channels_last`" or "`channels_first`".
    pub fn data_format(mut self, data_format: impl Into<Choice<DataFormat>>) -> Self {
        self.data_format = data_format.into();
        self
    }
}

impl Layer for PixelShuffle {
    layer_identity!(PixelShuffle);

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        let format = *self.data_format.get()?;
        let (_, channels) = inputs::spatial::<2>("PixelShuffle", inputs, format)?;
        inputs::sizes([("upscale_factor", Sizes::<1>::from(self.upscale_factor))])?;
        let r = self.upscale_factor;
        if r.checked_mul(r)
            .is_none_or(|block| !channels.is_multiple_of(block))
        {
            return Err(Error::config(format!(
                "channels must be a multiple of upscale_factor squared, received {channels} channels and a factor of {r}"
            )));
        }
        Ok(Vec::new())
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let format = *self.data_format.get()?;
        let x = format.to_last(cx.graph, inputs[0])?;
        let y = blocks::spread(cx.graph, x, self.upscale_factor)?;
        format.to_own(cx.graph, y)
    }
}
