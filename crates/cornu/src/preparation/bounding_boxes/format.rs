//! How boxes are written.

use crate::choice::{Choice, Named};
use crate::error::{Error, Result};
use crate::tensor::Tensor;

/// How four numbers tell of a box.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BoxFormat {
    name: &'static str,
    corners: Corners,
    /// Whether rows come before columns.
    rows_first: bool,
    /// Whether lengths are shares of the picture's.
    relative: bool,
}

/// Which two points or lengths are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Corners {
    Both,
    FirstAndSize,
    CenterAndSize,
}

const fn format(
    name: &'static str,
    corners: Corners,
    rows_first: bool,
    relative: bool,
) -> BoxFormat {
    BoxFormat {
        name,
        corners,
        rows_first,
        relative,
    }
}

const FORMATS: [BoxFormat; 9] = [
    format("xyxy", Corners::Both, false, false),
    format("yxyx", Corners::Both, true, false),
    format("xywh", Corners::FirstAndSize, false, false),
    format("center_xywh", Corners::CenterAndSize, false, false),
    format("center_yxhw", Corners::CenterAndSize, true, false),
    format("rel_xyxy", Corners::Both, false, true),
    format("rel_yxyx", Corners::Both, true, true),
    format("rel_xywh", Corners::FirstAndSize, false, true),
    format("rel_center_xywh", Corners::CenterAndSize, false, true),
];

impl Named for BoxFormat {
    const WHAT: &'static str = "bounding box format";
    fn from_name(name: &str) -> Option<Self> {
        let name = name.to_lowercase();
        FORMATS.into_iter().find(|f| f.name == name)
    }
    fn name(&self) -> &str {
        self.name
    }
    fn names() -> Vec<&'static str> {
        FORMATS.iter().map(|f| f.name).collect()
    }
}

impl BoxFormat {
    /// Left, top, right and bottom.
    fn read(self, b: [f32; 4], [height, width]: [f32; 2]) -> [f32; 4] {
        let [a, b, c, d] = if self.rows_first {
            [b[1], b[0], b[3], b[2]]
        } else {
            b
        };
        let edges = match self.corners {
            Corners::Both => [a, b, c, d],
            Corners::FirstAndSize => [a, b, a + c, b + d],
            Corners::CenterAndSize => [a - c / 2.0, b - d / 2.0, a + c / 2.0, b + d / 2.0],
        };
        let [x, y] = if self.relative {
            [width, height]
        } else {
            [1.0; 2]
        };
        [edges[0] * x, edges[1] * y, edges[2] * x, edges[3] * y]
    }

    /// From left, top, right and bottom.
    fn write(self, edges: [f32; 4], [height, width]: [f32; 2]) -> [f32; 4] {
        let [x, y] = if self.relative {
            [width, height]
        } else {
            [1.0; 2]
        };
        let [a, b, c, d] = [edges[0] / x, edges[1] / y, edges[2] / x, edges[3] / y];
        let [a, b, c, d] = match self.corners {
            Corners::Both => [a, b, c, d],
            Corners::FirstAndSize => [a, b, c - a, d - b],
            Corners::CenterAndSize => [f32::midpoint(a, c), f32::midpoint(b, d), c - a, d - b],
        };
        if self.rows_first {
            [b, a, d, c]
        } else {
            [a, b, c, d]
        }
    }
}

/// The boxes of a tensor, each as left, top, right and bottom.
pub(super) fn edges(boxes: &Tensor, format: BoxFormat, image: [f32; 2]) -> Result<Vec<[f32; 4]>> {
    if boxes.shape().last() != Some(&4) {
        return Err(Error::shape(format!(
            "boxes are [.., 4], received {}",
            boxes.shape()
        )));
    }
    let fours = boxes.f32s()?.chunks_exact(4);
    Ok(fours
        .map(|b| format.read([b[0], b[1], b[2], b[3]], image))
        .collect())
}

/// Height and width of the picture, which relative formats need.
pub(super) fn picture(image: Option<[usize; 2]>, formats: &[BoxFormat]) -> Result<[f32; 2]> {
    match image {
        Some([height, width]) if height > 0 && width > 0 => Ok([height as f32, width as f32]),
        None if formats.iter().all(|f| !f.relative) => Ok([1.0; 2]),
        other => Err(Error::config(format!(
            "a picture of at least one pixel is needed for shares of its height and width, received {other:?}"
        ))),
    }
}

/// A format, and the height and width of the picture, which a relative one needs.
pub(super) fn known(
    format: impl Into<Choice<BoxFormat>>,
    image: Option<[usize; 2]>,
) -> Result<(BoxFormat, [f32; 2])> {
    let format = format.into();
    let format = *format.get()?;
    Ok((format, picture(image, &[format])?))
}

/// Boxes with other edges, written in another way than they were read.
pub(super) fn rewritten(
    boxes: &Tensor,
    [source, target]: [BoxFormat; 2],
    image: [f32; 2],
    change: impl Fn([f32; 4]) -> [f32; 4],
) -> Result<Tensor> {
    let edges = edges(boxes, source, image)?;
    let written = edges.into_iter().map(change);
    let written = written.flat_map(|b| target.write(b, image));
    Tensor::new(boxes.shape().to_vec(), written.collect::<Vec<f32>>())
}

/// A format in pixels, and no shares of a picture: for functions that change the picture's size.
pub(super) fn in_pixels(format: &Choice<BoxFormat>) -> Result<BoxFormat> {
    let format = *format.get()?;
    if format.relative {
        return Err(Error::config(format!(
            "expected boxes in pixels, received shares of a picture's height and width ({:?})",
            format.name
        ))
        .help("convert_format writes them in pixels"));
    }
    Ok(format)
}

/// Boxes written in another way.
///
/// Formats: "xyxy" (left, top, right, bottom), "yxyx", "xywh" (left, top, width, height), "`center_xywh`", "`center_yxhw`", and, with lengths as
/// shares of the picture's, "`rel_xyxy`", "`rel_yxyx`", "`rel_xywh`", "`rel_center_xywh`".
///
/// # Shapes
/// `[.., 4]`; `image` is height and width in pixels.
///
/// # Errors
/// An unknown format, boxes of other than four numbers, a relative format without the picture's size.
///
/// # Example
/// ```
/// use cornu::preparation::bounding_boxes::convert_format;
/// use cornu::prelude::*;
/// let boxes = Tensor::new([1, 4], vec![16.0f32, 32.0, 48.0, 96.0])?;
/// let shares = convert_format(&boxes, "xyxy", "rel_xywh", Some([128, 64]))?;
/// assert_eq!(shares.f32s()?, &[0.25, 0.25, 0.5, 0.5]);
/// # Ok::<(), cornu::Error>(())
/// ```
pub fn convert_format(
    boxes: &Tensor,
    source: impl Into<Choice<BoxFormat>>,
    target: impl Into<Choice<BoxFormat>>,
    image: Option<[usize; 2]>,
) -> Result<Tensor> {
    let (source, target) = (source.into(), target.into());
    let (source, target) = (*source.get()?, *target.get()?);
    let image = picture(image, &[source, target])?;
    rewritten(boxes, [source, target], image, |edges| edges)
}
