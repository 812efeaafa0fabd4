//! A frame of zeros round images.

use super::framing::{self, framing};
use crate::error::Result;
use crate::graph::Value;
use crate::layers::{Context, Layer, WeightSpec, inputs};
use crate::shape::Shape;

framing! {
    /// Puts rows and columns of zeros round each image.
    ///
    /// `y[top + i, left + j] = x[i, j]`, 0 elsewhere.
    ///
    /// # Shapes
    /// `[height, width, channels] → [top + height + bottom, left + width + right, channels]`.
    ///
    /// # Errors
    /// An input that is no image; an unknown data format.
    ///
    /// # Example
    /// ```
    /// use cornu::prelude::*;
    /// let model = Sequential::new().input([5, 4, 3]).add(ZeroPadding2D::new([(1, 0), (2, 3)])).build()?;
    /// assert_eq!(model.output_shape().axes(), &[6, 9, 3]);
    /// # Ok::<(), cornu::Error>(())
    /// ```
    ZeroPadding2D<2> { padding: "super::framing::one" => 1 }
}

impl Layer for ZeroPadding2D {
    layer_identity!(ZeroPadding2D);

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        inputs::spatial::<2>("ZeroPadding2D", inputs, *self.data_format.get()?)?;
        Ok(Vec::new())
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        framing::pad(cx.graph, inputs[0], self.padding, *self.data_format.get()?)
    }
}
