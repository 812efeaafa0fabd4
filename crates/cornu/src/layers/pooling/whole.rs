//! What the layers share that keep one number of everything in a channel.

use crate::layers::DataFormat;

/// The axes of a sequence, image or volume of `n` axes.
pub(super) fn axes(n: usize, format: DataFormat) -> Vec<usize> {
    let first = match format {
        DataFormat::ChannelsLast => 1,
        DataFormat::ChannelsFirst => 2,
    };
    (first..first + n).collect()
}

/// The struct and words of a layer that pools everything in a channel.
macro_rules! global_pooling {
    ($(#[$doc:meta])* $name:ident<$n:literal>) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, ::serde::Serialize, ::serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            #[serde(skip)]
            base: $crate::layers::Base,
            #[serde(default = "crate::layers::defaults::channels_last")]
            data_format: $crate::choice::Choice<$crate::layers::DataFormat>,
            #[serde(default)]
            keepdims: bool,
        }

        layer!($name);

        impl $name {
            /// One number for each channel.
            pub fn new() -> Self {
                Self {
                    base: $crate::layers::Base::default(),
                    data_format: $crate::layers::defaults::channels_last(),
                    keepdims: false,
                }
            }

            /// Whether the axes that are pooled stay, with length 1.
            pub fn keepdims(mut self, keepdims: bool) -> Self {
                self.keepdims = keepdims;
                self
            }

            /// Where the channels are: "`channels_last`" or "`channels_first`".
            pub fn data_format(
                mut self,
                data_format: impl Into<$crate::choice::Choice<$crate::layers::DataFormat>>,
            ) -> Self {
                self.data_format = data_format.into();
                self
            }

            /// The axes that are pooled.
            fn axes(&self) -> $crate::Result<Vec<usize>> {
                Ok(super::whole::axes($n, *self.data_format.get()?))
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::new()
            }
        }
    };
}

pub(super) use global_pooling;
