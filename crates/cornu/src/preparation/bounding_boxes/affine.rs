//! Boxes in pictures that were turned, moved, scaled and sheared.

use super::format::{BoxFormat, known, rewritten};
use crate::choice::Choice;
use crate::error::{Error, Result};
use crate::tensor::Tensor;

/// How a picture is turned, moved, scaled and sheared; [`Default`] changes nothing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AffineTransform {
    /// In degrees.
    pub angle: f64,
    /// Right and down, in shares of the picture's width and height.
    pub translate: [f64; 2],
    /// What lengths are multiplied by.
    pub scale: f64,
    /// Along x and along y, in degrees.
    pub shear: [f64; 2],
    /// The point that is turned about, in shares of the picture's width and height.
    pub center: [f64; 2],
}

impl Default for AffineTransform {
    fn default() -> Self {
        Self {
            angle: 0.0,
            translate: [0.0; 2],
            scale: 1.0,
            shear: [0.0; 2],
            center: [0.5; 2],
        }
    }
}

impl AffineTransform {
    /// The first two rows of the matrix that moves points of a picture.
    fn matrix(&self, [height, width]: [f32; 2]) -> Result<[[f64; 3]; 2]> {
        let size = [f64::from(width) - 1.0, f64::from(height) - 1.0];
        let center = [self.center[0] * size[0], self.center[1] * size[1]];
        let from = [
            center[0] - self.translate[0] * size[0],
            center[1] - self.translate[1] * size[1],
        ];
        let turn = -self.angle.to_radians();
        let [along_x, along_y] = self.shear.map(|s| -s.to_radians());
        let a = (turn - along_y).cos() / along_y.cos();
        let b = a * along_x.tan() + turn.sin();
        let c = -(turn - along_y).sin() / along_y.cos();
        let d = turn.cos() - c * along_x.tan();
        let rows = [[d, -b], [-c, a]].map(|row| row.map(|x| x * self.scale));
        let mut matrix = [[0.0; 3]; 2];
        for (i, [x, y]) in rows.into_iter().enumerate() {
            matrix[i] = [x, y, center[i] - x * from[0] - y * from[1]];
        }
        let sheared = self.shear.iter().all(|s| s.abs() < 90.0);
        if !sheared || matrix.as_flattened().iter().any(|x| !x.is_finite()) {
            return Err(Error::config(format!(
                "expected finite numbers, and angles of shear between -90 and 90 degrees, received {self:?}"
            )));
        }
        Ok(matrix)
    }
}

/// Boxes with sides along the axes around what became of boxes when their picture was turned, moved, scaled and sheared.
///
/// # Shapes
/// `[.., 4]`, all of one picture; `image` is its height and width in pixels.
///
/// # Errors
/// Those of [`convert_format`](super::convert_format); numbers that are not finite, a shear of 90 degrees or more.
///
/// # Example
/// ```
/// use cornu::preparation::bounding_boxes::{AffineTransform, affine_transform};
/// use cornu::prelude::*;
/// let boxes = Tensor::new([1, 4], vec![0.0f32, 0.0, 10.0, 20.0])?;
/// let turned = AffineTransform { angle: 90.0, ..AffineTransform::default() };
/// let around = affine_transform(&boxes, "xyxy", [101, 101], &turned)?;
/// let expected = [0.0, 90.0, 20.0, 100.0];
/// assert!(around.f32s()?.iter().zip(expected).all(|(x, y)| (x - y).abs() < 1e-3));
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Keras
/// Keras knows "xyxy" alone here, and takes numbers for each picture of a batch: call it for each.
pub fn affine_transform(
    boxes: &Tensor,
    format: impl Into<Choice<BoxFormat>>,
    image: [usize; 2],
    transform: &AffineTransform,
) -> Result<Tensor> {
    let (format, image) = known(format, Some(image))?;
    let matrix = transform.matrix(image)?;
    let around = |[left, top, right, bottom]: [f32; 4]| {
        let mut edges = [
            f32::INFINITY,
            f32::INFINITY,
            f32::NEG_INFINITY,
            f32::NEG_INFINITY,
        ];
        for [x, y] in [[left, top], [right, top], [right, bottom], [left, bottom]] {
            for (i, [a, b, c]) in matrix.into_iter().enumerate() {
                let at = (a * f64::from(x) + b * f64::from(y) + c) as f32;
                edges[i] = edges[i].min(at);
                edges[i + 2] = edges[i + 2].max(at);
            }
        }
        edges
    };
    rewritten(boxes, [format; 2], image, around)
}
