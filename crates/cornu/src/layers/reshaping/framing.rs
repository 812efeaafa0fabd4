//! What the layers do alike that put frames round images and take them away.

use super::margins::Margins;
use crate::error::{Error, Result};
use crate::graph::{Graph, Value};
use crate::layers::DataFormat;

/// The place of the first axis of an image.
fn first(format: DataFormat) -> usize {
    match format {
        DataFormat::ChannelsLast => 1,
        DataFormat::ChannelsFirst => 2,
    }
}

/// Zeros before and after each axis.
pub(super) fn pad<const N: usize>(
    g: &mut Graph,
    x: Value,
    margins: Margins<N>,
    format: DataFormat,
) -> Result<Value> {
    let mut x = x;
    for (i, (before, after)) in margins.0.into_iter().enumerate() {
        if (before, after) != (0, 0) {
            x = g.pad(x, first(format) + i, before, after)?;
        }
    }
    Ok(x)
}

/// Refuses to crop axes of the lengths given to nothing.
pub(super) fn leaves_something<const N: usize>(
    margins: Margins<N>,
    lengths: [usize; N],
) -> Result<()> {
    for ((before, after), length) in margins.0.into_iter().zip(lengths) {
        if before.saturating_add(after) >= length {
            return Err(Error::config(format!(
                "cropping must leave something of each axis, received {before} and {after} for an axis of {length}"
            )));
        }
    }
    Ok(())
}

/// Each axis without what stands before and after.
pub(super) fn crop<const N: usize>(
    g: &mut Graph,
    x: Value,
    margins: Margins<N>,
    format: DataFormat,
) -> Result<Value> {
    let mut x = x;
    for (i, (before, after)) in margins.0.into_iter().enumerate() {
        if (before, after) != (0, 0) {
            let axis = first(format) + i;
            let length = g.shape(x)[axis] - before - after;
            x = g.slice(x, axis, before, length)?;
        }
    }
    Ok(x)
}

/// The struct and words of a layer with margins and a data format.
macro_rules! framing {
    ($(#[$doc:meta])* $name:ident<$n:literal> { $margins:ident: $default:literal => $value:literal }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, ::serde::Serialize, ::serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            #[serde(skip)]
            base: $crate::layers::Base,
            #[serde(default = $default)]
            $margins: super::margins::Margins<$n>,
            #[serde(default = "crate::layers::defaults::channels_last")]
            data_format: $crate::choice::Choice<$crate::layers::DataFormat>,
        }

        layer!($name);

        impl $name {
            /// One number for all sides, one for each axis, or a pair for each axis.
            pub fn new($margins: impl Into<super::margins::Margins<$n>>) -> Self {
                Self {
                    base: $crate::layers::Base::default(),
                    $margins: $margins.into(),
                    data_format: $crate::layers::defaults::channels_last(),
                }
            }

            /// Where the channels are: "`channels_last`" or "`channels_first`".
            pub fn data_format(
                mut self,
                data_format: impl Into<$crate::choice::Choice<$crate::layers::DataFormat>>,
            ) -> Self {
                self.data_format = data_format.into();
                self
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::new($value)
            }
        }
    };
}

pub(super) fn none<const N: usize>() -> Margins<N> {
    Margins::from(0)
}

pub(super) fn one<const N: usize>() -> Margins<N> {
    Margins::from(1)
}

pub(super) use framing;
