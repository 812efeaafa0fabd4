//! All axes of a sample made one.

use serde::{Deserialize, Serialize};

use crate::choice::Choice;
use crate::error::Result;
use crate::graph::Value;
use crate::layers::defaults::channels_last;
use crate::layers::{Base, Context, DataFormat, Layer, WeightSpec, inputs};
use crate::shape::Shape;

/// Makes all axes besides the batch one; costs nothing.
///
/// # Shapes
/// `[batch, a, b, ..] → [batch, a·b·..]`.
///
/// # Errors
/// More or fewer inputs than one.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let model = Sequential::new().input([6, 6, 64]).add(Flatten::new()).build()?;
/// assert_eq!(model.output_shape().axes(), &[2304]);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Keras
/// The same. With the data format "channels_first" the input is `[batch, channels, ..]` and its channels are moved last before
/// it is flattened, so that weights trained on either order fit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flatten {
    #[serde(skip)]
    base: Base,
    #[serde(default = "channels_last")]
    data_format: Choice<DataFormat>,
}

layer!(Flatten);

impl Flatten {
    /// Flattens in the order of the elements.
    pub fn new() -> Self {
        Self {
            base: Base::default(),
            data_format: channels_last(),
        }
    }

    /// Takes the first axis for the channels, and moves it last before flattening.
    pub fn channels_first(self) -> Self {
        self.data_format(DataFormat::ChannelsFirst)
    }

    /// Where the channels are: "`channels_last`" or "`channels_first`".
    pub fn data_format(mut self, data_format: impl Into<Choice<DataFormat>>) -> Self {
        self.data_format = data_format.into();
        self
    }
}

impl Default for Flatten {
    fn default() -> Self {
        Self::new()
    }
}

impl Layer for Flatten {
    layer_identity!(Flatten);

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        inputs::single("Flatten", inputs)?;
        self.data_format.get()?;
        Ok(Vec::new())
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let g = &mut *cx.graph;
        let x = self.data_format.get()?.to_last(g, inputs[0])?;
        let shape = g.shape(x).clone();
        g.reshape(x, [shape[0], shape.row()])
    }
}
