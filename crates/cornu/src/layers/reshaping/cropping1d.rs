//! The ends of sequences taken away.

use serde::{Deserialize, Serialize};

use super::framing;
use super::margins::Margins;
use crate::error::Result;
use crate::graph::Value;
use crate::layers::{Base, Context, DataFormat, Layer, WeightSpec, inputs};
use crate::shape::Shape;

/// Takes steps away at both ends of each sequence.
///
/// `y[i] = x[before + i]`
///
/// # Shapes
/// `[steps, channels] → [steps - before - after, channels]`.
///
/// # Errors
/// An input that is no sequence; margins that leave nothing.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let model = Sequential::new().input([7, 3]).add(Cropping1D::new((1, 2))).build()?;
/// assert_eq!(model.output_shape().axes(), &[4, 3]);
/// # Ok::<(), cornu::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cropping1D {
    #[serde(skip)]
    base: Base,
    #[serde(default = "framing::one")]
    cropping: Margins<1>,
}

layer!(Cropping1D);

impl Cropping1D {
    /// One number for both ends, or one for each.
    pub fn new(cropping: impl Into<Margins<1>>) -> Self {
        Self {
            base: Base::default(),
            cropping: cropping.into(),
        }
    }
}

impl Default for Cropping1D {
    fn default() -> Self {
        Self::new(1)
    }
}

impl Layer for Cropping1D {
    layer_identity!(Cropping1D);

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        let format = DataFormat::ChannelsLast;
        let (lengths, _) = inputs::spatial::<1>("Cropping1D", inputs, format)?;
        framing::leaves_something(self.cropping, lengths)?;
        Ok(Vec::new())
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        framing::crop(cx.graph, inputs[0], self.cropping, DataFormat::ChannelsLast)
    }
}
