//! What the adaptive poolings share: as many windows as are asked for, as even as they can be.

use super::windows::{Kept, MAX_PLACES};
use crate::error::{Error, Result};
use crate::graph::ops::Window;
use crate::graph::{Graph, Value};
use crate::layers::{DataFormat, Sizes, WeightSpec, inputs};
use crate::shape::Shape;

/// The window of output `i` of `out`: from `⌊i·length / out⌋` to before `⌈(i + 1)·length / out⌉`.
fn window(i: usize, length: usize, out: usize) -> (usize, usize) {
    (i * length / out, ((i + 1) * length).div_ceil(out))
}

/// Refuses settings and inputs that cannot work.
pub(super) fn check<const N: usize>(
    class: &str,
    inputs: &[Shape],
    output_size: Sizes<N>,
    format: DataFormat,
    kept: Kept,
) -> Result<Vec<WeightSpec>> {
    let (lengths, _) = inputs::spatial::<N>(class, inputs, format)?;
    inputs::sizes([("output_size", output_size)])?;
    for (length, out) in lengths.into_iter().zip(output_size.0) {
        if length == 0 || out > MOST_WINDOWS {
            return Err(Error::config(format!(
                "output_size must be at most {MOST_WINDOWS}, and the input must hold something, received {out} windows for a length of {length}"
            )));
        }
        if kept == Kept::Largest && length.div_ceil(out) >= MAX_PLACES {
            return Err(Error::config(format!(
                "windows must be shorter than {MAX_PLACES}, received {out} windows for a length of {length}"
            ))
            .help("pool once before, with windows that divide the length"));
        }
    }
    Ok(Vec::new())
}

/// Windows of different lengths are written out one by one.
const MOST_WINDOWS: usize = 1 << 12;

/// `x` pooled to so many places along each axis, one axis after the other.
pub(super) fn pool<const N: usize>(
    g: &mut Graph,
    x: Value,
    output_size: Sizes<N>,
    format: DataFormat,
    kept: Kept,
) -> Result<Value> {
    let mut y = format.to_last(g, x)?;
    for (i, out) in output_size.0.into_iter().enumerate() {
        y = along(g, y, i + 1, out, kept)?;
    }
    format.to_own(g, y)
}

fn along(g: &mut Graph, x: Value, axis: usize, out: usize, kept: Kept) -> Result<Value> {
    let shape = g.shape(x).clone();
    let (length, after) = (shape[axis], shape[axis + 1..].iter().product());
    let before: usize = shape[1..axis].iter().product();
    // Rows of the axis, as images that are `length` wide.
    let rows = g.reshape(x, [shape[0], before, length, after])?;
    let wide = |size: usize| Window {
        size: [1, size],
        strides: [1, size],
        padding: [(0, 0); 2],
    };
    let y = if length.is_multiple_of(out) {
        kept.pool(g, rows, wide(length / out))?
    } else {
        let mut parts = Vec::with_capacity(out);
        for i in 0..out {
            let (start, end) = window(i, length, out);
            let part = g.slice(rows, 2, start, end - start)?;
            parts.push(kept.pool(g, part, wide(end - start))?);
        }
        g.concat(&parts, 2)?
    };
    let mut smaller = shape.to_vec();
    smaller[axis] = out;
    g.reshape(y, smaller)
}

/// A layer that pools to a given size: struct, words, and what it computes.
macro_rules! adaptive_pooling {
    ($(#[$doc:meta])* $name:ident<$n:literal> keeps $kept:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, ::serde::Serialize, ::serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            #[serde(skip)]
            base: $crate::layers::Base,
            output_size: $crate::layers::Sizes<$n>,
            #[serde(default = "crate::layers::defaults::channels_last")]
            data_format: $crate::choice::Choice<$crate::layers::DataFormat>,
        }

        layer!($name);

        impl $name {
            /// So many places along each axis.
            pub fn new(output_size: impl Into<$crate::layers::Sizes<$n>>) -> Self {
                Self {
                    base: $crate::layers::Base::default(),
                    output_size: output_size.into(),
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

        impl $crate::layers::Layer for $name {
            layer_identity!($name);

            fn build(&self, inputs: &[$crate::Shape]) -> $crate::Result<Vec<$crate::layers::WeightSpec>> {
                let (format, kept) = (*self.data_format.get()?, super::windows::Kept::$kept);
                super::adaptive::check(stringify!($name), inputs, self.output_size, format, kept)
            }

            fn call(
                &self,
                cx: &mut $crate::layers::Context<'_>,
                inputs: &[$crate::graph::Value],
            ) -> $crate::Result<$crate::graph::Value> {
                let (format, kept) = (*self.data_format.get()?, super::windows::Kept::$kept);
                super::adaptive::pool(cx.graph, inputs[0], self.output_size, format, kept)
            }
        }
    };
}

pub(super) use adaptive_pooling;
