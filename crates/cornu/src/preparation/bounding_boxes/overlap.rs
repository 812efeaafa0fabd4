//! How much boxes overlap.

use super::format::{BoxFormat, edges, known};
use crate::choice::Choice;
use crate::error::{Error, Result};
use crate::tensor::Tensor;

/// What keeps quotients finite, as in Keras.
const EPSILON: f32 = 1e-7;

/// The area that two boxes share.
fn common(a: &[f32; 4], b: &[f32; 4]) -> f32 {
    let width = a[2].min(b[2]) - a[0].max(b[0]);
    let height = a[3].min(b[3]) - a[1].max(b[1]);
    width.max(0.0) * height.max(0.0)
}

/// How much each of some boxes overlaps each of others: the area they share over the area they cover together.
///
/// # Shapes
/// `[n, 4]` and `[m, 4]` to `[n, m]`. Of a batch of pictures, `[batch, n, 4]` and `[batch, m, 4]` to `[batch, n, m]`; a list without a
/// batch beside one with it stands for all pictures.
///
/// # Errors
/// Those of [`convert_format`](super::convert_format); lists of other shapes.
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
    each_with_each(boxes1, boxes2, format.into(), image, None)
}

/// [`compute_iou`] where lists were filled up with boxes that are none: `mask_val` stands wherever all edges of one of both are negative.
///
/// # Shapes
/// Those of [`compute_iou`].
///
/// # Errors
/// Those of [`compute_iou`].
///
/// # Example
/// ```
/// use cornu::preparation::bounding_boxes::compute_iou_masked;
/// use cornu::prelude::*;
/// let a = Tensor::new([1, 4], vec![0.0f32, 0.0, 2.0, 2.0])?;
/// let b = Tensor::new([2, 4], vec![0.0f32, 0.0, 2.0, 1.0, -1.0, -1.0, -1.0, -1.0])?;
/// let shared = compute_iou_masked(&a, &b, "xyxy", None, -1.0)?;
/// assert!((shared.f32s()?[0] - 0.5).abs() < 1e-6 && shared.f32s()?[1] == -1.0);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Keras
/// `compute_iou` with `use_masking`.
pub fn compute_iou_masked(
    boxes1: &Tensor,
    boxes2: &Tensor,
    format: impl Into<Choice<BoxFormat>>,
    image: Option<[usize; 2]>,
    mask_val: f32,
) -> Result<Tensor> {
    each_with_each(boxes1, boxes2, format.into(), image, Some(mask_val))
}

fn each_with_each(
    boxes1: &Tensor,
    boxes2: &Tensor,
    format: Choice<BoxFormat>,
    image: Option<[usize; 2]>,
    mask: Option<f32>,
) -> Result<Tensor> {
    let (format, image) = known(format, image)?;
    let (pictures, n, m) = match (boxes1.shape().axes(), boxes2.shape().axes()) {
        (&[n, _], &[m, _]) => (None, n, m),
        (&[b, n, _], &[m, _]) | (&[n, _], &[b, m, _]) => (Some(b), n, m),
        (&[b, n, _], &[c, m, _]) if b == c => (Some(b), n, m),
        _ => {
            return Err(Error::shape(format!(
                "boxes are compared as lists [n, 4] or [batch, n, 4], received {} and {}",
                boxes1.shape(),
                boxes2.shape()
            )));
        }
    };
    let (first, second) = (edges(boxes1, format, image)?, edges(boxes2, format, image)?);
    let area = |b: &[f32; 4]| (b[2] - b[0]) * (b[3] - b[1]);
    let none = |b: &[f32; 4]| b.iter().all(|&x| x < 0.0);
    let of = |list: &[[f32; 4]], i: usize, n: usize| {
        let start = if list.len() > n { i * n } else { 0 };
        list[start..start + n].to_vec()
    };
    let mut shares = Vec::new();
    for i in 0..pictures.unwrap_or(1) {
        let others = of(&second, i, m);
        for a in of(&first, i, n) {
            shares.extend(others.iter().map(|b| {
                let common = common(&a, b);
                let share = common / (area(&a) + area(b) - common + EPSILON);
                mask.filter(|_| none(&a) || none(b)).unwrap_or(share)
            }));
        }
    }
    let shape: Vec<usize> = pictures.into_iter().chain([n, m]).collect();
    Tensor::new(shape, shares)
}

/// The complete overlap of boxes with one other each: it falls with the distance of their centres and with the difference of their
/// aspect ratios, so that it still tells apart boxes that share nothing.
///
/// `IoU - d² / c² - v² / (v - IoU + 1)`, with the distance `d` of the centres, the diagonal `c` of the smallest box around both, and
/// `v = 4 / π² · (atan(w₂ / h₂) - atan(w₁ / h₁))²`
///
/// # Shapes
/// `[.., 4]` twice to `[..]`; from -1.5 to 1, where 1 is the same box.
///
/// # Errors
/// Those of [`convert_format`](super::convert_format); two lists of different shapes.
///
/// # Example
/// ```
/// use cornu::preparation::bounding_boxes::compute_ciou;
/// use cornu::prelude::*;
/// let boxes = Tensor::new([2, 4], vec![0.0f32, 0.0, 2.0, 2.0, 5.0, 5.0, 7.0, 6.0])?;
/// let same = compute_ciou(&boxes, &boxes, "xyxy", None)?;
/// assert!(same.f32s()?.iter().all(|x| (x - 1.0).abs() < 1e-5));
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Source
/// Zheng et al., "Distance-`IoU` Loss: Faster and Better Learning for Bounding Box Regression", 2020.
///
/// # Keras
/// Keras refuses relative formats here.
pub fn compute_ciou(
    boxes1: &Tensor,
    boxes2: &Tensor,
    format: impl Into<Choice<BoxFormat>>,
    image: Option<[usize; 2]>,
) -> Result<Tensor> {
    let (format, image) = known(format, image)?;
    let (first, second) = (edges(boxes1, format, image)?, edges(boxes2, format, image)?);
    if boxes1.shape() != boxes2.shape() {
        return Err(Error::shape(format!(
            "boxes are compared one by one, received {} and {}",
            boxes1.shape(),
            boxes2.shape()
        ))
        .help("compute_iou compares each box with each other"));
    }
    let values: Vec<f32> = first
        .iter()
        .zip(&second)
        .map(|(a, b)| complete(a, b))
        .collect();
    let lists = &boxes1.shape()[..boxes1.shape().rank() - 1];
    Tensor::new(lists.to_vec(), values)
}

fn complete(a: &[f32; 4], b: &[f32; 4]) -> f32 {
    let size = |b: &[f32; 4]| [b[2] - b[0], b[3] - b[1] + EPSILON];
    let ([w1, h1], [w2, h2]) = (size(a), size(b));
    let common = common(a, b);
    let iou = common / (w1 * h1 + w2 * h2 - common + 2.0 * EPSILON);
    let around = [
        a[2].max(b[2]) - a[0].min(b[0]),
        a[3].max(b[3]) - a[1].min(b[1]),
    ];
    let diagonal = around[0].powi(2) + around[1].powi(2) + EPSILON;
    let apart = |i: usize| (f32::midpoint(a[i], a[i + 2]) - f32::midpoint(b[i], b[i + 2])).powi(2);
    let ratios = (w2 / h2).atan() - (w1 / h1).atan();
    let v = 4.0 / std::f32::consts::PI.powi(2) * ratios.powi(2);
    iou - (apart(0) + apart(1)) / diagonal - v * v / (v - iou + (1.0 + EPSILON))
}
