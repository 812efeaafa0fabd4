//! As many boxes in each image.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::graph::Value;
use crate::layers::DataFormat;
use crate::layers::Pair;
use crate::layers::{Base, Context, Layer, WeightSpec, inputs};
use crate::shape::Shape;

/// Hands images on, and keeps so many bounding boxes of each: surplus ones are left out, missing ones filled up.
///
/// Of `n` boxes the first `max_number`, or all and `max_number - n` of the `fill_value`; the classes likewise.
///
/// # Shapes
/// `[height, width, channels]` alone, or with boxes `[n, 4]` and their classes `[n]` as second and third input. The output has the images'
/// shape; with boxes, two more have `[max_number, 4]` and `[max_number]` ([`Layer::call_all`](crate::layers::Layer::call_all)).
///
/// # Errors
/// A number of 0; inputs that are neither an image nor an image, boxes and classes.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let layer = MaxNumBoundingBoxes::new(40);
/// let model = Sequential::new().input([32, 32, 3]).add(layer).build()?;
/// assert_eq!(model.output_shape().axes(), &[32, 32, 3]);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Keras
/// Keras takes a dict of images, boxes and labels; here they are three inputs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MaxNumBoundingBoxes {
    #[serde(skip)]
    base: Base,
    max_number: usize,
    #[serde(default = "minus_one")]
    fill_value: f64,
    #[serde(default)]
    data_format: DataFormat,
}

layer!(MaxNumBoundingBoxes);

impl MaxNumBoundingBoxes {
    /// So many boxes.
    pub fn new(max_number: usize) -> Self {
        Self {
            base: Base::default(),
            max_number,
            fill_value: -1.0,
            data_format: DataFormat::ChannelsLast,
        }
    }

    setters! {
        /// What missing boxes and classes are filled with.
        fill_value: f64,
    }
}

impl Layer for MaxNumBoundingBoxes {
    layer_identity!(MaxNumBoundingBoxes);

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        inputs::sizes([("max_number", Pair::from(self.max_number))])?;
        inputs::number("fill_value", self.fill_value, f64::MIN, f64::MAX)?;
        let images = &inputs[..inputs.len().min(1)];
        inputs::image("MaxNumBoundingBoxes", images)?;
        let fits = match inputs {
            [_] => true,
            [_, boxes, classes] => match (boxes.axes(), classes.axes()) {
                (&[n, 4], &[m]) => n == m,
                _ => false,
            },
            _ => false,
        };
        if !fits {
            return Err(Error::shape(format!(
                "MaxNumBoundingBoxes expects images, or images, boxes [n, 4] and classes [n], received {inputs:?}"
            )));
        }
        Ok(Vec::new())
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let outputs = self.call_all(cx, inputs)?;
        Ok(outputs[0])
    }

    fn call_all(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Vec<Value>> {
        let (g, fill) = (&mut *cx.graph, self.fill_value as f32);
        let mut outputs = vec![inputs[0]];
        for &x in &inputs[1..] {
            let n = g.shape(x)[1];
            let mut y = g.slice(x, 1, 0, n.min(self.max_number))?;
            if n < self.max_number {
                // Zeros are added to what the numbers exceed the fill value by.
                y = g.add_scalar(y, -fill)?;
                y = g.pad(y, 1, 0, self.max_number - n)?;
                y = g.add_scalar(y, fill)?;
            }
            outputs.push(y);
        }
        Ok(outputs)
    }
}

fn minus_one() -> f64 {
    -1.0
}
