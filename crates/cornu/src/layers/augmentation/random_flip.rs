//! Images turned round at random during training.

use serde::{Deserialize, Serialize};

use super::span::Draw;
use super::warp;
use crate::choice::{Choice, Named};
use crate::error::Result;
use crate::graph::Value;
use crate::graph::ops::{Interpolation, Outside, Sampler};
use crate::layers::DataFormat;
use crate::layers::images::{ChannelsLast, images};
use crate::layers::{Base, Context, WeightSpec, inputs};
use crate::shape::Shape;

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
/// What is drawn comes from the run's seed or from the layer's own; it is not Keras's.
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

    setters! {
        /// A seed of the layer's own, so that what it draws does not depend on the run's.
        seed: i64 = Some,
    }
}

images!(RandomFlip);

impl ChannelsLast for RandomFlip {
    fn build_last(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        inputs::image("RandomFlip", inputs)?;
        self.mode.get()?;
        Ok(Vec::new())
    }

    fn call_last(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let x = inputs[0];
        if !cx.training {
            return Ok(x);
        }
        let (right, down) = match self.mode.get()? {
            FlipMode::Horizontal => (true, false),
            FlipMode::Vertical => (false, true),
            FlipMode::HorizontalAndVertical => (true, true),
        };
        let [height, width] = [1, 2].map(|axis| cx.graph.shape(x)[axis]);
        // 1 goes along with the pixels, -1 against them from the other end.
        let sign = Draw::new(cx, self.seed, x).sign(cx)?;
        let rest = cx.graph.one_minus(sign)?;
        let mut numbers = [None; 8];
        if right {
            let end = cx.graph.scale(rest, (width as f32 - 1.0) / 2.0)?;
            (numbers[0], numbers[2]) = (Some(sign), Some(end));
        }
        if down {
            let end = cx.graph.scale(rest, (height as f32 - 1.0) / 2.0)?;
            (numbers[4], numbers[5]) = (Some(sign), Some(end));
        }
        let sampler = Sampler::new(Interpolation::Nearest, Outside::Nearest, 0.0);
        warp::project(cx, x, numbers, sampler, [height, width])
    }
}
