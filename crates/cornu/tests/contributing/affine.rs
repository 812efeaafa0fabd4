//! A scale and a shift for each channel.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::graph::Value;
use crate::initializers::InitializerConfig;
use crate::layers::defaults::zeros;
use crate::layers::{Base, Context, Layer, WeightSpec, inputs};
use crate::shape::Shape;

/// Scales and shifts each channel.
///
/// `y[.., c] = x[.., c] · scale[c] + shift[c]`
///
/// # Shapes
/// `[.., channels]`; the output has the input's. Weights: scale and shift `[channels]`.
///
/// # Errors
/// An input without an axis of channels; an unknown initialiser.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let model = Sequential::new().input([8]).add(Affine::new()).build()?;
/// assert_eq!(model.count_params(), 16);
/// # Ok::<(), cornu::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Affine {
    #[serde(skip)]
    base: Base,
    #[serde(default = "zeros")]
    shift_initializer: InitializerConfig,
}

layer!(Affine);

impl Affine {
    /// Scales of 1 and shifts of 0 at first.
    pub fn new() -> Self {
        Self {
            base: Base::default(),
            shift_initializer: zeros(),
        }
    }

    setters! {
        /// How the shifts begin.
        shift_initializer: InitializerConfig,
    }
}

impl Default for Affine {
    fn default() -> Self {
        Self::new()
    }
}

impl Layer for Affine {
    layer_identity!(Affine);
    passes_mask!();

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        let x = inputs::single("Affine", inputs)?;
        let channels = x.last().copied().ok_or_else(|| {
            Error::shape("Affine expects an axis of channels, received single numbers")
        })?;
        Ok(vec![
            WeightSpec::new("scale", [channels], "ones"),
            WeightSpec::new("shift", [channels], self.shift_initializer.clone()),
        ])
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let scaled = cx.graph.mul(inputs[0], cx.weight(0))?;
        cx.graph.add(scaled, cx.weight(1))
    }
}
