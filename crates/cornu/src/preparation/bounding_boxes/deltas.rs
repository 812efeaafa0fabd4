//! Boxes told by how they differ from anchors: what a detector learns.

use super::format::{BoxFormat, convert_format};
use crate::choice::{Choice, Named};
use crate::error::{Error, Result};
use crate::tensor::Tensor;

/// How differences from anchors are written.
#[derive(Clone, Debug)]
pub struct Deltas {
    anchor_format: Choice<BoxFormat>,
    box_format: Choice<BoxFormat>,
    encoding_format: Choice<BoxFormat>,
    variance: [f32; 4],
    image: Option<[usize; 2]>,
}

/// The least width and height of which a logarithm is taken, as in Keras.
const EPSILON: f32 = 1e-7;

impl Deltas {
    /// Anchors and boxes in formats of theirs; differences of centres and sizes, rows first, not divided by anything.
    pub fn new(
        anchor_format: impl Into<Choice<BoxFormat>>,
        box_format: impl Into<Choice<BoxFormat>>,
    ) -> Self {
        Self {
            anchor_format: anchor_format.into(),
            box_format: box_format.into(),
            encoding_format: "center_yxhw".into(),
            variance: [1.0; 4],
            image: None,
        }
    }

    /// "`center_xywh`" or "`center_yxhw`": the order of the differences.
    pub fn encoding_format(mut self, format: impl Into<Choice<BoxFormat>>) -> Self {
        self.encoding_format = format.into();
        self
    }

    /// What the four differences are divided by.
    pub fn variance(mut self, variance: [f32; 4]) -> Self {
        self.variance = variance;
        self
    }

    /// Height and width of the picture in pixels, which relative formats need.
    pub fn image(mut self, image: [usize; 2]) -> Self {
        self.image = Some(image);
        self
    }

    /// The name of the format in which differences are taken, and anchors in it: one for each of `others` in a list.
    fn encoded(&self, anchors: &Tensor, others: &Tensor) -> Result<(String, Tensor)> {
        let name = self.encoding_format.get()?.name().to_owned();
        if !matches!(&*name, "center_xywh" | "center_yxhw") {
            return Err(Error::config(format!(
                "encoding_format must be \"center_xywh\" or \"center_yxhw\", received {name:?}"
            )));
        }
        if self.variance.iter().any(|v| !v.is_finite() || *v <= 0.0) {
            return Err(Error::config(format!(
                "variance must be four positive numbers, received {:?}",
                self.variance
            )));
        }
        let (a, b) = (anchors.shape(), others.shape());
        if a.rank() != 2 || b.rank() < 2 || a[0] == 0 || b[b.rank() - 2..] != a[..] {
            return Err(Error::shape(format!(
                "expected anchors [n, 4] and boxes [.., n, 4], received {a} and {b}"
            )));
        }
        let anchors = convert_format(anchors, self.anchor_format.clone(), &*name, self.image)?;
        Ok((name, anchors))
    }

    /// How boxes differ from anchors.
    ///
    /// `[(y - yₐ) / hₐ, (x - xₐ) / wₐ, ln(h / hₐ), ln(w / wₐ)] / variance`, of centres and sizes
    ///
    /// # Shapes
    /// Anchors `[n, 4]` and boxes `[.., n, 4]` to `[.., n, 4]`.
    ///
    /// # Errors
    /// Those of [`convert_format`]; an encoding by other than centre and size, a variance that is not positive, other numbers of boxes than
    /// of anchors.
    ///
    /// # Example
    /// ```
    /// use cornu::preparation::bounding_boxes::Deltas;
    /// use cornu::prelude::*;
    /// let anchors = Tensor::new([1, 4], vec![0.0f32, 0.0, 10.0, 20.0])?;
    /// let boxes = Tensor::new([1, 4], vec![5.0f32, 0.0, 15.0, 20.0])?;
    /// let how = Deltas::new("xyxy", "xyxy").variance([0.1, 0.1, 0.2, 0.2]);
    /// let deltas = how.encode(&anchors, &boxes)?;
    /// assert_eq!(deltas.f32s()?, &[0.0, 5.0, 0.0, 0.0]);
    /// assert_eq!(how.decode(&anchors, &deltas)?.f32s()?, boxes.f32s()?);
    /// # Ok::<(), cornu::Error>(())
    /// ```
    ///
    /// # Source
    /// Girshick et al., "Rich feature hierarchies for accurate object detection and semantic segmentation", 2014.
    ///
    /// # Keras
    /// `encode_box_to_deltas`.
    pub fn encode(&self, anchors: &Tensor, boxes: &Tensor) -> Result<Tensor> {
        let (name, anchors) = self.encoded(anchors, boxes)?;
        let boxes = convert_format(boxes, self.box_format.clone(), &*name, self.image)?;
        each(&anchors, &boxes, |i, a, b| match i {
            0 | 1 => (b[i] - a[i]) / a[i + 2].max(EPSILON) / self.variance[i],
            _ => (b[i].max(EPSILON) / a[i].max(EPSILON)).ln() / self.variance[i],
        })
    }

    /// The boxes that differ so from anchors: undoes [`Deltas::encode`].
    ///
    /// # Shapes
    /// Anchors `[n, 4]` and differences `[.., n, 4]` to `[.., n, 4]`.
    ///
    /// # Errors
    /// Those of [`Deltas::encode`].
    ///
    /// # Example
    /// See [`Deltas::encode`].
    ///
    /// # Keras
    /// `decode_deltas_to_boxes`; of several levels, call it for each.
    pub fn decode(&self, anchors: &Tensor, deltas: &Tensor) -> Result<Tensor> {
        let (name, anchors) = self.encoded(anchors, deltas)?;
        let boxes = each(&anchors, deltas, |i, a, d| match i {
            0 | 1 => d[i] * self.variance[i] * a[i + 2] + a[i],
            _ => (d[i] * self.variance[i]).exp() * a[i],
        })?;
        convert_format(&boxes, &*name, self.box_format.clone(), self.image)
    }
}

/// Four numbers for each box and its anchor.
fn each(
    anchors: &Tensor,
    others: &Tensor,
    number: impl Fn(usize, &[f32], &[f32]) -> f32,
) -> Result<Tensor> {
    let anchors = anchors.f32s()?.chunks_exact(4).cycle();
    let pairs = anchors.zip(others.f32s()?.chunks_exact(4));
    let numbers: Vec<f32> = pairs
        .flat_map(|(a, b)| [0, 1, 2, 3].map(|i| number(i, a, b)))
        .collect();
    Tensor::new(others.shape().to_vec(), numbers)
}
