//! Volumes made larger by whole factors.

use serde::{Deserialize, Serialize};

use super::interpolation;
use crate::choice::Choice;
use crate::error::Result;
use crate::graph::Value;
use crate::layers::defaults::channels_last;
use crate::layers::{Base, Context, DataFormat, Layer, Sizes, WeightSpec, inputs};
use crate::shape::Shape;

/// Repeats each place of a volume along every axis.
///
/// `y[i, j, k] = x[i / size, j / size, k / size]`
///
/// # Shapes
/// `[batch, depth, height, width, channels] → [batch, depth·size, height·size, width·size, channels]`.
///
/// # Errors
/// An input that is no volume; sizes of 0; an unknown data format.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let model = Sequential::new().input([2, 4, 4, 8]).add(UpSampling3D::new((1, 2, 2))).build()?;
/// assert_eq!(model.output_shape().axes(), &[2, 8, 8, 8]);
/// # Ok::<(), cornu::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpSampling3D {
    #[serde(skip)]
    base: Base,
    #[serde(default = "two")]
    size: Sizes<3>,
    #[serde(default = "channels_last")]
    data_format: Choice<DataFormat>,
}

fn two() -> Sizes<3> {
    Sizes::from(2)
}

layer!(UpSampling3D);

impl UpSampling3D {
    /// So many times larger; three numbers for each axis its own.
    pub fn new(size: impl Into<Sizes<3>>) -> Self {
        Self {
            base: Base::default(),
            size: size.into(),
            data_format: channels_last(),
        }
    }

    /// Where the channels are: "`channels_last`" or "`channels_first`".
    pub fn data_format(mut self, data_format: impl Into<Choice<DataFormat>>) -> Self {
        self.data_format = data_format.into();
        self
    }
}

impl Default for UpSampling3D {
    fn default() -> Self {
        Self::new(2)
    }
}

impl Layer for UpSampling3D {
    layer_identity!(UpSampling3D);

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        inputs::spatial::<3>("UpSampling3D", inputs, *self.data_format.get()?)?;
        inputs::sizes([("size", self.size)]).map(|()| Vec::new())
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let format = *self.data_format.get()?;
        let x = format.to_last(cx.graph, inputs[0])?;
        let y = interpolation::repeat(cx.graph, x, &self.size.0)?;
        format.to_own(cx.graph, y)
    }
}
