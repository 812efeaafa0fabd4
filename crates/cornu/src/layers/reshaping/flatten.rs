//! All axes of a sample made one.

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::graph::Value;
use crate::layers::{Base, Context, Layer, WeightSpec, inputs};
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
    #[serde(default)]
    data_format: Order,
}

/// Where the channels are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Order {
    #[default]
    ChannelsLast,
    ChannelsFirst,
}

layer!(Flatten);

impl Flatten {
    /// Flattens in the order of the elements.
    pub fn new() -> Self {
        Self {
            base: Base::default(),
            data_format: Order::ChannelsLast,
        }
    }

    /// Takes the first axis for the channels, and moves it last before flattening.
    pub fn channels_first(mut self) -> Self {
        self.data_format = Order::ChannelsFirst;
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
        Ok(Vec::new())
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let g = &mut *cx.graph;
        let (mut x, rank) = (inputs[0], g.shape(inputs[0]).rank());
        if self.data_format == Order::ChannelsFirst && rank > 2 {
            let mut axes = vec![0];
            axes.extend(2..rank);
            axes.push(1);
            x = g.transpose(x, &axes)?;
        }
        let shape = g.shape(x).clone();
        g.reshape(x, [shape[0], shape.row()])
    }
}
