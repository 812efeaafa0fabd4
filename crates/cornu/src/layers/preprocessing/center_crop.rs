//! The middle of images.

use serde::{Deserialize, Serialize};

use super::window;
use crate::error::Result;
use crate::graph::Value;
use crate::graph::ops::Resampling;
use crate::layers::DataFormat;
use crate::layers::Pair;
use crate::layers::images::{ChannelsLast, images};
use crate::layers::{Base, Context, WeightSpec, inputs};
use crate::shape::Shape;

/// Cuts the middle out of images, in training as in use; images that are too small are resized.
///
/// `y[i, j] = x[i + (H - height) / 2, j + (W - width) / 2]` for images of `H` rows and `W` columns, halves rounded down. Of an image with
/// fewer rows or columns than that, the largest window of the output's proportions in its middle is resized, bilinearly.
///
/// # Shapes
/// `[input height, input width, channels]`; output `[height, width, channels]`.
///
/// # Errors
/// Sizes of 0; an input that is no image.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let model = Sequential::new().input([32, 32, 3]).add(CenterCrop::new(24, 20)).build()?;
/// assert_eq!(model.output_shape().axes(), &[24, 20, 3]);
/// # Ok::<(), cornu::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CenterCrop {
    #[serde(skip)]
    base: Base,
    height: usize,
    width: usize,
    #[serde(default)]
    data_format: DataFormat,
}

layer!(CenterCrop);

impl CenterCrop {
    /// Cuts out this height and width.
    pub fn new(height: usize, width: usize) -> Self {
        Self {
            base: Base::default(),
            height,
            width,
            data_format: DataFormat::ChannelsLast,
        }
    }
}

images!(CenterCrop);

impl ChannelsLast for CenterCrop {
    fn build_last(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        inputs::image("CenterCrop", inputs)?;
        inputs::sizes([("height and width", Pair::from((self.height, self.width)))])?;
        Ok(Vec::new())
    }

    fn call_last(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let (g, x, size) = (&mut *cx.graph, inputs[0], [self.height, self.width]);
        if g.shape(x)[1] >= size[0] && g.shape(x)[2] >= size[1] {
            return window::middle(g, x, size);
        }
        let x = window::crop_to_aspect_ratio(g, x, size)?;
        window::resize(g, x, size, Resampling::Bilinear, false)
    }
}
