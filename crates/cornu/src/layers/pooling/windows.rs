//! What the pooling layers share: windows that slide over a sequence, an image or a volume.

use serde::{Deserialize, Serialize};

use crate::choice::Choice;
use crate::error::{Error, Result};
use crate::graph::ops::Window;
use crate::graph::{Graph, Value};
use crate::layers::defaults::{channels_last, valid};
use crate::layers::{DataFormat, Padding, Sizes, WeightSpec, inputs};
use crate::shape::Shape;

/// The arguments of a pooling along `N` axes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "Given<N>")]
pub(super) struct Windows<const N: usize> {
    pub(super) pool_size: Sizes<N>,
    pub(super) padding: Choice<Padding>,
    pub(super) strides: Sizes<N>,
    pub(super) data_format: Choice<DataFormat>,
}

/// [`Windows`] as written by a person, who may leave things out.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Given<const N: usize> {
    #[serde(default = "two")]
    pool_size: Sizes<N>,
    #[serde(default = "valid")]
    padding: Choice<Padding>,
    strides: Option<Sizes<N>>,
    #[serde(default = "channels_last")]
    data_format: Choice<DataFormat>,
}

fn two<const N: usize>() -> Sizes<N> {
    Sizes::from(2)
}

impl<const N: usize> From<Given<N>> for Windows<N> {
    fn from(given: Given<N>) -> Self {
        Self {
            pool_size: given.pool_size,
            padding: given.padding,
            strides: given.strides.unwrap_or(given.pool_size),
            data_format: given.data_format,
        }
    }
}

/// What is kept of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kept {
    /// The largest value.
    Largest,
    /// The mean of those inside the image.
    Mean,
}

impl Kept {
    /// Pools images `[n, .., height, width, channels]`.
    pub(super) fn pool(self, g: &mut Graph, x: Value, window: Window) -> Result<Value> {
        match self {
            Self::Largest if window.size[0].saturating_mul(window.size[1]) > MAX_PLACES => {
                // The position in a window is kept in a byte: too large a window is pooled along one axis after the other.
                let along = |axis: usize| {
                    let mut part = window;
                    (part.size[axis], part.strides[axis], part.padding[axis]) = (1, 1, (0, 0));
                    part
                };
                let y = g.max_pool(x, along(0))?;
                g.max_pool(y, along(1))
            }
            Self::Largest => g.max_pool(x, window),
            Self::Mean => g.average_pool(x, window),
        }
    }
}

/// Places of a window whose maximum can be told in a byte.
pub(super) const MAX_PLACES: usize = 256;

impl<const N: usize> Windows<N> {
    /// Windows side by side, inside the image.
    pub(super) fn new(pool_size: Sizes<N>) -> Self {
        Self {
            pool_size,
            padding: valid(),
            strides: pool_size,
            data_format: channels_last(),
        }
    }

    /// Refuses settings and inputs that cannot work.
    pub(super) fn check(
        &self,
        class: &str,
        inputs: &[Shape],
        kept: Kept,
    ) -> Result<Vec<WeightSpec>> {
        let format = *self.data_format.get()?;
        let (lengths, _) = inputs::spatial::<N>(class, inputs, format)?;
        inputs::sizes([("pool_size", self.pool_size), ("strides", self.strides)])?;
        let padding = self.padding.get()?.not_causal()?;
        let beyond = (0..N).any(|i| self.pool_size.0[i] > lengths[i]);
        if padding == Padding::Valid && beyond {
            let times = |sizes: &[usize; N]| sizes.map(|n| n.to_string()).join("×");
            let (what, places) = match N {
                1 => ("sequence", "steps"),
                2 => ("image", "pixels"),
                _ => ("volume", "places"),
            };
            return Err(Error::shape(format!(
                "pool_size must fit into the {what}, received windows of {} {places} for {} {what} of {}",
                times(&self.pool_size.0),
                if N == 2 { "an" } else { "a" },
                times(&lengths)
            ))
            .help(format!(
                "use padding \"same\", a smaller window, or fewer layers that shrink the {what}"
            )));
        }
        if let Some(size) = self.pool_size.0.iter().find(|&&n| n > MAX_PLACES)
            && kept == Kept::Largest
        {
            return Err(Error::config(format!(
                "pool_size must be at most {MAX_PLACES} along each axis, received {size}"
            ))
            .help(format!(
                "GlobalMaxPooling{N}D takes the maximum of everything"
            )));
        }
        Ok(Vec::new())
    }

