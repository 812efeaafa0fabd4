//! Layers of images that are written for channels behind the pixels, whatever order their own images have.

use super::{Context, DataFormat, WeightSpec};
use crate::error::Result;
use crate::graph::Value;
use crate::shape::Shape;

/// A layer as it is for images `[height, width, channels]`; [`images!`] makes it a [`Layer`](super::Layer) for both orders.
pub(super) trait ChannelsLast {
    /// [`Layer::build`](super::Layer::build).
    fn build_last(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>>;

    /// [`Layer::call`](super::Layer::call).
    fn call_last(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value>;

    /// [`Layer::call_all`](super::Layer::call_all).
    fn call_all_last(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Vec<Value>> {
        Ok(vec![self.call_last(cx, inputs)?])
    }
}

/// The shapes (without the batch) of images in an order, their channels last.
pub(super) fn shapes_last(format: DataFormat, shapes: &[Shape]) -> Vec<Shape> {
    let last = |s: &Shape| match (format, s.axes()) {
        (DataFormat::ChannelsFirst, &[channels, height, width]) => [height, width, channels].into(),
        _ => s.clone(),
    };
    shapes.iter().map(last).collect()
}

/// [`Layer`](super::Layer) of a layer that is [`ChannelsLast`] and has a field `data_format`: images with their channels first are turned
/// before and after.
macro_rules! images {
    ($name:ident) => {
        impl $crate::layers::Layer for $name {
            layer_identity!($name);

            fn build(
                &self,
                inputs: &[$crate::shape::Shape],
            ) -> $crate::error::Result<Vec<$crate::layers::WeightSpec>> {
                self.build_last(&$crate::layers::images::shapes_last(
                    self.data_format,
                    inputs,
                ))
            }

            fn call(
                &self,
                cx: &mut $crate::layers::Context<'_>,
                inputs: &[$crate::graph::Value],
            ) -> $crate::error::Result<$crate::graph::Value> {
                Ok(self.call_all(cx, inputs)?[0])
            }

            fn call_all(
                &self,
                cx: &mut $crate::layers::Context<'_>,
                inputs: &[$crate::graph::Value],
            ) -> $crate::error::Result<Vec<$crate::graph::Value>> {
                let mut turned = Vec::with_capacity(inputs.len());
                for &x in inputs {
                    turned.push(self.data_format.to_last(cx.graph, x)?);
                }
                let mut outputs = self.call_all_last(cx, &turned)?;
                for y in &mut outputs {
                    *y = self.data_format.to_own(cx.graph, *y)?;
                }
                Ok(outputs)
            }
        }

        impl $name {
            /// Where the channels of images are.
            pub fn data_format(mut self, data_format: $crate::layers::DataFormat) -> Self {
                self.data_format = data_format;
                self
            }
        }
    };
}

pub(super) use images;
