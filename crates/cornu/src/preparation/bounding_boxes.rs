//! Boxes around things in pictures: how they are written, how much two overlap, what of them lies in the picture.

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
fn edges(boxes: &Tensor, format: BoxFormat, image: [f32; 2]) -> Result<Vec<[f32; 4]>> {
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
fn picture(image: Option<[usize; 2]>, formats: &[BoxFormat]) -> Result<[f32; 2]> {
    match image {
        Some([height, width]) if height > 0 && width > 0 => Ok([height as f32, width as f32]),
        None if formats.iter().all(|f| !f.relative) => Ok([1.0; 2]),
        other => Err(Error::config(format!(
            "a picture of at least one pixel is needed for shares of its height and width, received {other:?}"
        ))),
    }
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
    let edges = edges(boxes, source, image)?;
    let written = edges.into_iter().flat_map(|b| target.write(b, image));
    Tensor::new(boxes.shape().to_vec(), written.collect::<Vec<f32>>())
}

/// How much each of some boxes overlaps each of others: the area they share over the area they cover together.
///
/// # Shapes
/// `[n, 4]` and `[m, 4]` to `[n, m]`.
///
/// # Errors
/// Those of [`convert_format`]; lists of other shapes.
///
/// # Example
/// ```
/// use cornu::preparation::bounding_boxes::compute_iou;
/// use cornu::prelude::*;
/// let a = Tensor::new([1, 4], vec![0.0f32, 0.0, 2.0, 2.0])?;
/// let b = Tensor::new([2, 4], vec![1.0f32, 0.0, 3.0, 2.0, 5.0, 5.0, 6.0, 6.0])?;
/// let shared = compute_iou(&a, &b, "xyxy", None)?;
/// assert!((shared.f32s()?[0] - 1.0 / 3.0).abs() < 1e-6 && shared.f32s()?[1] == 0.0);
/// # Ok::<(), cornu::Error>(())
/// ```
pub fn compute_iou(
    boxes1: &Tensor,
    boxes2: &Tensor,
    format: impl Into<Choice<BoxFormat>>,
    image: Option<[usize; 2]>,
) -> Result<Tensor> {
    let format = format.into();
    let format = *format.get()?;
    let image = picture(image, &[format])?;
    let area = |b: &[f32; 4]| (b[2] - b[0]) * (b[3] - b[1]);
    let mut shares = Vec::new();
    if boxes1.shape().rank() != 2 || boxes2.shape().rank() != 2 {
        return Err(Error::shape(format!(
            "boxes are compared as lists [n, 4] and [m, 4], received {} and {}",
            boxes1.shape(),
            boxes2.shape()
        )));
    }
    let others = edges(boxes2, format, image)?;
    for a in edges(boxes1, format, image)? {
        for b in &others {
            let both = [
                a[0].max(b[0]),
                a[1].max(b[1]),
                a[2].min(b[2]),
                a[3].min(b[3]),
            ];
            let common = (both[2] - both[0]).max(0.0) * (both[3] - both[1]).max(0.0);
            shares.push(common / (area(&a) + area(b) - common + 1e-7));
        }
    }
    Tensor::new([boxes1.shape()[0], boxes2.shape()[0]], shares)
}

/// What of boxes lies in the picture; a box that lies outside becomes one without area.
///
/// # Shapes
/// `[.., 4]`; `image` is height and width in pixels.
///
/// # Errors
/// Those of [`convert_format`].
///
/// # Example
/// ```
/// use cornu::preparation::bounding_boxes::clip_to_image_size;
/// use cornu::prelude::*;
/// let boxes = Tensor::new([1, 4], vec![-10.0f32, -20.0, 150.0, 160.0])?;
/// assert_eq!(clip_to_image_size(&boxes, "xyxy", [100, 120])?.f32s()?, &[0.0, 0.0, 120.0, 100.0]);
/// # Ok::<(), cornu::Error>(())
/// ```
pub fn clip_to_image_size(
    boxes: &Tensor,
    format: impl Into<Choice<BoxFormat>>,
    image: [usize; 2],
) -> Result<Tensor> {
    let format = format.into();
    let format = *format.get()?;
    let [height, width] = picture(Some(image), &[format])?;
    let clipped = edges(boxes, format, [height, width])?
        .into_iter()
        .flat_map(|b| {
            let inside = [
                b[0].clamp(0.0, width),
                b[1].clamp(0.0, height),
                b[2].clamp(0.0, width),
                b[3].clamp(0.0, height),
            ];
            format.write(inside, [height, width])
        });
    Tensor::new(boxes.shape().to_vec(), clipped.collect::<Vec<f32>>())
}