    /// The windows along axis `i` of the length given: size, stride, padding.
    fn along(&self, i: usize, length: usize) -> Result<(usize, usize, (usize, usize))> {
        let (size, stride) = (self.pool_size.0[i], self.strides.0[i]);
        Ok((
            size,
            stride,
            self.padding.get()?.amounts(length, size, stride),
        ))
    }

    /// The input pooled. A sequence is pooled as an image of one row, a volume plane by plane and then along its depth.
    pub(super) fn pool(&self, g: &mut Graph, x: Value, kept: Kept) -> Result<Value> {
        let format = *self.data_format.get()?;
        let x = format.to_last(g, x)?;
        let shape = g.shape(x).clone();
        let one = (1, 1, (0, 0));
        let window = |a: (usize, usize, _), b: (usize, usize, _)| Window {
            size: [a.0, b.0],
            strides: [a.1, b.1],
            padding: [a.2, b.2],
        };
        let along = |i: usize| self.along(i, shape[i + 1]);
        let y = match N {
            1 => {
                let x = g.reshape(x, [shape[0], 1, shape[1], shape[2]])?;
                let y = kept.pool(g, x, window(one, along(0)?))?;
                let steps = g.shape(y)[2];
                g.reshape(y, [shape[0], steps, shape[2]])?
            }
            2 => kept.pool(g, x, window(along(0)?, along(1)?))?,
            _ => {
                let planes = kept.pool(g, x, window(along(1)?, along(2)?))?;
                let s = g.shape(planes).clone();
                let columns = g.reshape(planes, [s[0], s[1], s[2] * s[3], s[4]])?;
                let y = kept.pool(g, columns, window(along(0)?, one))?;
                let depth = g.shape(y)[1];
                g.reshape(y, [s[0], depth, s[2], s[3], s[4]])?
            }
        };
        format.to_own(g, y)
    }
}

impl Windows<2> {
    /// The windows over an image.
    pub(super) fn over(&self, image: [usize; 2]) -> Result<Window> {
        let (down, right) = (self.along(0, image[0])?, self.along(1, image[1])?);
        Ok(Window {
            size: [down.0, right.0],
            strides: [down.1, right.1],
            padding: [down.2, right.2],
        })
    }

    /// Refuses windows in which a position does not fit into a byte.
    pub(super) fn positions_fit(&self) -> Result<()> {
        let [h, w] = self.pool_size.0;
        if h.saturating_mul(w) > MAX_PLACES {
            return Err(Error::config(format!(
                "a window whose maximum has a position holds at most {MAX_PLACES} pixels, received {h}×{w}"
            )));
        }
        Ok(())
    }
}

/// A layer that pools window by window: struct, words, and what it computes.
macro_rules! pooling {
    ($(#[$doc:meta])* $name:ident<$n:literal> keeps $kept:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, ::serde::Serialize, ::serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name {
            #[serde(skip)]
            base: $crate::layers::Base,
            windows: super::windows::Windows<$n>,
        }

        layer!($name);

        impl $name {
            /// Windows of a size, side by side, inside the input.
            pub fn new(pool_size: impl Into<$crate::layers::Sizes<$n>>) -> Self {
                Self {
                    base: $crate::layers::Base::default(),
                    windows: super::windows::Windows::new(pool_size.into()),
                }
            }

            /// Pixels between neighbouring windows.
            pub fn strides(mut self, strides: impl Into<$crate::layers::Sizes<$n>>) -> Self {
                self.windows.strides = strides.into();
                self
            }

            /// "valid" or "same"; what lies outside the input never counts.
            pub fn padding(mut self, padding: impl Into<$crate::choice::Choice<$crate::layers::Padding>>) -> Self {
                self.windows.padding = padding.into();
                self
            }

            /// Where the channels are: "`channels_last`" or "`channels_first`".
            pub fn data_format(
                mut self,
                data_format: impl Into<$crate::choice::Choice<$crate::layers::DataFormat>>,
            ) -> Self {
                self.windows.data_format = data_format.into();
                self
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::new(2)
            }
        }

        impl $crate::layers::Layer for $name {
            layer_identity!($name);

            fn build(&self, inputs: &[$crate::Shape]) -> $crate::Result<Vec<$crate::layers::WeightSpec>> {
                self.windows.check(stringify!($name), inputs, super::windows::Kept::$kept)
            }

            fn call(
                &self,
                cx: &mut $crate::layers::Context<'_>,
                inputs: &[$crate::graph::Value],
            ) -> $crate::Result<$crate::graph::Value> {
                self.windows.pool(cx.graph, inputs[0], super::windows::Kept::$kept)
            }
        }
    };
}

pub(super) use pooling;
