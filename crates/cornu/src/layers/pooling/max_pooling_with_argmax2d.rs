//! The largest value of each window of an image, and where it was.

use serde::{Deserialize, Serialize};

use super::windows::{Kept, Windows};
use crate::choice::Choice;
use crate::error::{Error, Result};
use crate::graph::Value;
use crate::layers::{Base, Context, DataFormat, Layer, Padding, Sizes, WeightSpec};
use crate::shape::{DType, Shape};

/// Takes the largest value of each window, channel by channel, and tells where in the window it was.
///
/// `y[i, j, c] = max x[i·stride + a, j·stride + b, c]`; the position is `a·(pool width) + b`, of the first where several are
/// largest. `MaxUnpooling2D` puts values back to such positions.
///
/// # Shapes
/// `[batch, height, width, channels] → [batch, new height, new width, channels]`, twice: values and positions. With padding "valid"
/// the new height is `(height - pool height) / stride + 1`, with "same" `⌈height / stride⌉`.
///
/// # Errors
/// An input that is no image; sizes or strides of 0; a window larger than the image without padding; a window of more than 256
/// pixels; an unknown padding or data format.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let image = input([8, 8, 3]);
/// let [small, places] = MaxPoolingWithArgmax2D::new(2).on_all(&image);
/// let back = MaxUnpooling2D::new(2).on([&small, &places]);
/// let model = Model::new([&image], [&back])?;
/// assert_eq!(model.output_shape().axes(), &[8, 8, 3]);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Source
/// Zeiler and Fergus, "Visualizing and Understanding Convolutional Networks", 2014.
///
/// # Keras
/// Not in Keras. Positions count within the window; those of TensorFlow and PyTorch count within the image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MaxPoolingWithArgmax2D {
    #[serde(skip)]
    base: Base,
    windows: Windows<2>,
}

layer!(MaxPoolingWithArgmax2D);

impl MaxPoolingWithArgmax2D {
    /// Windows of a size, side by side, inside the image.
    pub fn new(pool_size: impl Into<Sizes<2>>) -> Self {
        Self {
            base: Base::default(),
            windows: Windows::new(pool_size.into()),
        }
    }

    /// Pixels between neighbouring windows.
    pub fn strides(mut self, strides: impl Into<Sizes<2>>) -> Self {
        self.windows.strides = strides.into();
        self
    }

    /// "valid" or "same"; what lies outside the image never counts.
    pub fn padding(mut self, padding: impl Into<Choice<Padding>>) -> Self {
        self.windows.padding = padding.into();
        self
    }

    /// Where the channels are: "`channels_last`" or "`channels_first`".
    pub fn data_format(mut self, data_format: impl Into<Choice<DataFormat>>) -> Self {
        self.windows.data_format = data_format.into();
        self
    }
}

impl Layer for MaxPoolingWithArgmax2D {
    layer_identity!(MaxPoolingWithArgmax2D);

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        self.windows.positions_fit()?;
        self.windows
            .check("MaxPoolingWithArgmax2D", inputs, Kept::Largest)
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let all = self.call_all(cx, inputs)?;
        all.first()
            .copied()
            .ok_or_else(|| Error::config("the pooling gave nothing"))
    }

    fn call_all(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Vec<Value>> {
        let format = *self.windows.data_format.get()?;
        let g = &mut *cx.graph;
        let x = format.to_last(g, inputs[0])?;
        let window = self.windows.over([g.shape(x)[1], g.shape(x)[2]])?;
        let (largest, positions) = g.max_pool_with_positions(x, window)?;
        let positions = g.cast(positions, DType::F32)?;
        Ok(vec![
            format.to_own(g, largest)?,
            format.to_own(g, positions)?,
        ])
    }
}
