//! A frame of zeros round volumes.

use super::framing::{self, framing};
use crate::error::Result;
use crate::graph::Value;
use crate::layers::{Context, Layer, WeightSpec, inputs};
use crate::shape::Shape;

framing! {
    /// Puts planes of zeros round each volume.
    ///
    /// `y[front + i, top + j, left + k] = x[i, j, k]`, 0 elsewhere.
    ///
    /// # Shapes
    /// `[depth, height, width, channels] → [front + depth + back, top + height + bottom, left + width + right, channels]`.
    ///
    /// # Errors
    /// An input that is no volume; an unknown data format.
    ///
    /// # Example
    /// ```
    /// use cornu::prelude::*;
    /// let model = Sequential::new().input([2, 3, 4, 1]).add(ZeroPadding3D::new((1, 2, 0))).build()?;
    /// assert_eq!(model.output_shape().axes(), &[4, 7, 4, 1]);
    /// # Ok::<(), cornu::Error>(())
    /// ```
    ZeroPadding3D<3> { padding: "super::framing::one" => 1 }
}

impl Layer for ZeroPadding3D {
    layer_identity!(ZeroPadding3D);

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        inputs::spatial::<3>("ZeroPadding3D", inputs, *self.data_format.get()?)?;
        Ok(Vec::new())
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        framing::pad(cx.graph, inputs[0], self.padding, *self.data_format.get()?)
    }
}
