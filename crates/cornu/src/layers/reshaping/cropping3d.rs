//! The edges of volumes taken away.

use super::framing::{self, framing};
use crate::error::Result;
use crate::graph::Value;
use crate::layers::{Context, Layer, WeightSpec, inputs};
use crate::shape::Shape;

framing! {
    /// Takes planes away at the edges of each volume.
    ///
    /// `y[i, j, k] = x[front + i, top + j, left + k]`
    ///
    /// # Shapes
    /// `[depth, height, width, channels] → [depth - front - back, height - top - bottom, width - left - right, channels]`.
    ///
    /// # Errors
    /// An input that is no volume; margins that leave nothing; an unknown data format.
    ///
    /// # Example
    /// ```
    /// use cornu::prelude::*;
    /// let model = Sequential::new().input([8, 8, 8, 1]).add(Cropping3D::new((2, 1, 0))).build()?;
    /// assert_eq!(model.output_shape().axes(), &[4, 6, 8, 1]);
    /// # Ok::<(), cornu::Error>(())
    /// ```
    Cropping3D<3> { cropping: "super::framing::one" => 1 }
}

impl Layer for Cropping3D {
    layer_identity!(Cropping3D);

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        let format = *self.data_format.get()?;
        let (lengths, _) = inputs::spatial::<3>("Cropping3D", inputs, format)?;
        framing::leaves_something(self.cropping, lengths)?;
        Ok(Vec::new())
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        framing::crop(cx.graph, inputs[0], self.cropping, *self.data_format.get()?)
    }
}
