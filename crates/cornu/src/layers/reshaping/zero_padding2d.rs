//! A frame of zeros round images.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value as Json;

use crate::error::Result;
use crate::graph::Value;
use crate::layers::DataFormat;
use crate::layers::{Base, Context, Layer, WeightSpec, inputs};
use crate::shape::Shape;

/// Puts rows and columns of zeros round each image.
///
/// `y[top + i, left + j] = x[i, j]`, 0 elsewhere.
///
/// # Shapes
/// `[height, width, channels] → [top + height + bottom, left + width + right, channels]`.
///
/// # Errors
/// An input that is no image.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let model = Sequential::new().input([5, 4, 3]).add(ZeroPadding2D::new([(1, 0), (2, 3)])).build()?;
/// assert_eq!(model.output_shape().axes(), &[6, 9, 3]);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Keras
/// The same. Channels come last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ZeroPadding2D {
    #[serde(skip)]
    base: Base,
    #[serde(default = "one")]
    padding: Margins,
    #[serde(default)]
    data_format: DataFormat,
}

/// Rows and columns round an image: ((top, bottom), (left, right)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Margins((usize, usize), (usize, usize));

impl From<usize> for Margins {
    fn from(n: usize) -> Self {
        Self((n, n), (n, n))
    }
}

impl From<(usize, usize)> for Margins {
    fn from((v, h): (usize, usize)) -> Self {
        Self((v, v), (h, h))
    }
}

impl From<[(usize, usize); 2]> for Margins {
    fn from([v, h]: [(usize, usize); 2]) -> Self {
        Self(v, h)
    }
}

impl<'de> Deserialize<'de> for Margins {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let given = Json::deserialize(d)?;
        let number = |v: &Json| v.as_u64().and_then(|n| usize::try_from(n).ok());
        let pair = |v: &Json| match v.as_array().map(Vec::as_slice) {
            Some([a, b]) => Some((number(a)?, number(b)?)),
            _ => number(v).map(|n| (n, n)),
        };
        let margins = match given.as_array().map(Vec::as_slice) {
            Some([v, h]) => pair(v).zip(pair(h)).map(|(v, h)| Self(v, h)),
            Some(_) => None,
            None => number(&given).map(Self::from),
        };
        margins.ok_or_else(|| {
            D::Error::custom(format!(
                "invalid value: {given}, expected a number, two, or two pairs, as in 1, [1, 2] or [[1, 0], [2, 3]]"
            ))
        })
    }
}

fn one() -> Margins {
    Margins::from(1)
}

layer!(ZeroPadding2D);

impl ZeroPadding2D {
    /// So many zeros on each side; two numbers for (vertical, horizontal); two pairs for each side its own.
    pub fn new(padding: impl Into<Margins>) -> Self {
        Self {
            base: Base::default(),
            padding: padding.into(),
            data_format: DataFormat::ChannelsLast,
        }
    }
}

impl Layer for ZeroPadding2D {
    layer_identity!(ZeroPadding2D);

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        inputs::image("ZeroPadding2D", inputs)?;
        Ok(Vec::new())
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let Margins((top, bottom), (left, right)) = self.padding;
        let x = cx.graph.pad(inputs[0], 1, top, bottom)?;
        cx.graph.pad(x, 2, left, right)
    }
}
