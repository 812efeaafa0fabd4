//! Values put back to where a pooling found them.

use serde::{Deserialize, Serialize};

use super::windows::Windows;
use crate::choice::Choice;
use crate::error::{Error, Result};
use crate::graph::Value;
use crate::layers::{Base, Context, DataFormat, Layer, Padding, Sizes, WeightSpec, inputs};
use crate::shape::{DType, Shape};

/// Puts each value to the place in its window that the positions of a `MaxPoolingWithArgmax2D` of the same windows name; zeros
/// elsewhere. Values that meet in one place are added.
///
/// `y[i·stride + a, j·stride + b, c] = x[i, j, c]` with `a·(pool width) + b = p[i, j, c]`
///
/// # Shapes
/// Values and positions, both `[batch, height, width, channels] → [batch, new height, new width, channels]`. With padding "valid" the new
/// height is `(height - 1)·stride + pool height`, with "same" `height·stride`, unless `output_size` says the size of the image that
/// was pooled.
///
/// # Errors
/// More or fewer inputs than two of one shape; sizes or strides of 0; windows of more than 256 pixels; an `output_size` of which no
/// pooling gives the input's size; an unknown padding or data format.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let (values, places) = (input([3, 3, 4]), input([3, 3, 4]));
/// let y = MaxUnpooling2D::new(2).output_size((7, 7)).on([&values, &places]);
/// assert_eq!(Model::new([&values, &places], [&y])?.output_shape().axes(), &[7, 7, 4]);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Source
/// Badrinarayanan et al., "SegNet: A Deep Convolutional Encoder-Decoder Architecture for Image Segmentation", 2017.
///
/// # Keras
/// Not in Keras; as PyTorch's `MaxUnpool2d` where windows do not overlap, but for the positions, which count within the window here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MaxUnpooling2D {
    #[serde(skip)]
    base: Base,
    #[serde(default = "two")]
    pool_size: Sizes<2>,
    #[serde(default)]
    strides: Option<Sizes<2>>,
    #[serde(default = "crate::layers::defaults::valid")]
    padding: Choice<Padding>,
    #[serde(default)]
    output_size: Option<Sizes<2>>,
    #[serde(default = "crate::layers::defaults::channels_last")]
    data_format: Choice<DataFormat>,
}

fn two() -> Sizes<2> {
    Sizes::from(2)
}

/// Larger images are mistakes, and would overflow.
const LIMIT: usize = i32::MAX as usize;

layer!(MaxUnpooling2D);

impl MaxUnpooling2D {
    /// Windows of a size, side by side, inside the image.
    pub fn new(pool_size: impl Into<Sizes<2>>) -> Self {
        Self {
            base: Base::default(),
            pool_size: pool_size.into(),
            strides: None,
            padding: crate::layers::defaults::valid(),
            output_size: None,
            data_format: crate::layers::defaults::channels_last(),
        }
    }

    /// Pixels between neighbouring windows.
    pub fn strides(mut self, strides: impl Into<Sizes<2>>) -> Self {
        self.strides = Some(strides.into());
        self
    }

    /// "valid" or "same", as of the pooling.
    pub fn padding(mut self, padding: impl Into<Choice<Padding>>) -> Self {
        self.padding = padding.into();
        self
    }

    /// Height and width of the image that was pooled.
    pub fn output_size(mut self, output_size: impl Into<Sizes<2>>) -> Self {
        self.output_size = Some(output_size.into());
        self
    }

    /// Where the channels are: "`channels_last`" or "`channels_first`".
    pub fn data_format(mut self, data_format: impl Into<Choice<DataFormat>>) -> Self {
        self.data_format = data_format.into();
        self
    }

    fn windows(&self) -> Windows<2> {
        Windows {
            pool_size: self.pool_size,
            padding: self.padding.clone(),
            strides: self.strides.unwrap_or(self.pool_size),
            data_format: self.data_format.clone(),
        }
    }

    /// Height and width of the image whose pooling gives the lengths given.
    fn image(&self, lengths: [usize; 2]) -> Result<[usize; 2]> {
        let (windows, same) = (self.windows(), *self.padding.get()? == Padding::Same);
        let mut image = [0; 2];
        for i in 0..2 {
            let (size, stride, length) = (windows.pool_size.0[i], windows.strides.0[i], lengths[i]);
            let least = (length - 1)
                .checked_mul(stride)
                .filter(|&n| n < LIMIT)
                .ok_or_else(|| {
                    Error::shape(format!(
                        "an image of {length} times {stride} pixels is too large"
                    ))
                })?;
            image[i] = match self.output_size {
                Some(given) => given.0[i],
                None if same => least + stride,
                None => least + size,
            };
            let pooled = if same {
                image[i].div_ceil(stride)
            } else {
                let room = image[i].checked_sub(size);
                room.map_or(0, |room| room / stride + 1)
            };
            if pooled != length {
                return Err(Error::config(format!(
                    "output_size must be that of an image whose pooling gives {length} windows, received {}, whose pooling gives {pooled}",
                    image[i]
                )));
            }
        }
        Ok(image)
    }
}

impl Layer for MaxUnpooling2D {
    layer_identity!(MaxUnpooling2D);

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        let [values, positions] = inputs else {
            return Err(Error::shape(format!(
                "MaxUnpooling2D expects two inputs, values and positions, received {}",
                inputs.len()
            ))
            .help("both are outputs of MaxPoolingWithArgmax2D"));
        };
        if values != positions {
            return Err(Error::shape(format!(
                "MaxUnpooling2D expects a position for each value, received values {values} and positions {positions}"
            )));
        }
        let format = *self.data_format.get()?;
        let (lengths, _) = inputs::spatial::<2>("MaxUnpooling2D", &inputs[..1], format)?;
        let windows = self.windows();
        inputs::sizes([
            ("pool_size", windows.pool_size),
            ("strides", windows.strides),
        ])?;
        if let Some(size) = self.output_size {
            inputs::sizes([("output_size", size)])?;
        }
        windows.positions_fit()?;
        self.padding.get()?.not_causal()?;
        if lengths.contains(&0) {
            return Err(Error::shape(format!(
                "MaxUnpooling2D needs an input with something in it, received {values}"
            )));
        }
        self.image(lengths)?;
        Ok(Vec::new())
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let format = *self.data_format.get()?;
        let g = &mut *cx.graph;
        let values = format.to_last(g, inputs[0])?;
        let positions = format.to_last(g, inputs[1])?;
        let last = self.pool_size.0.iter().product::<usize>() - 1;
        let positions = g.clip(positions, 0.0, last as f32)?;
        let positions = g.cast(positions, DType::U8)?;
        let image = self.image([g.shape(values)[1], g.shape(values)[2]])?;
        let window = self.windows().over(image)?;
        let y = g.max_pool_grad(values, positions, window, image)?;
        format.to_own(g, y)
    }
}
