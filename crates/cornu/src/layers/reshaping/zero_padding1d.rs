//! A frame of zeros round sequences.

use super::framing::{self, framing};
use crate::error::Result;
use crate::graph::Value;
use crate::layers::{Context, Layer, WeightSpec, inputs};
use crate::shape::Shape;

framing! {
    /// Puts steps of zeros round each sequence.
    ///
    /// `y[before + i] = x[i]`, 0 elsewhere.
    ///
    /// # Shapes
    /// `[steps, channels] → [before + steps + after, channels]`.
    ///
    /// # Errors
    /// An input that is no sequence; an unknown data format.
    ///
    /// # Example
    /// ```
    /// use cornu::prelude::*;
    /// let model = Sequential::new().input([5, 3]).add(ZeroPadding1D::new((2, 1))).build()?;
    /// assert_eq!(model.output_shape().axes(), &[8, 3]);
    /// # Ok::<(), cornu::Error>(())
    /// ```
    ZeroPadding1D<1> { padding: "super::framing::one" => 1 }
}

impl Layer for ZeroPadding1D {
    layer_identity!(ZeroPadding1D);

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        inputs::spatial::<1>("ZeroPadding1D", inputs, *self.data_format.get()?)?;
        Ok(Vec::new())
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        framing::pad(cx.graph, inputs[0], self.padding, *self.data_format.get()?)
    }
}
