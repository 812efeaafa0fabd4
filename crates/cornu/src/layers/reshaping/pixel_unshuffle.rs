//! Pixels made into channels.

use serde::{Deserialize, Serialize};

use super::blocks;
use crate::choice::Choice;
use crate::error::{Error, Result};
use crate::graph::Value;
use crate::layers::defaults::channels_last;
use crate::layers::{Base, Context, DataFormat, Layer, Sizes, WeightSpec, inputs};
use crate::shape::Shape;

/// Makes an image smaller by laying out blocks of pixels as channels: nothing is lost.
///
/// `y[h, w, c·r² + i·r + j] = x[h·r + i, w·r + j, c]` with `r` for `downscale_factor`
///
/// # Shapes
/// `[batch, height, width, channels] → [batch, height / r, width / r, channels·r²]`, or with "`channels_first`"
/// `[batch, channels, height, width] → [batch, channels·r², height / r, width / r]`.
///
/// # Errors
/// An input that is no image; a factor of 0; a height or width that is no multiple of it; an unknown data format.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let model = Sequential::new().input([16, 16, 3]).add(PixelUnshuffle::new(2)).build()?;
/// assert_eq!(model.output_shape().axes(), &[8, 8, 12]);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Source
/// Shi et al., "Real-Time Single Image and Video Super-Resolution Using an Efficient Sub-Pixel Convolutional Neural Network", 2016.
///
/// # Keras
/// Not in Keras; as PyTorch's `PixelUnshuffle`, whose images are "`channels_first`". TensorFlow's `space_to_depth` has the channels of one
/// pixel beside each other instead.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PixelUnshuffle {
    #[serde(skip)]
    base: Base,
    downscale_factor: usize,
    #[serde(default = "channels_last")]
    data_format: Choice<DataFormat>,
}

layer!(PixelUnshuffle);

impl PixelUnshuffle {
    /// So many times smaller along both axes.
    pub fn new(downscale_factor: usize) -> Self {
        Self {
            base: Base::default(),
            downscale_factor,
            data_format: channels_last(),
        }
    }

    /// Where the channels are: "`channels_last`" or "`channels_first`".
    pub fn data_format(mut self, data_format: impl Into<Choice<DataFormat>>) -> Self {
        self.data_format = data_format.into();
        self
    }
}

impl Layer for PixelUnshuffle {
    layer_identity!(PixelUnshuffle);

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        let format = *self.data_format.get()?;
        let ([height, width], _) = inputs::spatial::<2>("PixelUnshuffle", inputs, format)?;
        inputs::sizes([("downscale_factor", Sizes::<1>::from(self.downscale_factor))])?;
        let r = self.downscale_factor;
        if !height.is_multiple_of(r) || !width.is_multiple_of(r) {
            return Err(Error::config(format!(
                "height and width must be multiples of downscale_factor, received {height}×{width} pixels and a factor of {r}"
            )));
        }
        Ok(Vec::new())
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let format = *self.data_format.get()?;
        let x = format.to_last(cx.graph, inputs[0])?;
        let y = blocks::gather(cx.graph, x, self.downscale_factor)?;
        format.to_own(cx.graph, y)
    }
}
