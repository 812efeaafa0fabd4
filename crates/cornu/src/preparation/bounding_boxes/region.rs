//! Boxes in another part of the plane: clipped to the picture, cut out with a part of it, moved by a margin.

use super::format::{BoxFormat, edges, in_pixels, known, picture, rewritten};
use crate::choice::Choice;
use crate::error::{Error, Result};
use crate::tensor::Tensor;

/// Edges kept between 0 and the picture's lengths.
fn inside(b: [f32; 4], [height, width]: [f32; 2]) -> [f32; 4] {
    [
        b[0].clamp(0.0, width),
        b[1].clamp(0.0, height),
        b[2].clamp(0.0, width),
        b[3].clamp(0.0, height),
    ]
}

fn moved(b: [f32; 4], down: f32, right: f32) -> [f32; 4] {
    [b[0] + right, b[1] + down, b[2] + right, b[3] + down]
}

/// What of boxes lies in the picture; a box that lies outside becomes one without area.
///
/// # Shapes
/// `[.., 4]`; `image` is height and width in pixels.
///
/// # Errors
/// Those of [`convert_format`](super::convert_format).
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
    let (format, image) = known(format, Some(image))?;
    rewritten(boxes, [format; 2], image, |b| inside(b, image))
}

/// The classes of boxes behind [`clip_to_image_size`] or [`crop`]: -1 where nothing of a box was left.
///
/// # Shapes
/// Boxes `[.., 4]`, and labels of the shape before that axis.
///
/// # Errors
/// Those of [`convert_format`](super::convert_format); labels of another shape.
///
/// # Example
/// ```
/// use cornu::preparation::bounding_boxes::{clip_labels, clip_to_image_size};
/// use cornu::prelude::*;
/// let boxes = Tensor::new([2, 4], vec![0.0f32, 0.0, 9.0, 9.0, 50.0, 0.0, 60.0, 9.0])?;
/// let boxes = clip_to_image_size(&boxes, "xyxy", [10, 20])?;
/// let labels = clip_labels(&boxes, &Tensor::new([2], vec![3, 4])?, "xyxy", [10, 20])?;
/// assert_eq!(labels.i32s()?, &[3, -1]);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Keras
/// `clip_to_image_size` gives them with the boxes.
pub fn clip_labels(
    boxes: &Tensor,
    labels: &Tensor,
    format: impl Into<Choice<BoxFormat>>,
    image: [usize; 2],
) -> Result<Tensor> {
    let (format, image) = known(format, Some(image))?;
    let edges = edges(boxes, format, image)?;
    let lists = &boxes.shape()[..boxes.shape().rank() - 1];
    if labels.shape()[..] != *lists {
        return Err(Error::shape(format!(
            "expected a label for each box of {}, received {}",
            boxes.shape(),
            labels.shape()
        )));
    }
    let left = |b: &[f32; 4]| (b[2] - b[0]) * (b[3] - b[1]) > 0.0;
    if let Ok(labels) = labels.i32s() {
        let kept = edges.iter().zip(labels);
        let kept = kept.map(|(b, &label)| if left(b) { label } else { -1 });
        return Tensor::new(lists.to_vec(), kept.collect::<Vec<i32>>());
    }
    let kept = edges.iter().zip(labels.f32s()?);
    let kept = kept.map(|(b, &label)| if left(b) { label } else { -1.0 });
    Tensor::new(lists.to_vec(), kept.collect::<Vec<f32>>())
}

/// Boxes of a picture of which a part was cut out: counted from the part's corner, and only what lies in it.
///
/// # Shapes
/// `[.., 4]`; `corner` is the part's top and left, `size` its height and width, in pixels.
///
/// # Errors
/// An unknown or relative format, boxes of other than four numbers, a part without pixels.
///
/// # Example
/// ```
/// use cornu::preparation::bounding_boxes::crop;
/// use cornu::prelude::*;
/// let boxes = Tensor::new([1, 4], vec![10.0f32, 20.0, 50.0, 60.0])?;
/// assert_eq!(crop(&boxes, "xyxy", [10, 20], [40, 30])?.f32s()?, &[0.0, 10.0, 30.0, 40.0]);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Keras
/// Keras knows "xyxy" alone here.
pub fn crop(
    boxes: &Tensor,
    format: impl Into<Choice<BoxFormat>>,
    corner: [i32; 2],
    size: [usize; 2],
) -> Result<Tensor> {
    let format = in_pixels(&format.into())?;
    let size = picture(Some(size), &[format])?;
    let [top, left] = corner.map(|x| x as f32);
    rewritten(boxes, [format; 2], size, |b| {
        inside(moved(b, -top, -left), size)
    })
}

/// Boxes of a picture that was given a margin above and at its left.
///
/// # Shapes
/// `[.., 4]`; `margin` is above and left, in pixels.
///
/// # Errors
/// An unknown or relative format, boxes of other than four numbers.
///
/// # Example
/// ```
/// use cornu::preparation::bounding_boxes::pad;
/// use cornu::prelude::*;
/// let boxes = Tensor::new([1, 4], vec![10.0f32, 20.0, 5.0, 6.0])?;
/// assert_eq!(pad(&boxes, "xywh", [3, 4])?.f32s()?, &[14.0, 23.0, 5.0, 6.0]);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Keras
/// Keras knows "xyxy" alone here, and takes the margin's other sides, which change nothing.
pub fn pad(
    boxes: &Tensor,
    format: impl Into<Choice<BoxFormat>>,
    margin: [i32; 2],
) -> Result<Tensor> {
    let format = in_pixels(&format.into())?;
    let [above, left] = margin.map(|x| x as f32);
    rewritten(boxes, [format; 2], [1.0; 2], |b| moved(b, above, left))
}
