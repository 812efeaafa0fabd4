//! What the pooling layers share: windows that slide over an image, or one window that is the image.

use serde::{Deserialize, Serialize};

use crate::choice::Choice;
use crate::error::{Error, Result};
use crate::graph::ops::Window;
use crate::graph::{Graph, Value};
use crate::layers::DataFormat;
use crate::layers::defaults::valid;
use crate::layers::{Padding, Pair, Sizes, WeightSpec, inputs};
use crate::shape::Shape;

/// The arguments of `MaxPooling2D` and `AveragePooling2D`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "Given")]
pub(super) struct Windows {
    pub(super) pool_size: Pair,
    pub(super) padding: Choice<Padding>,
    pub(super) strides: Pair,
    data_format: DataFormat,
}

/// [`Windows`] as written by a person, who may leave things out.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    #[serde(default = "two")]
    pool_size: Pair,
    #[serde(default = "valid")]
    padding: Choice<Padding>,
    strides: Option<Pair>,
    #[serde(default)]
    data_format: DataFormat,
}

fn two() -> Pair {
    Sizes([2, 2])
}

impl From<Given> for Windows {
    fn from(given: Given) -> Self {
        Self {
            pool_size: given.pool_size,
            padding: given.padding,
            strides: given.strides.unwrap_or(given.pool_size),
            data_format: given.data_format,
        }
    }
}

impl Windows {
    /// Windows side by side, inside the image.
    pub(super) fn new(pool_size: Pair) -> Self {
        Self {
            pool_size,
            padding: valid(),
            strides: pool_size,
            data_format: DataFormat::ChannelsLast,
        }
    }

    /// Refuses settings and inputs that cannot work.
    pub(super) fn check(&self, class: &str, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        self.data_format.must_be_last()?;
        let [h, w, _] = inputs::image(class, inputs)?;
        inputs::sizes([("pool_size", self.pool_size), ("strides", self.strides)])?;
        let padding = *self.padding.get()?;
        let Sizes([a, b]) = self.pool_size;
        if padding == Padding::Valid && (a > h || b > w) {
            return Err(Error::shape(format!(
                "pool_size must fit into the image, received windows of {a}×{b} pixels for an image of {h}×{w}"
            ))
            .help(
                "use padding \"same\", a smaller window, or fewer layers that shrink the image",
            ));
        }
        Ok(Vec::new())
    }

    /// The windows over the image `x`.
    pub(super) fn over(&self, g: &Graph, x: Value) -> Result<Window> {
        let (size, strides) = (self.pool_size.array(), self.strides.array());
        let padding = *self.padding.get()?;
        let image = g.shape(x);
        let amount = |i: usize| padding.amounts(image[i + 1], size[i], strides[i]);
        Ok(Window {
            size,
            strides,
            padding: [amount(0), amount(1)],
        })
    }
}

/// The words of a layer that pools window by window.
macro_rules! pooling {
    ($name:ident) => {
        layer!($name);

        impl $name {
            /// Windows of a size, side by side, inside the image.
            pub fn new(pool_size: impl Into<Pair>) -> Self {
                Self {
                    base: Base::default(),
                    windows: Windows::new(pool_size.into()),
                }
            }

            /// Pixels between neighbouring windows.
            pub fn strides(mut self, strides: impl Into<Pair>) -> Self {
                self.windows.strides = strides.into();
                self
            }

            /// "valid" or "same"; what lies outside the image never counts.
            pub fn padding(mut self, padding: impl Into<Choice<Padding>>) -> Self {
                self.windows.padding = padding.into();
                self
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::new(2)
            }
        }
    };
}

/// The words of a layer that pools whole images.
macro_rules! global_pooling {
    ($name:ident) => {
        layer!($name);

        impl $name {
            /// One number for each channel.
            pub fn new() -> Self {
                Self {
                    base: Base::default(),
                    data_format: DataFormat::ChannelsLast,
                    keepdims: false,
                }
            }

            /// Whether height and width stay, as axes of length 1.
            pub fn keepdims(mut self, keepdims: bool) -> Self {
                self.keepdims = keepdims;
                self
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::new()
            }
        }
    };
}

pub(super) use {global_pooling, pooling};
