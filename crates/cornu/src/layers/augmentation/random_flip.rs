//! Images turned round at random during training.

use serde::{Deserialize, Serialize};

use crate::choice::{Choice, Named};
use crate::error::Result;
use crate::graph::Value;
use crate::layers::DataFormat;
use crate::layers::{Base, Context, Layer, WeightSpec, inputs};
use crate::shape::{DType, Shape};

/// Mirrors every second image, drawn anew at each step of training; does nothing in use.
///
/// `y[i, j] = x[i, width - 1 - j]` for `"horizontal"`, `x[height - 1 - i, j]` for `"vertical"`, and both at once for
/// `"horizontal_and_vertical"`, with probability 1/2; else `y = x`.
///
/// # Shapes
/// `[height, width, channels]`; the output has the input's.
///
/// # Errors
/// A mode of another name; an input that is no image.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let model = Sequential::new().input([32, 32, 3]).add(RandomFlip::new("horizontal")).build()?;
/// assert_eq!(model.output_shape().axes(), &[32, 32, 3]);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Keras
/// Which images are mirrored comes from the model's seed; a layer's own `seed` is kept in its config but does not change them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RandomFlip {
    #[serde(skip)]
    base: Base,
    #[serde(default = "both")]
    mode: Choice<FlipMode>,
    #[serde(default)]
    seed: Option<i64>,
    #[serde(default)]
    data_format: DataFormat,
}

/// Which way images are mirrored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlipMode {
    /// Left and right change places.
    Horizontal,
    /// Top and bottom change places.
    Vertical,
    /// Both: a half turn.
    HorizontalAndVertical,
}

impl Named for FlipMode {
    const WHAT: &'static str = "flip mode";
    fn from_name(name: &str) -> Option<Self> {
        match name {
            "horizontal" => Some(Self::Horizontal),
            "vertical" => Some(Self::Vertical),
            "horizontal_and_vertical" => Some(Self::HorizontalAndVertical),
            _ => None,
        }
    }
    fn name(&self) -> &str {
        match self {
            Self::Horizontal => "horizontal",
            Self::Vertical => "vertical",
            Self::HorizontalAndVertical => "horizontal_and_vertical",
        }
    }
    fn names() -> Vec<&'static str> {
        vec!["horizontal", "vertical", "horizontal_and_vertical"]
    }
}

fn both() -> Choice<FlipMode> {
    FlipMode::HorizontalAndVertical.into()
}

layer!(RandomFlip);

impl RandomFlip {
    /// Mirrors this way: "horizontal", "vertical" or "`horizontal_and_vertical`".
    pub fn new(mode: impl Into<Choice<FlipMode>>) -> Self {
        Self {
            base: Base::default(),
            mode: mode.into(),
            seed: None,
            data_format: DataFormat::ChannelsLast,
        }
    }
}

impl Layer for RandomFlip {
    layer_identity!(RandomFlip);

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        self.data_format.must_be_last()?;
        inputs::image("RandomFlip", inputs)?;
        self.mode.get()?;
        Ok(Vec::new())
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let x = inputs[0];
        if !cx.training {
            return Ok(x);
        }
        let axes: &[usize] = match self.mode.get()? {
            FlipMode::Horizontal => &[2],
            FlipMode::Vertical => &[1],
            FlipMode::HorizontalAndVertical => &[1, 2],
        };
        let batch = cx.graph.shape(x)[0];
        let flips = cx.bernoulli_bytes(&[batch, 1, 1, 1].into(), 0.5)?;
        let flips = cx.graph.cast(flips, DType::F32)?;
        let mut y = x;
        for &axis in axes {
            y = cx.graph.reverse(y, axis)?;
        }
        cx.graph.select(flips, y, x)
    }
}
