//! The edges of images taken away.

use super::framing::{self, framing};
use crate::error::Result;
use crate::graph::Value;
use crate::layers::{Context, Layer, WeightSpec, inputs};
use crate::shape::Shape;

framing! {
    /// Takes rows and columns away at the edges of each image.
    ///
    /// `y[i, j] = x[top + i, left + j]`
    ///
    /// # Shapes
    /// `[height, width, channels] → [height - top - bottom, width - left - right, channels]`.
    ///
    /// # Errors
    /// An input that is no image; margins that leave nothing; an unknown data format.
    ///
    /// # Example
    /// ```
    /// use cornu::prelude::*;
    /// let model = Sequential::new().input([28, 28, 3]).add(Cropping2D::new([(2, 2), (4, 0)])).build()?;
    /// assert_eq!(model.output_shape().axes(), &[24, 24, 3]);
    /// # Ok::<(), cornu::Error>(())
    /// ```
    Cropping2D<2> { cropping: "super::framing::none" => 0 }
}

impl Layer for Cropping2D {
    layer_identity!(Cropping2D);

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        let format = *self.data_format.get()?;
        let (lengths, _) = inputs::spatial::<2>("Cropping2D", inputs, format)?;
        framing::leaves_something(self.cropping, lengths)?;
        Ok(Vec::new())
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        framing::crop(cx.graph, inputs[0], self.cropping, *self.data_format.get()?)
    }
}
