//! Shades spread evenly tile by tile, within limits.

use serde::{Deserialize, Serialize};

use super::span;
use super::tiles::Tiles;
use crate::error::{Error, Result};
use crate::graph::Value;
use crate::layers::DataFormat;
use crate::layers::Pair;
use crate::layers::images::{ChannelsLast, images};
use crate::layers::{Base, Context, WeightSpec, inputs};
use crate::shape::Shape;

/// Spreads the shades of each channel evenly within each tile of an image, frequent shades counted up to a limit, in training as in use.
///
/// The image is cut into `tile_grid_size` tiles. In each, shades are counted; what exceeds `clip_limit` times the mean count is shared by
/// all shades; and a shade becomes its share of the pixels up to it. A pixel's new shade is interpolated between those that the four
/// nearest tiles give it.
///
/// # Shapes
/// `[height, width, channels]`; the output has the input's.
///
/// # Errors
/// A grid of no tiles, or of more than pixels; a limit below 0; a `value_range` that is none; an input that is no image.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let layer = ContrastLimitedAdaptiveHistogramEqualization::new().tile_grid_size(4).value_range(0.0, 1.0);
/// let model = Sequential::new().input([32, 32, 3]).add(layer).build()?;
/// assert_eq!(model.output_shape().axes(), &[32, 32, 3]);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Source
/// Zuiderveld, "Contrast Limited Adaptive Histogram Equalization", Graphics Gems IV, 1994.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContrastLimitedAdaptiveHistogramEqualization {
    #[serde(skip)]
    base: Base,
    #[serde(default = "span::bytes")]
    value_range: (f64, f64),
    #[serde(default = "four")]
    clip_limit: f64,
    #[serde(default = "eight")]
    tile_grid_size: Pair,
    #[serde(default)]
    data_format: DataFormat,
}

layer!(ContrastLimitedAdaptiveHistogramEqualization);

impl Default for ContrastLimitedAdaptiveHistogramEqualization {
    fn default() -> Self {
        Self::new()
    }
}

impl ContrastLimitedAdaptiveHistogramEqualization {
    /// Eight by eight tiles of images of bytes.
    pub fn new() -> Self {
        Self {
            base: Base::default(),
            value_range: span::bytes(),
            clip_limit: 4.0,
            tile_grid_size: 8.into(),
            data_format: DataFormat::ChannelsLast,
        }
    }

    value_range!();

    setters! {
        /// How many times the mean a shade counts at most; 0 for no limit.
        clip_limit: f64,
        /// Tiles down and to the right.
        tile_grid_size: Pair,
    }
}

images!(ContrastLimitedAdaptiveHistogramEqualization);

impl ChannelsLast for ContrastLimitedAdaptiveHistogramEqualization {
    fn build_last(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        let class = "ContrastLimitedAdaptiveHistogramEqualization";
        let [height, width, channels] = inputs::image(class, inputs)?;
        inputs::sizes([("tile_grid_size", self.tile_grid_size)])?;
        inputs::number("clip_limit", self.clip_limit, 0.0, f64::MAX)?;
        let [down, right] = self.tile_grid_size.array();
        // Tiles that reach beyond the image are filled from the pixels before its edge.
        for (tiles, pixels) in [(down, height), (right, width)] {
            if pixels == 0 || tiles > pixels || tiles * pixels.div_ceil(tiles) > 2 * pixels {
                return Err(Error::config(format!(
                    "tile_grid_size must cut images into tiles that hold pixels, received ({down}, {right}) for {height}×{width} pixels"
                )));
            }
        }
        // Tables are numbered in float32.
        if down.saturating_mul(right).saturating_mul(channels) > 1 << 16 {
            return Err(Error::config(format!(
                "tile_grid_size times channels must be at most 65536 tiles, received ({down}, {right}) for {channels} channels"
            )));
        }
        span::check_pixels(self.value_range)?;
        Ok(Vec::new())
    }

    fn call_last(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let (g, x) = (&mut *cx.graph, inputs[0]);
        let v = span::change_range(g, x, self.value_range, (0.0, 255.0))?;
        let grid = self.tile_grid_size.array();
        let tiles = Tiles::new(g, v, grid)?;
        let y = tiles.equalized(g, self.clip_limit as f32)?;
        span::change_range(g, y, (0.0, 255.0), self.value_range)
    }
}

fn four() -> f64 {
    4.0
}

fn eight() -> Pair {
    8.into()
}
