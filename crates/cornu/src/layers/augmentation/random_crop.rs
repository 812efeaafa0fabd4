//! Images cut out of larger ones at random during training.

use serde::{Deserialize, Serialize};

use super::span::Draw;
use super::warp;
use crate::error::Result;
use crate::graph::Value;
use crate::graph::ops::{Interpolation, Outside, Resampling, Sampler, UnaryKind};
use crate::layers::DataFormat;
use crate::layers::Pair;
use crate::layers::images::{ChannelsLast, images};
use crate::layers::preprocessing::window;
use crate::layers::{Base, Context, WeightSpec, inputs};
use crate::shape::Shape;

/// Cuts a window out of an image, at a place drawn anew for each image at each step of training; in use, the middle one.
///
/// `y[i, j] = x[i + u, j + v]` with `u` from 0 to the difference of the heights and `v` from 0 to that of the widths. In use, and where an
/// image is not larger than the window in both directions, the output is the largest window of its proportions in the middle of the image,
/// resized.
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
/// let model = Sequential::new().input([40, 40, 3]).add(RandomCrop::new(32, 32)).build()?;
/// assert_eq!(model.output_shape().axes(), &[32, 32, 3]);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Keras
/// Each image has a place of its own, where Keras cuts all images of a batch at one. In use Keras hands the whole image on, against what it
/// documents; this cuts. What is drawn comes from the run's seed or from the layer's own; it is not Keras's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RandomCrop {
    #[serde(skip)]
    base: Base,
    height: usize,
    width: usize,
    #[serde(default)]
    seed: Option<i64>,
    #[serde(default)]
    data_format: DataFormat,
}

layer!(RandomCrop);

impl RandomCrop {
    /// Cuts windows of this height and width.
    pub fn new(height: usize, width: usize) -> Self {
        Self {
            base: Base::default(),
            height,
            width,
            seed: None,
            data_format: DataFormat::ChannelsLast,
        }
    }

    setters! {
        /// A seed of the layer's own, so that what it draws does not depend on the run's.
        seed: i64 = Some,
    }
}

images!(RandomCrop);

impl ChannelsLast for RandomCrop {
    fn build_last(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        inputs::image("RandomCrop", inputs)?;
        inputs::sizes([("height and width", Pair::from((self.height, self.width)))])?;
        Ok(Vec::new())
    }

    fn call_last(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let x = inputs[0];
        let size = [self.height, self.width];
        let image = [1, 2].map(|axis| cx.graph.shape(x)[axis]);
        if !cx.training || image[0] <= size[0] || image[1] <= size[1] {
            let x = window::crop_to_aspect_ratio(cx.graph, x, size)?;
            return window::resize(cx.graph, x, size, Resampling::Bilinear, false);
        }
        let draw = Draw::new(cx, self.seed, x);
        let mut start = |axis: usize| {
            let places = (image[axis] - size[axis] + 1) as f64;
            // Just below the whole number, so that rounding does not reach it.
            let place = draw.column(cx, (0.0, places - 1e-3))?;
            cx.graph.unary(UnaryKind::Floor, place)
        };
        let (down, right) = (start(0)?, start(1)?);
        let mut numbers = [None; 8];
        (numbers[2], numbers[5]) = (Some(right), Some(down));
        let sampler = Sampler::new(Interpolation::Nearest, Outside::Constant, 0.0);
        warp::project(cx, x, numbers, sampler, size)
    }
}
