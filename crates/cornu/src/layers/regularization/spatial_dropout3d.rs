//! Whole channels dropped, over all places of 3 axes.

use serde::{Deserialize, Serialize};

use super::drop;
use crate::error::Result;
use crate::graph::Value;
use crate::layers::{Base, Context, DataFormat, Layer, WeightSpec};
use crate::shape::Shape;

/// Sets a share of the channels to zero during training, each in all of its places, and scales the others up; does nothing in use.
///
/// `y = x · mask / (1 - rate)`, where `mask` has one number for each channel of a sample: 0 with probability `rate`, else 1
///
/// # Shapes
/// `[batch, depth, height, width, channels]`; the output has the input's.
///
/// # Errors
/// Samples with more or fewer axes; a rate below 0, of 1 or more.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let model = Sequential::new().input([4, 8, 8, 3]).add(SpatialDropout3D::new(0.3)).build()?;
/// assert_eq!(model.output_shape().axes(), &[4, 8, 8, 3]);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Source
/// Tompson et al., "Efficient Object Localization Using Convolutional Networks", 2014.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpatialDropout3D {
    #[serde(skip)]
    base: Base,
    rate: f64,
    #[serde(default)]
    seed: Option<i64>,
    #[serde(default)]
    data_format: DataFormat,
}

layer!(SpatialDropout3D);

impl SpatialDropout3D {
    /// Drops this share of the channels.
    pub fn new(rate: f64) -> Self {
        Self {
            base: Base::default(),
            rate,
            seed: None,
            data_format: DataFormat::ChannelsLast,
        }
    }

    setters! {
        /// A seed of the layer's own, so that its masks do not depend on the run's.
        seed: i64 = Some,
        /// Where the channels are.
        data_format: DataFormat,
    }
}

impl Layer for SpatialDropout3D {
    layer_identity!(SpatialDropout3D);
    passes_mask!();

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        drop::check_channels("SpatialDropout3D", inputs, 4)?;
        drop::check_rate(self.rate)?;
        Ok(Vec::new())
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let mask = drop::channel_mask(cx.graph.shape(inputs[0]), self.data_format);
        drop::dropped(cx, self.seed, self.rate, inputs[0], &mask)
    }
}
